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
