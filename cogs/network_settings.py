"""`/network settings`: how a network is set, and who gets what members report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.members import lists
from bot.members.tables import Network as Row
from bot.networks import contacts, service
from bot.networks.contacts import Which
from bot.ui.commands import beneath
from bot.ui.ids import Press, make
from bot.ui.organisers import organised_server
from bot.ui.render import people_menu
from bot.ui.router import chosen, on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk


class NetworkSettings(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    async def _organised(self, interaction: discord.Interaction[Any]) -> tuple[discord.Guild, Row]:
        """The server it happened in, and its network; whatever a button says of another counts for nothing."""
        row = await service.find(self.app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, row.organiser_role_id if row else None)
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild, row

    @app_commands.command(name="settings", description="settings")
    async def settings(self, interaction: discord.Interaction[Any]) -> None:
        guild, row = await self._organised(interaction)
        text = self.app.library.text
        known = await lists.of_network(self.app.store, guild.id)
        waiting = len(await lists.suggestions(self.app.store, self.app.keyring, guild.id))
        counts = {f"{kind}": text(f"networks.lists.{kind}", count=len(known[kind])) for kind in known}
        own = [
            text("networks.lines.own", name=line.name, contact=line.contact)
            for line in self.app.lines.get(guild.id).lines
        ]
        await self.say(
            interaction,
            "networks.overview",
            {
                "network": guild.name,
                "zone": row.zone,
                "nation": text(f"support.nation.{row.nation}"),
                "contact": self._mention(row.safeguarding_id, "networks.contact.none"),
                "second": self._mention(row.second_safeguarding_id, "networks.second.none"),
                "lines": joined(own) if own else text("networks.lines.none"),
                "lists": text(
                    "networks.lists.count",
                    employers=counts["employer"],
                    trusts=counts["trust"],
                    authorities=counts["authority"],
                ),
                "waiting": text("networks.waiting.some", count=waiting)
                if waiting
                else text("networks.waiting.none"),
            },
            subject_id=guild.id,
        )

    def _mention(self, user_id: int | None, nobody: str) -> Words:
        return Words(f"<@{user_id}>") if user_id is not None else self.app.library.text(nobody)

    @on_press("networks.name")
    async def name(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, row = await self._organised(interaction)
        if press.arg == "none":
            await contacts.without_second(self.app.store, guild.id)
            await self.say(interaction, "networks.second_removed", {"network": guild.name})
            return
        which = _which(press)
        await self.say(
            interaction,
            f"networks.name_{which}",
            {
                "network": guild.name,
                "contact": self._mention(row.safeguarding_id, "networks.contact.none"),
            },
            subject_id=guild.id,
            menus=[people_menu(make("networks.named", guild.id, which))],
        )

    @on_press("networks.named")
    async def named(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild, _ = await self._organised(interaction)
        which, who = _which(press), _person(interaction)
        if who.get("bot"):
            raise Refusal("networks.contact_a_bot")
        user_id = int(who["id"])
        await contacts.name_contact(
            self.app.store,
            guild.id,
            which,
            user_id,
            interaction.user.display_name,
            interaction.id,
            self.app.clock.now(),
        )
        said = "networks.contact_set" if which is Which.FIRST else "networks.second_set"
        await self.say(interaction, said, {"contact": f"<@{user_id}>", "network": guild.name})


def _which(press: Press) -> Which:
    if press.arg not in set(Which):
        raise Refusal("errors.old_button")
    return Which(press.arg)


def _person(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    """Whoever was picked, as Discord describes them; only those it vouches for."""
    data: Any = interaction.data or {}
    users: dict[str, Any] = (data.get("resolved") or {}).get("users") or {}
    values = chosen(interaction)
    if len(values) != 1 or values[0] not in users:
        raise Refusal("errors.old_button")
    return users[values[0]]


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(NetworkSettings(bot))
    beneath(bot.tree, "network", "settings")
