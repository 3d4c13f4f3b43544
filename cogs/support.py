"""Support: the numbers, at once, from memory.

Nothing in this file may touch the database, write a file, log, or count. Keep it that way.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.support import cards
from bot.support.rules import UK
from bot.support.signposts import Card, read_choice
from bot.ui.ids import Press, make
from bot.ui.render import Origin, draw_card, menu, read_origin
from bot.ui.respond import respond
from bot.ui.router import chosen, on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk


class Support(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self._views: dict[tuple[Origin, Card, str | None, bool], discord.ui.View] = {}

    @app_commands.command(name="support", description="support")
    async def support(self, interaction: discord.Interaction[Any]) -> None:
        await self._first(interaction, self.app.origin_of(interaction))

    @on_press("support")
    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._first(interaction, read_origin(press.arg))

    async def _first(self, interaction: discord.Interaction[Any], origin: Origin) -> None:
        own = self.app.lines.get(origin.network_id)
        card = self.app.signposts.card(
            own.nation, origin.language, self.app.clock.now(), own.lines, education=own.education
        )
        await self._show(interaction, card, origin, own.nation or UK)

    @on_press("support.more", "support.cymraeg", "support.nation", "support.country")
    async def choices(self, interaction: discord.Interaction[Any], press: Press) -> None:
        origin, nation = _place(press)
        own, now, posts = self.app.lines.get(origin.network_id), self.app.clock.now(), self.app.signposts
        if press.kind == "support.country":
            card = posts.countries(origin.language, nation)
        else:
            build = {
                "support.more": posts.more,
                "support.cymraeg": posts.cymraeg,
                "support.nation": posts.card,
            }
            card = build[press.kind](nation, origin.language, now, own.lines, education=own.education)
        await self._show(interaction, card, origin, None if press.kind == "support.country" else nation or UK)

    @on_press("support.about")
    async def about(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """What was chosen beneath the numbers. Whatever a stranger made up is answered with the numbers themselves."""
        picked = chosen(interaction)
        template = self.app.cards.chosen(picked[0]) if picked else None
        await self._about(interaction, press, template or cards.WAY)

    @on_press("support.way")
    async def way(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """What gets in the way of ringing, answered; the lines stand beneath again."""
        _, _, way, *place = (*press.arg.split("."), "", "", "")
        there = Press(press.kind, press.id, ".".join([*press.arg.split(".")[:2], *filter(None, place)]))
        await self._about(interaction, there, cards.WAYS.get(way, cards.WAY))

    async def _about(self, interaction: discord.Interaction[Any], press: Press, template: str) -> None:
        origin, nation = _place(press)
        own = replace(self.app.lines.get(origin.network_id), nation=nation)
        wording = self.app.cards.next(template)
        card = self.app.cards.fill(wording, own, origin.language, self.app.clock.now())
        await self._show(interaction, card, origin)

    @on_press("support.keep")
    async def keep(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Send the numbers to the member's own messages, straight from memory; if they take none, show them here."""
        origin, nation = _place(press)
        own, now, posts = self.app.lines.get(origin.network_id), self.app.clock.now(), self.app.signposts
        lasting = posts.keep(nation, origin.language, now, own.lines, education=own.education)
        await interaction.response.defer(ephemeral=True, thinking=True)
        told = "support.kept_here"
        try:
            async with asyncio.timeout(20):
                # The press's own id as nonce: a press delivered twice keeps one message.
                await interaction.user.send(**self._drawn(lasting, origin), nonce=str(interaction.id))
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError):
            told = "support.not_kept"
        if told == "support.kept_here":
            filled = self.app.library.fill(told, {}, origin.language)
            card = Card(filled.text, filled.buttons)
        else:
            card = posts.keep(nation, origin.language, now, own.lines, education=own.education, template=told)
        await interaction.followup.send(ephemeral=True, **self._drawn(card, origin))

    async def _show(
        self, interaction: discord.Interaction[Any], card: Card, origin: Origin, chooser: str | None = None
    ) -> None:
        await respond(interaction, hidden=True, **self._drawn(card, origin, chooser))

    def _drawn(self, card: Card, origin: Origin, chooser: str | None = None) -> dict[str, Any]:
        """The card as discord.py sends it; beneath the numbers, with `chooser` (a nation), the menu of what it may be
        about. A view without state is the same for everybody: built once."""
        own = self.app.lines.get(origin.network_id)
        key = (origin, card, chooser, own.education)
        view = self._views.get(key)
        if view is None:
            if len(self._views) >= 512:
                self._views.clear()
            menus = [] if chooser is None else [self._menu(origin, chooser, own.education)]
            drawn = draw_card(self.app.library, card.text, card.buttons, origin, menus)
            view = self._views[key] = drawn["view"]
        return {"content": card.text, "view": view, "suppress_embeds": True}

    def _menu(self, origin: Origin, nation: str, education: bool) -> discord.ui.Select[Any]:
        hint = self.app.library.text("support.about.placeholder", origin.language)
        custom_id = make("support.about", 0, f"{origin}.{nation}.{origin.language}")
        return menu(custom_id, self.app.cards.menu(origin.language, education=education), hint)


def _place(press: Press) -> tuple[Origin, str | None]:
    """The origin a card was shown with, and the nation chosen on it."""
    nation, language = read_choice(".".join(press.arg.split(".")[2:]))
    return Origin(read_origin(press.arg).network_id, language), nation


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Support(bot))
