"""What members wrote while the bot was off: answered late, saying so, and as the least urgent thing there is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.ext import commands

from bot.members import service as members

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.conversation import Conversation

log = logging.getLogger("reallyok.conversation")

LOOK_BACK = 20


class CatchUp(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        # What we sent since then came after their words; their words are still unanswered.
        self._since = discord.utils.time_snowflake(bot.app.clock.now())

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self.app.after_ready(self._read_all())

    async def _read_all(self) -> None:
        await self.app.opened()
        for channel_id in await members.recent_channels(self.app.store, self.app.clock.now()):
            try:
                await self._read(channel_id)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("One conversation could not be read after the start (%s).", type(error).__name__)

    async def _read(self, channel_id: int) -> None:
        """Answer the newest words in a conversation if nothing of ours from before the start follows them."""
        cog: Any = self.bot.get_cog("Conversation")
        conversation: Conversation = cog
        async for message in self.bot.get_partial_messageable(channel_id).history(limit=LOOK_BACK):
            if message.author.bot and message.id >= self._since:
                continue
            if not message.author.bot and message.id < self._since:
                await conversation.say_late(message)
                return
            if message.author.bot:
                return


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(CatchUp(bot))
