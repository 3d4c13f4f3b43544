"""How long a message takes from one side of a talk to the other, beside a bare echo; and 200 talks at once, none crossed.

Each message is timed from the moment its writer sends it to the moment the server has its copy. The bare program keeps
a row with a commit of its own and sends the words back. Both are measured in turn, one message at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.crash.pairs import Pair, count, heard, pairs
from tests.launch.processes import Nursery
from tests.launch.scene import PATIENCE_S, Scene, until

APART_S = 0.03  # between two messages: slower than the bot's pace of 47 requests a second


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=200, help="timed one by one, in each run")
    parser.add_argument("--runs", type=int, default=3, help="of each kind; the medians are told")
    parser.add_argument("--talks", type=int, default=200, help="at once")
    parser.add_argument("--each", type=int, default=2, help="messages from each side of each of those")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    nursery = Nursery()
    try:
        bare, ours = list[float](), list[float]()
        for number in range(chosen.runs):  # in turn, so that a busy minute of the machine falls on both
            bare.append(await _timed(folder / f"bare-{number}", nursery, chosen.messages, bare=True))
            ours.append(await _timed(folder / f"ours-{number}", nursery, chosen.messages))
        crossed = await _at_once(folder / "at-once", nursery, chosen.talks, chosen.each)
    finally:
        nursery.close()
    p50, bare_p50 = statistics.median(ours), statistics.median(bare)
    return {
        "p50_ratio": round(p50 / bare_p50, 2),
        "p50_ms": round(p50, 2),
        "bare_p50_ms": round(bare_p50, 2),
        **crossed,
    }


async def _timed(folder: Path, nursery: Nursery, messages: int, *, bare: bool = False) -> float:
    """The median of so many messages, in milliseconds."""
    scene = Scene(folder, nursery)
    await scene.open()
    # What is measured is the way across; Discord's five messages in five seconds would be most of it.
    scene.wire.limits.per_second = scene.wire.limits.messages = None
    arrivals: asyncio.Queue[float] = asyncio.Queue()
    bot_id = scene.world.backend.bot_user.id

    def seen(event: str, payload: Mapping[str, Any]) -> None:
        if event == "MESSAGE_CREATE" and int(payload["author"]["id"]) == bot_id:
            arrivals.put_nowait(time.perf_counter())

    try:
        (pair,) = await pairs(scene, 1)
        if bare:
            scene.program(module="tests.bench.bare_relaying", BARE_DATABASE=str(folder / "bare.db"))
            await until(lambda: scene.wire.gateway.connections, "the bare bot connecting")
        else:
            await scene.bot()
        await asyncio.sleep(1.0)
        gc.collect()
        gc.freeze()  # the server's share of the machine is not what is measured
        scene.world.subscribe(seen)
        took: list[float] = []
        for number in range(messages + 10):
            begun = time.perf_counter()
            await pair.say(pair.member, f"w {number}")
            async with asyncio.timeout(PATIENCE_S):
                took.append(await arrivals.get() - begun)
            await asyncio.sleep(APART_S)
    finally:
        await scene.close()
    p50 = statistics.median(took[10:]) * 1000  # the first find nothing loaded, and Discord asked who is there
    print(f"{folder.name}: {messages} messages, p50 {p50:.2f} ms")
    return p50


async def _at_once(folder: Path, nursery: Nursery, talks: int, each: int) -> dict[str, Any]:
    """Everybody in so many talks writes at the same moment."""
    scene = Scene(folder, nursery)
    await scene.open()
    scene.wire.limits.per_second = scene.wire.limits.messages = None
    try:
        made = await pairs(scene, talks)
        await scene.bot()
        begun = time.monotonic()
        for number in range(each):
            for index, pair in enumerate(made):
                for who, one in (("m", pair.member), ("l", pair.listener)):
                    await pair.say(one, f"w {who} {index} {number}")
        await until(lambda: _all_there(scene, made), "everything arriving", 600)
        took = time.monotonic() - begun
        await scene.bot_is_quiet()
        counted = count(scene, made)
    finally:
        await scene.close()
    print(f"{talks} talks at once: {counted.written} messages in {took:.1f} s")
    return {"talks": talks, **asdict(counted), "seconds": round(took, 1)}


def _all_there(scene: Scene, made: list[Pair]) -> bool:
    return all(
        len(heard(scene, pair.other(one))) >= len(pair.said.get(one.id, ()))
        for pair in made
        for one in (pair.member, pair.listener)
    )
