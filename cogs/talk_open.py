"""A call that is open: only its member closes it, or has it put before others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.errors import Refusal
from bot.listeners import calls
from bot.listeners.rules import Ending, State
from bot.listeners.standing import Standing
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.talk_preview import TalkPreview

ENDINGS = {"spoke": Ending.SPOKE, "not-needed": Ending.NOT_NEEDED}


class TalkOpen(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @on_press("calls.look")
    async def look(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app
        standing = await calls.look(app.store, app.desk, press.id, interaction.user.id, app.clock.now())
        await self._tell(interaction, standing)

    async def _tell(self, interaction: discord.Interaction[Any], standing: Standing) -> None:
        cog: Any = self.bot.get_cog("TalkPreview")
        preview: TalkPreview = cog
        await preview.tell(interaction, standing)

    @on_press("calls.end")
    async def end(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        if press.arg == "didnt":
            await self._did_not_happen(interaction, press.id)
            return
        ending = ENDINGS.get(press.arg)
        if ending is None:
            raise Refusal("errors.old_button")
        standing = await calls.end(app.store, app.desk, press.id, who, ending, interaction.id, now)
        origin = Origin(standing.network_id, standing.language)
        await self.say(
            interaction,
            f"calls.ended_{press.arg.replace('-', '_')}",
            {"network": standing.network},
            origin=origin,
            hidden=interaction.guild is not None,
        )

    async def _did_not_happen(self, interaction: discord.Interaction[Any], call_id: int) -> None:
        """It did not happen: the numbers now, and others or no longer, as the member likes. Nothing is taken from them."""
        app = self.app
        standing = await calls.look(app.store, app.desk, call_id, interaction.user.id, app.clock.now())
        if not standing.open:
            raise Refusal("calls.closed_already")
        origin = Origin(standing.network_id, standing.language)
        await self.say(
            interaction,
            "calls.did_not_happen",
            {"line": app.one_line(origin)},
            subject_id=standing.id,
            origin=origin,
            hidden=interaction.guild is not None,
        )

    @on_press("calls.again")
    async def again(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        standing = await calls.again(app.store, app.desk, press.id, who, interaction.id, now)
        if standing.state is State.NOBODY:  # which was told in direct messages too, where the bot starts it
            await self._tell(interaction, standing)
            return
        origin = Origin(standing.network_id, standing.language)
        when = standing.step_at or now
        await self.say(
            interaction,
            "calls.asking_others",
            {"when": app.desk.when(when, standing.zone, now, standing.language)},
            subject_id=standing.id,
            origin=origin,
            hidden=interaction.guild is not None,
        )

    @on_press("calls.keep")
    async def keep(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """ "Leave it as it is": said, and nothing changes."""
        app = self.app
        standing = await calls.look(app.store, app.desk, press.id, interaction.user.id, app.clock.now())
        await self._tell(interaction, standing)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkOpen(bot))
