"""What setting up offers: the two standing sessions, and Discord's own events beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.errors import Refusal
from bot.networks import service as networks
from bot.sessions import mirroring, standing
from bot.sessions.fields import Place, read_where
from bot.sessions.meeting import moment
from bot.sessions.standing import Named, Which
from bot.sessions.words import Teller
from bot.ui.ids import Press, make
from bot.ui.organisers import organised_server
from bot.ui.render import menu
from bot.ui.rooms import lacking_for_events, rooms_of
from bot.ui.router import chosen, on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

BOTH = "both"


class SessionStanding(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    async def _organised(self, interaction: discord.Interaction[Any]) -> discord.Guild:
        row = await networks.find(self.app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, row.organiser_role_id if row else None)
        if row is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild

    @on_press("sessions.standing")
    async def offered(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Begin one of the two, or both: in the server's one voice channel, or in the one picked."""
        which = _which(press.arg)
        guild = await self._organised(interaction)
        rooms = rooms_of(guild)
        if len(rooms) != 1:
            template = "sessions.standing_where" if rooms else "sessions.standing_no_room"
            options = [(str(room), f"#{name}") for room, (name, _) in rooms.items()]
            menus = [menu(make("sessions.room", guild.id, press.arg), options)] if options else []
            await self.say(interaction, template, {}, subject_id=guild.id, menus=menus)
            return
        await self._start(interaction, guild, which, str(next(iter(rooms))))

    @on_press("sessions.room")
    async def picked(self, interaction: discord.Interaction[Any], press: Press) -> None:
        which = _which(press.arg)
        guild = await self._organised(interaction)
        await self._start(interaction, guild, which, "".join(chosen(interaction)))

    async def _start(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, which: list[Which], room: str
    ) -> None:
        rooms = rooms_of(guild)
        where: Place | None = read_where(f"<#{room}>", rooms) if room.isdecimal() else None
        if where is None or where.channel_id is None:
            raise Refusal("errors.old_button")
        language, now = self.app.origin_of(interaction).language, self.app.clock.now()
        lines: list[str] = []
        for one in which:
            text = self.app.library.text
            named = Named(
                str(text(f"sessions.standing.{one}.title", language)),
                str(text(f"sessions.standing.{one}.about", language)),
            )
            first = await standing.start(
                self.app.store, guild.id, one, named, where, interaction.user.id, interaction.id, now
            )
            if first is not None:
                lines.append(moment(first))
        params = {"first": lines[0] if lines else "", "second": lines[-1] if lines else ""}
        template = "sessions.standing_begun" if len(lines) < 2 else "sessions.standing_begun_both"
        await self.say(interaction, template, params, subject_id=guild.id)

    @on_press("sessions.mirror")
    async def mirror(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Discord's own events: what they show is read first, and only then may they be turned on."""
        guild = await self._organised(interaction)
        if press.arg not in ("ask", "on", "off"):
            raise Refusal("errors.old_button")
        lacking = lacking_for_events(guild) if press.arg == "on" else []
        if lacking:
            params = {"permissions": Teller(self.app.library).permissions(lacking)}
            await self.say(interaction, "sessions.mirror_needs", params, subject_id=guild.id)
            return
        if press.arg != "ask":
            await mirroring.choose(self.app.store, guild.id, press.arg == "on", self.app.clock.now())
        await self.say(interaction, f"sessions.mirror_{press.arg}", {}, subject_id=guild.id)


def _which(said: str) -> list[Which]:
    if said != BOTH and said not in set(Which):
        raise Refusal("errors.old_button")
    return list(Which) if said == BOTH else [Which(said)]


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionStanding(bot))
