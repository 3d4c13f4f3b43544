"""What the relay asks of Discord: who is still there, and messages sent, looked for, changed and taken away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.ext import commands

from bot.content.library import Words
from bot.listeners import talks_looking
from bot.listeners.relay import There, Unsure
from bot.listeners.relay_sending import Ending, Parcel
from bot.networks import service as networks
from bot.outbox.sender import CANNOT_DM, lost_in
from bot.ui.direct import send_surely
from bot.ui.listeners import UNKNOWN_MEMBER
from bot.ui.render import Origin, draw

if TYPE_CHECKING:
    from bot.client import ReallyOk

REMEMBERED_S = 60.0
_MOST = 5_000
LOST = (OSError, aiohttp.ClientError)


class TalkCarrier(commands.Cog):
    """The relay's `Carrier`."""

    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._roles: dict[tuple[int, int], tuple[float, frozenset[int] | None]] = {}

    async def there(self, network_id: int, user_id: int, *, listening: bool) -> There:
        """Whether somebody is in the server, and has its listeners' role if they listen; at most a minute old."""
        now = time.monotonic()
        known = self._roles.get((network_id, user_id))
        if known is None or now - known[0] > REMEMBERED_S:
            try:
                known = now, await self._ask(network_id, user_id)
            except (discord.HTTPException, *LOST):
                return There.UNKNOWN
            if len(self._roles) > _MOST:
                self._roles.clear()
            self._roles[network_id, user_id] = known
        roles = known[1]
        if roles is None:
            return There.NO
        if not listening:
            return There.YES
        network = await networks.find(self.app.store, network_id)
        return There.YES if network is not None and network.listener_role_id in roles else There.NO

    async def _ask(self, network_id: int, user_id: int) -> frozenset[int] | None:
        guild = self.bot.get_guild(network_id) or discord.Object(network_id)
        try:
            data: dict[str, Any] = dict(await self.bot.http.get_member(guild.id, user_id))
        except discord.NotFound as error:
            if error.code == UNKNOWN_MEMBER:
                return None
            raise
        return frozenset(int(role) for role in data.get("roles", ()))

    def _drawn(self, parcel: Parcel) -> dict[str, Any]:
        origin = Origin(parcel.network_id, parcel.language)
        library = self.app.library
        self.app.expect_words()  # whoever is told something in a talk is about to write
        if parcel.template:
            template, params = library.pick(parcel.template, parcel.post_id), dict(parcel.params or {})
        else:
            template = "talks.said_late" if parcel.late else "talks.said"
            params = {"name": parcel.name, "words": Words(parcel.words)}
        return draw(
            library, template, params, origin=origin, subject_id=parcel.subject_id, outbox_id=parcel.post_id
        )

    async def send(self, parcel: Parcel) -> tuple[Ending, int | None]:
        channel = self.bot.get_partial_messageable(parcel.channel_id)
        drawn = self._drawn(parcel)
        if parcel.reply_to is not None:
            drawn["reference"] = discord.MessageReference(
                message_id=parcel.reply_to, channel_id=parcel.channel_id, fail_if_not_exists=False
            )
        try:
            message = await channel.send(**drawn, nonce=str(parcel.post_id))
        except discord.HTTPException as error:
            if error.status in (401, 429) or error.status >= 500:
                raise Unsure from error
            closed = error.code in CANNOT_DM or error.status in (403, 404)
            return (Ending.CLOSED_DMS if closed else Ending.LOST), None
        except LOST as error:
            raise Unsure from error
        self.app.sender.saw(parcel.channel_id, message.id)
        return Ending.DONE, message.id

    async def look(self, parcel: Parcel) -> int | None:
        channel = self.bot.get_partial_messageable(parcel.channel_id)
        try:
            return await lost_in(channel, str(parcel.post_id), parcel.after_id)
        except (discord.Forbidden, discord.NotFound):
            return None
        except (discord.HTTPException, *LOST) as error:
            raise Unsure from error

    async def change(self, parcel: Parcel) -> None:
        assert parcel.copy_id is not None
        message = self.bot.get_partial_messageable(parcel.channel_id).get_partial_message(parcel.copy_id)
        try:
            if parcel.words:
                content = self._drawn(parcel)["content"]
                await message.edit(content=content, allowed_mentions=discord.AllowedMentions.none())
            else:
                await message.delete()
        except discord.HTTPException as error:
            if error.status in (401, 429) or error.status >= 500:
                raise Unsure from error
            # It is not there any more, or may not be touched: nothing is left to be done about it.
        except LOST as error:
            raise Unsure from error

    async def keep_waiting(self, parcel: Parcel) -> None:
        channel_id = await self.app.store.read(talks_looking.channel_of, parcel.sender_id)
        if channel_id is None:
            return
        template = self.bot.answers.vary("talks.kept_for_now", parcel.sender_id)
        drawn = draw(self.app.library, template, origin=Origin(parcel.network_id, parcel.language))
        channel = self.bot.get_partial_messageable(channel_id)
        await send_surely(channel, drawn, f"w{parcel.post_id}"[:25])


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkCarrier(bot))
