"""A round of two hundred questions, with the bot killed again and again in the middle of it."""

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
from tests.crash.round import gather
from tests.launch.processes import Bot, Nursery
from tests.launch.scene import Scene, custom_ids, until

MEMBERS = 200
KILLS = 9
STAGES: tuple[Stage, ...] = ("arrived", "stored", "answered")


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    # What is tested here is what survives, not how fast it goes.
    scene.wire.limits.per_second = scene.wire.limits.messages = None
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


def unfinished(scene: Scene, due: str) -> int:
    """Members not asked yet, and questions on their way, as the database says."""
    with contextlib.closing(sqlite3.connect(scene.database, timeout=60)) as connection:
        waiting = connection.execute(
            "SELECT count(*) FROM checkin_plan WHERE next_at <= ?", (due,)
        ).fetchone()[0]
        sending = connection.execute(
            "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')"
        ).fetchone()[0]
    return waiting + sending


async def test_killed_in_the_middle_of_a_round_nobody_is_forgotten_or_asked_twice(scene: Scene) -> None:
    dice = random.Random(20261125)
    due = scene.clock.now()
    crowd = await gather(scene, MEMBERS, due)
    stages = list(STAGES) * (KILLS // len(STAGES))
    dice.shuffle(stages)
    bots: list[Bot] = []
    killed = asyncio.Event()
    aim: list[tuple[Stage, int]] = []
    struck = 0

    async def strike(stage: Stage, call: Call) -> None:
        nonlocal struck
        if not aim or call.method != "POST" or not call.path.endswith("/messages") or stage != aim[0][0]:
            return
        at, skip = aim[0]
        if skip:
            aim[0] = at, skip - 1
            return
        aim.clear()
        struck += 1
        bots[-1].kill()
        killed.set()
        if stage == "arrived":
            raise Dropped

    scene.wire.faults.on_request = strike
    while unfinished(scene, f"{due:%Y-%m-%d %H:%M:%S.%f}"):
        if stages:
            aim[:] = [(stages.pop(), dice.randrange(12))]
        killed.clear()
        bots.append(await scene.fork())
        await until(
            lambda: killed.is_set() or not unfinished(scene, f"{due:%Y-%m-%d %H:%M:%S.%f}"),
            "a life's end",
        )
        if killed.is_set():
            await bots[-1].ended()
            await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
            if dice.random() < 0.5:
                scene.wire.forget_nonces()
        else:
            aim.clear()
            assert await bots[-1].stop() == 0
    assert struck == KILLS
    asked = [
        sum(
            any("checkins.level" in i for i in custom_ids({"components": message.components}))
            for message in scene.world.backend.messages[channel].values()
        )
        for channel in crowd.channels
    ]
    lost, doubled = asked.count(0), sum(times - 1 for times in asked if times > 1)
    assert (lost, doubled) == (0, 0)
