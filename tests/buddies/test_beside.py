"""Rounds beside everything else that is due: nobody waits for one, and one that was cut short is held again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from bot.buddies.rounds import Rounds
from tests.buddies.house import EMPLOYERS, House
from tests.buddies.lounge import WORK, got, looks, one
from tests.checkins.evening import Evening
from tests.launch.scene import until

ANN = 10**17
FRIDAY = datetime(2026, 10, 23, 11, tzinfo=UTC)
OTHER = {**WORK, "role": ["headteacher"], "phase": ["primary"]}


async def test_nobody_waits_for_a_round_and_one_cut_short_is_held_again(evening: Evening) -> None:
    evening.clock.move_to(FRIDAY)
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    await looks(evening, you, "Alder Trust")
    await looks(evening, kate, "Birch Trust", work=OTHER)
    app, begun = evening.app, asyncio.Event()

    async def endless(*_: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    app.rounds._maker.match = endless
    while not begun.is_set():
        due = await app.next_due()
        assert due is not None
        evening.clock.move_to(max(due, evening.clock.now()))
        await app.alarm.ring()
        await until(lambda: begun.is_set() or not app.rounds.aside, "the round begun, or none to begin")
    # It is no reason to ring any more, and what comes after it comes.
    assert app.pump is not None
    await app.pump.drain()
    asked = len(evening.questions(you))
    while len(evening.questions(you)) == asked:
        due = await app.next_due()
        assert due is not None
        assert due > evening.clock.now(), "the round itself would be due for ever"
        evening.clock.move_to(due)
        await app.alarm.ring()
        await app.pump.drain()
    assert app.rounds.aside
    assert not got(evening, you, "buddies.proposal")
    await evening.restart()
    for person in (you, kate):
        await one(evening, person, "buddies.proposal")


async def test_a_round_that_finds_the_database_locked_waits_for_the_next_ring() -> None:
    house, looked = House(), list[bool]()
    rounds = Rounds(lambda: looked.append(rounds.aside))
    try:
        await house.joins(ANN, EMPLOYERS[0])
        await house.looks(ANN)
        await house.ring()
        due = await house.earliest()
        assert due is not None
        house.now = due
        with closing(sqlite3.connect(house.folder / "reallyok.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            rounds.begin(house.store, house.desk, house.now)
            await rounds.drain()
            assert rounds.aside, "it failed; ringing for it at once would ring without end"
            other.execute("ROLLBACK")
        assert (await house.request(ANN)).waiting_rounds == 0
        rounds.begin(house.store, house.desk, house.now)
        await until(lambda: looked == [False], "the round held, and somebody looking at what is next")
        assert (await house.request(ANN)).waiting_rounds == 1
    finally:
        await rounds.stop()
        house.close()
