"""A call, for listeners: taken with a promise, looked at, given back; and what helps when it is beyond one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.content.library import Words, joined
from bot.content.neutral import neutralise
from bot.errors import Refusal
from bot.listeners import due, holding, serving
from bot.listeners.holding import Held
from bot.listeners.rules import Promise
from bot.listeners.standing import LONGEST
from bot.members import reports
from bot.networks import service as networks
from bot.ui.ids import Press
from bot.ui.listeners import has_role
from bot.ui.render import Origin
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk


class ListenerCalls(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    async def still_listens(self, interaction: discord.Interaction[Any], network_id: int) -> None:
        """Raises `Refusal` unless Discord says, now, that they are there and a listener. Who is not is one no longer."""
        app = self.app
        network = await networks.find(app.store, network_id)
        if network is None:
            raise Refusal("errors.old_button")
        if not await has_role(self.bot, interaction, network_id, network.listener_role_id):
            await due.stand_down(app.store, app.desk, network_id, interaction.user.id, app.clock.now())
            raise Refusal("errors.listener_only", network=network.name)

    # Taking it

    @on_press("calls.accept")
    async def accept(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in set(Promise):
            raise Refusal("errors.old_button")
        app, who = self.app, interaction.user.id
        await self.still_listens(interaction, await holding.whose(app.store, who, offer_id=press.id))
        now = app.clock.now()
        held = await holding.accept(
            app.store, app.desk, press.id, who, Promise(press.arg), interaction.id, now
        )
        await self._yours(interaction, "listeners.yours", held)

    async def _yours(self, interaction: discord.Interaction[Any], template: str, held: Held) -> None:
        """What they took on, to stay in the chat; and who and how, seen by them alone and not kept there."""
        await self.say(
            interaction, template, self._times(held), subject_id=held.id, hidden=_hidden(interaction)
        )
        await self._details(interaction, held)

    def _times(self, held: Held) -> dict[str, Any]:
        now = self.app.clock.now()
        return {
            "network": held.network,
            "when": self.app.desk.when(held.promised_at or now, held.zone, now),
        }

    async def _details(self, interaction: discord.Interaction[Any], held: Held) -> None:
        library = self.app.library
        lines = [
            library.text(f"calls.seen.{part}", said=Words(neutralise(text, longest)))
            for part, longest in LONGEST.items()
            if (text := getattr(held.written, part))
        ]
        await self.say(
            interaction,
            "listeners.details",
            {**self._times(held), "seen": joined(lines)},
            subject_id=held.id,
            origin=Origin(held.network_id),
        )

    @on_press("calls.decline")
    async def decline(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        await holding.decline(app.store, app.desk, press.id, who, interaction.id, app.clock.now())
        await self.say(interaction, "listeners.declined", hidden=_hidden(interaction))

    # While it is theirs

    async def _held(self, interaction: discord.Interaction[Any], call_id: int) -> None:
        """Raises `Refusal` unless they hold this call and may still."""
        await self.still_listens(
            interaction, await holding.whose(self.app.store, interaction.user.id, call_id=call_id)
        )

    @on_press("calls.details")
    async def details(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._held(interaction, press.id)
        app = self.app
        await self._details(
            interaction, await holding.seen(app.store, app.desk, press.id, interaction.user.id)
        )

    @on_press("calls.got")
    async def got_hold(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """ "Did you get hold of them?": yes, or another time, or not after all."""
        await self._held(interaction, press.id)
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        if press.arg == "yes":
            await holding.spoken(app.store, app.desk, press.id, who, interaction.id, now)
            await self.say(interaction, "listeners.spoken", subject_id=press.id, hidden=_hidden(interaction))
        elif press.arg == "cannot":
            await holding.give_back(app.store, app.desk, press.id, who, interaction.id, now)
            await self.say(interaction, "listeners.given_back", hidden=_hidden(interaction))
        elif press.arg in set(Promise):
            promise = Promise(press.arg)
            held = await holding.promise_again(
                app.store, app.desk, press.id, who, promise, interaction.id, now
            )
            await self.say(
                interaction,
                "listeners.again",
                self._times(held),
                subject_id=held.id,
                hidden=_hidden(interaction),
            )
        else:
            raise Refusal("errors.old_button")

    @on_press("calls.second")
    async def second(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._held(interaction, press.id)
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        await holding.want_second(app.store, app.desk, press.id, who, interaction.id, now)
        await self.say(interaction, "listeners.second_asked", subject_id=press.id)

    # What helps a listener. None of it tells anybody anything.

    @on_press("calls.beyond")
    async def beyond(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._held(interaction, press.id)
        held = await holding.seen(self.app.store, self.app.desk, press.id, interaction.user.id)
        await self.say(interaction, "listeners.beyond", subject_id=held.id, origin=Origin(held.network_id))

    @on_press("listening.danger")
    async def danger(self, interaction: discord.Interaction[Any], _: Press) -> None:
        """From memory alone: it answers while the database does not."""
        origin = self.app.origin_of(interaction)
        own = self.app.lines.get(origin.network_id)
        emergency = self.app.signposts.emergency(own.nation, origin.language)
        await self.say(interaction, "listeners.danger", {"emergency": emergency})

    @on_press("listening.route")
    async def route(self, interaction: discord.Interaction[Any], _: Press) -> None:
        """Who backs a listener up, in every network they are one of."""
        app, text = self.app, self.app.library.text
        lines: list[Words] = []
        for network_id in await serving.networks_of(app.store, interaction.user.id):
            known, network = (
                await reports.contacts(app.store, network_id),
                await networks.find(app.store, network_id),
            )
            if known is None or network is None:
                continue
            named = [who for who in (known.first, known.second) if who is not None]
            for who in named:
                lines.append(text("listeners.route.contact", network=network.name, contact=f"<@{who}>"))
            if not named:
                lines.append(text("listeners.route.none", network=network.name))
        if not lines:
            raise Refusal("errors.old_button")
        await self.say(interaction, "listeners.route", {"contacts": joined(lines)})

    @on_press("listening.hard")
    async def hard(self, interaction: discord.Interaction[Any], _: Press) -> None:
        app, now = self.app, self.app.clock.now()
        until, zone = await serving.breathe(app.store, interaction.user.id, interaction.id, now)
        await self.say(
            interaction,
            "listeners.breather",
            {"when": app.desk.when(until, zone, now)},
            hidden=_hidden(interaction),
        )

    @on_press("listening.debrief")
    async def debrief(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """How it sits with them: met, and not kept."""
        if press.arg not in ("fine", "with-me"):
            raise Refusal("errors.old_button")
        line = self.app.one_line(self.app.origin_of(interaction))
        template = f"listeners.debrief_{press.arg.replace('-', '_')}"
        await self.say(interaction, template, {"line": line}, hidden=_hidden(interaction))


def _hidden(interaction: discord.Interaction[Any]) -> bool:
    """In direct messages it stays in the chat; a message copied into a server must not speak to everybody there."""
    return interaction.guild is not None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(ListenerCalls(bot))
