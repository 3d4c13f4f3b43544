"""`/buddy status` and `end`: how it stands with a buddy, beginning and stopping to look, and parting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import asking, introducing, proposing
from bot.buddies.asking import Standing
from bot.buddies.life_rules import Looking, Said, State
from bot.ui.commands import beneath
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.buddy import Buddy

NOT_LOOKING = (Looking.DRAFT, Looking.RESTING)


class BuddyStatus(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def _buddy(self) -> Buddy:
        return cast("Buddy", self.bot.get_cog("Buddy"))

    # Looking

    @on_press("buddies.look")
    async def look(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here, app = await self._buddy.standing_of(interaction, press.id), self.app
        if here.told is None:
            await self._buddy.say_of(interaction, here, "buddies.consent")
            return
        if press.arg == "no":
            await asking.rest(
                app.store, app.buddy_desk, here.network.id, interaction.user.id, app.clock.now()
            )
            await self._buddy.say_of(interaction, here, "buddies.stopped_looking")
            return
        before = await asking.look(
            app.store,
            app.buddy_desk,
            here.network.id,
            here.network.name,
            interaction.user.id,
            app.clock.now(),
        )
        here = await self._buddy.standing_of(interaction, here.network.id)
        if before in NOT_LOOKING:
            template = "buddies.looking" if here.work_known else "buddies.looking_unknown"
            await self._buddy.say_of(interaction, here, template, when=self._next_round(here))
        else:
            await self.show(interaction, here)

    def _next_round(self, here: Standing) -> str:
        at = here.next_round_at or self.app.clock.now()
        return self.app.library.when(at, here.network.zone, here.language)

    @on_press("buddies.stop")
    async def stop(self, interaction: discord.Interaction[Any], press: Press) -> None:
        here, app = await self._buddy.standing_of(interaction, press.id), self.app
        await asking.stop(app.store, app.buddy_desk, here.network.id, interaction.user.id, app.clock.now())
        await self._buddy.say_of(interaction, here, "buddies.stopped")

    # How it stands

    @app_commands.command(name="status", description="status")
    async def status(self, interaction: discord.Interaction[Any]) -> None:
        await self.show(interaction, await self._buddy.standing_of(interaction))

    async def show(self, interaction: discord.Interaction[Any], here: Standing) -> None:
        """How a member stands: looking or not, suggested to, or with a buddy."""
        text = self.app.library.text
        if here.told is None:
            await self._buddy.say_of(interaction, here, "buddies.status_none")
        elif here.others:
            await self._paired(interaction, here, "buddies.status_paired")
        elif here.paused and here.looking is not Looking.DRAFT:
            await self._buddy.say_of(interaction, here, "buddies.status_paused")
        elif here.place is not None:
            await self._suggested(interaction, here)
        elif here.looking is Looking.WAITING and here.since is not None:
            why = "looking" if here.work_known else "unknown"
            await self._buddy.say_of(
                interaction,
                here,
                "buddies.status_waiting",
                since=self.app.library.when_day(here.since, here.network.zone, here.language),
                when=self._next_round(here),
                why=text(f"buddies.why.{why if here.reachable else 'unreachable'}"),
            )
        else:
            resting = here.looking is Looking.RESTING
            await self._buddy.say_of(interaction, here, f"buddies.status_{'resting' if resting else 'draft'}")

    async def _suggested(self, interaction: discord.Interaction[Any], here: Standing) -> None:
        place, app = here.place, self.app
        assert place is not None  # whoever calls has looked
        params = {
            "network": here.network.name,
            "until": app.library.when(place.expires_at, here.network.zone, here.language),
        }
        shown = None
        if place.said == Said.NOTHING and place.state == State.PROPOSED:
            shown = await proposing.shown_again(app.store, app.buddy_desk, place.id, app.clock.now())
        template = "buddies.status_proposed" if shown else "buddies.status_said"
        await self.say(
            interaction,
            template,
            params | (shown or {}),
            subject_id=place.id,
            origin=Origin(here.network.id, here.language),
        )

    async def _paired(self, interaction: discord.Interaction[Any], here: Standing, template: str) -> None:
        place = here.place
        assert place is not None  # nobody has buddies without a place
        buddies = introducing.mentioned(self.app.library, here.others)
        params = {"network": here.network.name, "buddy": buddies}
        if place.introduced_at is not None:
            params["since"] = self.app.library.when_day(place.introduced_at, here.network.zone, here.language)
        await self.say(
            interaction, template, params, subject_id=place.id, origin=Origin(here.network.id, here.language)
        )

    @app_commands.command(name="end", description="end")
    async def end(self, interaction: discord.Interaction[Any]) -> None:
        here = await self._buddy.standing_of(interaction)
        if here.others:
            await self._paired(interaction, here, "buddies.end_ask")
        else:
            await self._buddy.say_of(interaction, here, "buddies.end_none")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(BuddyStatus(bot))
    beneath(bot.tree, "buddy", "status", "end")
