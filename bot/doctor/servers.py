"""What Discord says: the token, the application, the clock, and each server with its channels and roles."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bot import __version__
from bot.clock import Clock
from bot.doctor import permissions
from bot.doctor.findings import Findings
from bot.errors import OperatorError
from bot.members.tables import Network
from bot.sessions.examining import Held
from bot.settings import Settings

DISCORD = "https://discord.com/api/v10"
SKEW_LOOK_S = 5.0
SKEW_MEND_S = 30.0
_PATIENCE = aiohttp.ClientTimeout(total=10)
_PAGE = 200
_TRIES = 4


class _Refused(OperatorError):
    """Discord answered with an error."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"Discord answered with error {status}",
            "try again in a few minutes; discordstatus.com says whether Discord has trouble",
        )
        self.status = status


class Servers:
    """One examination over Discord's API. Afterwards `channels` holds the names of all channels seen."""

    def __init__(
        self,
        settings: Settings,
        findings: Findings,
        clock: Clock,
        networks: Collection[Network],
        sessions: Mapping[int, Held],
    ) -> None:
        self._settings = settings
        self._findings = findings
        self._clock = clock
        self._networks = {str(network.id): network for network in networks}
        self._sessions = sessions
        self._base = settings.api_url or DISCORD
        self.channels: dict[int, str] = {}

    async def examine(self) -> None:
        """Examine everything Discord knows, as far as it answers."""
        if self._settings.api_url:
            self._findings.look(
                f"DISCORD_API_URL is set: the bot asks {self._base} instead of Discord itself."
            )
        agent = {"User-Agent": f"DiscordBot (Really OK, {__version__})"}
        async with aiohttp.ClientSession(timeout=_PATIENCE, headers=agent) as self._session:
            await self._ask("/gateway", clock=True)
            if await self._who():
                await self._application()
                await self._servers()

    async def _who(self) -> bool:
        if not self._settings.token:
            self._findings.mend(
                "There is no DISCORD_TOKEN",
                "copy it from the developer portal (your application, Bot, Reset Token) into .env",
            )
            return False
        known_as = await self._known_as(self._settings.token)
        if known_as is None:
            self._findings.mend(
                "Discord does not accept the token",
                "copy it again from the developer portal (Bot, Reset Token) into DISCORD_TOKEN",
            )
            return False
        self._me = known_as
        self._findings.ok("Discord accepts the token.")
        return True

    async def _known_as(self, token: str) -> str | None:
        if not token.isascii() or len(token.split()) != 1:
            return None  # such a header cannot even be sent
        self._session.headers["Authorization"] = f"Bot {token}"
        try:
            return str((await self._ask("/users/@me"))["id"])
        except _Refused as refused:
            if refused.status == 401:
                return None
            raise

    async def _application(self) -> None:
        application = await self._ask("/applications/@me")
        portal = "the developer portal"
        if application.get("interactions_endpoint_url"):
            self._findings.mend(
                "Discord sends commands and buttons to a web address, so the bot never hears of them",
                f"empty “Interactions Endpoint URL” in {portal} (General Information)",
            )
        if application.get("bot_require_code_grant"):
            self._findings.mend(
                "Following the invite link fails",
                f"switch off “Requires OAuth2 Code Grant” in {portal} (Bot)",
            )
        link = permissions.invite_link(str(application["id"]))
        self._findings.ok(f"To add the bot to a server, open {link}")
        for permission in (*permissions.NEEDED, *permissions.FOR_EVENTS):
            self._findings.ok(f"The link asks for {permission.name}: {permission.why}.")

    async def _servers(self) -> None:
        joined = await self._joined()
        wanted = self._settings.servers
        served = [guild for guild in joined if self._settings.serves(int(guild["id"]))]
        foreign, absent = len(joined) - len(served), len(wanted) - len(served)
        if foreign:
            self._findings.look(
                f"The bot is in {foreign} server(s) that REALLYOK_SERVERS does not list",
                "remove it there, or add their ids",
            )
        if wanted and absent:
            self._findings.mend(
                f"The bot is not in {absent} of the servers in REALLYOK_SERVERS",
                "compare the ids, and have somebody with Manage Server open the link above",
            )
        if not joined:
            self._findings.look(
                "The bot is in no server yet", "have somebody with Manage Server open the link above"
            )
        present = {guild["id"] for guild in joined}
        for network in self._networks.values():
            if str(network.id) not in present:
                self._findings.look(
                    f"The bot is no longer in “{network.name}”, which it was set up for",
                    "if that was a mistake, have somebody with Manage Server there open the link above",
                )
        for guild in served:
            await self._findings.part(f"The server “{guild['name']}”", self._server(guild["id"]))

    async def _joined(self) -> list[dict[str, Any]]:
        joined: list[dict[str, Any]] = []
        while True:
            last = joined[-1]["id"] if joined else "0"
            page = await self._ask(f"/users/@me/guilds?limit={_PAGE}&after={last}")
            joined += page
            if len(page) < _PAGE:
                return joined

    async def _server(self, guild_id: str) -> None:
        guild = await self._ask(f"/guilds/{guild_id}")
        roles = [str(role) for role in (await self._ask(f"/guilds/{guild_id}/members/{self._me}"))["roles"]]
        channels = {str(c["id"]): c for c in await self._ask(f"/guilds/{guild_id}/channels")}
        self.channels |= {int(i): f"#{c['name']} in “{guild['name']}”" for i, c in channels.items()}
        name = f"“{guild['name']}”"
        held = permissions.in_server(guild, roles, self._me)
        lacking = permissions.missing(held, channel=False)
        for permission in lacking:
            self._findings.mend(
                f"In {name} the bot lacks {permission.name}, which it needs {permission.why}",
                "Server Settings, Roles, the bot's role: switch it on (or open the invite link again)",
            )
        if held == permissions.EVERYTHING:
            self._findings.look(
                f"In {name} the bot may do everything, more than it needs",
                "switch off Administrator for its role; the permissions above are enough",
            )
        elif not lacking:
            self._findings.ok(f"In {name} the bot has every permission it needs.")
        if guild.get("mfa_level"):
            self._findings.look(
                f"{name} asks moderators for two-factor authentication",
                "the bot's owner must have it switched on too, or /network setup will be refused",
            )
        network = self._networks.get(guild_id)
        if network is None:
            self._findings.look(f"{name} has not been set up", "an organiser runs /network setup there")
            return
        self._roles(network, name, guild)
        for label, channel_id in _recorded(network, "_channel_id"):
            channel = channels.get(str(channel_id))
            if channel is None:
                self._findings.mend(
                    f"In {name} the {label} channel was deleted", "run /network setup again there"
                )
                continue
            self._channel(name, channel, permissions.in_channel(held, guild_id, channel, roles, self._me))
        if (sessions := self._sessions.get(network.id)) is not None:
            self._examine_sessions(name, sessions, guild_id, held, channels, roles)

    def _examine_sessions(
        self,
        name: str,
        sessions: Held,
        guild_id: str,
        held: int,
        channels: Mapping[str, dict[str, Any]],
        roles: list[str],
    ) -> None:
        """The channel sessions are announced in, and what Discord's own events take where they are turned on."""
        channel = channels.get(str(sessions.channel_id))
        if channel is not None:
            self._channel(name, channel, permissions.in_channel(held, guild_id, channel, roles, self._me))
        elif sessions.channel_id is not None:
            self._findings.mend(
                f"In {name} the channel for sessions was deleted", "run /network setup again there"
            )
        if sessions.rooms is None:
            return
        create, connect = permissions.FOR_EVENTS
        if not held & create.bit:
            self._findings.mend(
                f"In {name} the bot lacks {create.name}, and Discord's own events are turned on there",
                "Server Settings, Roles, the bot's role: switch it on; or turn the events off in /network setup",
            )
        view = next(p for p in permissions.NEEDED if p.name == "View Channel")
        for room in (channels[str(room_id)] for room_id in sessions.rooms if str(room_id) in channels):
            here = permissions.in_channel(held, guild_id, room, roles, self._me)
            for permission in (view, connect):
                if not here & permission.bit:
                    self._findings.mend(
                        f"In #{room['name']} of {name} the bot lacks {permission.name}, which it needs to make"
                        " Discord's own events there",
                        "Edit Channel, Permissions, the bot's role: switch it on",
                    )

    def _roles(self, network: Network, name: str, guild: Mapping[str, Any]) -> None:
        present = {int(role["id"]) for role in guild["roles"]}
        for label, role_id in _recorded(network, "_role_id"):
            if role_id not in present:
                self._findings.mend(
                    f"In {name} the {label} role was deleted", "run /network setup again there"
                )

    def _channel(self, name: str, channel: Mapping[str, Any], held: int) -> None:
        lacking = permissions.missing(held, channel=True)
        for permission in lacking:
            self._findings.mend(
                f"In #{channel['name']} of {name} the bot lacks {permission.name}, which it needs {permission.why}",
                "Edit Channel, Permissions, the bot's role: switch it on",
            )
        if not lacking:
            self._findings.ok(f"In #{channel['name']} of {name} the bot has every permission it needs.")

    async def _ask(self, path: str, *, clock: bool = False) -> Any:
        try:
            for left in reversed(range(_TRIES)):
                sent = self._clock.now()
                async with self._session.get(self._base + path) as answer:
                    if clock:
                        self._skew(answer.headers.get("Date", ""), sent, self._clock.now())
                        clock = False
                    if answer.status == 200:
                        return await answer.json()
                    if answer.status != 429 or not left:
                        raise _Refused(answer.status)
                    await asyncio.sleep(min(10.0, float(answer.headers.get("Retry-After", "1"))))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OperatorError(
                f"Discord cannot be reached ({type(error).__name__})",
                "see that this machine is online and that no firewall keeps it from discord.com",
            ) from error

    def _skew(self, date: str, sent: datetime, received: datetime) -> None:
        try:
            theirs = parsedate_to_datetime(date)
        except ValueError:
            return  # a proxy may leave the header out; then there is nothing to compare with
        # The header holds whole seconds, cut off, from somewhere between the question and the answer.
        ahead = (sent + (received - sent) / 2 - theirs).total_seconds() - 0.5
        told = f"This machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Discord's"
        if abs(ahead) > SKEW_MEND_S:
            self._findings.mend(
                told,
                "let it be set by the network (Linux: timedatectl set-ntp true; macOS: Date & Time, set "
                "automatically), or check-ins go out at the wrong time",
            )
        elif abs(ahead) > SKEW_LOOK_S:
            self._findings.look(told, "see that it is set by the network")
        else:
            self._findings.ok("This machine's clock agrees with Discord's.")


def _recorded(network: Network, ending: str) -> Iterator[tuple[str, int]]:
    """What the network has of one kind, by the columns' names: ("welcome", the id of its channel)."""
    for column, value in network.model_dump().items():
        if column.endswith(ending) and value is not None:
            yield column.removesuffix(ending), value
