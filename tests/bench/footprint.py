"""How soon the bot is ready and how much memory it takes, beside a discord.py program that does nothing.

`reallyok run`, with compiled bytecode and 10,000 rows in its database, is ready when Discord has its IDENTIFY and a
message that was due has arrived: the database is then open and the outbox at work. The bare program is ready at its
IDENTIFY. Memory is what is resident two seconds later. Medians of several starts, ours and theirs in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlmodel import Session

from bot.clock import MovableClock, SystemClock
from bot.db.store import engine_for
from bot.members.tables import Membership, Network, Person
from bot.outbox.tables import Outbox, State
from bot.sandbox.wire.faults import Call, Stage
from tests.launch.mail import Mail
from tests.launch.processes import ROOT, Nursery
from tests.launch.scene import Scene, until

ROWS = 10_000


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--starts", type=int, default=7)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    for package in ("bot", "cogs"):
        compileall.compile_dir(ROOT / package, quiet=1)
    nursery = Nursery()
    # The program goes by the machine's clock, so the world does too.
    scene = Scene(folder / "scene", nursery, MovableClock(SystemClock().now()))
    await scene.open()
    mail = Mail(scene.database, scene.world, "members.panel")
    _fill(scene)
    ours: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for _ in range(chosen.starts):
        ours.append(await _ours(scene, mail))
        bare.append(await _bare(scene))
    await scene.close()
    nursery.close()
    ready, rss = (statistics.median(values) for values in zip(*ours, strict=True))
    bare_ready, bare_rss = (statistics.median(values) for values in zip(*bare, strict=True))
    return {
        "ready_s": round(ready, 2),
        "bare_ready_s": round(bare_ready, 2),
        "rss_mb": round(rss, 1),
        "bare_rss_mb": round(bare_rss, 1),
        "starts": chosen.starts,
    }


def _fill(scene: Scene) -> None:
    """A network that has been going for a while: members, and a week of messages sent."""
    now = scene.clock.now()
    engine = engine_for(f"sqlite:///{scene.database.as_posix()}", writing=True)
    with Session(engine) as session:
        session.add(Network(id=scene.demo.guild_id, name="Saturday Coffee Heads", made_at=now))
        session.flush()
        for number in range(ROWS // 4):
            user = 1 << 50 | number
            session.add(Person(user_id=user, dm_channel_id=user + (1 << 49)))
            session.flush()
            session.add(Membership(network_id=scene.demo.guild_id, user_id=user, joined_at=now))
            for week in range(2):
                sent = now - timedelta(days=1 + week)
                session.add(
                    Outbox(
                        dedupe_key=f"sent:{number}:{week}",
                        user_id=user,
                        channel_id=user + (1 << 49),
                        template="checkins.opening#1",
                        not_before=sent,
                        state=State.SENT,
                        message_id=user,
                        ended_at=sent,
                    )
                )
        session.commit()
    engine.dispose()


async def _ours(scene: Scene, mail: Mail) -> tuple[float, float]:
    identified, posted = scene.wire.stats.identifies, asyncio.Event()

    async def look(stage: Stage, call: Call) -> None:
        if stage == "arrived" and call.method == "POST" and call.path.endswith("/messages"):
            posted.set()

    mail.put([scene.welcome], scene.clock.now())
    scene.wire.faults.on_request = look
    begun = time.monotonic()
    program = scene.program("run")
    await until(lambda: scene.wire.stats.identifies > identified and posted.is_set(), "the bot being ready")
    ready = time.monotonic() - begun
    scene.wire.faults.on_request = None
    rss = await _resident(program.pid)
    await program.stop()
    return ready, rss


async def _bare(scene: Scene) -> tuple[float, float]:
    identified = scene.wire.stats.identifies
    begun = time.monotonic()
    program = scene.program("wait", module="tests.bench.bare")
    await until(lambda: scene.wire.stats.identifies > identified, "the bare bot connecting")
    ready = time.monotonic() - begun
    rss = await _resident(program.pid)
    program.kill()
    await program.ended()
    return ready, rss


async def _resident(pid: int) -> float:
    await asyncio.sleep(2)
    return psutil.Process(pid).memory_info().rss / 2**20
