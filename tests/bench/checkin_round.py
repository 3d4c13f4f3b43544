"""A thousand members are due at one instant: from the ring of the alarm to the last question on the server.

The server takes 50 requests a second, so a thousand questions cannot take less than twenty seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench import members
from tests.bench.members import WEDNESDAY_AT_SIX
from tests.launch.processes import Nursery
from tests.launch.scene import Scene

PER_SECOND = 50


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=1000)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    nursery = Nursery()
    scene = Scene(folder, nursery)
    await scene.open()
    try:
        people = members.crowd(scene, chosen.members)
        channels = {person.id: person.dm_id or 0 for person in people}
        with members.writing(scene.database) as session:
            members.enrol(session, scene.demo.guild_id, channels, lambda _: WEDNESDAY_AT_SIX)
        scene.clock.move_to(WEDNESDAY_AT_SIX - timedelta(minutes=10))
        bot = await scene.bot()
        await asyncio.sleep(1.5)  # so that no request of the start stands in the round's first second
        before = scene.wire.stats.http_429
        begun = time.monotonic()
        await bot.do("advance_to", patience=600.0, at=WEDNESDAY_AT_SIX.isoformat())
        seconds = time.monotonic() - begun
        refused = scene.wire.stats.http_429 - before
        questions = [len(scene.questions(person)) for person in people]
    finally:
        await scene.close()
        nursery.close()
    return {
        "ratio": round(chosen.members / PER_SECOND / seconds, 3),
        "seconds": round(seconds, 2),
        "http_429": refused,
        "lost": questions.count(0),
        "doubled": sum(max(0, found - 1) for found in questions),
    }
