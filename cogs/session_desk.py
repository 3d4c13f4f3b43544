"""What every cog for facilitators asks: who presses and what they may, their draft, and how a change is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.checkins.habits import habits
from bot.errors import Refusal
from bot.networks import service as networks
from bot.sessions import correcting, drafts
from bot.sessions.drafts import Writing
from bot.sessions.fields import Fields
from bot.sessions.meeting import moment, title_said
from bot.sessions.running import Actor, may_schedule
from bot.sessions.screens import Screens
from bot.sessions.when import read_when
from bot.sessions.when_said import Heard
from bot.ui.organisers import roles_here

if TYPE_CHECKING:
    from bot.client import ReallyOk


@dataclass(frozen=True)
class Here:
    """Who this is and what they may here, by Discord's word with this very press; and the network's own."""

    guild: discord.Guild
    actor: Actor
    zone: str
    facilitator_role_id: int | None


class SessionDesk(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    async def here(self, interaction: discord.Interaction[Any]) -> Here:
        """Who this is, and where. Raises `Refusal` in direct messages and where no network is set up."""
        row = await networks.find(self.app.store, interaction.guild_id or 0)
        guild, facilitates, organises = roles_here(
            interaction, row and row.organiser_role_id, row and row.facilitator_role_id
        )
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        actor = Actor(interaction.user.id, guild.id, facilitates, organises)
        return Here(guild, actor, row.zone, row.facilitator_role_id)

    async def writer(self, interaction: discord.Interaction[Any]) -> Here:
        """The same, for somebody who may make sessions here. Raises `Refusal`."""
        here = await self.here(interaction)
        may_schedule(here.actor)
        return here

    def screens(self, interaction: discord.Interaction[Any]) -> Screens:
        """What facilitators are shown, in this person's language."""
        return Screens(self.app.library, self.app.origin_of(interaction).language)

    # What is written and not yet saved

    async def read(self, interaction: discord.Interaction[Any], draft_id: int) -> Writing:
        """Somebody's own draft. Raises `Refusal`."""
        actor = (await self.writer(interaction)).actor
        now = self.app.clock.now()
        return await drafts.read(self.app.store, draft_id, actor.network_id, actor.user_id, now)

    async def change(
        self,
        interaction: discord.Interaction[Any],
        draft_id: int,
        changed: Callable[[Fields], Fields],
        *,
        when: str | None = None,
        choices: tuple[str, ...] | None = None,
    ) -> Writing:
        """Change somebody's own draft. Raises `Refusal`."""
        actor, now = (await self.writer(interaction)).actor, self.app.clock.now()
        return await drafts.change(
            self.app.store,
            draft_id,
            actor.network_id,
            actor.user_id,
            changed,
            now,
            when=when,
            choices=choices,
        )

    # One meeting

    async def move(self, interaction: discord.Interaction[Any], occurrence_id: int, said: str) -> None:
        """Hold one meeting when somebody says, and tell them so. Raises `Refusal`, also for what is not plain."""
        here, now = await self.here(interaction), self.app.clock.now()
        reading = read_when(said, now, here.zone)
        if not isinstance(reading, Heard):
            raise Refusal("errors.move_unread", said=said, hint=self.screens(interaction).hint(reading))
        done = await correcting.move(
            self.app.store, habits, occurrence_id, reading, here.actor, interaction.id, now
        )
        await self.done(interaction, "sessions.moved", done)

    async def done(
        self, interaction: discord.Interaction[Any], template: str, done: correcting.Standing
    ) -> None:
        """Say what became of a meeting, and which is the next."""
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


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionDesk(bot))
