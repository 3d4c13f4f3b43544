"""A reaction to one of our messages is thanked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.ui.render import Origin, draw

if TYPE_CHECKING:
    from bot.client import ReallyOk


class Reactions(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        me = self.bot.user
        if payload.guild_id is not None or (me is not None and me.id == payload.user_id):
            return
        channel = self.bot.get_partial_messageable(payload.channel_id)
        chosen = self.bot.answers.vary("checkins.reaction", payload.user_id)
        drawn = draw(self.bot.app.library, chosen, origin=Origin())
        # One answer to a message's reactions, however many there are.
        await channel.send(**drawn, nonce=f"r{payload.message_id}")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Reactions(bot))
