"""A session before it is saved: its preview, and every button and form around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.checkins.habits import habits
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.sessions import drafts, scheduling
from bot.sessions.drafts import Writing
from bot.sessions.fields import Fields, Place, read_length, read_where, where_written
from bot.sessions.meeting import moment
from bot.sessions.rules import ABOUT_LENGTH, TITLE_LENGTH, Where
from bot.sessions.screens import Screen, picked
from bot.sessions.when import read_when
from bot.sessions.when_said import Ask, Heard, Unread
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.render import Menu, menu
from bot.ui.rooms import rooms_of
from bot.ui.router import chosen, on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import SessionDesk


class SessionDraft(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def desk(self) -> SessionDesk:
        found: Any = self.bot.get_cog("SessionDesk")
        return found

    async def _show(
        self, interaction: discord.Interaction[Any], screen: Screen, menus: list[Menu] | None = None
    ) -> None:
        if menus is None:
            menus = (
                [menu(make("sessions.choose", screen.subject_id), screen.options)] if screen.options else []
            )
        await self.say(interaction, screen.template, screen.params, subject_id=screen.subject_id, menus=menus)

    # When

    async def _when(self, interaction: discord.Interaction[Any], writing: Writing, text: str) -> None:
        """Read a "when" into a draft and show what comes of it: its dates, a question, or why not."""
        reading, screens = read_when(text, self.app.clock.now(), writing.zone), self.desk.screens(interaction)
        choices = tuple(one.text for one in reading.choices) if isinstance(reading, Ask) else ()
        once = writing.scope == scheduling.Scope.ONE
        if isinstance(reading, Heard) and once and reading.series.count != 1:
            # One meeting is moved to one date: the first of what was said.
            raise Refusal("errors.one_date")

        def changed(fields: Fields) -> Fields:
            if not isinstance(reading, Heard):
                return fields
            return fields.with_(rule=reading.series, minutes=reading.minutes or fields.minutes)

        writing = await self.desk.change(interaction, writing.id, changed, when=text[:200], choices=choices)
        if isinstance(reading, Ask):
            await self._show(interaction, screens.ask(writing, reading))
        elif isinstance(reading, Unread):
            await self._show(interaction, screens.unread(writing, reading))
        else:
            await self._show(interaction, screens.draft(writing))

    @on_press("sessions.choose")
    async def choose(self, interaction: discord.Interaction[Any], press: Press) -> None:
        writing = await self.desk.read(interaction, press.id)
        text = picked(writing, "".join(chosen(interaction)))
        if text is None:
            raise Refusal("errors.old_button")
        await self._when(interaction, writing, text)

    @on_press("sessions.preview")
    async def preview(self, interaction: discord.Interaction[Any], press: Press) -> None:
        writing = await self.desk.read(interaction, press.id)
        await self._show(interaction, self.desk.screens(interaction).draft(writing))

    # The form

    @on_press("sessions.change")
    async def change(self, interaction: discord.Interaction[Any], press: Press) -> None:
        writing = await self.desk.read(interaction, press.id)
        fields, rooms = writing.fields, rooms_of(interaction.guild)
        length = str(self.desk.screens(interaction).length(fields.minutes))
        present = [
            ("title", "sessions.title", fields.title, False),
            ("when", "sessions.when", writing.when[:80], False),
            ("length", "sessions.length", length, False),
            ("where", "sessions.where", where_written(fields.where, rooms), True),
            ("about", "sessions.about", fields.about, True),
        ]
        form = ask_text(
            self.app.library, "sessions.change.title", make("sessions.changed", writing.id), present
        )
        await interaction.response.send_modal(form)

    @on_press("sessions.changed")
    async def changed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild = (await self.desk.writer(interaction)).guild
        writing = await self.desk.read(interaction, press.id)
        said = written(interaction)
        place = read_where(said.get("where", ""), rooms_of(guild))
        minutes = read_length(said.get("length", ""))
        title = " ".join(said.get("title", "").split())[:TITLE_LENGTH]

        def put(fields: Fields) -> Fields:
            return fields.with_(
                title=title or fields.title,
                minutes=minutes or fields.minutes,
                where=place or (fields.where if said.get("where", "").strip() else Place(Where.PLACE)),
                about=said.get("about", "").strip()[:ABOUT_LENGTH],
            )

        writing = await self.desk.change(interaction, press.id, put)
        when = said.get("when", "").strip()
        if when and when != writing.when[:80].strip():
            await self._when(interaction, writing, when)
            return
        await self._show(interaction, self.desk.screens(interaction).draft(writing))

    # The end

    @on_press("sessions.drop")
    async def drop(self, interaction: discord.Interaction[Any], press: Press) -> None:
        actor = (await self.desk.writer(interaction)).actor
        await drafts.drop(self.app.store, press.id, actor.network_id, actor.user_id)
        await self.say(interaction, "sessions.dropped", {})

    @on_press("sessions.save")
    async def save(self, interaction: discord.Interaction[Any], press: Press) -> None:
        actor = (await self.desk.writer(interaction)).actor
        now, text = self.app.clock.now(), self.app.library.text
        done = await scheduling.save(self.app.store, habits, press.id, actor, now)
        title = self.app.library.harmless(done.title)
        if done.conflict:
            names: list[Words] = [text(f"sessions.field.{name}") for name in done.conflict]
            params: dict[str, str] = {"title": title, "what": joined(names, ", ")}
            await self.say(interaction, "sessions.conflict", params, subject_id=press.id)
            return
        first = moment(done.first) if done.first else text("sessions.no_next")
        where = f"<#{done.channel_id}>" if done.channel_id else text("sessions.no_channel")
        params = {"title": title, "first": first, "channel": where}
        await self.say(interaction, "sessions.saved", params, subject_id=done.series_id)

    @on_press("sessions.mine")
    async def mine(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Somebody else saved first: theirs stays, mine on top, and the whole is looked at again."""
        actor = (await self.desk.writer(interaction)).actor
        writing = await scheduling.take_over(self.app.store, press.id, actor, self.app.clock.now())
        await self._show(interaction, self.desk.screens(interaction).draft(writing))


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionDraft(bot))
