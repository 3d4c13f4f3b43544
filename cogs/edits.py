"""Messages somebody changed: read again, since second thoughts are often the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import discord
from discord.ext import commands

from bot.ui.inbound import from_a_person

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.cards import Cards


class Edits(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        message = payload.message
        # Discord says the same of a link it has drawn a picture for; then nobody changed anything.
        if message.edited_at is not None and from_a_person(message) and message.content.strip():
            await cast("Cards", self.bot.get_cog("Cards")).changed(message, message.edited_at)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Edits(bot))
