"""Who may look after a network, asked of Discord at the moment it matters."""

from __future__ import annotations

from typing import Any

import discord

from bot.errors import Refusal


def organised_server(interaction: discord.Interaction[Any], role_id: int | None) -> discord.Guild:
    """The server, if this person may look after its network: by Discord's Manage Server, or by the organisers' role.

    Discord sends both with every interaction, so somebody removed a minute ago is refused. Raises `Refusal`.
    """
    guild = interaction.guild
    if guild is None:
        raise Refusal("errors.server_only")
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    if interaction.permissions.manage_guild or any(role.id == role_id for role in roles if role_id):
        return guild
    raise Refusal("errors.organiser_only", network=guild.name)


def roles_here(
    interaction: discord.Interaction[Any], organiser_role_id: int | None, facilitator_role_id: int | None
) -> tuple[discord.Guild, bool, bool]:
    """The server, whether this person has its facilitators' role, and whether they look after its network.

    As Discord says with this very press. Raises `Refusal` in direct messages, where it says nothing of it.
    """
    guild = interaction.guild
    if guild is None:
        raise Refusal("errors.server_only")
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    held = {role.id for role in roles}
    organises = interaction.permissions.manage_guild or organiser_role_id in held
    return guild, facilitator_role_id in held, organises
