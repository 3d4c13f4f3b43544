"""Coming, maybe, can't, "I'm here": what members press about one session, in a channel, a DM or `/sessions`."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import discord
from discord.ext import commands

from bot.checkins.habits import habits
from bot.errors import Refusal, StoreUnavailable
from bot.sessions import attendance, coming, listing
from bot.sessions.coming import RoleUnknown, Visitor
from bot.sessions.meeting import moment, title_said
from bot.sessions.rules import Answer
from bot.sessions.words import Teller
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press, picked_row

if TYPE_CHECKING:
    from bot.client import ReallyOk

T = TypeVar("T")


class SessionComing(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @on_press("sessions.coming")
    async def coming(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._answer(interaction, press.id, Answer.COMING)

    @on_press("sessions.maybe")
    async def maybe(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._answer(interaction, press.id, Answer.MAYBE)

    @on_press("sessions.cant")
    async def cant(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._answer(interaction, press.id, Answer.CANT)

    async def _answer(self, interaction: discord.Interaction[Any], occurrence_id: int, said: Answer) -> None:
        app = self.app

        def keep(visitor: Visitor) -> Awaitable[coming.Answered]:
            return coming.answer(
                app.store, habits, occurrence_id, visitor, said, interaction.id, app.clock.now()
            )

        done = await self._as_visitor(interaction, keep)
        template, params = Teller(app.library, done.language).answered(done)
        await self.say(
            interaction,
            template,
            params,
            subject_id=occurrence_id,
            origin=Origin(done.meeting.network_id, done.language),
            hidden=interaction.guild is not None,
        )

    async def _as_visitor(
        self, interaction: discord.Interaction[Any], act: Callable[[Visitor], Awaitable[T]]
    ) -> T:
        """Act with the roles Discord sent; where it sent none and they matter, ask it for them.

        Not found means left, and an error means nobody knows: both refuse.
        """
        user, server = interaction.user, interaction.guild.name if interaction.guild else ""
        roles = frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else None
        try:
            return await act(Visitor(user.id, server, roles))
        except RoleUnknown as unknown:
            guild = self.bot.get_guild(unknown.network_id)
            if guild is None:
                raise Refusal("errors.not_yours") from None
        try:
            member = await guild.fetch_member(user.id)
        except discord.NotFound:
            raise Refusal("errors.not_yours") from None
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            raise Refusal("errors.busy") from None
        return await act(Visitor(user.id, server, frozenset(role.id for role in member.roles)))

    @on_press("sessions.open")
    async def opened(self, interaction: discord.Interaction[Any], _: Press) -> None:
        """One meeting picked from the list of what is on."""
        app, occurrence_id = self.app, picked_row(interaction)

        def look(visitor: Visitor) -> Awaitable[coming.Answered]:
            return coming.look(app.store, occurrence_id, visitor, app.clock.now())

        done = await self._as_visitor(interaction, look)
        teller = Teller(app.library, done.language)
        origin = Origin(done.meeting.network_id, done.language)
        hidden = interaction.guild is not None
        if done.over or not done.meeting.held:
            template, params = teller.answered(done)
            await self.say(interaction, template, params, origin=origin, hidden=hidden)
            return
        open_now = attendance.is_open(done.meeting, app.clock.now())
        await self.say(
            interaction,
            "sessions.one",
            teller.card(done),
            subject_id=occurrence_id,
            origin=origin,
            hidden=hidden,
            without=() if open_now else ("sessions.here",),
        )

    @on_press("sessions.here")
    async def here(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app

        def keep(visitor: Visitor) -> Awaitable[attendance.Here]:
            return attendance.here(app.store, press.id, visitor, interaction.id, app.clock.now())

        done = await self._as_visitor(interaction, keep)
        await self.say(
            interaction,
            "sessions.here" if done.kept else "sessions.here_closed",
            {"title": title_said(done.meeting), "when": moment(done.meeting.starts_at)},
            subject_id=press.id,
            origin=Origin(done.meeting.network_id, done.language),
            hidden=interaction.guild is not None,
        )

    @on_press("sessions.after")
    async def not_afterwards(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg != "no":
            raise Refusal("errors.old_button")
        guild, app = interaction.guild, self.app
        await listing.choose_reminders(
            app.store,
            guild.id if guild else None,
            guild.name if guild else "",
            interaction.user.id,
            app.clock.now(),
            after=False,
        )
        await self.say(interaction, "sessions.after_off", hidden=guild is not None)

    @commands.Cog.listener("on_voice_state_update")
    async def heard_in_a_room(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Somebody came into a voice channel: noted while a session is held in it, and otherwise not at all."""
        if after.channel is None or after.channel == before.channel or member.bot:
            return
        with contextlib.suppress(StoreUnavailable):  # "I'm here" and the roll-call are there as well
            there = {member.id: [role.id for role in member.roles]}
            await attendance.present(self.app.store, after.channel.id, there, self.app.clock.now())


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionComing(bot))
