"""One pace for the whole bot: just under Discord's 50 requests a second.

discord.py waits when it is told 429 but has no global limiter of its own: 1,000 sends at once lost 750 to
refusals, and 10,000 refusals in ten minutes are a ban. Interaction answers are exempt, at Discord and here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from contextvars import ContextVar

from bot.outbox.tables import Priority

ALLOWED = 50  # requests Discord takes from a bot in a second
# Discord counts them as they arrive, and a busy machine or a slow line lets some arrive late and all together: at
# 48.8 a second one request in a thousand was refused. So 50 requests never take less than 1.05 seconds to go.
PER_SECOND = 47.6
CATCH_UP = 8  # gaps

urgency: ContextVar[int] = ContextVar("urgency", default=Priority.ANSWER)
"""How urgent the requests of the present task are; the pump lowers it for what can wait."""


class Pace:
    """Lets one request through at a time, evenly spaced, the most urgent first."""

    def __init__(self, per_second: float = PER_SECOND) -> None:
        self._gap = 1 / per_second
        self._due = 0.0
        self._free_at = 0.0
        self._gone: deque[float] = deque(maxlen=ALLOWED)
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Wait for a turn. Being cancelled gives the turn up."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._due = max(self._due, loop.time())  # an idle time earns nothing
            if self._take(loop.time()):
                return
        mine: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (urgency.get(), next(self._order), mine))
        self._arm(loop)
        await mine

    def _take(self, now: float) -> bool:
        if now < self._free_at:
            return False
        self._gone.append(now)
        # What a late timer or a busy loop lost is caught up, a few gaps at most and not all at once; and however
        # that falls, a second never gets more than its share.
        self._due = max(self._due + self._gap, now - CATCH_UP * self._gap)
        self._free_at = max(self._due, now + self._gap / 2)
        if len(self._gone) == ALLOWED:
            self._free_at = max(self._free_at, self._gone[0] + ALLOWED * self._gap)
        return True

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None and self._waiting:
            self._timer = loop.call_at(self._free_at, self._let_go, loop)

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        if self._waiting and self._take(loop.time()):
            heapq.heappop(self._waiting)[2].set_result(None)
        self._arm(loop)
