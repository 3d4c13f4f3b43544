"""`/me employer`: whom a member works for, seen and changed by them alone, so that they are kept apart from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.members import facts, service
from bot.members.facts import Given, Known, Outcome
from bot.members.facts_rules import MOST_EMPLOYERS, Kind, State
from bot.ui.commands import beneath
from bot.ui.forms import ask_one
from bot.ui.ids import Press, make
from bot.ui.render import menu
from bot.ui.router import on_press, picked_row, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

STANDING = {
    State.TYPED: "me.fact.typed",
    State.WAITING: "me.fact.waiting",
    State.CONFIRMED: "me.fact.confirmed",
    State.LEFT_OUT: "me.fact.left_out",
}
ROOM = 900  # characters of the panel for names
SHORT = 24


class MyEmployers(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="employer", description="employer")
    async def employer(self, interaction: discord.Interaction[Any]) -> None:
        network_id, name = await self._network(interaction)
        known = await self._mine(interaction, network_id, name)
        lines = self._lines(known)
        if sum(map(len, lines.values())) > ROOM:
            lines = self._lines(known, SHORT)
        await self.say(
            interaction,
            "me.facts",
            {
                "network": name,
                "employers": lines[Kind.EMPLOYER],
                "trust": lines[Kind.TRUST],
                "authority": lines[Kind.AUTHORITY],
            },
            subject_id=network_id,
        )

    async def _network(self, interaction: discord.Interaction[Any], asked: int = 0) -> tuple[int, str]:
        """The network it is about: the server's own; in a DM the one asked for, or the only one."""
        if interaction.guild is not None:
            return interaction.guild.id, interaction.guild.name
        mine = {n.id: n.name for n in await service.networks_of(self.app.store, interaction.user.id)}
        if asked not in mine and len(mine) != 1:
            raise Refusal("errors.server_only")
        network_id = asked if asked in mine else next(iter(mine))
        return network_id, mine[network_id]

    async def _mine(self, interaction: discord.Interaction[Any], network_id: int, name: str) -> list[Known]:
        return await facts.mine(self.app.store, self.app.keyring, network_id, name, interaction.user.id)

    def _lines(self, known: list[Known], most: int = 80) -> dict[Kind, Words]:
        text = self.app.library.text
        said = {
            kind: [text(STANDING[one.state], name=one.name[:most]) for one in known if one.kind is kind]
            for kind in Kind
        }
        return {kind: joined(said[kind], "; ") if said[kind] else text("me.fact.none") for kind in Kind}

    def _what(self, kind: Kind) -> Words:
        return self.app.library.text(f"me.what.{kind}")

    # Giving one

    @on_press("me.fact")
    async def ask(self, interaction: discord.Interaction[Any], press: Press) -> None:
        kind = _kind(press)
        network_id, name = await self._network(interaction, press.id)
        await self._mine(interaction, network_id, name)  # a form is for members alone
        form = ask_one(self.app.library, f"me.{kind}", make("me.named", network_id, kind))
        await interaction.response.send_modal(form)

    @on_press("me.named")
    async def named(self, interaction: discord.Interaction[Any], press: Press) -> None:
        kind, app = _kind(press), self.app
        network_id, name = await self._network(interaction, press.id)
        given = await facts.give(
            app.store,
            app.keyring,
            network_id,
            name,
            interaction.user.id,
            kind,
            written(interaction).get("text", ""),
            app.clock.now(),
        )
        await self._offer(interaction, kind, given)

    async def _offer(self, interaction: discord.Interaction[Any], kind: Kind, given: Given) -> None:
        what = {"what": self._what(kind)}
        if given.outcome is Outcome.TOO_MANY:
            raise Refusal("me.fact_too_many", limit=MOST_EMPLOYERS)
        if given.outcome is Outcome.KNOWN:
            await self.say(interaction, "me.fact_known", what | {"name": given.said})
        elif given.outcome is Outcome.UNLISTED:
            await self.say(interaction, "me.unknown", what | {"said": given.said}, subject_id=given.fact_id)
        else:
            options = [(str(one.id), one.name) for one in given.offered]
            await self.say(
                interaction,
                "me.suggest",
                what | {"said": given.said},
                subject_id=given.fact_id,
                menus=[menu(make("me.meant", given.fact_id), options)],
            )

    @on_press("me.meant")
    async def meant(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, organisation = self.app, picked_row(interaction)
        known, fresh = await facts.choose(
            app.store, app.keyring, interaction.user.id, press.id, organisation, app.clock.now()
        )
        said = "me.fact_saved" if fresh else "me.fact_known"
        await self.say(interaction, said, {"what": self._what(known.kind), "name": known.name})

    @on_press("me.unlisted")
    async def unlisted(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app
        known = await facts.ask_for(app.store, app.keyring, interaction.user.id, press.id, app.clock.now())
        if known.state is State.CONFIRMED:
            params = {"what": self._what(known.kind), "name": known.name}
            await self.say(interaction, "me.fact_saved", params)
            return
        what = app.library.text(f"networks.one.{known.kind}")
        await self.say(interaction, "me.fact_held", {"what": what, "said": known.name})

    # Removing one

    @on_press("me.drop")
    async def drop(self, interaction: discord.Interaction[Any], press: Press) -> None:
        kind = _kind(press)
        network_id, name = await self._network(interaction, press.id)
        known = [one for one in await self._mine(interaction, network_id, name) if one.kind is kind]
        if not known:
            await self.say(interaction, "me.fact_nothing", {"what": self._what(kind)})
        elif len(known) == 1:
            await self._remove(interaction, known[0])
        else:
            options = [(str(one.id), one.name) for one in known]
            chooser = menu(make("me.dropped", network_id, kind), options)
            await self.say(interaction, "me.fact_choose", menus=[chooser])

    @on_press("me.dropped")
    async def dropped(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network_id, name = await self._network(interaction, press.id)
        wanted = picked_row(interaction)
        for one in await self._mine(interaction, network_id, name):
            if one.id == wanted:
                await self._remove(interaction, one)
                return
        raise Refusal("errors.old_button")

    async def _remove(self, interaction: discord.Interaction[Any], one: Known) -> None:
        await facts.remove(self.app.store, interaction.user.id, one.id)
        await self.say(interaction, "me.fact_removed", {"what": self._what(one.kind), "name": one.name})


def _kind(press: Press) -> Kind:
    if press.arg not in set(Kind):
        raise Refusal("errors.old_button")
    return Kind(press.arg)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(MyEmployers(bot))
    beneath(bot.tree, "me", "employer")
