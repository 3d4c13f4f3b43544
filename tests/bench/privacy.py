"""Ten thousand members with two years of weekly answers: forgetting, exporting, a day's expiry, a backup.

Put straight into the tables, since retention would never let two years come together: 104 answers each, a plan, two
consents, a fact, somebody avoided and a message of this week. A day's expiry is the oldest week's question of
everybody at once, which is the most that one day can bring when all are asked on the same evening.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from bot.checkins.rules import Level, State
from bot.checkins.tables import Checkin
from bot.content.library import Library, default_root, load
from bot.db import own, sealed_file
from bot.db.backup import backup
from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.ledger import Ledger
from bot.db.store import Store
from bot.members.apart_tables import Apart, ApartRow
from bot.members.facts_rules import Kind
from bot.members.facts_tables import Fact
from bot.members.tables import Consent, Purpose
from bot.outbox.tables import Outbox
from bot.outbox.tables import State as Sending
from bot.own import service
from bot.own.page import archive
from bot.own.said import Teller
from tests.bench import members
from tests.bench.history import watched
from tests.bench.members import NETWORK, WEDNESDAY_AT_SIX

FIRST = 8_100_000_000_000_000_001  # nineteen digits, and eight bytes in the database
STEP = 7_919_000_003
KEYS = Keyring(bytes(range(32)))
KEPT = timedelta(days=90)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--persons", type=int, default=50, help="how many are exported and forgotten")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    database = folder / "data" / "reallyok.db"
    users = [FIRST + n * STEP for n in range(chosen.members)]
    begun = time.perf_counter()
    _fill(database, users, chosen.weeks)
    size = database.stat().st_size / 1e6
    print(f"filled in {time.perf_counter() - begun:.0f} s, {size:.0f} MB")
    ledger = Ledger(folder / "reallyok.erased", KEYS)
    library = load(default_root())
    persons = users[:: max(1, len(users) // chosen.persons)][: chosen.persons]
    store, url = Store(members.address(database)), members.address(database)
    try:
        assert _hits(database, persons[0]) > 0, "the search finds what is there"
        exports = [await _timed(_export(store, library, user, chosen.weeks)) for user in persons]
        forgets = [
            await _timed(service.forget(store, KEYS, url, user, ledger.note, WEDNESDAY_AT_SIX))
            for user in persons
        ]
        begun = time.perf_counter()
        store.compact()  # as the next sweep does, within a minute
        await store.write(_nothing)
        compact_s = time.perf_counter() - begun
        # One instant after the oldest week's ninety days are over.
        day = WEDNESDAY_AT_SIX - timedelta(weeks=chosen.weeks - 1) + KEPT + timedelta(seconds=1)
        before = await store.read(_answers)
        stall, retention = await watched(_expire(store, day))
        gone = before - await store.read(_answers)
        assert gone == len(users) - len(persons), "the oldest week is gone, and nothing else"
        idle, _ = await watched(asyncio.sleep(retention))
        copy = folder / "backup.ok"
        begun = time.perf_counter()
        await asyncio.to_thread(backup, database, copy, KEYS, ledger, WEDNESDAY_AT_SIX)
        backup_s = time.perf_counter() - begun
    finally:
        store.close()
    hits = sum(_hits(database, user) for user in persons)
    content = b"".join(sealed_file.read(copy, KEYS))
    hits += sum(content.count(trace) for user in persons for trace in _traces(user))
    print("forget", _spread(forgets), "export", _spread(exports), "ms")
    return {
        "forget_ms": _p95(forgets),
        "export_ms": _p95(exports),
        "retention_s": round(retention, 2),
        "retention_rows": gone,
        "loop_stall_ms": round(stall * 1000, 1),
        "idle_stall_ms": round(idle * 1000, 1),
        "compact_s": round(compact_s, 2),
        "backup_s": round(backup_s, 2),
        "canary_hits": hits,
        "members": len(users),
        "answers": len(users) * chosen.weeks,
        "database_mb": round(size),
    }


def _fill(database: Path, users: list[int], weeks: int) -> None:
    now = WEDNESDAY_AT_SIX
    with members.writing(database) as session:
        plans = members.enrol(session, 1, {user: user + 1 for user in users}, lambda _: now)
        connection = session.connection()
        connection.execute(insert(Consent), list(_consents(plans)))
        connection.execute(insert(Fact), list(_facts(plans)))
        connection.execute(insert(ApartRow), list(_apart(plans)))
        connection.execute(insert(Outbox), list(_messages(plans)))
    levels = itertools.cycle(Level)
    for week in range(weeks):
        at = now - timedelta(weeks=weeks - 1 - week)
        with members.writing(database) as session:
            session.connection().execute(insert(Checkin), [_answer(plan, at, next(levels)) for plan in plans])


def _answer(plan: members.Row, at: Any, level: Level) -> members.Row:
    checkin = new_id()
    return {
        **_whose(plan),
        "id": checkin,
        "membership_id": plan["membership_id"],
        "due_at": at,
        "state": State.ANSWERED,
        "level_sealed": KEYS.seal(level, "checkin", "level_sealed", checkin),
        "answered_at": at,
    }


def _whose(plan: members.Row) -> members.Row:
    return {"user_id": plan["user_id"], "network_id": plan["network_id"]}


def _consents(plans: list[members.Row]) -> Iterator[members.Row]:
    for plan, purpose in itertools.product(plans, Purpose):
        yield {**_whose(plan), "id": new_id(), "purpose": purpose, "given_at": WEDNESDAY_AT_SIX}


def _facts(plans: list[members.Row]) -> Iterator[members.Row]:
    for plan in plans:
        fact = new_id()
        sealed = KEYS.seal("Ashdown Trust", "fact", "name_sealed", fact)
        yield {
            **_whose(plan),
            "id": fact,
            "membership_id": plan["membership_id"],
            "kind": Kind.EMPLOYER,
            "name_sealed": sealed,
            "given_at": WEDNESDAY_AT_SIX,
        }


def _apart(plans: list[members.Row]) -> Iterator[members.Row]:
    for plan, other in itertools.pairwise(plans):
        yield {
            **_whose(plan),
            "id": new_id(),
            "other_id": other["user_id"],
            "kind": Apart.AVOID,
            "made_at": WEDNESDAY_AT_SIX,
        }


def _messages(plans: list[members.Row]) -> Iterator[members.Row]:
    for plan in plans:
        yield {
            **_whose(plan),
            "id": new_id(),
            "dedupe_key": f"checkins:{plan['id']}:1",
            "channel_id": plan["user_id"] + 1,
            "template": "checkins.opening#1",
            "params": {},
            "not_before": WEDNESDAY_AT_SIX,
            "state": Sending.SENT,
            "ended_at": WEDNESDAY_AT_SIX,
        }


async def _export(store: Store, library: Library, user: int, weeks: int) -> None:
    """What `/me export` does between being asked and having a file to send."""
    rows = await service.everything(store, KEYS, user)
    assert len(rows["checkin"]) == weeks
    teller = Teller(library, {"1": NETWORK})
    data = await asyncio.to_thread(archive, rows, teller.page_words(WEDNESDAY_AT_SIX), WEDNESDAY_AT_SIX)
    assert data.startswith(b"PK")


async def _expire(store: Store, now: Any) -> None:
    """What the hourly tidying does with what was kept long enough."""
    while await store.write(own.expire, now):
        pass


async def _timed(work: Any) -> float:
    begun = time.perf_counter()
    done = await work
    assert getattr(done, "failed", []) == []
    return time.perf_counter() - begun


def _answers(session: Session) -> int:
    return session.connection().exec_driver_sql("SELECT count(*) FROM checkin").scalar_one()


def _nothing(_: Session) -> None:
    """Kept once everything queued before it is done."""


def _traces(user: int) -> list[bytes]:
    """An id and its direct messages' channel, as digits and as SQLite stores them."""
    return [form for id in (user, user + 1) for form in (str(id).encode(), id.to_bytes(8, "big"))]


def _hits(database: Path, user: int) -> int:
    """How often a person is found in the bytes of the database and its log."""
    found = 0
    for path in (database, database.with_name(f"{database.name}-wal")):
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes()
            found += sum(content.count(trace) for trace in _traces(user))
    return found


def _p95(seconds: list[float]) -> float:
    return round(sorted(seconds)[max(0, round(len(seconds) * 0.95) - 1)] * 1000, 1)


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} (longest {max(seconds) * 1000:.0f})"
