"""A hundred thousand plans: what it costs to find that nobody is due, and to ask a thousand who are."""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from bot.checkins import asking
from bot.checkins.tables import Plan
from bot.db.store import Store
from bot.outbox.tables import Outbox
from tests.bench import members
from tests.bench.members import WEDNESDAY_AT_SIX

OPENINGS = 24
SCANS = 200
ROUNDS = 5


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=1000)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    database = folder / "reallyok.db"
    with members.writing(database) as session:
        channels = {1_000_000 + n: 5_000_000 + n for n in range(chosen.plans)}
        # A week of minutes, so that there is something to look through.
        plans = members.enrol(
            session, 1, channels, lambda n: WEDNESDAY_AT_SIX + timedelta(days=100, minutes=n % 10_080)
        )
    store = Store(members.address(database))
    empty: list[float] = []
    each: list[float] = []
    try:
        for _ in range(SCANS):
            begun = time.perf_counter()
            assert await asking.ask_due(store, WEDNESDAY_AT_SIX, OPENINGS) == 0
            empty.append(time.perf_counter() - begun)
        for number in range(ROUNDS):
            now = WEDNESDAY_AT_SIX + timedelta(minutes=number)
            ids = [plan["id"] for plan in plans[number :: len(plans) // chosen.due][: chosen.due]]
            await store.write(_make_due, ids, now)
            begun = time.perf_counter()
            asked = await asking.ask_due(store, now, OPENINGS)
            each.append((time.perf_counter() - begun) / asked)
            assert asked == chosen.due
        waiting = await store.read(_waiting)
    finally:
        store.close()
    assert waiting == chosen.due * ROUNDS, "everybody due is asked"
    print("empty", [round(s * 1000, 3) for s in sorted(empty)[:: SCANS // 10]], "ms")
    print("per due", [round(s * 1000, 3) for s in each], "ms")
    return {
        "empty_ms": round(statistics.median(empty) * 1000, 3),
        "per_due_ms": round(statistics.median(each) * 1000, 3),
        "plans": chosen.plans,
        "due": chosen.due,
    }


def _make_due(session: Session, ids: list[int], now: Any) -> None:
    session.connection().execute(update(Plan).where(col(Plan.id).in_(ids)).values(next_at=now, unanswered=0))


def _waiting(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Outbox)).one()
