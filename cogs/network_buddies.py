"""`/network report`, and the lists members choose from when they ask for a buddy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import organisers, report_rules
from bot.buddies.rules import Field
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.networks import service
from bot.ui.commands import beneath
from bot.ui.forms import ask_one
from bot.ui.ids import Press, make
from bot.ui.organisers import organised_server
from bot.ui.render import people_menu
from bot.ui.router import chosen, on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

LONGEST_LINE = 230


class NetworkBuddies(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    async def _organised(self, interaction: discord.Interaction[Any]) -> discord.Guild:
        """The server it happened in, if it is a network and this person looks after it."""
        row = await service.find(self.app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, row.organiser_role_id if row else None)
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild

    @app_commands.command(name="report", description="report")
    async def report(self, interaction: discord.Interaction[Any]) -> None:
        guild, app = await self._organised(interaction), self.app
        found = await organisers.report(app.store, guild.id, guild.name, app.clock.now())
        if report_rules.nothing(found.figures):
            await self.say(interaction, "buddies.report_small", {"network": guild.name}, subject_id=guild.id)
            return
        text, shown = app.library.text, found.figures
        params: dict[str, str] = {"network": guild.name, "day": app.library.day(found.on, year=True)}
        for key in ("waiting", "paired"):
            params[key] = self._said(shown.get(key), "people")
        params["wait"] = self._said(shown.get("wait"), "days")
        met, asked = shown.get("met"), shown.get("asked")
        params["met"] = text("buddies.figure.hidden")
        if met is not None and asked is not None:
            params["met"] = text("buddies.figure.of", met=str(met), all=str(asked))
        await self.say(interaction, "buddies.report", params, subject_id=guild.id)

    def _said(self, figure: int | None, what: str) -> Words:
        text = self.app.library.text
        if figure is None:
            return text("buddies.figure.hidden")
        return text(f"buddies.figure.{what}", count=figure)

    @on_press("buddies.lists")
    async def lists(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild, app = await self._organised(interaction), self.app
        known = await organisers.lists(app.store, app.buddy_desk, guild.id, guild.name)
        lines: list[Words] = []
        for which in Field:
            names = joined((app.library.harmless(name) for name in known[which]), ", ")
            names = Words(names if len(names) <= LONGEST_LINE else f"{names[:LONGEST_LINE]}…")
            lines.append(Words(f"**{app.library.text(f'buddies.field.{which}')}:** {names}"))
        await self.say(
            interaction,
            "buddies.lists",
            {"network": guild.name, "lists": joined(lines)},
            subject_id=guild.id,
        )

    @on_press("buddies.list")
    async def edit(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, which, app = await self._organised(interaction), _field(press), self.app
        known = await organisers.lists(app.store, app.buddy_desk, guild.id, guild.name)
        custom_id = make("buddies.listed", guild.id, which.value)
        form = ask_one(app.library, "buddies.list", custom_id, "\n".join(known[which]), long=True)
        await interaction.response.send_modal(form)

    @on_press("buddies.listed")
    async def listed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, which, app = await self._organised(interaction), _field(press), self.app
        said = written(interaction).get("text", "")
        count = await organisers.keep_list(app.store, app.buddy_desk, guild.id, which, said)
        what = app.library.text(f"buddies.field.{which}")
        await self.say(interaction, "buddies.list_kept", {"count": count, "what": what}, subject_id=guild.id)

    @on_press("buddies.suggest")
    async def suggest(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild = await self._organised(interaction)
        chooser = people_menu(make("buddies.suggested", guild.id))
        chooser.min_values = chooser.max_values = 2
        await self.say(interaction, "buddies.suggest", menus=[chooser])

    @on_press("buddies.suggested")
    async def suggested(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild, app = await self._organised(interaction), self.app
        data: Any = interaction.data or {}
        known: dict[str, Any] = (data.get("resolved") or {}).get(
            "users"
        ) or {}  # only those Discord vouches for
        people = {int(value) for value in chosen(interaction) if value in known}
        if len(people) != 2:
            raise Refusal("errors.old_button")
        await organisers.suggest(app.store, app.buddy_desk, guild.id, sorted(people), app.clock.now())
        await self.say(interaction, "buddies.suggested")


def _field(press: Press) -> Field:
    if press.arg not in set(Field):
        raise Refusal("errors.old_button")
    return Field(press.arg)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(NetworkBuddies(bot))
    beneath(bot.tree, "network", "report")
