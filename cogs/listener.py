"""`/listener on`, `off`, `limits`: a listener's hours, what members see of them, and how much they take."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.listeners import due, serving
from bot.listeners.serving import Serving
from bot.members import service as members
from bot.members.tables import Network
from bot.networks import service as networks
from bot.schedule.recurrence import resolve
from bot.schedule.typed import read_date, read_time
from bot.ui.call_forms import LISTENER, form
from bot.ui.ids import Press, make
from bot.ui.listeners import has_role
from bot.ui.render import Origin
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk


class Listener(commands.Cog):
    group = app_commands.Group(name="listener", description="listener")

    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @group.command(name="on", description="on")
    async def on(self, interaction: discord.Interaction[Any], until: str | None = None) -> None:
        network = await self.network(interaction, 0)
        here = await self.here(interaction, network)
        if here is None or not here.confirmed:
            await self.begin(interaction, network, here)
            return
        app, now = self.app, self.app.clock.now()
        end = None if until is None else self._instant(until, here.zone)
        here = await serving.begin(app.store, app.desk, network.id, interaction.user.id, end, now)
        await self._on(interaction, here)

    async def _on(self, interaction: discord.Interaction[Any], here: Serving) -> None:
        app, now = self.app, self.app.clock.now()
        when = app.desk.when(here.on_until or now, here.zone, now, here.language)
        params = {"network": here.network, "when": when, "count": here.most_open}
        await self._say(interaction, "listeners.on", here, params)

    async def _say(
        self, interaction: discord.Interaction[Any], template: str, here: Serving, params: dict[str, Any]
    ) -> None:
        origin = Origin(here.network_id, here.language)
        await self.say(interaction, template, params, subject_id=here.network_id, origin=origin)

    def _instant(self, said: str, zone: str) -> datetime:
        """ "10 pm" (today, or tomorrow if that is past), "6 December" (to its end). Raises `Refusal` for the rest."""
        now = self.app.clock.now()
        today = now.astimezone(ZoneInfo(zone)).date()
        at = read_time(said)
        if at is not None:
            end = resolve(today, at, zone)
            return end if end > now else resolve(today + timedelta(days=1), at, zone)
        day = read_date(said, today)
        if day is None:
            raise Refusal("errors.unknown_time", said=said)
        if day < today:
            raise Refusal("errors.past_date", day=self.app.library.day(day, year=True))
        return resolve(day, time(23, 59), zone)

    @group.command(name="off", description="off")
    async def off(self, interaction: discord.Interaction[Any]) -> None:
        network = await self.network(interaction, 0)
        await self._off(interaction, network)

    @on_press("listening.off")
    async def off_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._off(interaction, await self.network(interaction, press.id))

    async def _off(self, interaction: discord.Interaction[Any], network: Network) -> None:
        app, now = self.app, self.app.clock.now()
        here = await serving.finish(app.store, app.desk, network.id, interaction.user.id, now)
        text, rest = app.library.text, list[Words]()
        if here.open:
            rest.append(text("listeners.still_held", here.language, count=here.open))
        if here.next_on is not None:
            at = app.desk.when(here.next_on, here.zone, now, here.language)
            rest.append(text("listeners.again_on", here.language, when=at))
        rest.append(text("listeners.thanks", here.language))
        await self._say(interaction, "listeners.off", here, {"rest": joined(rest, " ")})

    # Whose and where

    async def network(self, interaction: discord.Interaction[Any], asked: int) -> Network:
        """The network it is about, once Discord says that they are a listener there. Raises `Refusal`."""
        app, who = self.app, interaction.user.id
        network_id = interaction.guild_id
        if network_id is None:
            mine = await serving.networks_of(app.store, who)
            if asked not in mine and len(mine) != 1:
                raise Refusal("errors.server_only")
            network_id = asked if asked in mine else mine[0]
        network = await networks.find(app.store, network_id)
        name = interaction.guild.name if interaction.guild else ""
        if network is None:
            raise Refusal("errors.not_set_up", network=name)
        if not await has_role(self.bot, interaction, network.id, network.listener_role_id):
            await due.stand_down(app.store, app.desk, network.id, who, app.clock.now())
            raise Refusal("errors.listener_only", network=network.name)
        here = await members.standing(app.store, network.id, who)
        if not here.member:
            raise Refusal("errors.not_member", network=network.name)
        if not here.dm_opened or here.dm_closed:
            raise Refusal("members.dm_closed", network=network.name)
        return network

    async def here(self, interaction: discord.Interaction[Any], network: Network) -> Serving | None:
        app = self.app
        return await serving.find(app.store, app.desk, network.id, interaction.user.id, app.clock.now())

    # What members see

    async def begin(
        self, interaction: discord.Interaction[Any], network: Network, here: Serving | None
    ) -> None:
        if here is not None:
            await self._ask_whether(interaction, here)
            return
        await self.say(
            interaction,
            "listeners.introduce",
            {"network": network.name},
            subject_id=network.id,
            origin=Origin(network.id, network.language),
        )

    async def _ask_whether(self, interaction: discord.Interaction[Any], here: Serving) -> None:
        params = {"network": here.network, "name": here.name, "organisation": here.organisation}
        await self._say(interaction, "listeners.confirm", here, params)

    @on_press("listening.introduce")
    async def introduce(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self.network(interaction, press.id)
        here = await self.here(interaction, network)
        present = {"name": interaction.user.display_name[:60]}
        if here is not None:
            present = {"name": here.name, "organisation": here.organisation}
        custom_id = make("listening.introduced", network.id)
        modal = form(self.app.library, "listeners.form", custom_id, LISTENER, present)
        await interaction.response.send_modal(modal)

    @on_press("listening.introduced")
    async def introduced(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self.network(interaction, press.id)
        said, app, who = written(interaction), self.app, interaction.user.id
        here = await serving.introduce(
            app.store,
            app.desk,
            network.id,
            network.name,
            who,
            said.get("name", ""),
            said.get("organisation", ""),
            await plans.zone_of(app.store, who),
            app.clock.now(),
        )
        await self._ask_whether(interaction, here)

    @on_press("listening.confirm")
    async def confirm(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self.network(interaction, press.id)
        app, now = self.app, self.app.clock.now()
        here = await serving.confirm(app.store, app.desk, network.id, interaction.user.id, now)
        await self._on(interaction, here)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Listener(bot))
