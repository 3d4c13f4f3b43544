"""The pump with a real database and a post office of the tests' own, where anything can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.clock import MovableClock
from bot.db.store import Store
from bot.outbox import pump as pumps
from bot.outbox import queue
from bot.outbox.pace import urgency
from bot.outbox.pump import SLOTS, Pump
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, Priority, State
from tests.outbox.conftest import NOW

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


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true; the limit only keeps a failure from hanging."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


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
        for _ in range(2000):
            states = await self.states()
            if want.items() <= states.items():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{await self.states()} never became {want}")

    def on_disk(self, key: str) -> tuple[str, int, str | None]:
        """State, attempts and first attempt as another process would find them now."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(
                "SELECT state, attempts, first_attempt_at FROM outbox WHERE dedupe_key = ?", (key,)
            ).fetchone()


def _put(session: Session, key: str, channel_id: int, options: dict[str, Any]) -> None:
    assert queue.enqueue(session, key, channel_id, "a.b", **{"now": NOW, **options})


def _states(session: Session) -> dict[str, State]:
    return {row.dedupe_key: State(row.state) for row in session.exec(select(Outbox))}


@pytest.fixture
async def office(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(pumps, "FIRST_RETRY_S", 0.01)
    office = Office(store, url)
    yield office
    await office.pump.stop()
    if office.task is not None:
        await asyncio.wait_for(office.task, 10)


# The ordinary course


async def test_everything_due_goes_once_and_is_written_down(office: Office) -> None:
    for n in range(100):
        await office.put(f"a:{n}", n % 30)
    office.start()
    await office.pump.drain()
    assert set((await office.states()).values()) == {State.SENT}
    assert sorted(office.post.order) == sorted(f"a:{n}" for n in range(100))
    assert sorted(office.ended) == sorted((f"a:{n}", State.SENT) for n in range(100))
    assert office.post.looked == [], "nothing was in doubt"


async def test_the_order_of_a_channel_is_kept(office: Office) -> None:
    for n in range(60):
        await office.put(f"a:{n}", n % 3, not_before=NOW - timedelta(seconds=60 - n))
    office.start()
    await office.pump.drain()
    for channel_id in range(3):
        assert office.post.posted[channel_id] == [f"a:{n}" for n in range(channel_id, 60, 3)]


async def test_the_attempt_is_on_the_disk_before_it_begins(office: Office) -> None:
    seen: list[tuple[str, int, str | None]] = []

    async def look_at_the_disk(row: Outbox) -> Ending:
        seen.append(office.on_disk(row.dedupe_key))
        return office.post.post(row)

    await office.put("a:1")
    office.post.next("a:1", look_at_the_disk)
    office.start()
    await office.pump.drain()
    ((state, attempts, first),) = seen
    assert (state, attempts) == ("sending", 1)
    assert first
    assert office.on_disk("a:1")[0] == "sent"


async def test_what_comes_while_it_runs_goes_at_once_and_what_is_not_due_waits(office: Office) -> None:
    office.start()
    await office.pump.drain()
    await office.put("a:1")
    await office.put("a:2", not_before=NOW + timedelta(hours=1))
    await office.until(a_1=State.SENT)
    await office.pump.drain()
    assert (await office.states())["a:2"] == State.PENDING
    office.clock.move_to(NOW + timedelta(hours=1))
    await office.pump.drain()
    assert (await office.states())["a:2"] == State.SENT


async def test_too_late_is_not_sent(office: Office) -> None:
    await office.put("a:1", expires_at=NOW - timedelta(minutes=1))
    office.start()
    await office.pump.drain()
    assert office.post.order == []
    assert office.ended == [("a:1", State.EXPIRED)]


async def test_no_more_than_its_slots_at_once(office: Office) -> None:
    gate = asyncio.Event()

    async def wait(row: Outbox) -> Ending:
        await gate.wait()
        return office.post.post(row)

    for n in range(3 * SLOTS):
        await office.put(f"a:{n}", n)
        office.post.next(f"a:{n}", wait)
    office.start()
    await until(lambda: office.post.under_way == SLOTS)
    states = list((await office.states()).values())
    assert states.count(State.SENDING) == SLOTS
    gate.set()
    await office.pump.drain()
    assert office.post.most_under_way == SLOTS
    assert len(office.post.order) == 3 * SLOTS


async def test_each_request_is_as_urgent_as_its_message(office: Office) -> None:
    seen: dict[str, int] = {}

    async def note(row: Outbox) -> Ending:
        seen[row.dedupe_key] = urgency.get()
        return office.post.post(row)

    for n, priority in enumerate(Priority):
        await office.put(f"a:{n}", n, priority=priority)
        office.post.next(f"a:{n}", note)
    office.start()
    await office.pump.drain()
    assert seen == {f"a:{n}": priority for n, priority in enumerate(Priority)}


# How it ends otherwise


@pytest.mark.parametrize("state", [State.UNDELIVERABLE, State.FORBIDDEN, State.GONE, State.REFUSED])
async def test_a_terminal_answer_is_kept_with_its_consequence_and_not_tried_again(
    office: Office, state: State
) -> None:
    await office.put("a:1", not_before=NOW - timedelta(seconds=1))
    await office.put("a:2")
    office.post.next("a:1", Ending(state, error="50007"))
    office.start()
    await office.until(a_1=state, a_2=State.SENT)
    assert office.ended == [("a:1", state), ("a:2", State.SENT)]
    assert office.post.order == ["a:2"]


@pytest.mark.parametrize("trouble", [IN_DOUBT, RuntimeError("a slip"), ConnectionResetError()])
async def test_in_doubt_it_looks_before_it_sends_again_with_the_same_nonce(
    office: Office, trouble: Ending | Exception
) -> None:
    await office.put("a:1")
    office.post.next("a:1", trouble, trouble)
    office.start()
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]
    assert office.post.looked == ["a:1", "a:1"]
    assert len(office.post.nonces["a:1"]) == 1


