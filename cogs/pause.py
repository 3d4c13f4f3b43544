"""`/pause`: quiet from everything, in every network, until a day the member chooses."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.errors import Refusal
from bot.listeners import due
from bot.members import service
from bot.schedule.typed import read_date
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

RESTS = {"week": timedelta(weeks=1), "fortnight": timedelta(weeks=2), "month": timedelta(weeks=4)}
MORNING = time(8)


class Pause(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="pause", description="pause")
    async def pause(self, interaction: discord.Interaction[Any], until: str | None = None) -> None:
        await self._member(interaction)
        if until is None:
            await self.say(interaction, "members.pause")
        else:
            await self._pause_until(interaction, until)

    async def _member(self, interaction: discord.Interaction[Any]) -> None:
        """Raises `Refusal` for somebody who is a member nowhere: there is nothing of theirs to pause."""
        if not await service.networks_of(self.app.store, interaction.user.id):
            raise Refusal("errors.not_member", network=interaction.guild.name if interaction.guild else "")

    def _day(self, said: str, today: date) -> date:
        day = read_date(said, today)
        if day is None:
            raise Refusal("errors.unknown_date", said=said)
        if day <= today:
            raise Refusal("errors.past_date", day=self.app.library.day(day, year=True))
        return day

    @on_press("members.pause")
    async def pause_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg == "date":
            await self._member(interaction)  # before they fill in a form that would be refused
            fields = [("until", "members.pause", "", False)]
            form = ask_text(self.app.library, "members.pause.title", make("members.until"), fields)
            await interaction.response.send_modal(form)
            return
        if press.arg not in RESTS:
            raise Refusal("errors.old_button")
        await self._pause_until(interaction, RESTS[press.arg])

    @on_press("members.until")
    async def pause_written(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._pause_until(interaction, written(interaction).get("until", ""))

    async def _pause_until(self, interaction: discord.Interaction[Any], until: str | timedelta) -> None:
        """Quiet until a morning in the member's own zone: it begins again at eight, not at midnight."""
        app, who = self.app, interaction.user.id
        zone = ZoneInfo(await plans.zone_of(app.store, who))
        today = app.clock.now().astimezone(zone).date()
        day = today + until if isinstance(until, timedelta) else self._day(until, today)
        ends = datetime.combine(day, MORNING, zone)
        first = await plans.first_after(app.store, who, ends)
        params: dict[str, str] = {"when": app.library.when(*first)} if first is not None else {}
        await service.pause(app.store, who, ends, params, app.clock.now())
        await plans.reckon(app.store, who, ends)
        await due.rest(app.store, app.desk, who, app.clock.now())
        await self.say(interaction, "members.paused", {"when": app.library.day(day, year=True)})

    @on_press("members.unpause")
    async def unpaused(self, interaction: discord.Interaction[Any], _: Press) -> None:
        app = self.app
        await service.unpause(app.store, interaction.user.id, app.clock.now())
        await plans.reckon(app.store, interaction.user.id, app.clock.now())
        following = await plans.upcoming(app.store, interaction.user.id)
        when = app.library.when(*following) if following else app.library.text("checkins.next.none")
        await self.say(interaction, "members.unpaused", {"when": when})


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Pause(bot))
