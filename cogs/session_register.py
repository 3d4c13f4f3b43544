"""`/session register`: who is coming to a facilitator's own session, and the roll-call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import Refusal
from bot.sessions import attendance, listing
from bot.sessions.words import Teller
from bot.ui.commands import beneath
from bot.ui.ids import Press, make
from bot.ui.render import people_menu
from bot.ui.router import MOST_PICKED, on_press, picked_ids

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import SessionDesk


class SessionRegister(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @app_commands.command(name="register", description="register")
    @app_commands.rename(meeting="session")
    async def register(self, interaction: discord.Interaction[Any], meeting: str | None = None) -> None:
        """Without a name, the one nearest to now."""
        guild_id = await self._facilitator(interaction)
        app, who = self.app, interaction.user.id
        found = await listing.facilitated(app.store, guild_id, who, app.clock.now())
        wanted = [one[0] for one in found if meeting in (None, str(one[0]), self._named(one))]
        if not wanted:
            raise Refusal("errors.no_session")
        await self._show(interaction, wanted[0], guild_id)

    @register.autocomplete("meeting")
    async def named(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        found = await listing.facilitated(
            self.app.store, interaction.guild_id or 0, interaction.user.id, self.app.clock.now()
        )
        names = [(self._named(one), str(one[0])) for one in found]
        return [
            app_commands.Choice(name=name, value=value)
            for name, value in names
            if typed.casefold() in name.casefold()
        ]

    def _named(self, one: listing.Facilitated) -> str:
        _, title, starts_at, zone = one
        return f"{self.app.library.when(starts_at, zone)} · {title}"[:100]

    async def _facilitator(self, interaction: discord.Interaction[Any]) -> int:
        """The server, if this person facilitates or organises there this moment. Raises `Refusal`."""
        here = await cast("SessionDesk", self.bot.get_cog("SessionDesk")).here(interaction)
        if not (here.actor.facilitates or here.actor.organises):
            raise Refusal("errors.facilitator_only", network=here.guild.name)
        return here.guild.id

    async def _own(self, interaction: discord.Interaction[Any], occurrence_id: int) -> int:
        """As `_facilitator`, and this meeting is of a session they run: its own rows say so. Raises `Refusal`."""
        guild_id = await self._facilitator(interaction)
        if not await listing.facilitates(self.app.store, guild_id, interaction.user.id, occurrence_id):
            raise Refusal("errors.no_session")
        return guild_id

    async def _show(self, interaction: discord.Interaction[Any], occurrence_id: int, guild_id: int) -> None:
        taken = await attendance.register(self.app.store, occurrence_id, guild_id)
        if attendance.on_the_register(taken.meeting, self.app.clock.now()):
            await self._say(interaction, "sessions.register", taken)
            return
        teller = Teller(self.app.library)
        await self.say(
            interaction, "sessions.register_coming", teller.register(taken), subject_id=occurrence_id
        )

    async def _say(
        self,
        interaction: discord.Interaction[Any],
        template: str,
        register: attendance.Register,
        strangers: Sequence[int] = (),
    ) -> None:
        """The register, with what notes people as there and what takes them off again."""
        row, form, teller = register.meeting.id, self.app.library.form, Teller(self.app.library)
        menus = [people_menu(make("sessions.roll", row), form("sessions.roll.placeholder"), most=MOST_PICKED)]
        if register.there:
            words = form("sessions.unroll.placeholder")
            menus.append(people_menu(make("sessions.unroll", row), words, most=MOST_PICKED))
        all_there = set(register.coming) <= set(register.there)
        await self.say(
            interaction,
            template,
            teller.register(register) | teller.registered(register, strangers),
            subject_id=row,
            menus=menus,
            without=("sessions.everybody",) if all_there else (),
        )

    @on_press("sessions.roll")
    async def rolled(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild_id, picked = await self._own(interaction, press.id), picked_ids(interaction)
        app = self.app
        taken = await attendance.note_there(
            app.store, press.id, guild_id, picked, interaction.id, app.clock.now()
        )
        await self._say(interaction, "sessions.registered", taken.register, taken.strangers)

    @on_press("sessions.everybody")
    async def everybody(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild_id, app = await self._own(interaction, press.id), self.app
        taken = await attendance.note_everybody(
            app.store, press.id, guild_id, interaction.id, app.clock.now()
        )
        await self._say(interaction, "sessions.registered", taken.register)

    @on_press("sessions.unroll")
    async def taken_off(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild_id, picked = await self._own(interaction, press.id), picked_ids(interaction)
        app = self.app
        taken = await attendance.take_off(
            app.store, press.id, guild_id, picked, interaction.id, app.clock.now()
        )
        await self._say(interaction, "sessions.registered", taken.register)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionRegister(bot))
    beneath(bot.tree, "session", "register")
