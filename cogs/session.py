"""`/session schedule`, `edit`, `skip`, `move` and `cancel`: what facilitators do with sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins.habits import habits
from bot.content.library import Words
from bot.errors import Refusal
from bot.networks import service as networks
from bot.sessions import correcting, drafts
from bot.sessions.fields import Fields, Place, read_length, read_where
from bot.sessions.meeting import Meeting, moment, title_said
from bot.sessions.rules import TITLE_LENGTH, USUAL_MIN, Where
from bot.sessions.running import Actor, may_schedule
from bot.sessions.screens import Screens
from bot.sessions.when import read_when
from bot.sessions.when_said import Ask, Heard, Unread
from bot.ui.ids import make
from bot.ui.organisers import roles_here
from bot.ui.render import menu
from bot.ui.rooms import rooms_of

if TYPE_CHECKING:
    from bot.client import ReallyOk

LENGTHS = (30, 45, 60, 75, 90, 120)


class Sessions(commands.GroupCog, group_name="session", group_description="session"):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    # Who, and where

    async def _actor(self, interaction: discord.Interaction[Any]) -> tuple[discord.Guild, Actor, str]:
        """Who this is by Discord's word with this very press, and the network's time zone."""
        row = await networks.find(self.app.store, interaction.guild_id or 0)
        guild, facilitates, organises = roles_here(
            interaction, row and row.organiser_role_id, row and row.facilitator_role_id
        )
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild, Actor(interaction.user.id, guild.id, facilitates, organises), row.zone

    def _screens(self, interaction: discord.Interaction[Any]) -> Screens:
        return Screens(self.app.library, self.app.origin_of(interaction).language)

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
        guild, actor, zone = await self._actor(interaction)
        may_schedule(actor)
        now, screens = self.app.clock.now(), self._screens(interaction)
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
        # What was typed stays on the list: a link, or a place in words.
        if typed.strip() and len(typed) <= 100:
            found.insert(0, app_commands.Choice(name=typed, value=typed))
        return found[:25]

    @schedule.autocomplete("length")
    async def lengths(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        screens = self._screens(interaction)
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
        meeting, actor, _ = await self._meeting(interaction, which)
        standing = await correcting.stand(self.app.store, meeting.id, actor, self.app.clock.now())
        single = (
            () if standing.repeats else ("sessions.edit=later", "sessions.edit=all", "sessions.cancel=all")
        )
        held = ("sessions.back",) if meeting.held else ("sessions.skip", "sessions.move", "sessions.edit=one")
        screens = self._screens(interaction)
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
        meeting, actor, _ = await self._meeting(interaction, which)
        now = self.app.clock.now()
        done = await correcting.skip(
            self.app.store, habits, meeting.id, reason or "", actor, interaction.id, now
        )
        await self._done(interaction, "sessions.skipped", done)

    @app_commands.command(name="cancel", description="cancel")
    @app_commands.rename(which="session")
    async def cancel(self, interaction: discord.Interaction[Any], which: str) -> None:
        meeting, actor, _ = await self._meeting(interaction, which)
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
        meeting, actor, zone = await self._meeting(interaction, which)
        now = self.app.clock.now()
        reading = read_when(when, now, zone)
        if not isinstance(reading, Heard):
            screens = self._screens(interaction)
            raise Refusal("errors.move_unread", said=when, hint=screens.hint(reading))
        done = await correcting.move(self.app.store, habits, meeting.id, reading, actor, interaction.id, now)
        await self._done(interaction, "sessions.moved", done)

    async def _done(
        self, interaction: discord.Interaction[Any], template: str, done: correcting.Standing
    ) -> None:
        next_at = done.next_at
        await self.say(
            interaction,
            template,
            {
                "title": title_said(done.meeting),
                "when": moment(done.meeting.starts_at),
                "next": moment(next_at) if next_at else self.app.library.text("sessions.no_next"),
            },
            subject_id=done.meeting.id,
        )

    @edit.autocomplete("which")
    @skip.autocomplete("which")
    @cancel.autocomplete("which")
    @move.autocomplete("which")
    async def sessions(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        try:
            _, actor, _ = await self._actor(interaction)
        except Refusal:
            return []
        screens = self._screens(interaction)
        meetings = await correcting.runnable(self.app.store, actor, self.app.clock.now(), 100)
        named = [(screens.option(meeting), meeting) for meeting in meetings]
        return [
            app_commands.Choice(name=name, value=str(meeting.id))
            for name, meeting in named
            if typed.casefold() in name.casefold()
        ][:25]

    async def _meeting(self, interaction: discord.Interaction[Any], said: str) -> tuple[Meeting, Actor, str]:
        """The meeting picked, or the next one of that name: Discord lets people send what is not on the list."""
        _, actor, zone = await self._actor(interaction)
        may_schedule(actor)
        meetings = await correcting.runnable(self.app.store, actor, self.app.clock.now(), 200)
        wanted = " ".join(said.casefold().split())
        named = [one for one in meetings if str(one.id) == wanted] or [
            one for one in meetings if one.title.casefold() == wanted
        ]
        if not named:
            raise Refusal("errors.unknown_session", said=said)
        return named[0], actor, zone


async def setup(bot: ReallyOk) -> None:
    cog = Sessions(bot)
    await bot.add_cog(cog)
    group = cog.app_command
    assert group is not None
    group.guild_only = True
