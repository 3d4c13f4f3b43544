"""`/listener limits`: a listener's week, how much they take at a time, and what; seen and changed by them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.listeners import serving
from bot.listeners.rules import MOST_OPEN, MOST_SLOTS, Slot, read_rota
from bot.listeners.serving import Serving
from bot.members.tables import Network
from bot.ui.call_forms import ROTA, form
from bot.ui.commands import beneath
from bot.ui.ids import Press, make
from bot.ui.render import Origin, menu
from bot.ui.router import chosen, on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.listener import Listener

SWITCHES = {"calls": "takes_calls", "talks": "takes_talks"}


class ListenerLimits(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @property
    def _duty(self) -> Listener:
        cog: Any = self.bot.get_cog("Listener")
        return cog

    @app_commands.command(name="limits", description="limits")
    async def limits(self, interaction: discord.Interaction[Any]) -> None:
        network = await self._duty.network(interaction, 0)
        await self._limits(interaction, network)

    @on_press("listening.limits")
    async def limits_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._limits(interaction, await self._duty.network(interaction, press.id))

    async def _limits(self, interaction: discord.Interaction[Any], network: Network) -> None:
        here = await self._duty.here(interaction, network)
        if here is None or not here.confirmed:
            await self._duty.begin(interaction, network, here)
        else:
            await self._panel(interaction, here)

    async def _panel(self, interaction: discord.Interaction[Any], here: Serving) -> None:
        app, text, now = self.app, self.app.library.text, self.app.clock.now()
        if here.on:
            state = text(
                "listeners.state.on",
                here.language,
                when=app.desk.when(here.on_until or now, here.zone, now, here.language),
            )
        elif here.next_on is not None:
            at = app.desk.when(here.next_on, here.zone, now, here.language)
            state = text("listeners.state.next", here.language, when=at)
        else:
            state = text("listeners.state.off", here.language)
        params = {
            "network": here.network,
            "state": state,
            "name": here.name,
            "organisation": here.organisation,
            "rota": joined(self._said(slot) for slot in here.rota)
            if here.rota
            else text("listeners.rota.none"),
            "zone": here.zone,
            "count": here.most_open,
            "calls": text(f"listeners.takes.{'yes' if here.takes_calls else 'no'}"),
            "talks": text(f"listeners.takes.{'yes' if here.takes_talks else 'no'}"),
        }
        options = [(str(n), str(text("listeners.at_most", count=n))) for n in range(1, MOST_OPEN + 1)]
        await self.say(
            interaction,
            "listeners.limits",
            params,
            subject_id=here.network_id,
            origin=Origin(here.network_id, here.language),
            menus=[menu(make("listening.most", here.network_id), options)],
        )

    def _said(self, slot: Slot) -> Words:
        library = self.app.library
        return library.text(
            "listeners.rota.slot",
            day=library.weekday(slot.weekday),
            start=library.time(slot.start),
            end=library.time(slot.end),
        )

    @on_press("listening.most")
    async def most(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network, values = await self._duty.network(interaction, press.id), chosen(interaction)
        if len(values) != 1 or values[0] not in {str(n) for n in range(1, MOST_OPEN + 1)}:
            raise Refusal("errors.old_button")
        await self._change(interaction, network, most_open=int(values[0]))

    @on_press("listening.switch")
    async def switch(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self._duty.network(interaction, press.id)
        here = await self._duty.here(interaction, network)
        if press.arg not in SWITCHES or here is None:
            raise Refusal("errors.old_button")
        name = SWITCHES[press.arg]
        await self._change(interaction, network, **{name: not getattr(here, name)})

    async def _change(self, interaction: discord.Interaction[Any], network: Network, **what: Any) -> None:
        app, who = self.app, interaction.user.id
        here = await serving.change(app.store, app.desk, network.id, who, app.clock.now(), **what)
        await self._panel(interaction, here)

    @on_press("listening.rota")
    async def rota(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self._duty.network(interaction, press.id)
        here = await self._duty.here(interaction, network)
        if here is None:
            raise Refusal("errors.old_button")
        present = {"rota": "\n".join(str(self._said(slot)) for slot in here.rota)}
        custom_id = make("listening.week", network.id)
        modal = form(self.app.library, "listeners.rota_form", custom_id, ROTA, present)
        await interaction.response.send_modal(modal)

    @on_press("listening.week")
    async def week(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network = await self._duty.network(interaction, press.id)
        slots, unread = read_rota(written(interaction).get("rota", ""))
        if unread:
            raise Refusal("listeners.rota_unread", said=unread[0])
        if len(slots) > MOST_SLOTS:
            raise Refusal("listeners.rota_unread", said=str(self._said(slots[MOST_SLOTS])))
        zone = await plans.zone_of(self.app.store, interaction.user.id)
        await self._change(interaction, network, rota=slots, zone=zone)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(ListenerLimits(bot))
    beneath(bot.tree, "listener", "limits")
