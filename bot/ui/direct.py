"""Answering somebody's words in a direct message: straight from memory, again if the line breaks, and arriving once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import discord

log = logging.getLogger("reallyok.ui")

RETRIES_S = (1.0, 4.0)
LONGEST_S = 60.0
"""Between two attempts at what must not be lost."""
LATE_S = 120.0
TOO_MANY = 429  # of requests: Discord asks for patience, and says nothing of what was to be sent
GIVEN_UP_S = 24 * 3600.0


async def send_surely(
    channel: discord.abc.Messageable,
    drawn: Mapping[str, Any],
    nonce: str,
    retries_s: Sequence[float] = RETRIES_S,
) -> bool:
    """Send an answer, always with the same nonce, so that Discord drops a repeat; says whether it could be sent.

    Tries again after each of these pauses: three times within some five seconds, if not told otherwise. Never raises
    for what Discord or the line does.
    """
    for pause in (*retries_s, None):
        sent = await _attempt(channel, drawn, nonce)
        if not isinstance(sent, Exception):
            return sent
        if pause is not None:
            await asyncio.sleep(pause)
        else:
            _say_why(sent)
    return False


async def send_at_last(
    channel: discord.abc.Messageable,
    drawn: Mapping[str, Any],
    nonce: str,
    *,
    late: Mapping[str, Any],
    sooner: asyncio.Event,
) -> bool:
    """Send what must not be lost, however long Discord or the line is away; says whether it could be sent.

    Tries as `send_surely` does, then at least once a minute, for a day, and once more at once whenever `sooner` is
    set. After two minutes `late` is sent in its place. Discord forgets nonces after a while, so that it may arrive twice; it does not fail to arrive.
    """
    clock = asyncio.get_running_loop().time
    begun, pause = clock(), RETRIES_S[0]
    while True:
        sent = await _attempt(channel, late if clock() - begun > LATE_S else drawn, nonce)
        if not isinstance(sent, Exception):
            return sent
        if clock() - begun > GIVEN_UP_S:
            _say_why(sent)
            return False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sooner.wait(), pause)
        sooner.clear()
        pause = min(LONGEST_S, 2 * pause)


async def _attempt(
    channel: discord.abc.Messageable, drawn: Mapping[str, Any], nonce: str
) -> bool | Exception:
    """Send it once: whether it is there; or, where it may work later, what was in the way."""
    try:
        await channel.send(**drawn, nonce=nonce)
    except discord.Forbidden:
        log.warning("A member wrote and takes no messages; there is no way to answer them.")
        return False
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        if isinstance(error, discord.HTTPException) and error.status < 500 and error.status != TOO_MANY:
            _say_why(error)
            return False
        return error
    return True


def _say_why(error: Exception) -> None:
    log.error("A member wrote and could not be answered (%s).", type(error).__name__)
