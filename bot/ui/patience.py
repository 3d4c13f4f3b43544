"""Trying again until it works, a little apart: for what must not be passed over because something was busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE_S = 2.0


async def again_and_again(
    attempt: Callable[[], Awaitable[T]],
    *errors: type[BaseException],
    failed: Callable[[BaseException], Awaitable[None]],
) -> T:
    """What `attempt` gives once it raises none of `errors`. After each failure `failed` is told, and may raise to give up."""
    while True:
        try:
            return await attempt()
        except errors as error:
            await failed(error)
        await asyncio.sleep(PAUSE_S)
