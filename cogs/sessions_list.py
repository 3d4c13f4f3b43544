"""`/sessions`: what is on, one's own reminders, one's own calendar."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import Refusal
from bot.members import service as members
from bot.sessions import feed, listing
from bot.sessions.calendar import calendar
from bot.sessions.reminding import CHOICES
from bot.sessions.words import Teller
from bot.ui.ids import Press, make
from bot.ui.render import menu
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

Press_ = discord.Interaction[Any]
REMINDERS = "sessions.reminders"
FEED = ("make", "again", "off", "names", "neutral")
YES_OR_NO = {"maybe-yes": {"maybe": True}, "maybe-no": {"maybe": False}} | {
    "after-yes": {"after": True},
    "after-no": {"after": False},
}


class SessionsList(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="sessions", description="sessions")
    async def sessions(self, interaction: Press_) -> None:
        await self._list(interaction)

    @on_press("sessions.list")
    async def list_pressed(self, interaction: Press_, _: Press) -> None:
        await self._list(interaction)

    async def _list(self, interaction: Press_) -> None:
        app, user = self.app, interaction.user
        roles = [role.id for role in user.roles] if isinstance(user, discord.Member) else None
        network_id, server = where(interaction)
        on = await listing.whats_on(app.store, network_id, server, user.id, roles, app.clock.now())
        hidden = interaction.guild is not None
        if not on.listed:
            await self.say(interaction, "sessions.list_none", hidden=hidden)
            return
        teller = Teller(app.library)
        options = [teller.option(listed, listed.meeting.zone) for listed in on.listed]
        picking = menu(make("sessions.open"), options)
        picking.placeholder = str(app.library.text("sessions.menu.pick"))
        await self.say(interaction, "sessions.list", {"lines": teller.on(on)}, menus=[picking], hidden=hidden)

    # Reminders

    @on_press(REMINDERS)
    async def reminders(self, interaction: Press_, _: Press) -> None:
        chosen = await listing.reminders_of(self.app.store, *where(interaction), interaction.user.id)
        await self._show_reminders(interaction, chosen)

    @on_press("sessions.remind")
    async def remind(self, interaction: Press_, press: Press) -> None:
        changes: dict[str, Any] = dict(YES_OR_NO.get(press.arg, {}))
        if press.arg in CHOICES:
            changes = {"leads": CHOICES[press.arg]}
        if not changes:
            raise Refusal("errors.old_button")
        app = self.app
        chosen = await listing.choose_reminders(
            app.store, *where(interaction), interaction.user.id, app.clock.now(), **changes
        )
        await self._show_reminders(interaction, chosen)

    async def _show_reminders(self, interaction: Press_, chosen: listing.Reminders) -> None:
        present = [name for name, leads in CHOICES.items() if leads == tuple(chosen.leads)]
        present += ["maybe-yes" if chosen.maybe else "maybe-no", "after-yes" if chosen.after else "after-no"]
        await self.say(
            interaction,
            REMINDERS,
            Teller(self.app.library).reminders(chosen),
            hidden=interaction.guild is not None,
            without=[f"sessions.remind={name}" for name in present],
        )

    # The calendar

    @on_press("sessions.calendar")
    async def calendar_pressed(self, interaction: Press_, _: Press) -> None:
        await self._show_calendar(interaction)

    async def _show_calendar(self, interaction: Press_, note: str = "") -> None:
        app, who, hidden = self.app, interaction.user.id, interaction.guild is not None
        network_id, server = where(interaction)
        await self._member(interaction)
        await interaction.response.defer(ephemeral=hidden, thinking=True)
        now = app.clock.now()
        entries = await feed.mine(app.store, network_id, who, now)
        name = server or str(app.library.text("sessions.feed.mine"))
        file = None
        if entries and not note:
            data = await asyncio.to_thread(calendar, entries, now, name)
            file = discord.File(io.BytesIO(data), f"{app.library.text('sessions.feed.file')}.ics")
        served = bool(app.settings.http_address)
        standing = await feed.standing(app.store, who)
        fit = {"make"} if served else set[str]()
        if served and standing is not None:
            fit = {"again", "off", "names" if standing.neutral else "neutral"}
        await self.say(
            interaction,
            "sessions.calendar" if file is not None else "sessions.calendar_plain",
            {"feed": Teller(app.library).feed(standing, served=served, note=note)},
            file=file,
            hidden=hidden,
            without=[f"sessions.feed={choice}" for choice in FEED if choice not in fit],
        )

    async def _member(self, interaction: Press_) -> None:
        """Raises `Refusal` for somebody who is a member nowhere: there is nothing of theirs to show."""
        if not await members.networks_of(self.app.store, interaction.user.id):
            _, server = where(interaction)
            raise Refusal("errors.not_member", network=server) if server else Refusal("errors.not_yours")

    @on_press("sessions.feed")
    async def feed(self, interaction: Press_, press: Press) -> None:
        app, who = self.app, interaction.user.id
        await self._member(interaction)
        if press.arg in ("make", "again"):
            if not app.settings.http_address:
                raise Refusal("errors.old_button")
            secret = await feed.make(app.store, who, app.clock.now())
            made = await feed.standing(app.store, who)
            neutral = made is None or made.neutral
            await self.say(
                interaction,
                "sessions.feed_made",
                {
                    "address": f"{app.settings.http_address}/calendar/{secret}.ics",
                    "titles": app.library.text(f"sessions.feed.{'neutral' if neutral else 'names'}"),
                },
                hidden=interaction.guild is not None,
                without=["sessions.feed=neutral" if neutral else "sessions.feed=names"],
            )
        elif press.arg == "off":
            await feed.take_away(app.store, who)
            await self._show_calendar(interaction, "off")
        elif press.arg in ("names", "neutral"):
            await feed.set_neutral(app.store, who, neutral=press.arg == "neutral")
            await self._show_calendar(interaction, "changed")
        else:
            raise Refusal("errors.old_button")


def where(interaction: Press_) -> tuple[int | None, str]:
    """Which network this is about: the server's; in direct messages all of somebody's."""
    guild = interaction.guild
    return (guild.id, guild.name) if guild is not None else (None, "")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionsList(bot))
