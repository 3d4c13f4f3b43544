"""A pump at work: a real database, a clock of ours, and a post office where anything can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from bot.clock import MovableClock
from bot.db.store import Store
from bot.outbox import queue
from bot.outbox.pump import Pump
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, State
from tests.launch.waiting import PATIENCE_S

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
Turn = Callable[[Outbox], Awaitable[Ending]]
IN_DOUBT = Ending(State.SENDING, error="500")


class PostOffice:
    """What Discord holds, and what it answers: as told for a message's next attempts, then by posting it."""

    def __init__(self) -> None:
        self.last_ids: dict[int, int] = {}
        self.posted: dict[int, list[str]] = defaultdict(list)
        self.order: list[str] = []
        self.looked: list[str] = []
        self.nonces: dict[str, set[str]] = defaultdict(set)
        self.turns: dict[str, list[Turn]] = defaultdict(list)
        self.under_way = self.most_under_way = 0
        self._ids = iter(range(1000, 10**6))

    def next(self, key: str, *turns: Turn | Ending | Exception) -> None:
        """What happens to a message's next attempts."""
        for turn in turns:
            self.turns[key].append(turn if callable(turn) else self._saying(turn))

    def _saying(self, answer: Ending | Exception) -> Turn:
        async def say(row: Outbox) -> Ending:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return say

    def post(self, row: Outbox) -> Ending:
        self.posted[row.channel_id].append(row.dedupe_key)
        self.order.append(row.dedupe_key)
        self.last_ids[row.channel_id] = next(self._ids)
        return Ending(State.SENT, self.last_ids[row.channel_id])

    async def send(self, row: Outbox) -> Ending:
        self.nonces[row.dedupe_key].add(row.nonce)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            if self.turns[row.dedupe_key]:
                return await self.turns[row.dedupe_key].pop(0)(row)
            return self.post(row)
        finally:
            self.under_way -= 1

    async def look(self, row: Outbox) -> Ending | None:
        self.looked.append(row.dedupe_key)
        return Ending(State.SENT, 1) if row.dedupe_key in self.posted[row.channel_id] else None


class Office:
    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self.file = Path(url.removeprefix("sqlite:///"))
        self.post = PostOffice()
        self.clock = MovableClock(NOW, ticking=False)
        self.ended: list[tuple[str, State]] = []
        self.consequences: Mapping[str, queue.Consequence] = {"a": self._note}
        self.pump = Pump(store, self.post, self.clock, self.consequences)
        self.task: asyncio.Task[None] | None = None

    def _note(self, _session: Session, row: Outbox, _now: datetime) -> None:
        self.ended.append((row.dedupe_key, State(row.state)))

    def start(self) -> None:
        self.store.on_commit(lambda _: self.pump.wake())
        self.task = asyncio.create_task(self.pump.run())

    async def put(self, key: str, channel_id: int = 1, **options: Any) -> None:
        await self.store.write(_put, key, channel_id, options)

    async def states(self) -> dict[str, State]:
        return await self.store.read(_states)

    async def until(self, **wanted: State) -> None:
        """Wait for messages a_1, a_2... to be in these states; the limit only keeps a failure from hanging."""
        want = {key.replace("_", ":"): state for key, state in wanted.items()}
        ends = asyncio.get_running_loop().time() + PATIENCE_S
        while not want.items() <= (states := await self.states()).items():
            assert asyncio.get_running_loop().time() < ends, f"{states} never became {want}"
            await asyncio.sleep(0.005)

    def on_disk(self, key: str) -> tuple[str, int, str | None]:
        """State, attempts and first attempt as another process would find them now."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=60)) as connection:
            return connection.execute(
                "SELECT state, attempts, first_attempt_at FROM outbox WHERE dedupe_key = ?", (key,)
            ).fetchone()


def _put(session: Session, key: str, channel_id: int, options: dict[str, Any]) -> None:
    assert queue.enqueue(session, key, channel_id, "a.b", **{"now": NOW, **options})


def _states(session: Session) -> dict[str, State]:
    return {row.dedupe_key: State(row.state) for row in session.exec(select(Outbox))}
