"""`/network setup`: channels and roles made or adopted, and everything that was deleted put back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.listeners.stated import answer_minutes
from bot.members.tables import Network as Row
from bot.networks import service
from bot.schedule.zones import search_zones, valid_zone
from bot.sessions import standing
from bot.support.lines import NetworkSupport
from bot.ui.making import Maker
from bot.ui.organisers import organised_server

if TYPE_CHECKING:
    from bot.client import ReallyOk

NATIONS = ("england", "wales", "scotland", "northern-ireland", "ireland", "elsewhere")


class Network(commands.GroupCog, group_name="network", group_description="network"):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="setup", description="setup")
    async def set_up(
        self,
        interaction: discord.Interaction[Any],
        nation: str,
        contact: discord.Member,
        zone: str | None = None,
        channel: discord.TextChannel | None = None,
        education: bool | None = None,
    ) -> None:
        before = await service.find(self.app.store, interaction.guild_id or 0)
        guild = organised_server(interaction, before.organiser_role_id if before else None)
        nation = self._nation(nation)
        # Run again to mend a channel, it must not move everybody to London.
        zone = zone or (before.zone if before else "Europe/London")
        if not valid_zone(zone):
            raise Refusal("errors.unknown_zone", said=zone)
        await interaction.response.defer(ephemeral=True, thinking=True)
        maker = Maker(self.app.library, guild)
        found = await self._places(guild, before, channel, maker)
        if found is None:
            params = {"network": guild.name, "problems": joined(maker.problems)}
            await self.say(interaction, "networks.setup_problems", params)
            return
        places, sessions_id = found
        post = await self._missing_panels(before, places)
        await asyncio.to_thread(self._keep_support, guild.id, nation, education)
        row = await service.set_up(
            self.app.store,
            guild.id,
            guild.name,
            places,
            zone=zone,
            nation=nation,
            safeguarding_id=contact.id,
            post=post,
            event_id=interaction.id,
            now=self.app.clock.now(),
        )
        gone = await self._gone_announcements(guild.id)
        now = self.app.clock.now()
        await standing.settle(self.app.store, guild.id, sessions_id, gone, interaction.id, now)
        without = await self._begun(guild.id)
        await self._report(interaction, guild, row, maker, fresh=before is None, posted=post, without=without)
        if before is None:
            await self._guide(interaction, row, sessions_id, without)

    @set_up.autocomplete("zone")
    async def zones(self, _: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in search_zones(typed)]

    @set_up.autocomplete("nation")
    async def nations(self, _: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        named = [(self.app.library.text(f"support.nation.{n}"), n) for n in NATIONS]
        return [
            app_commands.Choice(name=name, value=value)
            for name, value in named
            if typed.casefold() in name.casefold()
        ]

    def _nation(self, said: str) -> str:
        """The nation chosen from the list, or written in words: Discord lets people send what is not on the list."""
        wanted = said.strip().casefold()
        for nation in NATIONS:
            if wanted in (nation, self.app.library.text(f"support.nation.{nation}").casefold()):
                return nation
        raise Refusal("errors.unknown_nation", said=said)

    def _keep_support(self, guild_id: int, nation: str, education: bool | None) -> None:
        known = self.app.lines.get(guild_id)
        if education is None:
            education = known.education
        self.app.lines.set(guild_id, NetworkSupport(nation, known.language, education, known.lines))

    async def _places(
        self, guild: discord.Guild, before: Row | None, channel: discord.TextChannel | None, maker: Maker
    ) -> tuple[service.Places, int] | None:
        """The roles and channels, made or adopted, and the channel for sessions; None where something is missing."""
        if not maker.may_make():
            return None
        try:
            roles = [
                await maker.role(before and getattr(before, f"{kind}_role_id"), kind)
                for kind in ("organiser", "facilitator", "listener")
            ]
            welcome = channel or await maker.channel(before and before.welcome_channel_id, "welcome")
            checkin = await maker.channel(before and before.checkin_channel_id, "checkin")
            known = await standing.channel_of(self.app.store, guild.id)
            sessions = await maker.channel(known, "sessions")
            organisers = await maker.channel(
                before and before.organisers_channel_id, "organisers", only_for=roles[0]
            )
        except discord.HTTPException:
            maker.failed()
            return None
        if not maker.may_post(welcome, checkin, sessions):
            return None
        places = service.Places(welcome.id, checkin.id, organisers.id, *(role.id for role in roles))
        return places, sessions.id

    async def _missing_panels(self, before: Row | None, places: service.Places) -> dict[str, int | None]:
        """The panels that are not in their channels: never posted (None), deleted, or posted in another channel."""
        missing: dict[str, int | None] = {}
        for panel in service.PANELS:
            channel_id: int = getattr(places, f"{panel}_channel_id")
            message_id: int | None = before and getattr(before, f"{panel}_message_id")
            if before is None or message_id is None or getattr(before, f"{panel}_channel_id") != channel_id:
                missing[panel] = message_id
                continue
            try:
                await self.app.client.get_partial_messageable(channel_id).fetch_message(message_id)
            except discord.NotFound:
                missing[panel] = message_id
        return missing

    async def _report(
        self,
        interaction: discord.Interaction[Any],
        guild: discord.Guild,
        row: Row,
        maker: Maker,
        *,
        fresh: bool,
        posted: dict[str, int | None],
        without: list[str],
    ) -> None:
        text = self.app.library.text
        welcome = f"<#{row.welcome_channel_id}>"
        maker.done.append(
            text(
                "networks.made.panel" if "welcome" in posted else "networks.made.panel_there", channel=welcome
            )
        )
        done = joined(maker.done)
        if not fresh:
            said = {"network": guild.name, "made": done}
            await self.say(interaction, "networks.setup_again", said, subject_id=guild.id, without=without)
            return
        params: dict[str, str] = {
            "network": guild.name,
            "made": done,
            "channel": welcome,
            "zone": row.zone,
            "nation": text(f"support.nation.{row.nation}"),
        }
        await self.say(interaction, "networks.setup_done", params)
        if row.safeguarding_id is not None:
            params["contact"] = f"<@{row.safeguarding_id}>"
            await self.say(interaction, "networks.contact_set", params)

    async def _gone_announcements(self, guild_id: int) -> list[int]:
        """The meetings whose announcement was deleted in Discord."""
        gone: list[int] = []
        for meeting_id, channel_id, message_id in await standing.announced(
            self.app.store, guild_id, self.app.clock.now()
        ):
            try:
                await self.app.client.get_partial_messageable(channel_id).fetch_message(message_id)
            except discord.NotFound:
                gone.append(meeting_id)
            except discord.HTTPException:
                continue  # nobody knows: what may be there is not put up twice
        return gone

    async def _begun(self, guild_id: int) -> list[str]:
        """The buttons for what is begun already, which is not offered again."""
        there = await standing.offered(self.app.store, guild_id)
        begun = [f"sessions.standing={which}" for which in standing.Which if which in there]
        return [*begun, "sessions.standing=both"] if begun else []

    async def _guide(
        self, interaction: discord.Interaction[Any], row: Row, sessions_id: int, without: list[str]
    ) -> None:
        """What comes next, each with its button."""
        minutes = await answer_minutes(self.app.store, row.id)
        params: dict[str, str | Words] = {
            "listeners": f"<@&{row.listener_role_id}>",
            "facilitators": f"<@&{row.facilitator_role_id}>",
            "sessions": f"<#{sessions_id}>",
            "within": self.app.desk.span(timedelta(minutes=minutes)),
        }
        await self.say(interaction, "networks.guide", params, subject_id=row.id, without=without)


async def setup(bot: ReallyOk) -> None:
    cog = Network(bot)
    await bot.add_cog(cog)
    group = cog.app_command
    assert group is not None
    group.guild_only = True
    group.default_permissions = discord.Permissions(manage_guild=True)
