"""The discord.py client: what it listens to, how fast it asks, and what happens when something goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import pkgutil
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import discord.gateway
import discord.http
import yarl
from discord import app_commands
from discord.ext import commands

import cogs
from bot.errors import Refusal, StoreUnavailable
from bot.members import service as members
from bot.networks import service as networks
from bot.outbox.pace import Pace
from bot.ui.answers import Answers
from bot.ui.commands import put_words_on
from bot.ui.flood import Flood
from bot.ui.render import is_support
from bot.ui.router import Router

if TYPE_CHECKING:
    from bot.app import App

# Discord's error numbers: https://discord.com/developers/docs/topics/opcodes-and-status-codes
UNKNOWN_MEMBER = 10007
NOT_IN_IT = frozenset({10004, 50001})  # a server that is no more, or that we are not in
TELL_AGAIN_S = 10.0  # and twice as long each time, to ten minutes
log = logging.getLogger("reallyok.client")

CONNECTIONS = 100  # to Discord at once; further requests wait for one of these to be free


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Have discord.py speak to another address: a rehearsal's wire, or a shared rate-limit proxy."""
    if api_url:
        discord.http.Route.BASE = api_url
    if gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def paced(pace: Pace) -> aiohttp.TraceConfig:
    """A hook that lets every request to Discord's API wait its turn, except answers to interactions.

    Discord does not count those (they go by an interaction's token), and they have three seconds.
    """

    async def wait(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        path = request.url.path
        if request.url.scheme in ("http", "https") and not ("/interactions/" in path or "/webhooks/" in path):
            await pace.turn()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait)
    return trace


class Tree(app_commands.CommandTree["ReallyOk"]):
    """The slash commands. Whatever fails in one ends in kind words and the way to support."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whether a command may go on: somebody who floods us is told to slow down, but never kept from support."""
        if interaction.type is not discord.InteractionType.application_command:
            return True  # suggestions while somebody types: Discord paces those itself
        name = interaction.command.qualified_name if interaction.command else ""
        if is_support(name) or self.client.flood.allows(interaction.user.id, time.monotonic()):
            return True
        await self.client.answers.say(interaction, "errors.slow_down")
        return False

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """End a command that failed in kind words and the way to support, never in an exception's text."""
        cause = getattr(error, "original", error)
        if is_support(interaction.command.qualified_name if interaction.command else ""):
            await self.client.answers.support_failed(interaction)
        else:
            await self.client.answers.failed(interaction, cause)


