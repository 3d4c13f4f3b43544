"""Weekly rounds held beside everything else that is due: one of thousands takes many seconds, and nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import datetime

from bot.buddies import weekly
from bot.buddies.desk import Desk
from bot.buddies.matchmaker import Matchmaker
from bot.db.store import Store
from bot.errors import StoreUnavailable

log = logging.getLogger("reallyok.buddies")

# Rows of thousands are read and written in threads, and whoever presses a button meanwhile waits so long for the
# interpreter, at each of several steps. Python's own five milliseconds were felt: half of all steps took that.
SWITCH_S = 0.001


class Rounds:
    """Holds whichever rounds are due, one after another, in a task of its own.

    What is due stands in rows: cut short at any moment, it is begun again with whoever still waits. `after` is called
    when there is nothing left to hold, so that somebody looks at what is due next.
    """

    def __init__(self, after: Callable[[], None]) -> None:
        self._maker = Matchmaker()
        self._after = after
        self._task: asyncio.Task[None] | None = None
        self._failed = False

    @property
    def aside(self) -> bool:
        """Whether rounds that are due are seen to already, or failed and wait for the next ring: no reason to ring."""
        return self._failed or (self._task is not None and not self._task.done())

    def begin(self, store: Store, desk: Desk, now: datetime) -> None:
        """Begin to hold what is due; nothing while that is going on."""
        if self._task is None or self._task.done():
            self._failed = False
            self._task = asyncio.create_task(self._hold(store, desk, now))

    async def _hold(self, store: Store, desk: Desk, now: datetime) -> None:
        before = sys.getswitchinterval()
        try:
            sys.setswitchinterval(SWITCH_S)
            while await weekly.round_due(store, desk, self._maker.match, now):
                pass
        except StoreUnavailable:
            self._failed = True
            log.warning("A round waits: the database cannot be reached. The next try is within a minute.")
        except Exception as error:
            self._failed = True
            log.error("A round could not be held; the next try is within a minute.", exc_info=error)
        else:
            # Not before this task has ended: until then its rounds count as seen to.
            asyncio.get_running_loop().call_soon(self._after)
        finally:
            sys.setswitchinterval(before)

    async def drain(self) -> None:
        """Return when nothing is being held."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Hold none any more, whatever is going on, and end the process that puts them together."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._maker.close()
