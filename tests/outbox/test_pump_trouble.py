"""The pump after a crash, without a database, and at its end."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import Any

import pytest

from bot.outbox import queue
from bot.outbox.pump import SLOTS, Pump
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, Priority, State
from tests.launch.scene import PATIENCE_S
from tests.launch.waiting import until
from tests.outbox.office import NOW, Office

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
    await asyncio.wait_for(office.pump.drain(), PATIENCE_S)
