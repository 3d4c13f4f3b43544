"""The rest of what may be said of a session before it is saved: for whom, places, who helps, closures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.errors import Refusal
from bot.sessions.drafts import Writing
from bot.sessions.rules import MOST_FACILITATORS, MOST_PLACES, TITLE_LENGTH, Who
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.render import Menu, menu, people_menu, role_menu
from bot.ui.router import MOST_PICKED, chosen, on_press, picked_ids, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import SessionDesk


class SessionMore(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def desk(self) -> SessionDesk:
        found: Any = self.bot.get_cog("SessionDesk")
        return found

    @on_press("sessions.more")
    async def more(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._more(interaction, await self.desk.read(interaction, press.id))

    async def _more(self, interaction: discord.Interaction[Any], writing: Writing) -> None:
        screen, form = self.desk.screens(interaction).more(writing), self.app.library.form
        fields, row = writing.fields, writing.id
        who = menu(make("sessions.who", row), screen.options)
        who.placeholder = form("sessions.who.placeholder")
        menus: list[Menu] = [who]
        if fields.who is Who.ROLE:
            menus.append(role_menu(make("sessions.role", row), form("sessions.role.placeholder")))
        if fields.who is Who.INVITED:
            words = form("sessions.invite.placeholder")
            kind = make("sessions.invite", row)
            menus.append(people_menu(kind, words, most=MOST_PICKED, present=fields.invited))
        words, kind = form("sessions.helpers.placeholder"), make("sessions.helpers", row)
        menus.append(people_menu(kind, words, most=MOST_FACILITATORS - 1, present=fields.helpers))
        await self.say(interaction, screen.template, screen.params, subject_id=row, menus=menus)

    @on_press("sessions.who")
    async def who(self, interaction: discord.Interaction[Any], press: Press) -> None:
        value = "".join(chosen(interaction))
        if value not in set(Who):
            raise Refusal("errors.old_button")
        await self._more(
            interaction, await self.desk.change(interaction, press.id, lambda f: f.with_(who=Who(value)))
        )

    @on_press("sessions.role")
    async def role(self, interaction: discord.Interaction[Any], press: Press) -> None:
        ids = picked_ids(interaction)
        guild = (await self.desk.writer(interaction)).guild
        if len(ids) != 1 or guild.get_role(ids[0]) is None:
            raise Refusal("errors.old_button")
        put = await self.desk.change(interaction, press.id, lambda f: f.with_(who=Who.ROLE, role_id=ids[0]))
        await self._more(interaction, put)

    @on_press("sessions.invite")
    async def invite(self, interaction: discord.Interaction[Any], press: Press) -> None:
        ids = picked_ids(interaction)
        put = await self.desk.change(interaction, press.id, lambda f: f.with_(who=Who.INVITED, invited=ids))
        await self._more(interaction, put)

    @on_press("sessions.helpers")
    async def helpers(self, interaction: discord.Interaction[Any], press: Press) -> None:
        ids = tuple(one for one in picked_ids(interaction) if one != interaction.user.id)
        await self._more(
            interaction, await self.desk.change(interaction, press.id, lambda f: f.with_(helpers=ids))
        )

    @on_press("sessions.closures")
    async def closures(self, interaction: discord.Interaction[Any], press: Press) -> None:
        put = await self.desk.change(
            interaction, press.id, lambda f: f.with_(skip_closures=not f.skip_closures)
        )
        screen = self.desk.screens(interaction).draft(put)
        await self.say(interaction, screen.template, screen.params, subject_id=screen.subject_id)

    @on_press("sessions.details")
    async def details(self, interaction: discord.Interaction[Any], press: Press) -> None:
        writing = await self.desk.read(interaction, press.id)
        places = writing.fields.places
        present = [
            ("places", "sessions.places", str(places) if places else "", False),
            ("neutral", "sessions.neutral", writing.fields.neutral_title, False),
        ]
        form = ask_text(
            self.app.library, "sessions.details.title", make("sessions.detailed", writing.id), present
        )
        await interaction.response.send_modal(form)

    @on_press("sessions.detailed")
    async def detailed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        said = written(interaction)
        number = said.get("places", "").strip()
        if number and not (number.isdecimal() and len(number) < 5 and 1 <= int(number) <= MOST_PLACES):
            raise Refusal("errors.bad_places", said=number, most=MOST_PLACES)
        neutral = " ".join(said.get("neutral", "").split())[:TITLE_LENGTH]
        places = int(number) if number else None
        put = await self.desk.change(
            interaction, press.id, lambda f: f.with_(places=places, neutral_title=neutral)
        )
        await self._more(interaction, put)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionMore(bot))
