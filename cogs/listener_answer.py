"""What an organiser states of a network's listeners: within how long somebody answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.errors import Refusal
from bot.listeners import stated
from bot.networks import service as networks
from bot.ui.ids import Press
from bot.ui.organisers import organised_server
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

ASK = "ask"
OFFERED = {"15": 15, "30": 30, "60": 60, "120": 120}  # minutes


class ListenerAnswer(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @on_press("listening.answer")
    async def answer(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Show the stated time with the others on offer, or state the one picked."""
        app = self.app
        row = await networks.find(app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, row.organiser_role_id if row else None)
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        if press.arg != ASK and press.arg not in OFFERED:
            raise Refusal("errors.old_button")
        if press.arg in OFFERED:
            await stated.set_answer_minutes(app.store, guild.id, OFFERED[press.arg])
        minutes = await stated.answer_minutes(app.store, guild.id)
        template = "listeners.answer_time" if press.arg == ASK else "listeners.answer_stated"
        language = app.origin_of(interaction).language
        await self.say(
            interaction,
            template,
            {"within": app.desk.span(timedelta(minutes=minutes), language)},
            subject_id=guild.id,
            without=[f"listening.answer={minutes}"],
        )


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(ListenerAnswer(bot))