@pytest.mark.parametrize("trouble", [IN_DOUBT, RuntimeError("a slip")])
async def test_what_arrived_though_the_answer_did_not_is_not_sent_twice(
    office: Office, trouble: Ending | Exception
) -> None:
    async def arrive(row: Outbox) -> Ending:
        office.post.post(row)
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    await office.put("a:1")
    office.post.next("a:1", arrive)
    office.start()
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]


async def test_a_request_nobody_answers_is_in_doubt(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumps, "HANG_S", 0.05)

    async def arrive_and_hang(row: Outbox) -> Ending:
        office.post.post(row)
        await asyncio.Event().wait()
        raise AssertionError

    async def hang(row: Outbox) -> Ending:
        await asyncio.Event().wait()
        raise AssertionError

    await office.put("a:1", 1)
    await office.put("a:2", 2)
    office.post.next("a:1", arrive_and_hang)
    office.post.next("a:2", hang)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT)
    assert sorted(office.post.order) == ["a:1", "a:2"]


async def test_a_later_message_waits_behind_one_in_doubt(office: Office) -> None:
    await office.put("a:1", 1, not_before=NOW - timedelta(seconds=1))
    await office.put("a:2", 1)
    await office.put("a:3", 2)
    office.post.next("a:1", *[IN_DOUBT] * 4)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT, a_3=State.SENT)
    assert office.post.posted[1] == ["a:1", "a:2"]


async def test_in_doubt_and_too_late_it_is_dropped_only_once_a_look_found_nothing(office: Office) -> None:
    soon = NOW + timedelta(minutes=1)

    async def arrive_late(row: Outbox) -> Ending:
        office.post.post(row)
        office.clock.move_to(soon + timedelta(minutes=1))
        return IN_DOUBT

    await office.put("a:1", 1, expires_at=soon)
    await office.put("a:2", 2, expires_at=soon)
    office.post.next("a:1", arrive_late)
    office.post.next("a:2", IN_DOUBT, IN_DOUBT)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.EXPIRED)
    assert office.post.order == ["a:1"]
    assert dict(office.ended) == {"a:1": State.SENT, "a:2": State.EXPIRED}


