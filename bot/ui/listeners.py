"""Who somebody is in a server, asked of Discord at the moment it matters."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import discord

from bot.errors import Refusal

UNKNOWN_MEMBER = 10007  # Discord's number for somebody who is not in a server
PATIENCE_S = 1.8  # of the three seconds a press has for its answer


async def member_of(
    client: discord.Client, interaction: discord.Interaction[Any], network_id: int
) -> discord.Member | None:
    """Whoever pressed, as a member of that server; None when they are not in it.

    In the server itself the press says so. In direct messages, or about another server, Discord is asked. Raises
    `Refusal` when Discord does not say; then nothing may be done.
    """
    if interaction.guild_id == network_id and isinstance(interaction.user, discord.Member):
        return interaction.user
    guild = client.get_guild(network_id)
    if guild is None:
        raise Refusal("errors.unsure")
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await guild.fetch_member(interaction.user.id)
    except discord.NotFound as error:
        if error.code == UNKNOWN_MEMBER:
            return None
        raise Refusal("errors.unsure") from None
    except (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError):
        raise Refusal("errors.unsure") from None


async def has_role(
    client: discord.Client, interaction: discord.Interaction[Any], network_id: int, role_id: int | None
) -> bool:
    """Whether whoever pressed is in that server and has its listeners' role now. Raises `Refusal` as `member_of`."""
    member = await member_of(client, interaction, network_id)
    return member is not None and role_id is not None and any(role.id == role_id for role in member.roles)
