"""`/session schedule`, `edit`, `skip`, `move` and `cancel`: what facilitators do with sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins.habits import habits
from bot.content.library import Words
from bot.errors import Refusal
from bot.sessions import correcting, drafts
from bot.sessions.fields import Fields, Place, read_length, read_where
from bot.sessions.meeting import Meeting, moment, title_said
from bot.sessions.rules import TITLE_LENGTH, USUAL_MIN, Where
from bot.sessions.running import Actor
from bot.sessions.when import read_when
from bot.sessions.when_said import Ask, Heard, Unread
from bot.ui.ids import make
from bot.ui.render import menu
from bot.ui.rooms import rooms_of

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import SessionDesk

LENGTHS = (30, 45, 60, 75, 90, 120)


class Sessions(commands.GroupCog, group_name="session", group_description="session"):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def desk(self) -> SessionDesk:
        found: Any = self.bot.get_cog("SessionDesk")
        return found

    # Making one

    @app_commands.command(name="schedule", description="schedule")
    async def schedule(
        self,
        interaction: discord.Interaction[Any],
        title: str,
        when: str,
        where: str,
        length: str | None = None,
    ) -> None:
        here = await self.desk.writer(interaction)
        guild, zone = here.guild, here.zone
        now, screens = self.app.clock.now(), self.desk.screens(interaction)
        title = " ".join(title.split())[:TITLE_LENGTH]
        if not title:
            raise Refusal("errors.no_title")
        place = read_where(where, rooms_of(guild)) or Place(Where.PLACE)
        minutes = read_length(length) if length else None
        reading = read_when(when, now, zone)
        fields = Fields(title, None, place, minutes or USUAL_MIN)
        if isinstance(reading, Heard):
            fields = fields.with_(rule=reading.series, minutes=minutes or reading.minutes or USUAL_MIN)
        choices = tuple(one.text for one in reading.choices) if isinstance(reading, Ask) else ()
        writing = await drafts.begin(
            self.app.store, guild.id, interaction.user.id, fields, when[:200], choices, interaction.id, now
        )
        if isinstance(reading, Ask):
            screen = screens.ask(writing, reading)
        elif isinstance(reading, Unread):
            screen = screens.unread(writing, reading)
        else:
            screen = screens.draft(writing)
        menus = [menu(make("sessions.choose", writing.id), screen.options)] if screen.options else []
        await self.say(interaction, screen.template, screen.params, subject_id=screen.subject_id, menus=menus)

    @schedule.autocomplete("where")
    async def rooms(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        rooms = rooms_of(interaction.guild)
        found = [
            app_commands.Choice(name=f"#{name}"[:100], value=f"<#{room}>")
            for room, (name, _) in rooms.items()
            if typed.casefold().lstrip("#") in name.casefold()
        ]
        del found[24:]
        # What was typed stays on the list: a link, or a place in words. Below, since part of a room's name means the room.
        if typed.strip() and len(typed) <= 100 and typed not in {one.name for one in found}:
            found.append(app_commands.Choice(name=typed, value=typed))
        return found

    @schedule.autocomplete("length")
    async def lengths(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        screens = self.desk.screens(interaction)
        wanted = [read_length(typed)] if read_length(typed) else LENGTHS
        return [
            app_commands.Choice(name=str(screens.length(minutes)), value=str(minutes))
            for minutes in wanted
            if minutes is not None
        ]

    # Changing one

    @app_commands.command(name="edit", description="edit")
    @app_commands.rename(which="session")
    async def edit(self, interaction: discord.Interaction[Any], which: str) -> None:
        meeting, actor = await self._meeting(interaction, which)
        standing = await correcting.stand(self.app.store, meeting.id, actor, self.app.clock.now())
        single = (
            () if standing.repeats else ("sessions.edit=later", "sessions.edit=all", "sessions.cancel=all")
        )
        held = ("sessions.back",) if meeting.held else ("sessions.skip", "sessions.move", "sessions.edit=one")
        screens = self.desk.screens(interaction)
        leads = ", ".join(f"<@{user}>" for user in standing.leads)
        await self.say(
            interaction,
            "sessions.edit",
            {
                "title": title_said(meeting),
                "when": moment(meeting.starts_at),
                "where": screens.where(
                    Place(meeting.where_kind, meeting.where_channel_id, meeting.where_text)
                ),
                "leads": Words(leads) if leads else self.app.library.text("sessions.draft.no_helpers"),
            },
            subject_id=meeting.id,
            without=(*single, *held),
        )

    @app_commands.command(name="skip", description="skip")
    @app_commands.rename(which="session")
    async def skip(
        self, interaction: discord.Interaction[Any], which: str, reason: str | None = None
    ) -> None:
        meeting, actor = await self._meeting(interaction, which)
        now = self.app.clock.now()
        done = await correcting.skip(
            self.app.store, habits, meeting.id, reason or "", actor, interaction.id, now
        )
        await self.desk.done(interaction, "sessions.skipped", done)

    @app_commands.command(name="cancel", description="cancel")
    @app_commands.rename(which="session")
    async def cancel(self, interaction: discord.Interaction[Any], which: str) -> None:
        meeting, actor = await self._meeting(interaction, which)
        standing = await correcting.stand(self.app.store, meeting.id, actor, self.app.clock.now())
        await self.say(
            interaction,
            "sessions.cancel",
            {"title": title_said(meeting), "when": moment(meeting.starts_at)},
            subject_id=meeting.id,
            without=() if standing.repeats else ("sessions.cancel=all",),
        )

    @app_commands.command(name="move", description="move")
    @app_commands.rename(which="session")
    async def move(self, interaction: discord.Interaction[Any], which: str, when: str) -> None:
        meeting, _ = await self._meeting(interaction, which)
        await self.desk.move(interaction, meeting.id, when)

    @edit.autocomplete("which")
    @skip.autocomplete("which")
    @cancel.autocomplete("which")
    @move.autocomplete("which")
    async def sessions(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        try:
            actor = (await self.desk.here(interaction)).actor
        except Refusal:
            return []
        screens = self.desk.screens(interaction)
        meetings = await correcting.runnable(self.app.store, actor, self.app.clock.now(), 100)
        named = [(screens.option(meeting), meeting) for meeting in meetings]
        return [
            app_commands.Choice(name=name, value=str(meeting.id))
            for name, meeting in named
            if typed.casefold() in name.casefold()
        ][:25]

    async def _meeting(self, interaction: discord.Interaction[Any], said: str) -> tuple[Meeting, Actor]:
        """The meeting picked, or the next one of that name: Discord lets people send what is not on the list."""
        actor = (await self.desk.writer(interaction)).actor
        meetings = await correcting.runnable(self.app.store, actor, self.app.clock.now(), 200)
        wanted = " ".join(said.casefold().split())
        named = [one for one in meetings if str(one.id) == wanted] or [
            one for one in meetings if one.title.casefold() == wanted
        ]
        if not named:
            raise Refusal("errors.unknown_session", said=said)
        return named[0], actor


async def setup(bot: ReallyOk) -> None:
    cog = Sessions(bot)
    await bot.add_cog(cog)
    group = cog.app_command
    assert group is not None
    group.guild_only = True
