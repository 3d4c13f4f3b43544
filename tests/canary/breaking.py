"""`reallyok` with a fault in its heart: whatever a member does raises an error that carries all of it. For tests.

Started as a program of its own. The errors hold the person's id and words, as SQLAlchemy's and discord.py's own do.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import signal
import sys
import threading
import warnings
from typing import Any

from bot import cli
from bot.checkins import answering

_LOUD = logging.getLogger("a.library")


def spill(*told: object) -> None:
    """Raise, warn and log what there is to know at every level and in every way Python has."""
    words = " ".join(repr(one) for one in told)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        _LOUD.log(level, "a library says %s", words)
    warnings.warn(words, stacklevel=1)
    threading.Thread(target=_raise, args=(words,), name=words[:40]).start()
    asyncio.get_running_loop().call_soon(_raise, words)
    _dropped.append(asyncio.get_running_loop().create_task(_fail(words)))
    _dropped.clear()
    try:
        _raise(words)
    except ValueError as first:
        raise RuntimeError(f"while handling {words}") from first


_dropped: list[asyncio.Task[None]] = []


def _raise(words: str) -> None:
    raise ValueError(words)


async def _fail(words: str) -> None:
    raise LookupError(words)


async def _answer(_store: Any, _keys: Any, *told: object) -> None:
    spill(*told)


async def _heard(_store: Any, user_id: int) -> None:
    frame = sys._getframe(1)
    spill(user_id, frame.f_locals["message"].content, frame.f_locals["message"].author)


if __name__ == "__main__":
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    answering.answer = _answer
    answering.heard = _heard
    cli.main(sys.argv[1:])
