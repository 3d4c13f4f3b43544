"""Answering an interaction over a connection that may break just then. Keeps and logs nothing: support goes this way."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord

# Discord's error numbers: https://discord.com/developers/docs/topics/opcodes-and-status-codes
ALREADY_ANSWERED = 40060


async def respond(interaction: discord.Interaction[Any], *, hidden: bool, **drawn: Any) -> None:
    """Answer, or follow up if an answer went already. `hidden`: only the person who asked sees it.

    A connection that breaks is tried once more. Discord takes one answer to an interaction and no second, so
    nobody is answered twice; a follow-up has no such guard and is not repeated.
    """
    if interaction.response.is_done():
        await interaction.followup.send(ephemeral=hidden, **drawn)
        return
    try:
        await interaction.response.send_message(ephemeral=hidden, **drawn)
    except (OSError, aiohttp.ClientError):
        try:
            await interaction.response.send_message(ephemeral=hidden, **drawn)
        except discord.HTTPException as error:
            if error.code != ALREADY_ANSWERED:
                raise
