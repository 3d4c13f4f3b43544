"""The alarm clock: rings once at the earliest due row, and sweeps each minute in case it did not.

The rows are the truth; APScheduler only wakes us. Its trigger is set in real time, `now + (due - clock.now())`,
because a rehearsal's clock may stand in another year. The sweep runs on the event loop's monotonic timer: if
somebody moves the system clock back, a wall-clock interval would fall silent until the clock caught up.
"""
# APScheduler 3 ships no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from bot.clock import Clock, SystemClock
from bot.errors import StoreUnavailable

log = logging.getLogger("reallyok.schedule")

SWEEP_S = 60.0
_JOB = "earliest"


class Alarm:
    """Calls `ring` when something is due. `earliest` says when that is (None: nothing is waiting)."""

    def __init__(
        self,
        clock: Clock,
        earliest: Callable[[], Awaitable[datetime | None]],
        ring: Callable[[], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._earliest = earliest
        self._ring = ring
        # misfire_grace_time's default of one second would lose a ring missed while the process slept.
        self._scheduler: Any = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._sweep: asyncio.TimerHandle | None = None
        self._ringing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._arming = False
        self._failed = False

    def start(self) -> None:
        """Begin. Needs a running event loop."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler.start()
        self._swept()

    def rearm(self) -> None:
        """Look again at what is due first; cheap to call after every commit, many calls make one look."""
        if not self._arming:
            self._arming = True
            self._spawn(self._arm())

    async def ring(self) -> None:
        """Do what is due now, one ring at a time, and set the next."""
        async with self._ringing:
            self._failed = True
            try:
                await self._ring()
                self._failed = False
            except StoreUnavailable:
                log.warning(
                    "What is due waits: the database cannot be reached. The next try is within a minute."
                )
            except Exception as error:
                log.error("Something due could not be done; the next try is within a minute.", exc_info=error)
        self.rearm()

    async def _arm(self) -> None:
        self._arming = False
        if self._failed:
            return  # what is due still is: arming now would ring without end; the sweep tries again
        try:
            due = await self._earliest()
        except StoreUnavailable:
            return  # the sweep tries again
        if due is None:
            if self._scheduler.get_job(_JOB) is not None:
                self._scheduler.remove_job(_JOB)
            return
        wait = max(timedelta(0), due - self._clock.now())
        self._scheduler.add_job(
            self.ring, DateTrigger(SystemClock().now() + wait), id=_JOB, replace_existing=True
        )

    def _swept(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._swept)
        self._spawn(self.ring())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Ring no more; wait for a ring under way."""
        if self._sweep is not None:
            self._sweep.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2)
