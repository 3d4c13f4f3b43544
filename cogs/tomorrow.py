"""A quiet question tomorrow, offered with a card and asked for by one tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.checkins import tomorrow
from bot.errors import Refusal
from bot.ui.ids import Press
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk


class Tomorrow(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @on_press("checkins.tomorrow")
    async def wished(self, interaction: discord.Interaction[Any], press: Press) -> None:
        hidden = interaction.guild is not None
        if press.arg == "no":
            await tomorrow.never_mind(self.app.store, interaction.user.id)
            await self.say(interaction, "checkins.follow_declined", hidden=hidden)
            return
        if press.arg != "yes":
            raise Refusal("errors.old_button")
        # In a server the way to their messages is opened by this very tap, if it is not open yet.
        where = interaction.channel_id if interaction.guild is None else None
        if where is None:
            where = (interaction.user.dm_channel or await interaction.user.create_dm()).id
        library = self.app.library
        coming = await tomorrow.ask_tomorrow(
            self.app.store,
            interaction.user.id,
            where,
            interaction.id,
            str(library.text("checkins.your_network")),
            self.app.clock.now(),
        )
        template = "checkins.tomorrow_anyway" if coming.anyway else "checkins.tomorrow_set"
        await self.say(interaction, template, {"when": library.when(coming.at, coming.zone)}, hidden=hidden)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Tomorrow(bot))
