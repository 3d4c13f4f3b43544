"""`/me`: what is kept of a member, taken away as a file, or forgotten. Everybody has this for themselves."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import joined
from bot.errors import OperatorError, Refusal, StoreUnavailable
from bot.members import service as members
from bot.networks import contacts
from bot.networks.contacts import Which
from bot.own import service
from bot.own.page import archive
from bot.own.said import Teller
from bot.ui.ids import Press
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

# Discord takes 10 MB from a bot; a page of two years is some tens of kilobytes.
LARGEST = 8_000_000


class Me(commands.Cog):
    group = app_commands.Group(name="me", description="me")

    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @group.command(name="privacy", description="privacy")
    async def privacy(self, interaction: discord.Interaction[Any]) -> None:
        await self._privacy(interaction)

    @on_press("members.privacy")
    async def privacy_pressed(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._privacy(interaction)

    async def _privacy(self, interaction: discord.Interaction[Any]) -> None:
        rows, teller = await self._mine(interaction.user.id)
        named = {Which.FIRST: "me.kept.contact", Which.SECOND: "me.kept.second"}
        also = [
            self.app.library.text(named[one.which], network=one.name)
            for one in await contacts.held_by(self.app.store, interaction.user.id)
        ]
        await self.say(interaction, "me.privacy", {"kept": teller.lines(rows, also)})

    async def _mine(self, user_id: int) -> tuple[service.Rows, Teller]:
        networks = await members.networks_of(self.app.store, user_id)
        rows = await service.everything(self.app.store, self.app.keyring, user_id)
        return rows, Teller(self.app.library, {str(network.id): network.name for network in networks})

    @group.command(name="export", description="export")
    async def export(self, interaction: discord.Interaction[Any]) -> None:
        await self._export(interaction)

    @on_press("me.export")
    async def export_pressed(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._export(interaction)

    async def _export(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        rows, teller = await self._mine(interaction.user.id)
        if not rows:
            await self.say(interaction, "me.export_nothing")
            return
        now = self.app.clock.now()
        data = await asyncio.to_thread(archive, rows, teller.page_words(now), now)
        if len(data) > LARGEST:
            sizes = {"size": f"{len(data) / 1e6:.1f} MB", "limit": f"{LARGEST / 1e6:.0f} MB"}
            await self.say(interaction, "me.export_too_large", sizes)
            return
        name = f"{self.app.library.text('me.export.file')}.zip"
        await self.say(interaction, "me.export_ready", file=discord.File(io.BytesIO(data), name))

    @group.command(name="forget", description="forget")
    async def forget(self, interaction: discord.Interaction[Any]) -> None:
        await self._ask(interaction)

    @on_press("me.forget")
    async def forget_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if not press.arg:
            await self._ask(interaction)
        elif press.arg == "no":
            await self.say(interaction, "me.forget_kept")
        elif press.arg in ("yes", "again"):
            await self._forget(interaction)
        else:
            raise Refusal("errors.old_button")

    async def _ask(self, interaction: discord.Interaction[Any]) -> None:
        rows, teller = await self._mine(interaction.user.id)
        if not rows:
            await self.say(interaction, "me.forget_nothing", {"stays": teller.stays()})
            return
        networks = await members.networks_of(self.app.store, interaction.user.id)
        contact = await self._contact(interaction.user.id)
        names = joined((self.app.library.harmless(network.name) for network in networks), ", ")
        await self.say(
            interaction,
            "me.forget_ask",
            {
                "networks": names or self.app.library.text("me.forget_everywhere"),
                "stays": teller.stays(list(contact.values())),
            },
        )

    async def _contact(self, user_id: int) -> dict[int, str]:
        """The networks, by id and name, that reports are sent from to this person first."""
        held = await contacts.held_by(self.app.store, user_id)
        return {one.network_id: one.name for one in held if one.which is Which.FIRST}

    async def _forget(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        app, who = self.app, interaction.user.id
        _, teller = await self._mine(who)
        contact = await self._contact(who)
        try:
            erased = await service.forget(
                app.store, app.keyring, app.settings.database_url, who, app.ledger.note, app.clock.now()
            )
        except (OSError, OperatorError):
            await self.say(interaction, "me.forget_failed")
            return
        with contextlib.suppress(StoreUnavailable):  # they are forgotten all the same, and shall be told so
            await contacts.missing(app.store, contact, interaction.id, app.clock.now())
        stays = teller.stays(list(contact.values()))
        if erased.failed:
            params = {"failed": teller.failed(erased.failed), "stays": stays}
            await self.say(interaction, "me.forgotten_partly", params)
        elif erased.gone:
            await self.say(interaction, "me.forgotten", {"gone": teller.gone(erased.gone), "stays": stays})
        else:
            await self.say(interaction, "me.forget_nothing", {"stays": stays})


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Me(bot))
