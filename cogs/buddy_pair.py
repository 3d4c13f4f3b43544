"""A suggestion and a pair: yes or no, how it goes, a hello, and the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.buddies import ending, following, introducing, proposing
from bot.buddies.life_rules import Met, Said
from bot.errors import Refusal
from bot.listeners import due
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

SAID = {Said.YES.value: Said.YES, Said.NO.value: Said.NO}


class BuddyPair(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot

    async def _say(
        self,
        interaction: discord.Interaction[Any],
        template: str,
        params: Mapping[str, str] | None = None,
        subject_id: int = 0,
        network_id: int = 0,
    ) -> None:
        """Answer in the conversation itself in a DM, and for one person's eyes in a server."""
        await self.bot.answers.say(
            interaction,
            template,
            params,
            subject_id=subject_id,
            origin=Origin(network_id) if network_id else None,
            hidden=interaction.guild is not None,
        )

    @on_press("buddies.answer")
    async def answer(self, interaction: discord.Interaction[Any], press: Press) -> None:
        said = SAID.get(press.arg)
        if said is None:
            raise Refusal("errors.old_button")
        app, who = self.app, interaction.user.id
        found = await proposing.answer(app.store, press.id, who, said, interaction.id, app.clock.now())
        await self._say(interaction, f"buddies.said_{found.said}")

    @on_press("buddies.guide")
    async def guide(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._say(interaction, "buddies.guide")

    # How it goes

    @on_press("buddies.met")
    async def met(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in set(Met):
            raise Refusal("errors.old_button")
        app, met = self.app, Met(press.arg)
        found = await following.heard(
            app.store, app.buddy_desk, press.id, interaction.user.id, met, interaction.id, app.clock.now()
        )
        template = f"buddies.met_{met.name.casefold()}"
        if met is Met.NOT_YET and not found.again:
            template = "buddies.met_later"
        await self._say(interaction, template, None, press.id, found.network_id)

    @on_press("buddies.still")
    async def still(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in ("yes", "no"):
            raise Refusal("errors.old_button")
        app = self.app
        await following.still(
            app.store,
            app.buddy_desk,
            press.id,
            interaction.user.id,
            press.arg == "yes",
            interaction.id,
            app.clock.now(),
        )
        await self._say(interaction, f"buddies.still_said_{press.arg}", None, press.id)

    @on_press("buddies.end")
    async def end(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        if press.arg in ("", "no"):
            post = await introducing.may_post(app.store, app.buddy_desk, press.id, who, app.clock.now())
            if press.arg:
                await self._say(interaction, "buddies.end_kept")
                return
            named = {"buddy": introducing.mentioned(app.library, post.buddies)}
            await self._say(interaction, "buddies.end_ask", named, press.id, post.network_id)
            return
        if press.arg not in ("yes", "never"):
            raise Refusal("errors.old_button")
        ended = await ending.end(
            app.store,
            app.buddy_desk,
            press.id,
            who,
            interaction.id,
            app.clock.now(),
            never=press.arg == "never",
        )
        for other in ended.apart:
            await ending.separated(app.store, app.buddy_desk, who, other, app.clock.now())
            await due.separated(app.store, app.desk, who, other, app.clock.now())
        template = "buddies.end_never" if press.arg == "never" else "buddies.end_done"
        await self._say(interaction, template, None, ended.network_id, ended.network_id)

    # A hello

    @on_press("buddies.hello")
    async def hello(self, interaction: discord.Interaction[Any], _: Press) -> None:
        """On a wobbly day, at the member's own tap: their buddies see that they would welcome a hello, and no more."""
        app, who = self.app, interaction.user.id
        await interaction.response.defer(ephemeral=interaction.guild is not None, thinking=True)
        asked = 0
        for one in await following.who_may_greet(app.store, who):
            here = [await self.bot.here(one.network_id, user) for user in (who, *one.buddies)]
            if all(is_here for is_here, _ in here):
                asked += await following.ask_for_hello(
                    app.store, app.buddy_desk, one.network_id, who, app.clock.now()
                )
        await self._say(interaction, "buddies.hello_sent" if asked else "buddies.hello_not")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(BuddyPair(bot))
