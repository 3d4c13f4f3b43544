"""A round of direct messages through the outbox, to a server that takes 50 requests a second."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.launch.mail import Mail
from tests.launch.processes import ROOT, Nursery
from tests.launch.scene import Scene

PER_SECOND = 50


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=1000)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    floor = chosen.messages / PER_SECOND
    nursery = Nursery()
    try:
        ours = await _ours(folder / "ours", nursery, chosen.messages)
        naive = await _naive(folder / "naive", nursery, chosen.messages)
    finally:
        nursery.close()
    return {"ratio": round(floor / ours["seconds"], 3), **ours, **naive}


async def _crowd(folder: Path, nursery: Nursery, size: int) -> tuple[Scene, list[int]]:
    scene = Scene(folder, nursery)
    await scene.open()
    channels: list[int] = []
    for number in range(size):
        person = scene.world.person(f"member-{number}")
        scene.world.join(person, scene.demo.guild_id)
        channels.append(await person.open_dm())
    return scene, channels


async def _ours(folder: Path, nursery: Nursery, size: int) -> dict[str, Any]:
    scene, channels = await _crowd(folder, nursery, size)
    mail = Mail(scene.database, scene.world, "checkins.opening#1")
    due = scene.clock.now() + timedelta(minutes=10)
    mail.put(channels, due)
    bot = await scene.bot()
    await asyncio.sleep(1.5)  # so that no request of the start stands in the round's first second
    before = scene.wire.stats.http_429
    begun = time.monotonic()
    await bot.do("advance_to", patience=300.0, at=due.isoformat())
    seconds = time.monotonic() - begun
    lost, doubled = mail.lost_and_doubled()
    refused = scene.wire.stats.http_429 - before
    await bot.stop()
    await scene.close()
    return {"seconds": round(seconds, 2), "http_429": refused, "lost": lost, "doubled": doubled}


async def _naive(folder: Path, nursery: Nursery, size: int) -> dict[str, Any]:
    """The same number of sends at once by a plain client, with discord.py's own five tries each."""
    scene, channels = await _crowd(folder, nursery, size)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.bare", "send"),
        env={**os.environ, **scene.environ},
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    begun = time.monotonic()
    out, _ = await process.communicate(json.dumps(channels).encode() + b"\n")
    told = json.loads(out)
    print("naive sends that failed ended as", told["kinds"], "after", round(time.monotonic() - begun, 1), "s")
    stats = scene.wire.stats
    await scene.close()
    return {"naive_failed": told["failed"], "naive_429": stats.http_429}
