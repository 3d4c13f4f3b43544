"""Whether somebody may act as a listener, asked of Discord at the moment it matters."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord

from bot.errors import Refusal

UNKNOWN_MEMBER = 10007  # Discord's number for somebody who is not in a server


async def has_role(
    client: discord.Client, interaction: discord.Interaction[Any], network_id: int, role_id: int | None
) -> bool:
    """Whether whoever pressed is in that server and has its listeners' role now.

    In the server itself the press says so. In direct messages, or about another server, Discord is asked: not found
    means no. Raises `Refusal` when Discord does not say; then nothing may be done.
    """
    if role_id is None:
        return False
    if interaction.guild_id == network_id and isinstance(interaction.user, discord.Member):
        return any(role.id == role_id for role in interaction.user.roles)
    guild = client.get_guild(network_id)
    if guild is None:
        raise Refusal("errors.unsure")
    try:
        member = await guild.fetch_member(interaction.user.id)
    except discord.NotFound as error:
        if error.code == UNKNOWN_MEMBER:
            return False
        raise Refusal("errors.unsure") from None
    except (discord.HTTPException, OSError, aiohttp.ClientError):
        raise Refusal("errors.unsure") from None
    return any(role.id == role_id for role in member.roles)
