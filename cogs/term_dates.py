"""`/network closures`: term dates typed, one a line, or read from a calendar file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.checkins.habits import habits
from bot.content.library import joined
from bot.errors import Refusal
from bot.networks import service
from bot.schedule.closure_ics import ClosureFileError, read_ics
from bot.schedule.closure_lines import parse_closures
from bot.schedule.closures import Closure, Reading, describe
from bot.sessions import scheduling
from bot.ui.commands import beneath
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.organisers import organised_server
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

LARGEST_FILE = 1_000_000  # bytes; a year of term dates is a few thousand
SHOWN = 25


class TermDates(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="closures", description="closures")
    async def closures(
        self, interaction: discord.Interaction[Any], calendar: discord.Attachment | None = None
    ) -> None:
        guild = await self._organised(interaction)
        if calendar is not None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._import(interaction, guild, calendar)
            return
        network = await service.find(self.app.store, guild.id)
        if network is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        kept = await service.closures(self.app.store, guild.id)
        text = self.app.library.text
        await self.say(
            interaction,
            "networks.closures",
            {
                "network": guild.name,
                "closures": self._listed(kept) if kept else text("networks.closures.none"),
                "nation": text(f"support.nation.{network.nation}"),
            },
            subject_id=guild.id,
        )

    async def _organised(self, interaction: discord.Interaction[Any]) -> discord.Guild:
        network = await service.find(self.app.store, interaction.guild_id or 0)
        return organised_server(interaction, network.organiser_role_id if network else None)

    def _listed(self, closures: list[Closure]) -> str:
        text = self.app.library.text
        lines = [text("networks.closures.line", closure=describe(one)) for one in closures[:SHOWN]]
        if len(closures) > SHOWN:
            lines.append(text("networks.closures.and_more", count=len(closures) - SHOWN))
        return joined(lines)

    @on_press("networks.closures")
    async def edit(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild = await self._organised(interaction)
        kept = await service.closures(self.app.store, guild.id)
        present = "\n".join(f"{one.first} - {one.last} {one.name}".strip() for one in kept)
        fields = [("dates", "networks.closures", present[:4000], True)]
        await interaction.response.send_modal(
            ask_text(self.app.library, "networks.closures.title", make("networks.dates", guild.id), fields)
        )

    @on_press("networks.dates")
    async def wrote(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild = await self._organised(interaction)
        reading = parse_closures(written(interaction).get("dates", ""))
        if reading.closures or not reading.unread:
            await self._keep(interaction, guild, list(reading.closures))
        if reading.unread:
            await self._unread(interaction, reading)

    async def _import(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, calendar: discord.Attachment
    ) -> None:
        network = await service.find(self.app.store, guild.id)
        if network is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        text = self.app.library.text
        try:
            if calendar.size > LARGEST_FILE:
                problem = "too-large"
            else:
                reading = await asyncio.to_thread(read_ics, await calendar.read(), network.zone)
                kept = {*await service.closures(self.app.store, guild.id), *reading.closures}
                if reading.closures:
                    await self._keep(interaction, guild, sorted(kept))
                if reading.unread or not reading.closures:
                    await self._unread(interaction, reading)
                return
        except ClosureFileError as error:
            problem = error.problem.value
        await self.say(
            interaction,
            "networks.closures_problems",
            {"problems": text(f"networks.closures.file.{problem}")},
            subject_id=guild.id,
        )

    async def _keep(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, closures: list[Closure]
    ) -> None:
        await service.keep_closures(self.app.store, guild.id, guild.name, closures)
        now = self.app.clock.now()
        await plans.recount(self.app.store, guild.id, now)
        await scheduling.closures_changed(self.app.store, habits, guild.id, now)
        text = self.app.library.text
        listed = self._listed(closures) if closures else text("networks.closures.none")
        await self.say(interaction, "networks.closures_saved", {"closures": listed}, subject_id=guild.id)

    async def _unread(self, interaction: discord.Interaction[Any], reading: Reading) -> None:
        text = self.app.library.text
        lines = [
            text(
                "networks.closures.problem.line",
                said=one.text,
                why=text(f"networks.closures.problem.{one.problem}"),
            )
            for one in reading.unread[:10]
        ]
        await self.say(
            interaction,
            "networks.closures_unread" if reading.closures else "networks.closures_problems",
            {"problems": joined(lines) if lines else text("networks.closures.file.empty")},
            subject_id=interaction.guild_id or 0,
        )


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TermDates(bot))
    beneath(bot.tree, "network", "closures")