class ReallyOk(commands.Bot):
    """Our client. Cogs reach everything else through `app`."""

    def __init__(self, app: App, pace: Pace, synced: Path) -> None:
        # We do not speak; discord.py would warn at every start that it could not.
        discord.VoiceClient.warn_nacl = False
        discord.VoiceClient.warn_dave = False
        intents = discord.Intents.none()
        intents.guilds = True
        intents.guild_scheduled_events = True
        intents.dm_messages = True
        intents.dm_reactions = True
        # Who is in a room while a session is held there; nothing else of it is kept.
        intents.voice_states = True
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=Tree,
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.5,
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=paced(pace),
            # Installed in servers only: a DM with the bot is opened by a member's own click.
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        self.app = app
        self.router = Router()
        self.answers = Answers(app.library, app.origin_of)
        self.flood = Flood()
        self.due: list[Callable[[datetime], Awaitable[None]]] = []
        """What cogs do with Discord whenever something may be due: at each ring of the alarm, the time given."""
        self.nightly: list[Callable[[datetime], Awaitable[None]]] = []
        """What cogs ask Discord once a night, after who is still there; the time given."""
        self.matched = False
        """Whether what we keep of servers agrees with what Discord says, since the start."""
        self._synced = synced

    async def login(self, token: str) -> None:
        """As discord.py does, with so many connections to Discord at most. Raises what discord.py raises."""
        # discord.py's own connector opens a connection for every request there is, and a thousand answers at once
        # would be a thousand handshakes, which take longer than the answers do.
        if self.http.connector is discord.utils.MISSING:
            self.http.connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        await super().login(token)

    async def connect(self, *, reconnect: bool = True) -> None:
        """As discord.py does, and also where the very first connection fails. Raises what discord.py raises."""
        wait = 1.0
        while True:
            try:
                return await super().connect(reconnect=reconnect)
            except AttributeError:
                # discord.py asks the connection that failed for what to resume; of the first one there is nothing.
                if getattr(self, "ws", None) is not None:
                    raise
            log.warning("Discord's gateway cannot be reached; trying again in %d s.", wait)
            await asyncio.sleep(wait)
            wait = min(60.0, wait * 2)

    async def setup_hook(self) -> None:
        """Load every module of `cogs`, collect what they answer to, and let the app open the database.

        discord.py calls this between logging in and connecting. Raises what a cog, or a command without words, raises.
        """
        for module in sorted(m.name for m in pkgutil.iter_modules(cogs.__path__)):
            await self.load_extension(f"cogs.{module}")
        for cog in self.cogs.values():
            self.router.collect(cog)
        put_words_on(self.tree, self.app.library)
        self.app.logged_in()

    async def sync_commands(self) -> None:
        """Tell Discord our commands, if they are not what we told it last time."""
        tree = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        told = json.dumps([self.application_id, tree], sort_keys=True, default=str)
        mark = hashlib.sha256(told.encode()).hexdigest()
        if self._synced.is_file() and self._synced.read_text() == mark:
            return
        wait = TELL_AGAIN_S
        while True:
            try:
                await self.tree.sync()
                break
            except (discord.HTTPException, OSError, aiohttp.ClientError) as error:
                if isinstance(error, discord.HTTPException) and 400 <= error.status < 500:
                    log.error(
                        "Discord did not take the commands (error %s); the next start tries again.",
                        error.code,
                    )
                    return
                # At a first start nobody has /support until this went through.
                log.warning(
                    "Discord could not take the commands now (%s); trying again in %d s.",
                    type(error).__name__,
                    wait,
                )
            await asyncio.sleep(wait)
            wait = min(600.0, wait * 2)
        with contextlib.suppress(OSError):  # not written down, they are simply told again at the next start
            self._synced.parent.mkdir(parents=True, exist_ok=True)
            self._synced.write_text(mark)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take every press and every form to its handler; what fails there ends in kind words, for support in numbers.

        Commands come here too and are left to the tree.
        """
        if interaction.type not in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            return
        found = self.router.find(interaction)
        try:
            if found is not None:
                press, handler = found
                if not (is_support(press.kind) or self.flood.allows(interaction.user.id, time.monotonic())):
                    raise Refusal("errors.slow_down")
                await handler(interaction, press)
            else:
                # Only controls on our own messages come here: of another version, or made up by somebody.
                await self.answers.say(interaction, "errors.old_button")
        except Exception as error:
            if found is not None and is_support(found[0].kind):
                await self.answers.support_failed(interaction)
            else:
                await self.answers.failed(interaction, error)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """As discord.py does, but for our own messages: nobody here wants to hear of them, and each would be two tasks."""
        if event_name == "message" and args[0].author == self.user:
            return
        super().dispatch(event_name, *args, **kwargs)

    async def on_message(self, message: discord.Message, /) -> None:
        """No prefix commands: a DM is words from a person, and the conversation cog answers it."""

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log which event failed and how. discord.py's own would print its arguments too: people, text and ids."""
        log.exception("Handling %s failed.", event_method)

    async def on_ready(self) -> None:
        """Connected, or connected anew: see what happened to our servers meanwhile."""
        self.app.after_ready(self.match_servers())

    async def match_servers(self) -> None:
        """Note which networks we are no longer in and which we are in again: nobody tells us of what happened while
        we were off, and what we were removed from is deleted after a month.

        A server missing from what Discord listed counts as left only when Discord says so itself.
        """
        await self.app.opened()
        here = {guild.id: guild for guild in self.guilds}
        kept = await networks.known(self.app.store)
        for network_id, left in kept.items():
            if network_id in here and left:
                await networks.removed(self.app.store, network_id, None)
            elif network_id not in here and not left and await self._not_in(network_id):
                await networks.removed(self.app.store, network_id, self.app.clock.now())
        for guild in here.values():
            if self.app.settings.serves(guild.id):
                continue
            if guild.id in kept:
                log.error(
                    "A network is set up in a server that is not in REALLYOK_SERVERS. Add it, or remove the bot there."
                )
            else:
                await self._leave(guild)
        self.matched = True

    async def _not_in(self, guild_id: int) -> bool:
        try:
            await self.fetch_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden) as error:
            return error.code in NOT_IN_IT
        except discord.HTTPException:
            return False
        return False

    async def _leave(self, guild: discord.Guild) -> None:
        log.warning("A server that is not in REALLYOK_SERVERS invited the bot; it leaves again.")
        await guild.leave()

    async def count_members(self, now: datetime) -> None:
        """Ask Discord who is still there, and let go of those who left: without its privileged intent the bot is not told.

        Only a plain "not a member" counts; an error means nobody knows, and changes nothing. Raises `StoreUnavailable`.
        """
        await self.match_servers()
        for network_id, user_id in await members.roll(self.app.store):
            guild = self.get_guild(network_id)
            if guild is None:
                continue
            try:
                member = await guild.fetch_member(user_id)
                await self.app.seen(network_id, user_id, {role.id for role in member.roles})
            except discord.NotFound as error:
                if error.code == UNKNOWN_MEMBER:
                    await members.leave(self.app.store, network_id, user_id, now)
            except (discord.HTTPException, OSError, aiohttp.ClientError) as error:
                log.warning("Discord would not say who is still there (%s).", type(error).__name__)

    async def here(self, network_id: int, user_id: int) -> tuple[bool | None, str]:
        """Whether somebody is in a server, and what they are called there. None: Discord would not say."""
        guild = self.get_guild(network_id)
        if guild is None:
            return None, ""
        try:
            member = await guild.fetch_member(user_id)
        except discord.NotFound as error:
            return (False if error.code == UNKNOWN_MEMBER else None), ""
        except (discord.HTTPException, OSError, aiohttp.ClientError):
            return None, ""
        return True, member.display_name

    def in_room(self, network_id: int, room_id: int) -> list[int]:
        """Who is in a voice channel, as far as Discord lets the bot see."""
        guild = self.get_guild(network_id)
        room = guild.get_channel(room_id) if guild is not None else None
        if not isinstance(room, discord.VoiceChannel | discord.StageChannel):
            return []
        return [user_id for user_id in room.voice_states if user_id != self.application_id]

    async def do_nightly(self) -> None:
        """What is asked of Discord once a night, one after the other; one that fails keeps none from its turn."""
        for work in (self.count_members, *self.nightly):
            await self._leave_if_failing(work, self.app.clock.now())

    async def do_due(self, now: datetime) -> None:
        """What cogs do with Discord when something may be due; one that fails keeps none from its turn."""
        for work in self.due:
            await self._leave_if_failing(work, now)

    async def _leave_if_failing(self, work: Callable[[datetime], Awaitable[None]], now: datetime) -> None:
        try:
            await work(now)
        except (StoreUnavailable, discord.HTTPException, OSError, aiohttp.ClientError) as error:
            log.warning("Something asked of Discord was left for its next turn (%s).", type(error).__name__)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """We were removed: from now on the month runs after which a network is deleted."""
        await networks.removed(self.app.store, guild.id, self.app.clock.now())

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """We were invited, perhaps again: what we kept stays; out of a server we are not to serve we go at once."""
        if not self.app.settings.serves(guild.id):
            await self._leave(guild)
            return
        await networks.removed(self.app.store, guild.id, None)
