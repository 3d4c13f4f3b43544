"""Joining and leaving: what is kept is explained first, and each yes is asked for by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.errors import Refusal
from bot.members import service
from bot.outbox.sender import CANNOT_DM, OPENING_DMS_TOO_FAST
from bot.outbox.tables import State
from bot.ui.ids import Press
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk

# How long a member waits to hear whether the first message arrived; it goes on by itself after that.
PATIENCE_S = 8.0


class Members(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="join", description="join")
    @app_commands.guild_only()
    async def join(self, interaction: discord.Interaction[Any]) -> None:
        await self._explain(interaction)

    @on_press("members.join")
    async def join_pressed(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._explain(interaction)

    async def _explain(self, interaction: discord.Interaction[Any]) -> None:
        guild = _server(interaction)
        here = await service.standing(self.app.store, guild.id, interaction.user.id)
        if here.network is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        if here.member and here.dm_closed:
            await self.say(interaction, "members.dm_closed", {"network": guild.name}, subject_id=guild.id)
        elif here.member and here.checkins and not here.dm_opened:
            # They said yes to everything, and just then Discord would not open the conversation.
            await self._greet_again(interaction, guild)
        elif here.member and here.checkins:
            await self.say(interaction, "members.already", {"network": guild.name}, subject_id=guild.id)
        elif here.member:
            await self._ask_consent(interaction, guild)
        else:
            await self.say(interaction, "members.join", {"network": guild.name}, subject_id=guild.id)

    @on_press("members.agree")
    async def agreed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild = _server(interaction)
        if press.arg != "yes":
            here = await service.standing(self.app.store, guild.id, interaction.user.id)
            # Pressed after the yes beside it: what was kept then is kept, and /leave is the way out.
            template = "members.stayed" if here.member else "members.not_now"
            await self.say(interaction, template, {"network": guild.name})
            return
        await service.join(self.app.store, guild.id, guild.name, interaction.user.id, self.app.clock.now())
        await self._ask_consent(interaction, guild)

    async def _ask_consent(self, interaction: discord.Interaction[Any], guild: discord.Guild) -> None:
        first = await plans.first_time_for(self.app.store, guild.id, self.app.clock.now())
        when = self.app.library.when(*first)
        await self.say(interaction, "members.consent", {"when": when}, subject_id=guild.id)

    @on_press("members.consent")
    async def consented(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild = await self._server_of(interaction, press.id)
        # The first message goes out, and its fate decides what we say: longer than three seconds, maybe.
        await interaction.response.defer(ephemeral=True, thinking=True)
        params: dict[str, str] = {"network": guild.name}
        if press.arg == "yes":
            plan = await plans.start(
                self.app.store,
                guild.id,
                guild.name,
                interaction.user.id,
                plans.Choice(),
                self.app.clock.now(),
            )
            if plan.next_at is not None:
                params["when"] = self.app.library.when(plan.next_at, plan.zone)
        else:
            # The yes may have been pressed before, on the same message: a no takes it back.
            await plans.stop(self.app.store, guild.id, interaction.user.id, self.app.clock.now())
        await self._greet(interaction, guild, params)

    async def _server_of(self, interaction: discord.Interaction[Any], network_id: int) -> discord.Guild:
        """The server it happened in; in a DM, the one the button speaks of, if this person is a member there."""
        if interaction.guild is not None:
            return interaction.guild
        mine = await service.networks_of(self.app.store, interaction.user.id)
        guild = self.app.client.get_guild(network_id)
        if guild is None or network_id not in {network.id for network in mine}:
            raise Refusal("errors.server_only")
        return guild

    async def _greet(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, params: dict[str, str]
    ) -> None:
        """Open the DM by the member's own click and send the first message; its arrival is the proof."""
        asked = "when" in params
        if self.app.first_contacts.is_open():
            await self.say(interaction, "members.dm_rest", {"network": guild.name}, subject_id=guild.id)
            return
        try:
            channel = await interaction.user.create_dm()
        except discord.HTTPException as error:
            if error.code == OPENING_DMS_TOO_FAST:
                self.app.first_contacts.open()
                await self.say(interaction, "members.dm_rest", {"network": guild.name}, subject_id=guild.id)
                return
            if error.code not in CANNOT_DM and error.status != 403:
                raise
            await service.dm_closed(self.app.store, interaction.user.id, self.app.clock.now())
            await self.say(interaction, "members.dm_closed", {"network": guild.name}, subject_id=guild.id)
            return
        row = await service.opened_dm(
            self.app.store,
            guild.id,
            interaction.user.id,
            channel.id,
            "members.welcome" if asked else "members.welcome_without",
            params,
            interaction.id,
            self.app.clock.now(),
        )
        ended = await self.app.outcome(row, PATIENCE_S) if row is not None else State.SENT
        if ended in (State.UNDELIVERABLE, State.FORBIDDEN, State.GONE):
            await self.say(interaction, "members.dm_closed", {"network": guild.name}, subject_id=guild.id)
            return
        params["sent"] = self.app.library.text(f"members.sent.{'yes' if ended is State.SENT else 'soon'}")
        await self.say(
            interaction, "members.joined" if asked else "members.joined_without", params, subject_id=guild.id
        )
        await self._mention_others(interaction, guild)

    async def _mention_others(self, interaction: discord.Interaction[Any], guild: discord.Guild) -> None:
        others = [
            n for n in await service.networks_of(self.app.store, interaction.user.id) if n.id != guild.id
        ]
        if others:
            await self.say(
                interaction, "members.two_networks", {"first": others[0].name, "second": guild.name}
            )

    @on_press("members.dm")
    async def dm_choice(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild = _server(interaction)
        here = await service.standing(self.app.store, guild.id, interaction.user.id)
        if not here.member or here.network is None:
            raise Refusal("errors.not_member", network=guild.name)
        if press.arg == "channel":
            channel = here.network.checkin_channel_id
            mention = f"<#{channel}>" if channel else self.app.library.text("members.no_channel")
            await self.say(interaction, "members.in_channel", {"channel": mention})
            return
        await self._greet_again(interaction, guild)

    async def _greet_again(self, interaction: discord.Interaction[Any], guild: discord.Guild) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        params: dict[str, str] = {"network": guild.name}
        upcoming = await plans.upcoming(self.app.store, interaction.user.id, guild.id)
        if upcoming is not None:
            params["when"] = self.app.library.when(*upcoming)
        await self._greet(interaction, guild, params)

    @app_commands.command(name="leave", description="leave")
    @app_commands.guild_only()
    async def leave(self, interaction: discord.Interaction[Any]) -> None:
        guild = _server(interaction)
        here = await service.standing(self.app.store, guild.id, interaction.user.id)
        if not here.member:
            raise Refusal("errors.not_member", network=guild.name)
        await self.say(interaction, "members.leave", {"network": guild.name}, subject_id=guild.id)

    @on_press("members.leave")
    async def leave_pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        guild = _server(interaction)
        if press.arg != "yes":
            await self.say(interaction, "members.stayed", {"network": guild.name})
            return
        await service.leave(self.app.store, guild.id, interaction.user.id, self.app.clock.now())
        await self.say(interaction, "members.left", {"network": guild.name})


def _server(interaction: discord.Interaction[Any]) -> discord.Guild:
    """The server it happened in. Raises `Refusal` in a DM, where nobody can tell which network is meant."""
    if interaction.guild is None:
        raise Refusal("errors.server_only")
    return interaction.guild


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Members(bot))
