"""Check-ins: the question, the tap, and what is said to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import service
from bot.checkins.rules import Level
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

REPLIES = {
    Level.GOOD: "checkins.good",
    Level.OK: "checkins.ok",
    Level.WOBBLY: "checkins.wobbly",
    Level.NOT_OK: "checkins.not_ok",
}


class Checkins(commands.GroupCog, group_name="checkin", group_description="checkin"):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="now", description="now")
    async def now(self, interaction: discord.Interaction[Any]) -> None:
        await self._ask(interaction)

    @on_press("checkins.now")
    async def now_pressed(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._ask(interaction)

    async def _ask(self, interaction: discord.Interaction[Any]) -> None:
        guild = interaction.guild
        asked = await service.ask_now(
            self.app.store,
            interaction.user.id,
            guild.id if guild else None,
            guild.name if guild else "",
            self.app.clock.now(),
            self.app.openings,
        )
        await self.say(
            interaction,
            f"checkins.now#{asked.checkin_id}",
            {"network": asked.network.name},
            subject_id=asked.checkin_id,
            origin=Origin(asked.network.id, asked.language),
            # In a DM it stays in the conversation, like any other question; in a server nobody else sees it.
            hidden=guild is not None,
        )

    @on_press("checkins.level")
    async def answered(self, interaction: discord.Interaction[Any], press: Press) -> None:
        kept = await service.answer(
            self.app.store,
            self.app.keyring,
            press.id,
            interaction.user.id,
            Level(press.arg),
            interaction.id,
            self.app.clock.now(),
        )
        origin = Origin(kept.network.id, kept.network.language)
        own = self.app.lines.get(kept.network.id)
        line = self.app.signposts.line(
            own.nation, origin.language, self.app.clock.now(), education=own.education
        )
        await self.say(
            interaction,
            f"{REPLIES[kept.level]}#{interaction.id >> 22}",
            {"line": line},
            subject_id=press.id,
            origin=origin,
            hidden=interaction.guild is not None,
        )


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Checkins(bot))
