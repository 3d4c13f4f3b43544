"""The store in its ordinary course: many at once, one commit for all, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from bot.db import store as stores
from bot.db.store import Store, engine_for, sqlite_path, wake
from bot.errors import OperatorError, StoreUnavailable
from tests.ground import rows
from tests.launch.scene import PATIENCE_S

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(rows.made(tmp_path / "x.db"))
    yield store
    await asyncio.to_thread(store.close)


# Many at once


async def test_no_update_is_lost(store: Store) -> None:
    await store.write(rows.add, 1)

    async def work() -> None:
        for _ in range(50):
            await store.write(rows.increment, 1)

    await asyncio.gather(*(work() for _ in range(8)))
    assert await store.read(rows.count, 1) == 400


async def test_no_update_is_lost_between_two_processes(store: Store, tmp_path: Path) -> None:
    await store.write(rows.add, 1)
    program = f"""
import asyncio, sys
from bot.db.store import Store
from tests.ground import rows
async def main():
    store = Store("sqlite:///{tmp_path / "x.db"}")
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    written = 0
    while not ended.done():
        await rows.insist(store, rows.increment, 1)
        written += 1
        print(written, flush=True)
    await asyncio.to_thread(store.close)
asyncio.run(main())
"""
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout
    assert await other.stdout.readline() == b"1\n"
    # It writes from before the first of these until after the last, whoever of the two has more turns.
    for _ in range(100):
        await rows.insist(store, rows.increment, 1)
    told, _ = await other.communicate(b"\n")
    assert other.returncode == 0
    theirs = int(told.split()[-1])
    assert await store.read(rows.count, 1) == 100 + theirs


async def test_nobody_writes_between_what_a_change_reads_and_what_it_writes(
    store: Store, tmp_path: Path
) -> None:
    await store.write(rows.add, 1)

    def change(session: Session) -> None:
        rows.count(session, 1)
        with (
            contextlib.closing(sqlite3.connect(tmp_path / "x.db", timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("UPDATE tally SET count = 99")
        rows.increment(session, 1)

    await store.write(change)
    assert await store.read(rows.count, 1) == 1


async def test_a_change_that_fails_undoes_itself_and_nothing_beside_it(store: Store) -> None:
    """All in one commit: held up behind a slow change, then taken together."""
    gate = threading.Event()

    def hold(session: Session) -> None:
        gate.wait(10)

    def fail(session: Session, row_id: int) -> None:
        rows.add(session, row_id)
        raise LookupError("no such member")

    def clash(session: Session, row_id: int) -> None:
        rows.add(session, row_id)
        rows.add(session, 1)

    await store.write(rows.add, 1)
    held = asyncio.create_task(store.write(hold))
    await asyncio.sleep(0)
    changes = [(rows.add, fail, clash)[n % 3] for n in range(30)]
    waiting = [asyncio.create_task(store.write(change, 100 + n)) for n, change in enumerate(changes)]
    await asyncio.sleep(0)
    gate.set()
    ended = await asyncio.gather(held, *waiting, return_exceptions=True)
    for change, outcome in zip(changes, ended[1:], strict=True):
        expected = {rows.add: int, fail: LookupError, clash: IntegrityError}[change]
        assert isinstance(outcome, expected), outcome
    kept = {100 + n for n, change in enumerate(changes) if change is rows.add}
    assert set(await store.read(rows.ids)) == {1} | kept


async def test_many_changes_share_a_commit(store: Store) -> None:
    commits = 0

    def count_one(_: set[str]) -> None:
        nonlocal commits
        commits += 1

    def change(session: Session, row_id: int) -> None:
        rows.add(session, row_id)
        wake(session, "outbox")

    store.on_commit(count_one)
    await asyncio.gather(*(store.write(change, n) for n in range(1000)))
    assert len(await store.read(rows.ids)) == 1000
    assert commits < 200


async def test_an_error_of_the_callers_own_reaches_only_the_caller(store: Store) -> None:
    def fail(session: Session) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await store.write(fail)
    assert await store.write(rows.add, 1) == 1


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt, MemoryError])
async def test_no_error_of_a_change_stops_the_writer(store: Store, error: type[BaseException]) -> None:
    def fail(session: Session) -> None:
        raise error

    outcomes: list[BaseException] = []

    async def ask() -> None:
        try:
            await store.write(fail)
        except BaseException as caught:
            outcomes.append(caught)

    await asyncio.wait_for(ask(), PATIENCE_S)
    assert isinstance(outcomes[0], RuntimeError if error is StopIteration else error)
    assert await asyncio.wait_for(store.write(rows.add, 1), PATIENCE_S) == 1


async def test_a_statement_that_makes_no_sense_harms_nobody_beside_it(store: Store) -> None:
    gate = threading.Event()

    def hold(session: Session) -> None:
        gate.wait(10)

    def nonsense(session: Session) -> None:
        rows.add(session, 66)
        session.connection().exec_driver_sql("SELECT no_such_column FROM tally")

    held = asyncio.create_task(store.write(hold))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(store.write(*w)) for w in ((rows.add, 1), (nonsense,), (rows.add, 2))]
    await asyncio.sleep(0)
    gate.set()
    await held
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert (ended[0], type(ended[1]), ended[2]) == (1, OperationalError, 2)
    assert await store.read(rows.ids) == [1, 2]


async def test_a_read_sees_one_consistent_state(store: Store) -> None:
    await store.write(rows.add, 1)
    started, go_on = threading.Event(), threading.Event()

    def twice(session: Session) -> tuple[int, int]:
        first = rows.count(session, 1)
        started.set()
        go_on.wait(10)
        return first, rows.count(session, 1)

    reading = asyncio.create_task(store.read(twice))
    await asyncio.to_thread(started.wait, 10)
    await store.write(rows.increment, 1)
    go_on.set()
    assert await reading == (0, 0)
    assert await store.read(rows.count, 1) == 1


async def test_a_reader_cannot_keep_a_change(store: Store) -> None:
    with contextlib.suppress(StoreUnavailable):
        await store.read(rows.add, 5)
    assert await store.read(rows.ids) == []


async def test_listeners_hear_of_what_was_kept_and_only_of_that(store: Store) -> None:
    heard: list[set[str]] = []
    store.on_commit(heard.append)

    def change(session: Session, row_id: int, *what: str) -> None:
        for name in what:
            wake(session, name)
        rows.add(session, row_id)

    await store.write(change, 1)
    await store.write(change, 2, "outbox", "schedule")
    with pytest.raises(IntegrityError):
        await store.write(change, 2, "outbox")
    assert heard == [{"outbox", "schedule"}]


# Settings of a connection


def test_every_connection_is_set_as_the_store_promises(tmp_path: Path) -> None:
    engine = engine_for(rows.made(tmp_path / "x.db"), writing=True)
    with engine.connect() as connection:
        for pragma, value in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("secure_delete", 1),
            ("busy_timeout", stores.BUSY_TIMEOUT_MS),
        ):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    engine.dispose()
    assert stores.BUSY_TIMEOUT_MS <= 1500, "Discord waits three seconds"


@pytest.mark.parametrize("url", ["postgresql://db/x", "sqlite://", "sqlite:///:memory:"])
def test_what_is_not_a_file_is_refused(url: str) -> None:
    with pytest.raises(OperatorError, match="DATABASE_URL"):
        sqlite_path(url)


def test_what_is_not_an_address_is_refused() -> None:
    with pytest.raises(OperatorError, match="DATABASE_URL"):
        sqlite_path("data/reallyok.db")


# Ending


async def test_closing_keeps_what_was_asked_before(tmp_path: Path) -> None:
    url = rows.made(tmp_path / "x.db")
    store = Store(url)
    waiting = [asyncio.create_task(store.write(rows.add, n)) for n in range(500)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    assert await asyncio.gather(*waiting) == list(range(500))
    again = Store(url)
    assert await again.read(rows.ids) == list(range(500))
    await asyncio.to_thread(again.close)


async def test_closed_it_takes_nothing_and_closes_again_in_peace(tmp_path: Path) -> None:
    store = Store(rows.made(tmp_path / "x.db"))
    await asyncio.to_thread(store.close)
    with pytest.raises(StoreUnavailable):
        await store.write(rows.add, 1)
    with pytest.raises(StoreUnavailable):
        await store.read(rows.ids)
    await asyncio.to_thread(store.close)


async def test_closed_it_leaves_no_log_behind(tmp_path: Path) -> None:
    store = Store(rows.made(tmp_path / "x.db"))
    await store.write(rows.add, 1)
    await store.read(rows.ids)
    await asyncio.to_thread(store.close)
    assert os.listdir(tmp_path) == ["x.db"]


async def test_a_caller_who_gives_up_harms_nobody(store: Store) -> None:
    gate = threading.Event()

    def hold(session: Session) -> None:
        gate.wait(10)

    held = asyncio.create_task(store.write(hold))
    await asyncio.sleep(0)
    given_up = asyncio.create_task(store.write(rows.add, 1))
    beside = asyncio.create_task(store.write(rows.add, 2))
    await asyncio.sleep(0)
    given_up.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await held
    assert await beside == 2
    assert await store.read(rows.ids) == [1, 2], "it was asked for before they gave up"
    assert await store.write(rows.add, 3) == 3
