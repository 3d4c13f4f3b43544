"""Two years of a member's answers as a picture, while the event loop is watched for how long it stands still."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, update

from bot.checkins import answering
from bot.checkins.rules import Level, State
from bot.checkins.tables import Checkin
from bot.content.library import default_root, load
from bot.db.keys import Keyring
from bot.db.store import Store
from bot.opening import spare_what_stays
from tests.bench import members
from tests.bench.members import WEDNESDAY_AT_SIX

ME = 1_000_000
TICK_S = 0.001
AGAIN = 5


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--every", type=int, default=7, help="days between two answers")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    keys = Keyring(bytes(32))
    database = folder / "reallyok.db"
    answers = _answers(database, keys, chosen.days, chosen.every)
    library = load(default_root())
    store = Store(members.address(database))
    spare_what_stays()  # as the bot has when somebody asks
    try:
        idle, _ = await watched(asyncio.sleep(0.5))
        # The first has the drawing library to load and the letters to read, the rest do not.
        first, first_s = await watched(_draw(store, keys, library, answers))
        again = [await watched(_draw(store, keys, library, answers)) for _ in range(AGAIN)]
    finally:
        store.close()
    return {
        "ms": round(first_s * 1000),
        "again_ms": round(statistics.median(seconds for _, seconds in again) * 1000),
        "loop_stall_ms": round(first * 1000, 1),
        "again_stall_ms": round(statistics.median(stall for stall, _ in again) * 1000, 1),
        "idle_stall_ms": round(idle * 1000, 1),
        "answers": answers,
    }


def _answers(database: Path, keys: Keyring, days: int, every: int) -> int:
    """Put in more than retention would keep; how many there are."""
    levels = itertools.cycle(
        [Level.OK, Level.GOOD, Level.WOBBLY, Level.OK, Level.NOT_OK, Level.GOOD, Level.OK]
    )
    with members.writing(database) as session:
        plans = members.enrol(session, 1, {ME: 2}, lambda _: WEDNESDAY_AT_SIX)
        ids: list[int] = []
        for ago in range(days - 1, -1, -every):
            at = WEDNESDAY_AT_SIX - timedelta(days=ago)
            (asked,) = members.ask(session, plans, at)
            sealed = keys.seal(next(levels), "checkin", "level_sealed", asked)
            session.connection().execute(
                update(Checkin)
                .where(col(Checkin.id) == asked)
                .values(level_sealed=sealed, state=State.ANSWERED, answered_at=at)
            )
            ids.append(asked)
    return len(ids)


async def _draw(store: Store, keys: Keyring, library: Any, answers: int) -> None:
    """What `/checkin history` does between being asked and having a file to send."""
    past = await answering.history(store, keys, None, ME)
    assert len(past) == answers
    from bot.ui.history import picture  # as the command does: loaded by the first who asks

    points = [(one.at, str(one.level)) for one in past]
    image, _, _ = await picture(library, points, "Europe/London", WEDNESDAY_AT_SIX)
    assert image.startswith(b"\x89PNG")


async def watched(work: Any) -> tuple[float, float]:
    """The longest the loop stood still while `work` went on, and how long that took; seconds."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK_S)
            worst = max(worst, time.perf_counter() - before - TICK_S)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    begun = time.perf_counter()
    await work
    seconds = time.perf_counter() - begun
    ticking.cancel()
    return worst, seconds
