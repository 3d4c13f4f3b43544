"""The buttons around a session that is on: change, skip, move, call off, hand over, write another like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.checkins.habits import habits
from bot.errors import Refusal
from bot.sessions import correcting, scheduling
from bot.sessions.scheduling import Scope
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.render import people_menu
from bot.ui.router import chosen, on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import SessionDesk

COPY = "copy"
WHOLE = "all"


class SessionChange(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def desk(self) -> SessionDesk:
        found: Any = self.bot.get_cog("SessionDesk")
        return found

    @on_press("sessions.edit")
    async def edit(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg != COPY and press.arg not in set(Scope):
            raise Refusal("errors.old_button")
        actor = (await self.desk.here(interaction)).actor
        copy = press.arg == COPY
        scope = Scope.ALL if copy else Scope(press.arg)
        now = self.app.clock.now()
        writing = await scheduling.begin_edit(
            self.app.store, press.id, scope, actor, interaction.id, now, copy=copy
        )
        screen = self.desk.screens(interaction).draft(writing)
        await self.say(interaction, screen.template, screen.params, subject_id=screen.subject_id)

    # Skip, move, call off: a form each, for the reason or the time

    async def _form(
        self,
        interaction: discord.Interaction[Any],
        occurrence_id: int,
        words: str,
        custom_id: str,
        *,
        long: bool,
    ) -> None:
        actor = (await self.desk.here(interaction)).actor
        await correcting.stand(self.app.store, occurrence_id, actor, self.app.clock.now())
        fields = [("text", f"sessions.{words}", "", long)]
        form = ask_text(self.app.library, f"sessions.{words}.title", custom_id, fields)
        await interaction.response.send_modal(form)

    @on_press("sessions.skip")
    async def skip(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._form(interaction, press.id, "skip", make("sessions.skipped", press.id), long=True)

    @on_press("sessions.skipped")
    async def skipped(self, interaction: discord.Interaction[Any], press: Press) -> None:
        actor = (await self.desk.here(interaction)).actor
        said, now = written(interaction).get("text", ""), self.app.clock.now()
        done = await correcting.skip(self.app.store, habits, press.id, said, actor, interaction.id, now)
        await self.desk.done(interaction, "sessions.skipped", done)

    @on_press("sessions.back")
    async def back(self, interaction: discord.Interaction[Any], press: Press) -> None:
        actor = (await self.desk.here(interaction)).actor
        now = self.app.clock.now()
        done = await correcting.put_back(self.app.store, habits, press.id, actor, interaction.id, now)
        await self.desk.done(interaction, "sessions.put_back", done)

    @on_press("sessions.move")
    async def move(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._form(interaction, press.id, "move", make("sessions.moved", press.id), long=False)

    @on_press("sessions.moved")
    async def moved(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self.desk.move(interaction, press.id, written(interaction).get("text", ""))

    @on_press("sessions.cancel")
    async def cancel(self, interaction: discord.Interaction[Any], press: Press) -> None:
        which = WHOLE if press.arg == WHOLE else Scope.ONE.value
        custom_id = make("sessions.cancelled", press.id, which)
        await self._form(interaction, press.id, "cancel", custom_id, long=True)

    @on_press("sessions.cancelled")
    async def cancelled(self, interaction: discord.Interaction[Any], press: Press) -> None:
        actor = (await self.desk.here(interaction)).actor
        said, now = written(interaction).get("text", ""), self.app.clock.now()
        call_off = correcting.cancel_all if press.arg == WHOLE else correcting.cancel
        done = await call_off(self.app.store, habits, press.id, said, actor, interaction.id, now)
        template = "sessions.cancelled_all" if press.arg == WHOLE else "sessions.cancelled"
        await self.desk.done(interaction, template, done)

    # Hand over

    @on_press("sessions.hand")
    async def hand(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """From a meeting's own screen (its number), or from the question to organisers (the series' number)."""
        actor = (await self.desk.here(interaction)).actor
        series_id, title = await correcting.series_named(self.app.store, press.id, actor)
        await self.say(
            interaction,
            "sessions.hand",
            {"title": self.app.library.harmless(title)},
            subject_id=series_id,
            menus=[people_menu(make("sessions.given", series_id))],
        )

    @on_press("sessions.given")
    async def given(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here = await self.desk.here(interaction)
        user_id = _facilitator(interaction, here.facilitator_role_id)
        title = await correcting.give(
            self.app.store,
            press.id,
            user_id,
            interaction.user.display_name,
            here.actor,
            interaction.id,
            self.app.clock.now(),
        )
        params = {"title": self.app.library.harmless(title), "who": f"<@{user_id}>"}
        await self.say(interaction, "sessions.given", params)


def _facilitator(interaction: discord.Interaction[Any], role_id: int | None) -> int:
    """Who was picked, if Discord says with this very press that they have the facilitators' role. Raises `Refusal`."""
    data: Any = interaction.data or {}
    values = chosen(interaction)
    members: dict[str, Any] = (data.get("resolved") or {}).get("members") or {}
    if len(values) != 1 or values[0] not in members:
        raise Refusal("errors.old_button")
    if str(role_id) not in members[values[0]].get("roles", []):
        raise Refusal("errors.needs_role", who=f"<@{values[0]}>", role=f"<@&{role_id}>")
    return int(values[0])


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionChange(bot))