# After a crash


async def test_what_an_earlier_process_left_in_doubt_is_looked_for_first(office: Office) -> None:
    """Killed between writing down and posting (1), and between posting and writing down (2)."""
    for n in (1, 2):
        await office.put(f"a:{n}", n)
    rows = await office.store.write(queue.claim, NOW, 10, (), {}, {})
    nonces = {row.dedupe_key: row.nonce for row in rows}
    office.post.post(next(row for row in rows if row.dedupe_key == "a:2"))
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT)
    assert sorted(office.post.order) == ["a:1", "a:2"]
    assert sorted(office.post.looked) == ["a:1", "a:2"]
    assert office.post.nonces["a:1"] == {nonces["a:1"]}
    assert sorted(office.ended) == [("a:1", State.SENT), ("a:2", State.SENT)]


async def test_left_in_doubt_it_goes_before_what_came_later_to_its_channel(office: Office) -> None:
    await office.put("a:1", 1)
    await office.store.write(queue.claim, NOW, 10, (), {}, {})
    await office.put("a:2", 1, priority=Priority.ANSWER)
    office.start()
    await office.until(a_1=State.SENT, a_2=State.SENT)
    assert office.post.posted[1] == ["a:1", "a:2"]


# When the database takes nothing


@contextlib.contextmanager
def _held(office: Office) -> Any:
    other = sqlite3.connect(office.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_with_the_database_held_it_waits_and_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.put("a:1")
    with _held(office):
        office.start()
        await asyncio.sleep(1.5)  # longer than the store waits for a lock: it was refused at least once
        assert office.post.order == []
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]


async def test_posted_while_the_database_is_held_it_is_written_down_afterwards(office: Office) -> None:
    holding: list[Any] = []

    async def hold_then_post(row: Outbox) -> Ending:
        holding.append(_held(office))
        holding[0].__enter__()
        return office.post.post(row)

    await office.put("a:1")
    office.post.next("a:1", hold_then_post)
    office.start()
    await until(lambda: office.post.order)
    await asyncio.sleep(1.5)
    assert office.on_disk("a:1")[0] == "sending"
    holding[0].__exit__(None, None, None)
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]
    assert office.ended == [("a:1", State.SENT)]


# Ending


async def test_stopping_lets_what_is_on_its_way_end_and_takes_nothing_more(office: Office) -> None:
    gate = asyncio.Event()

    async def wait(row: Outbox) -> Ending:
        await gate.wait()
        return office.post.post(row)

    for n in range(3 * SLOTS):
        await office.put(f"a:{n}", n)
        office.post.next(f"a:{n}", wait)
    office.start()
    await until(lambda: office.post.under_way == SLOTS)
    stopping = asyncio.create_task(office.pump.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping
    counted = list((await office.states()).values())
    assert counted.count(State.SENT) == SLOTS
    assert counted.count(State.PENDING) == 2 * SLOTS


async def test_what_does_not_end_in_time_is_left_in_doubt_for_the_next_start(office: Office) -> None:
    async def hang(row: Outbox) -> Ending:
        office.post.post(row)
        await asyncio.Event().wait()
        raise AssertionError

    await office.put("a:1")
    office.post.next("a:1", hang)
    office.start()
    await until(lambda: office.post.order)
    await office.pump.stop(grace_s=0.05)
    assert (await office.states())["a:1"] == State.SENDING
    again = Pump(office.store, office.post, office.clock, office.consequences)
    running = asyncio.create_task(again.run())
    await office.until(a_1=State.SENT)
    assert office.post.order == ["a:1"]
    await again.stop()
    await running


async def test_stopped_it_drains_at_once(office: Office) -> None:
    office.start()
    await office.pump.drain()
    await office.pump.stop()
    await asyncio.wait_for(office.pump.drain(), 10)
