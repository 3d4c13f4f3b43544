"""The pump: takes due messages from the outbox, has them sent, and writes down how each ended.

It commits "sending" before it sends and "sent" after. Whatever it finds as "sending" at its start is in doubt
(the process died in between), so it looks in the channel before it sends again, with the same nonce.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Protocol

from bot.clock import Clock
from bot.db.store import Store
from bot.errors import StoreUnavailable
from bot.outbox import queue
from bot.outbox.pace import urgency
from bot.outbox.queue import Consequence, Ending
from bot.outbox.tables import Outbox, State

log = logging.getLogger("reallyok.outbox")

# At 50 a second and a quarter of a second for an answer, thirteen are on their way at once.
SLOTS = 16
# A request nobody answered in this time is in doubt, like one the process died in.
HANG_S = 30.0
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0


class Sender(Protocol):
    """The one place that creates messages."""

    @property
    def last_ids(self) -> Mapping[int, int]:
        """For each channel, the newest message id known."""
        ...

    async def send(self, row: Outbox) -> Ending:
        """Send it and say how that ended; never raises for what Discord answers."""
        ...

    async def look(self, row: Outbox) -> Ending | None:
        """How an earlier attempt ended, as the channel shows it; None when the message is not there."""
        ...


class Pump:
    """Runs from login to shutdown. `wake` it when there may be something to send."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        clock: Clock,
        consequences: Mapping[str, Consequence],
        waits: queue.Waits | None = None,
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._consequences = consequences
        self._waits = waits
        self._wake = asyncio.Event()
        self._draining: list[asyncio.Future[None]] = []
        self._stopping = False
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._doubtful: list[tuple[float, Outbox]] = []
        self._watched: dict[int, asyncio.Future[State]] = {}

    async def outcome(self, row_id: int, patience_s: float) -> State | None:
        """How a message just put in the outbox ended, or None if it has not in `patience_s` seconds."""
        watch = self._watched[row_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience_s):
                return await watch
        except TimeoutError:
            return None
        finally:
            self._watched.pop(row_id, None)

    def wake(self) -> None:
        self._wake.set()

    async def drain(self) -> None:
        """Return when nothing is due and nothing is on its way (what waits for a retry does not count)."""
        if self._stopping:
            return
        drained: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._draining.append(drained)
        self.wake()
        await drained

    async def run(self) -> None:
        """Send what is due, until `stop`."""
        while not self._stopping:
            try:
                self._doubtful = [(0.0, row) for row in await self._store.read(queue.unsettled)]
                break
            except StoreUnavailable:
                await self._pause(FIRST_RETRY_S)
        while not self._stopping:
            self._wake.clear()
            # Only who asked before this look is told by it: one under way may have looked at an earlier hour.
            draining = list(self._draining)
            # What waits behind one that is on its way now is passed over by this look, even if that one ends meanwhile.
            on_its_way = bool(self._tasks)
            try:
                more = await self._fill()
            except StoreUnavailable:
                await self._pause(FIRST_RETRY_S)
                continue
            except Exception as error:
                # Whatever it is, it is one message's; ending here would keep every other from ever going.
                log.error("What is due could not be taken; it is tried again.", exc_info=error)
                await asyncio.sleep(FIRST_RETRY_S)
                continue
            if not (more or on_its_way or self._tasks):
                self._drained(draining)
            if not more or len(self._tasks) >= SLOTS:
                await self._pause(self._until_retry())

    def _drained(self, those: list[asyncio.Future[None]]) -> None:
        for drained in those:
            self._draining.remove(drained)
            if not drained.done():
                drained.set_result(None)

    async def _fill(self) -> bool:
        """Start as many as there is room for; says whether it started any."""
        now = time.monotonic()
        room = SLOTS - len(self._tasks)
        busy = set(self._tasks.values())
        ready = [(at, row) for at, row in self._doubtful if at <= now and row.channel_id not in busy][:room]
        for item in ready:
            self._doubtful.remove(item)
            self._start(item[1], in_doubt=True)
        room -= len(ready)
        if room <= 0:
            return bool(ready)
        # A channel with a message in doubt takes no later one before it: the order would be lost.
        busy = set(self._tasks.values()) | {row.channel_id for _, row in self._doubtful}
        rows = await self._store.write(
            queue.claim,
            self._clock.now(),
            room,
            busy,
            dict(self._sender.last_ids),
            self._consequences,
            self._waits,
        )
        for row in rows:
            self._start(row, in_doubt=False)
        return bool(ready or rows)

    def _start(self, row: Outbox, *, in_doubt: bool) -> None:
        task = asyncio.create_task(self._deliver(row, in_doubt))
        self._tasks[task] = row.channel_id
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and task.exception() is not None:
            log.error("A message could not be handled.", exc_info=task.exception())
        self.wake()

    async def _deliver(self, row: Outbox, in_doubt: bool) -> None:
        urgency.set(row.priority)
        try:
            if in_doubt and await self._store.read(queue.taken_back, row.id):
                return
            async with asyncio.timeout(HANG_S):
                ending = await self._attempt(row, in_doubt)
        except (TimeoutError, StoreUnavailable):
            ending = Ending(State.SENDING, error="no answer")
        except Exception as error:
            log.error(
                "Sending failed in a way nobody foresaw; it will be looked for and tried again.",
                exc_info=error,
            )
            ending = Ending(State.SENDING, error=type(error).__name__[:80])
        if ending.state is State.SENDING:
            wait = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(row.attempts - 1, 6))
            row.attempts += 1
            self._doubtful.append((time.monotonic() + wait, row))
            return
        if ending.state not in (State.SENT, State.EXPIRED):
            log.warning("A %s message ended %s (%s).", row.topic, ending.state, ending.error)
        await self._settle(row.id, ending)

    async def _attempt(self, row: Outbox, in_doubt: bool) -> Ending:
        if in_doubt:
            found = await self._sender.look(row)
            if found is not None:
                return found
            if row.expires_at is not None and row.expires_at < self._clock.now():
                return Ending(State.EXPIRED)
        return await self._sender.send(row)

    async def _settle(self, row_id: int, ending: Ending) -> None:
        """Discord has it, so this must be written down, however long the database takes to come back."""
        while True:
            try:
                await self._store.write(queue.settle, {row_id: ending}, self._clock.now(), self._consequences)
                watch = self._watched.get(row_id)
                if watch is not None and not watch.done():
                    watch.set_result(ending.state)
                return
            except StoreUnavailable:
                if self._stopping:
                    return
                await asyncio.sleep(FIRST_RETRY_S)

    def _until_retry(self) -> float | None:
        if not self._doubtful:
            return None
        return max(0.05, min(at for at, _ in self._doubtful) - time.monotonic())

    async def _pause(self, seconds: float | None) -> None:
        """Until woken, or for so long by the monotonic clock."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def stop(self, grace_s: float = 3.0) -> None:
        """Take nothing more; let what is on its way end. What does not end in time is looked for at the next start."""
        self._stopping = True
        self.wake()
        self._drained(list(self._draining))
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks), timeout=grace_s)
            for task in late:
                task.cancel()
