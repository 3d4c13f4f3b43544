"""Presses on a session and a round of reminders, with the bot killed in the middle of both."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from tests.bench.sessions import SATURDAY_AT_NINE, Crowd
from tests.launch.processes import Bot, Nursery
from tests.launch.scene import Scene, custom_ids, until, words

PEOPLE = 150
STAGES: tuple[Stage, ...] = ("arrived", "stored", "answered")
KEPT = "SELECT user_id, place FROM session_coming"
WAITING = "SELECT 1 FROM session_coming WHERE remind_at < ?"
SENDING = "SELECT 1 FROM outbox WHERE state IN ('pending', 'sending')"


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    scene.wire.limits.per_second = scene.wire.limits.messages = None
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


def rows(scene: Scene, query: str, *values: str) -> list[tuple[int, str]]:
    """Ask the database from outside."""
    with contextlib.closing(sqlite3.connect(scene.database, timeout=60)) as connection:
        return connection.execute(query, values).fetchall()


async def test_killed_in_the_middle_nobodys_answer_is_lost_and_everybody_is_reminded_once(
    scene: Scene,
) -> None:
    dice = random.Random(20261128)
    crowd = Crowd(scene, PEOPLE, coming=False)
    bots: list[Bot] = []
    killed = asyncio.Event()
    aim: list[tuple[Stage, int, str]] = []

    async def strike(stage: Stage, call: Call) -> None:
        if not aim or stage != aim[0][0] or call.method != "POST" or aim[0][2] not in call.path:
            return
        at, skip, path = aim[0]
        if skip:
            aim[0] = at, skip - 1, path
            return
        aim.clear()
        bots[-1].kill()
        killed.set()
        if stage == "arrived" and path == "/messages":
            raise Dropped

    scene.wire.faults.on_request = strike
    bots.append(await scene.bot())
    aim[:] = [("arrived", 5, "/interactions/")]
    exchanges = await crowd.press(0.0)
    await until(killed.is_set, "the kill")
    await bots[-1].ended()
    await asyncio.sleep(0.05)  # what the dead process had already written to its sockets
    kept = dict(rows(scene, KEPT))
    told = [
        person.id
        for person, exchange in zip(crowd.people, exchanges, strict=True)
        if any("went wrong" not in words(message) for message in exchange.messages)
    ]
    assert 0 < len(told) < PEOPLE, "killed in the middle, or nothing was proved"
    assert all(kept[user_id] == "in" for user_id in told), "told, and not kept"
    assert set(kept.values()) == {"in"}

    # Whoever was not told presses again; then an hour before, all of them are reminded.
    bots.append(await scene.bot())
    again = await crowd.press(0.0)
    await until(lambda: all(exchange.answered.is_set() for exchange in again), "every answer")
    assert await bots[-1].stop() == 0
    assert len(rows(scene, KEPT)) == PEOPLE
    before = {channel: len(scene.world.backend.messages[channel]) for channel in crowd.channels.values()}
    now = SATURDAY_AT_NINE.replace(hour=8, minute=5)
    scene.clock.move_to(now)
    stages = [*STAGES, *STAGES]
    dice.shuffle(stages)
    while rows(scene, WAITING, f"{now:%Y-%m-%d %H:%M:%S}") or rows(scene, SENDING):
        killed.clear()
        if stages:
            aim[:] = [(stages.pop(), dice.randrange(20), "/messages")]
        bots.append(await scene.fork())

        def done() -> bool:
            return not rows(scene, WAITING, f"{now:%Y-%m-%d %H:%M:%S}") and not rows(scene, SENDING)

        await until(lambda: killed.is_set() or done(), "a life's end")
        if killed.is_set():
            await bots[-1].ended()
            await asyncio.sleep(0.02)
            if dice.random() < 0.5:
                scene.wire.forget_nonces()
        else:
            aim.clear()
            assert await bots[-1].stop() == 0
    reminders = [
        sum(
            any(
                "sessions.cant" in i and i.endswith(":now")
                for i in custom_ids({"components": message.components})
            )
            for message in list(scene.world.backend.messages[channel].values())[count:]
        )
        for channel, count in before.items()
    ]
    assert len(bots) >= 8, "the kills struck"
    assert reminders == [1] * PEOPLE
