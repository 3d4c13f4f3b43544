"""`/talk call`: whom, how and about what; exactly what will be seen; and only then is it sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.content.library import Words
from bot.errors import Refusal
from bot.listeners import calls
from bot.listeners.calls import Start
from bot.listeners.rules import State
from bot.listeners.standing import LONGEST, Standing, Written
from bot.ui.call_forms import CALL, form
from bot.ui.ids import Press, make
from bot.ui.listeners import member_of
from bot.ui.render import Origin, menu
from bot.ui.router import chosen, on_press, picked_row, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.talk_preview import TalkPreview

ANYBODY = "0"


class TalkCall(commands.Cog):
    group = app_commands.Group(name="talk", description="talk")

    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @group.command(name="call", description="call")
    async def call(self, interaction: discord.Interaction[Any]) -> None:
        await self._begin(interaction, 0)

    @on_press("talk.start")
    async def started(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """The button on other messages: a call, or writing with somebody unnamed."""
        network_id = await self._network(interaction, press.id)
        unnamed = "talk.anonymous" in self.bot.router.handlers
        await self.say(
            interaction,
            "calls.start",
            subject_id=network_id,
            origin=self._origin(network_id),
            hidden=_hidden(interaction),
            without=() if unnamed else ("talk.anonymous",),
        )

    @on_press("talk.call")
    async def call_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._begin(interaction, press.id)

    @on_press("talk.network")
    async def network_picked(self, interaction: discord.Interaction[Any], _: Press) -> None:
        picked = picked_row(interaction)
        if picked not in await self._mine_all(interaction):
            raise Refusal("errors.old_button")
        await self._begin(interaction, picked)

    async def _mine_all(self, interaction: discord.Interaction[Any]) -> dict[int, str]:
        return dict(await calls.networks(self.app.store, interaction.user.id))

    async def _network(self, interaction: discord.Interaction[Any], asked: int) -> int:
        """The network it is about: the server's, or in direct messages the one asked for if it is theirs; 0: which?"""
        mine, guild = await self._mine_all(interaction), interaction.guild
        if guild is not None:
            if guild.id not in mine:
                raise Refusal("errors.not_member", network=guild.name)
            return guild.id
        if not mine:
            raise Refusal("errors.no_network")
        return asked if asked in mine else next(iter(mine)) if len(mine) == 1 else 0

    async def _still(self, interaction: discord.Interaction[Any], network_id: int) -> None:
        """Raises `Refusal` for somebody who has left: listeners' names, and their time, are for members."""
        if await member_of(self.bot, interaction, network_id) is None:
            raise Refusal(
                "errors.not_member", network=(await self._mine_all(interaction)).get(network_id, "")
            )

    def _origin(self, network_id: int) -> Origin:
        return Origin(network_id, self.app.lines.get(network_id).language)

    async def _begin(self, interaction: discord.Interaction[Any], asked: int) -> None:
        network_id = await self._network(interaction, asked)
        if not network_id:
            options = [(str(one), name) for one, name in (await self._mine_all(interaction)).items()]
            await self.say(
                interaction,
                "calls.which_network",
                menus=[menu(make("talk.network"), options)],
                hidden=_hidden(interaction),
            )
            return
        await self._still(interaction, network_id)
        name = interaction.guild.name if interaction.guild else ""
        app, now = self.app, self.app.clock.now()
        found = await calls.start(app.store, app.desk, network_id, name, interaction.user.id, now)
        if found.open is not None:
            await self._tell(interaction, found.open)
        elif found.candidates:
            await self._ask_whom(interaction, found)
        else:
            await self.say(
                interaction,
                "calls.no_listeners",
                {"network": found.network, "line": app.one_line(self._origin(network_id))},
                origin=self._origin(network_id),
                hidden=_hidden(interaction),
            )

    async def _ask_whom(self, interaction: discord.Interaction[Any], found: Start) -> None:
        app, text = self.app, self.app.library.text
        zone = await plans.zone_of(app.store, interaction.user.id)
        options = [(ANYBODY, str(text("calls.anybody", found.language)))]
        options += [(str(one.user_id), f"{one.name} ({one.organisation})") for one in found.candidates]
        await self.say(
            interaction,
            "calls.who",
            {
                "network": found.network,
                "answer": app.desk.span(found.answer, found.language),
                "now": self._who_is_on(found, zone),
            },
            origin=Origin(found.network_id, found.language),
            hidden=_hidden(interaction),
            menus=[menu(make("calls.who", found.network_id), options)],
        )

    def _who_is_on(self, found: Start, zone: str) -> Words:
        text = self.app.library.text
        if any(one.on for one in found.candidates):
            return text("calls.now.on", found.language)
        later = self.app.desk.later(found.later, zone, self.app.clock.now(), found.language)
        return text("calls.now.off", found.language, later=later)

    @on_press("calls.who")
    async def whom(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network_id = await self._network(interaction, press.id)
        values = chosen(interaction)
        if network_id != press.id or len(values) != 1 or not values[0].isdecimal():
            raise Refusal("errors.old_button")
        await self._still(interaction, network_id)
        name = interaction.guild.name if interaction.guild else ""
        app, now = self.app, self.app.clock.now()
        found = await calls.start(app.store, app.desk, network_id, name, interaction.user.id, now)
        if values[0] != ANYBODY and values[0] not in {str(one.user_id) for one in found.candidates}:
            raise Refusal("errors.old_button")
        if found.open is not None:
            await self._tell(interaction, found.open)
            return
        called = {"name": interaction.user.display_name[: LONGEST["name"]]}
        custom_id = make("calls.write", network_id, values[0])
        await interaction.response.send_modal(form(app.library, "calls.form", custom_id, CALL, called))

    @on_press("calls.write")
    async def wrote(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network_id = await self._network(interaction, press.id)
        if network_id != press.id or not press.arg.isdecimal():
            raise Refusal("errors.old_button")
        await self._still(interaction, network_id)
        said = written(interaction)
        app = self.app
        standing = await calls.draft(
            app.store,
            app.desk,
            network_id,
            interaction.user.id,
            int(press.arg) or None,
            Written(*(said.get(part, "").strip() for part in ("name", "reach", "suits", "about"))),
            await plans.zone_of(app.store, interaction.user.id),
            interaction.id,
            app.clock.now(),
        )
        await self._tell(interaction, standing)

    @on_press("calls.change")
    async def change(self, interaction: discord.Interaction[Any], press: Press) -> None:
        standing = await self._mine(interaction, press.id)
        if standing.state is not State.DRAFT:
            await self._tell(interaction, standing)
            return
        call_to = make("calls.write", standing.network_id, str(standing.named_id or ANYBODY))
        present = {part: getattr(standing.written, part) for part in LONGEST}
        await interaction.response.send_modal(form(self.app.library, "calls.form", call_to, CALL, present))

    async def _tell(self, interaction: discord.Interaction[Any], standing: Standing) -> None:
        cog: Any = self.bot.get_cog("TalkPreview")
        preview: TalkPreview = cog
        await preview.tell(interaction, standing)

    async def _mine(self, interaction: discord.Interaction[Any], call_id: int) -> Standing:
        app = self.app
        return await calls.look(app.store, app.desk, call_id, interaction.user.id, app.clock.now())


def _hidden(interaction: discord.Interaction[Any]) -> bool:
    return interaction.guild is not None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkCall(bot))
