"""`/buddy avoid`: never to be put together with somebody, who is not told; the list, and undoing it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import ending
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.listeners import due
from bot.members import apart
from bot.members.apart import Avoided
from bot.members.apart_tables import Apart as Why
from bot.ui.ids import Press, make
from bot.ui.render import menu
from bot.ui.router import on_press, picked_row

if TYPE_CHECKING:
    from bot.client import ReallyOk

SHOWN = 20


class Apart(commands.Cog):
    group = app_commands.Group(name="buddy", description="buddy")

    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @group.command(name="avoid", description="avoid")
    async def avoid(self, interaction: discord.Interaction[Any], person: discord.User | None = None) -> None:
        if person is None:
            await self._list(interaction)
            return
        guild, app = interaction.guild, self.app
        if guild is None:
            raise Refusal("errors.server_only")
        fresh = await apart.keep_apart(
            app.store,
            app.keyring,
            guild.id,
            guild.name,
            interaction.user.id,
            person.id,
            Why.AVOID,
            app.clock.now(),
        )
        await ending.separated(app.store, app.buddy_desk, interaction.user.id, person.id, app.clock.now())
        await due.separated(app.store, app.desk, interaction.user.id, person.id, app.clock.now())
        await self.say(
            interaction, "me.avoid_added" if fresh else "me.apart_already", {"name": _mention(person.id)}
        )

    async def _list(self, interaction: discord.Interaction[Any]) -> None:
        known = await apart.list_of(self.app.store, interaction.user.id)
        if not known:
            await self.say(interaction, "me.apart_none")
            return
        text = self.app.library.text
        lines = [text(f"me.apart.{one.kind}", name=_mention(one.other_id)) for one in known[:SHOWN]]
        if len(known) > SHOWN:
            lines.append(text("me.apart.and_more", count=len(known) - SHOWN))
        await self.say(interaction, "me.apart", {"names": joined(lines)})

    @on_press("me.together")
    async def together(self, interaction: discord.Interaction[Any], _: Press) -> None:
        known = (await apart.list_of(self.app.store, interaction.user.id))[:SHOWN]
        if not known:
            await self.say(interaction, "me.apart_none")
            return
        # A menu shows no mentions, and what people are called only Discord can say.
        await interaction.response.defer(ephemeral=True, thinking=True)
        names = await asyncio.gather(*(self._called(one) for one in known))
        options = [(str(one.id), name) for one, name in zip(known, names, strict=True)]
        await self.say(interaction, "me.apart_choose", menus=[menu(make("me.takeoff"), options)])

    async def _called(self, one: Avoided) -> str:
        try:
            return (await self.bot.fetch_user(one.other_id)).display_name
        except discord.HTTPException:
            return self.app.library.text("me.apart.somebody")

    @on_press("me.takeoff")
    async def undo(self, interaction: discord.Interaction[Any], _: Press) -> None:
        row = picked_row(interaction)
        other = await apart.undo(self.app.store, self.app.keyring, interaction.user.id, row)
        await self.say(interaction, "me.apart_undone", {"name": _mention(other)})


def _mention(user_id: int) -> Words:
    return Words(f"<@{user_id}>")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Apart(bot))
