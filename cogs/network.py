"""`/network setup`: channels and roles made or adopted, and everything that was deleted put back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import Words, joined
from bot.errors import Refusal
from bot.members.tables import Network as Row
from bot.networks import service
from bot.schedule.zones import search_zones, valid_zone
from bot.support.lines import NetworkSupport
from bot.ui.organisers import organised_server

if TYPE_CHECKING:
    from bot.client import ReallyOk

NATIONS = ("england", "wales", "scotland", "northern-ireland", "ireland", "elsewhere")
PANEL_NEEDS = ("view_channel", "send_messages", "embed_links", "read_message_history")


@dataclass
class Made:
    """What setting up did, line by line, and what it could not do."""

    done: list[Words] = field(default_factory=list[Words])
    problems: list[Words] = field(default_factory=list[Words])


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
        made = Made()
        places = await self._places(guild, before, channel, made)
        if places is None:
            await self.say(
                interaction,
                "networks.setup_problems",
                {"network": guild.name, "problems": joined(made.problems)},
            )
            return
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
        await self._report(interaction, guild, row, made, fresh=before is None, posted=post)

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
        self, guild: discord.Guild, before: Row | None, channel: discord.TextChannel | None, made: Made
    ) -> service.Places | None:
        text = self.app.library.text
        for name in ("manage_channels", "manage_roles"):
            if not getattr(guild.me.guild_permissions, name):
                made.problems.append(
                    text("networks.problem.server_permission", permission=text(f"networks.permission.{name}"))
                )
        if made.problems:
            return None
        try:
            roles = [
                await self._role(guild, before and getattr(before, f"{kind}_role_id"), kind, made)
                for kind in ("organiser", "facilitator", "listener")
            ]
            welcome = channel or await self._channel(
                guild, before and before.welcome_channel_id, "welcome", made, {}
            )
            checkin = await self._channel(guild, before and before.checkin_channel_id, "checkin", made, {})
            hidden = discord.PermissionOverwrite(view_channel=False)
            shown = discord.PermissionOverwrite(view_channel=True)
            organisers = await self._channel(
                guild,
                before and before.organisers_channel_id,
                "organisers",
                made,
                {guild.default_role: hidden, roles[0]: shown, guild.me: shown},
            )
        except discord.HTTPException:
            made.problems.append(text("networks.problem.discord", what=guild.name))
            return None
        for place in (welcome, checkin):
            for name in PANEL_NEEDS:
                if not getattr(place.permissions_for(guild.me), name):
                    made.problems.append(
                        text(
                            "networks.problem.permission",
                            permission=text(f"networks.permission.{name}"),
                            where=f"#{place.name}",
                        )
                    )
        if made.problems:
            return None
        return service.Places(welcome.id, checkin.id, organisers.id, *(role.id for role in roles))

    async def _role(self, guild: discord.Guild, known: int | None, kind: str, made: Made) -> discord.Role:
        text = self.app.library.text
        name = str(text(f"networks.role.{kind}"))
        found = guild.get_role(known or 0) or discord.utils.get(guild.roles, name=name)
        if found is not None:
            made.done.append(text("networks.made.adopted_role", role=found.name))
            return found
        role = await guild.create_role(name=name, reason=str(text("networks.audit_reason")))
        made.done.append(text("networks.made.role", role=role.name))
        return role

    async def _channel(
        self,
        guild: discord.Guild,
        known: int | None,
        kind: str,
        made: Made,
        overwrites: dict[Any, discord.PermissionOverwrite],
    ) -> discord.TextChannel:
        text = self.app.library.text
        name = str(text(f"networks.channel.{kind}"))
        found = guild.get_channel(known or 0) or discord.utils.get(guild.text_channels, name=name)
        if isinstance(found, discord.TextChannel):
            made.done.append(text("networks.made.adopted_channel", channel=found.name))
            return found
        created = await guild.create_text_channel(
            name,
            topic=str(text(f"networks.channel.{kind}_topic")),
            overwrites=overwrites,
            reason=str(text("networks.audit_reason")),
        )
        made.done.append(text("networks.made.channel", channel=created.name))
        return created

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
        made: Made,
        *,
        fresh: bool,
        posted: dict[str, int | None],
    ) -> None:
        text = self.app.library.text
        welcome = f"<#{row.welcome_channel_id}>"
        made.done.append(
            text(
                "networks.made.panel" if "welcome" in posted else "networks.made.panel_there", channel=welcome
            )
        )
        done = joined(made.done)
        if not fresh:
            await self.say(interaction, "networks.setup_again", {"network": guild.name, "made": done})
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


async def setup(bot: ReallyOk) -> None:
    cog = Network(bot)
    await bot.add_cog(cog)
    group = cog.app_command
    assert group is not None
    group.guild_only = True
    group.default_permissions = discord.Permissions(manage_guild=True)
