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
        # When we last stopped hearing: at the start, or when the line was lost. What we sent since then came after
        # their words; their words are still unanswered. An answer given live is dropped as a repeat by its nonce.
        self._since = discord.utils.time_snowflake(bot.app.clock.now())
        self._hearing = False

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        if self._hearing:
            self._since = discord.utils.time_snowflake(self.app.clock.now())
            self._hearing = False

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        self._hearing = True  # what was missed was played back

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._hearing = True
        self.app.after_ready(self._read_all())

    async def _read_all(self) -> None:
        await self.app.opened()
        for channel_id in await members.recent_channels(self.app.store, self.app.clock.now()):
            try:
                await self._read(channel_id)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("One conversation could not be read after the start (%s).", type(error).__name__)

    async def _read(self, channel_id: int) -> None:
        """Answer the newest words in a conversation, unless something we sent while we could hear follows them."""
        cog: Any = self.bot.get_cog("Conversation")
        conversation: Conversation = cog
        async for message in self.bot.get_partial_messageable(channel_id).history(limit=LOOK_BACK):
            if not message.author.bot:
                await conversation.say_late(message)
                return
            if message.id < self._since:
                return


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(CatchUp(bot))
