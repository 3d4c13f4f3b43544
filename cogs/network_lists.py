"""A network's lists of employers, trusts and authorities, and the names members asked to have added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.members import lists
from bot.members.facts_rules import Kind, Listed, Why, as_text, nearest
from bot.members.lists import Settled
from bot.networks import service
from bot.ui.forms import ask_one
from bot.ui.ids import Press, make
from bot.ui.organisers import organised_server
from bot.ui.render import menu
from bot.ui.router import on_press, picked_row, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

ROOM = 1400  # characters of a message for what is listed in it
SHOWN = 25  # as many as a menu holds
UNSAVED = 50


class NetworkLists(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say
        # What organisers wrote that could not be taken, so that nobody writes a long list twice.
        self._unsaved: dict[tuple[int, int, Kind], str] = {}

    async def _organised(self, interaction: discord.Interaction[Any]) -> discord.Guild:
        """The server it happened in; whatever a button says of another network counts for nothing."""
        row = await service.find(self.app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, row.organiser_role_id if row else None)
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild

    # The lists

    @on_press("networks.list")
    async def edit(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, kind = await self._organised(interaction), _kind(press)
        present = self._unsaved.get((guild.id, interaction.user.id, kind))
        if present is None:
            present = as_text((await lists.of_network(self.app.store, guild.id))[kind])
        form = ask_one(
            self.app.library, f"networks.{kind}", make("networks.listed", guild.id, kind), present, long=True
        )
        await interaction.response.send_modal(form)

    @on_press("networks.listed")
    async def wrote(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, kind = await self._organised(interaction), _kind(press)
        said, app, text = written(interaction).get("text"), self.app, self.app.library.text
        if said is None:
            raise Refusal("errors.old_button")
        mine = (guild.id, interaction.user.id, kind)
        reading = await lists.keep(app.store, app.keyring, guild.id, guild.name, kind, said, app.clock.now())
        if reading.problems:
            if len(self._unsaved) >= UNSAVED:
                self._unsaved.clear()
            self._unsaved[mine] = said
            await self._problems(interaction, guild, reading.problems)
            return
        self._unsaved.pop(mine, None)
        params = {
            "what": text(f"networks.what.{kind}"),
            "count": text(f"networks.lists.{kind}", count=len(reading.listed)),
            "names": self._fitting(self._line(one) for one in reading.listed)
            if reading.listed
            else text("networks.list.empty"),
        }
        await self.say(interaction, "networks.list_saved", params, subject_id=guild.id)

    def _line(self, one: Listed) -> Words:
        library = self.app.library
        if not one.aliases:
            return library.text("networks.list.name", name=one.name)
        aliases = joined((library.harmless(alias) for alias in one.aliases), ", ")
        return library.text("networks.list.name_aliases", name=one.name, aliases=aliases)

    def _fitting(self, lines: Iterable[Words]) -> Words:
        """As many of these lines as there is room for, and how many more there are."""
        shown: list[Words] = []
        room, over = ROOM, 0
        for line in lines:
            room -= len(line) + 1
            if room > 0:
                shown.append(line)
            else:
                over += 1
        if over:
            shown.append(self.app.library.text("networks.list.and_more", count=over))
        return joined(shown)

    async def _problems(
        self,
        interaction: discord.Interaction[Any],
        guild: discord.Guild,
        problems: Iterable[tuple[str, Why]],
    ) -> None:
        text = self.app.library.text
        lines = (
            text("networks.list.problem.line", said=said, why=text(f"networks.list.problem.{why}"))
            for said, why in problems
        )
        await self.say(
            interaction, "networks.list_problems", {"problems": self._fitting(lines)}, subject_id=guild.id
        )

    # Names that wait

    @on_press("networks.waiting")
    async def waiting(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild = await self._organised(interaction)
        found = await lists.suggestions(self.app.store, self.app.keyring, guild.id)
        if not found:
            await self.say(interaction, "networks.waiting_none", {"network": guild.name})
            return
        text = self.app.library.text
        lines = (
            text("networks.waiting.line", said=one.said, what=text(f"networks.one.{one.kind}"))
            for one in found
        )
        options = [(str(one.id), one.said) for one in found[:SHOWN]]
        await self.say(
            interaction,
            "networks.waiting",
            {"network": guild.name, "waiting": self._fitting(lines)},
            menus=[menu(make("networks.suggestion", guild.id), options)],
        )

    @on_press("networks.suggestion")
    async def one(self, interaction: discord.Interaction[Any], _: Press) -> None:
        guild = await self._organised(interaction)
        found = await lists.suggestion(self.app.store, self.app.keyring, guild.id, picked_row(interaction))
        what = self.app.library.text(f"networks.one.{found.kind}")
        await self.say(
            interaction, "networks.suggestion", {"said": found.said, "what": what}, subject_id=found.id
        )

    @on_press("networks.suggested")
    async def settle(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, app = await self._organised(interaction), self.app
        if press.arg == "add":
            settled = await lists.add(app.store, app.keyring, guild.id, press.id, app.clock.now())
            await self._settled(interaction, guild, settled, "added")
        elif press.arg == "drop":
            settled = await lists.leave_out(app.store, app.keyring, guild.id, press.id)
            await self._settled(interaction, guild, settled, "dropped")
        elif press.arg == "alias":
            await self._which(interaction, guild, press.id)
        else:
            raise Refusal("errors.old_button")

    async def _which(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, suggestion_id: int
    ) -> None:
        found = await lists.suggestion(self.app.store, self.app.keyring, guild.id, suggestion_id)
        listed = (await lists.of_network(self.app.store, guild.id))[found.kind]
        if not listed:
            empty = {"done": self.app.library.text("networks.list.empty")}
            await self.say(interaction, "networks.suggestion_done", empty)
            return
        likely = nearest(found.said, listed, SHOWN, near=0)
        await self.say(
            interaction,
            "networks.suggestion_alias",
            {"said": found.said},
            menus=[menu(make("networks.alias", found.id), [(str(one.id), one.name) for one in likely])],
        )

    @on_press("networks.alias")
    async def alias(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, app = await self._organised(interaction), self.app
        settled = await lists.add_as_alias(
            app.store, app.keyring, guild.id, press.id, picked_row(interaction), app.clock.now()
        )
        await self._settled(interaction, guild, settled, "alias")

    async def _settled(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, settled: Settled, how: str
    ) -> None:
        if settled.problems:
            await self._problems(interaction, guild, settled.problems)
            return
        done = self.app.library.text(
            f"networks.suggested.{how}", said=settled.suggestion.said, name=settled.name
        )
        await self.say(interaction, "networks.suggestion_done", {"done": done})


def _kind(press: Press) -> Kind:
    if press.arg not in set(Kind):
        raise Refusal("errors.old_button")
    return Kind(press.arg)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(NetworkLists(bot))
