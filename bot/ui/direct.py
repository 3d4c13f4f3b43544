"""Answering somebody's words in a direct message: straight from memory, again if the line breaks, and arriving once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import discord

log = logging.getLogger("reallyok.ui")

RETRIES_S = (1.0, 4.0)


async def send_surely(
    channel: discord.abc.Messageable,
    drawn: Mapping[str, Any],
    nonce: str,
    retries_s: Sequence[float] = RETRIES_S,
) -> bool:
    """Send an answer, always with the same nonce, so that Discord drops a repeat; says whether it could be sent.

    Tries again after each of these pauses: three times within some five seconds, if not told otherwise. Never raises for what Discord or the line does.
    """
    for pause in (*retries_s, None):
        try:
            await channel.send(**drawn, nonce=nonce)
            return True
        except discord.Forbidden:
            log.warning("A member wrote and takes no messages; there is no way to answer them.")
            return False
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            lasting = isinstance(error, discord.HTTPException) and error.status < 500
            if pause is None or lasting:
                log.error("A member wrote and could not be answered (%s).", type(error).__name__)
                return False
            await asyncio.sleep(pause)
    return False
