"""Waiting for something to become true, in a test or in a process that a test started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE_S = 90.0


async def until(condition: Callable[[], Any], what: str = "it", patience: float = PATIENCE_S) -> Any:
    """Wait for something to become true; the limit is generous and never the measure of anything."""
    ends = asyncio.get_running_loop().time() + patience
    while not (value := condition()):
        assert asyncio.get_running_loop().time() < ends, f"{what} did not happen"
        await asyncio.sleep(0.01)
    return value
