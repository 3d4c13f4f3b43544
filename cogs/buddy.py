"""`/buddy request`: the yes to it, and what a member tells to find a buddy, in three short forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import asking
from bot.buddies.asking import Standing
from bot.buddies.rules import Field
from bot.buddies.told_rules import Lists, Often, Told, Wish, changed, name_of, slug
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.members import service
from bot.ui.commands import beneath
from bot.ui.forms import Choosing, ask_choices
from bot.ui.ids import Press, make
from bot.ui.render import Origin
from bot.ui.router import chosen_in_form, on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.buddy_status import BuddyStatus

WORK = (Field.ROLE, Field.PHASE, Field.SIZE, Field.PLACE, Field.YEARS)
STEPS = ("work", "wants", "when")


class Buddy(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    async def _network(self, interaction: discord.Interaction[Any], asked: int = 0) -> tuple[int, str]:
        """The network it is about: the server's own; in a DM the one asked for, or the only one."""
        if interaction.guild is not None:
            return interaction.guild.id, interaction.guild.name
        mine = {n.id: n.name for n in await service.networks_of(self.app.store, interaction.user.id)}
        if not mine:
            raise Refusal("errors.no_network")
        if asked not in mine and len(mine) != 1:
            raise Refusal("errors.server_only")
        network_id = asked if asked in mine else next(iter(mine))
        return network_id, mine[network_id]

    async def standing_of(self, interaction: discord.Interaction[Any], asked: int = 0) -> Standing:
        """How somebody stands with buddies in the network it is about. Raises `Refusal` for somebody who is no member."""
        network_id, name = await self._network(interaction, asked)
        app = self.app
        return await asking.standing(
            app.store, app.buddy_desk, network_id, name, interaction.user.id, app.clock.now()
        )

    # Asking

    @app_commands.command(name="request", description="request")
    async def request(self, interaction: discord.Interaction[Any]) -> None:
        await self.explain_or_show(interaction, 0)

    @on_press("buddies.ask")
    async def ask(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """What was told, or first what it would mean; `status` (in passing, as on a card): how it stands, once told."""
        if press.arg == "status":
            here = await self.standing_of(interaction, press.id)
            if here.told is not None:
                await cast("BuddyStatus", self.bot.get_cog("BuddyStatus")).show(interaction, here)
                return
        await self.explain_or_show(interaction, press.id)

    async def explain_or_show(self, interaction: discord.Interaction[Any], asked: int) -> None:
        here = await self.standing_of(interaction, asked)
        if here.told is None:
            await self.say_of(interaction, here, "buddies.consent")
        else:
            await self._overview(interaction, here, here.told, "buddies.request")

    async def say_of(
        self, interaction: discord.Interaction[Any], here: Standing, template: str, **params: str
    ) -> None:
        """Say something about a member's request: its buttons speak of the network."""
        await self.say(
            interaction,
            template,
            {"network": here.network.name, **params},
            subject_id=here.network.id,
            origin=Origin(here.network.id, here.language),
        )

    async def _overview(
        self, interaction: discord.Interaction[Any], here: Standing, told: Told, template: str
    ) -> None:
        text, library = self.app.library.text, self.app.library
        names = [library.harmless(n) for one in Field if (n := name_of(here.lists, one, told.facts.get(one)))]
        wants = [text(f"buddies.wish.{wish}") for wish in Wish if wish in told.wishes]
        for key, fields in (("different", told.different), ("same", told.same)):
            if fields:
                wants.insert(0, text(f"buddies.told.{key}", fields=self._fields(fields)))
        when = [text(f"buddies.often.{told.often}")] if told.often else []
        if told.days:
            days = joined((library.weekday(day) for day in sorted(told.days)), ", ")
            when.append(text("buddies.told.days", days=days))
        when.append(text("buddies.told.trios" if told.trios else "buddies.told.two"))
        await self.say_of(
            interaction,
            here,
            template,
            work=joined(names, ", ") if names else text("buddies.told.none"),
            wants=joined(wants, ", ") if wants else text("buddies.told.no_wish"),
            when=joined(when, "; "),
            shares=self._fields(told.shares) if told.shares else text("buddies.told.nobody"),
        )

    def _fields(self, fields: frozenset[Field]) -> Words:
        return joined((self.app.library.text(f"buddies.field.{one}") for one in Field if one in fields), ", ")

    @on_press("buddies.agree")
    async def agreed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here = await self.standing_of(interaction, press.id)
        if press.arg != "yes":
            await self.say(interaction, "buddies.not_now")
            return
        app = self.app
        await asking.agree(
            app.store,
            app.buddy_desk,
            here.network.id,
            here.network.name,
            interaction.user.id,
            app.clock.now(),
        )
        await self.explain_or_show(interaction, here.network.id)

    @on_press("buddies.step")
    async def step(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here = await self.standing_of(interaction, press.id)
        if here.told is None or press.arg not in STEPS:
            raise Refusal("errors.old_button")
        menus = self._menus(press.arg, here.told, here.lists)
        custom_id = make("buddies.told", here.network.id, press.arg)
        form = ask_choices(self.app.library, f"buddies.{press.arg}.title", custom_id, menus)
        await interaction.response.send_modal(form)

    def _menus(self, step: str, told: Told, lists: Lists) -> list[Choosing]:
        text, library = self.app.library.text, self.app.library
        if step == "when":
            often = [(one.value, str(text(f"buddies.often.{one}"))) for one in Often]
            days = [(str(day), str(library.weekday(day))) for day in range(7)]
            trios = [(one, str(text(f"buddies.trios.{one}"))) for one in ("yes", "no")]
            return [
                Choosing("often", "buddies.often", often, {told.often or ""}),
                Choosing("days", "buddies.days", days, {str(day) for day in told.days}, 7),
                Choosing("trios", "buddies.trios", trios, {"yes" if told.trios else ""}),
            ]
        facts = [
            Choosing(
                one.value,
                f"buddies.{one}",
                [(slug(name), name) for name in lists[one]],
                {told.facts.get(one, "")},
            )
            for one in (WORK if step == "work" else (Field.REGION,))
        ]
        if step == "work":
            return facts
        fields = [(one.value, str(text(f"buddies.field.{one}"))) for one in Field]
        wishes = [(one.value, str(text(f"buddies.wish.{one}"))) for one in Wish]
        return [
            *facts,
            Choosing("same", "buddies.same", fields, told.same, len(fields)),
            Choosing("different", "buddies.different", fields, told.different, len(fields)),
            Choosing("wishes", "buddies.wishes", wishes, told.wishes, len(wishes)),
            Choosing("shares", "buddies.shares", fields, told.shares, len(fields)),
        ]

    @on_press("buddies.told")
    async def told(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here = await self.standing_of(interaction, press.id)
        if here.told is None or press.arg not in STEPS:
            raise Refusal("errors.old_button")
        said = chosen_in_form(interaction)
        for menu in self._menus(press.arg, here.told, here.lists):
            if not set(said.get(menu.name, ())) <= {value for value, _ in menu.options}:
                raise Refusal("errors.old_button")
        app = self.app
        told = await asking.tell(
            app.store,
            app.buddy_desk,
            here.network.id,
            here.network.name,
            interaction.user.id,
            lambda before: changed(before, said),
        )
        await self._overview(interaction, here, told, "buddies.request_kept")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Buddy(bot))
    beneath(bot.tree, "buddy", "request")
