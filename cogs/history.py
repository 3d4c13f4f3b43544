"""`/checkin history`: a member's own answers as a picture that they alone see."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import answering, plans
from bot.ui.commands import beneath

if TYPE_CHECKING:
    from bot.client import ReallyOk


class History(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="history", description="history")
    async def history(self, interaction: discord.Interaction[Any]) -> None:
        network_id = interaction.guild_id
        past = await answering.history(self.app.store, self.app.keyring, network_id, interaction.user.id)
        if not past:
            await self.say(interaction, "checkins.history_empty")
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        plan = await plans.find(self.app.store, network_id, interaction.user.id) if network_id else None
        zone = plan.zone if plan is not None else "Europe/London"
        from bot.ui.history import picture  # a drawing library: loaded by the first who asks

        points = [(one.at, str(one.level)) for one in past]
        image, alt, since = await picture(self.app.library, points, zone, self.app.clock.now())
        file = discord.File(io.BytesIO(image), "history.png", description=alt[:1024])
        await self.say(interaction, "checkins.history", {"since": since}, file=file)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(History(bot))
    beneath(bot.tree, "checkin", "history")
