"""A thousand members answer in one second, then again with the bot killed in the middle of it.

The same presses go to a bare handler, which keeps each answer with a commit of its own. Every press is timed from
the member's tap to the moment the server has the answer; what was kept is counted in the database of a bot that has
been started again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import build
from bot.checkins import answering
from bot.checkins.rules import Level
from bot.content.library import default_root, load
from bot.db import keys
from bot.db.store import Store
from bot.sandbox.exchange import Exchange
from bot.sandbox.people import Person
from bot.ui.render import Origin, draw
from tests.bench import members
from tests.bench.members import WEDNESDAY_AT_SIX
from tests.launch.processes import ROOT, Nursery
from tests.launch.scene import Scene, until

LEVELS = tuple(Level)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.0, help="in which everybody answers")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    many, seconds = chosen.members, chosen.seconds
    nursery = Nursery()
    try:
        bare = await _bare(folder / "bare", nursery, many, seconds)
        ours = await _ours(folder / "ours", nursery, many, seconds)
        killed = await _killed(folder / "killed", nursery, many, seconds)
    finally:
        nursery.close()
    return {
        "p50_ratio": round(ours.p50 / bare.p50, 2),
        "within_3s": ours.within_3s,
        **killed,
        "per_second": ours.per_second,
        "bare_per_second": bare.per_second,
        "store_per_second": await _store_alone(folder / "alone", many),
        "p50_ms": round(ours.p50 * 1000, 1),
        "bare_p50_ms": round(bare.p50 * 1000, 1),
    }


class Crowd:
    """Members who each have a question waiting in their direct messages, and what became of their answers."""

    def __init__(self, scene: Scene, many: int) -> None:
        self.scene = scene
        scene.clock.move_to(WEDNESDAY_AT_SIX)
        world, database = scene.world, scene.database
        self.people: list[Person] = []
        channels: dict[int, int] = {}
        for number in range(many):
            person = world.person(f"member-{number}")
            world.join(person, scene.demo.guild_id)
            self.people.append(person)
            channels[person.id] = world.backend.get_dm_channel(person.id).id
        database.parent.mkdir(parents=True)
        with members.writing(database) as session:
            plans = members.enrol(
                session, scene.demo.guild_id, channels, lambda _: WEDNESDAY_AT_SIX + timedelta(days=7)
            )
            asked = [members.ask(session, plan, WEDNESDAY_AT_SIX) for plan in plans]
        library = load(default_root())
        origin = Origin(scene.demo.guild_id)
        self.questions: list[tuple[int, int, int]] = []
        for number, checkin_id in enumerate(asked):
            drawn = draw(
                library,
                f"checkins.opening#{number % 24}",
                {"network": "Saturday Coffee Heads"},
                origin=origin,
                subject_id=checkin_id,
            )
            message = world.backend.create_message(
                channels[self.people[number].id],
                world.backend.bot_user.id,
                drawn["content"],
                components=drawn["view"].to_components(),
                broadcast=False,
            )
            self.questions.append((checkin_id, message.channel_id, message.id))
        self.ages: dict[int, float] = {}
        self.last_told = 0.0
        world.subscribe(self._heard)

    def _heard(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "EXCHANGE" and payload["error"] is None:
            exchange = self.scene.world.backend.exchanges[int(payload["id"])]
            self.last_told = time.monotonic()
            self.ages.setdefault(exchange.id, exchange.age)

    async def answer(self, seconds: float) -> list[Exchange]:
        """Everybody presses a button, one after another, evenly over so long."""
        self.begun = time.monotonic()
        exchanges: list[Exchange] = []
        for number, (checkin_id, channel_id, message_id) in enumerate(self.questions):
            if number % 10 == 0:
                await asyncio.sleep(
                    max(0.0, self.begun + number * seconds / len(self.questions) - time.monotonic())
                )
            custom_id = f"ok1:checkins.level:{checkin_id}:{LEVELS[number % 4]}"
            exchanges.append(await self.people[number].press_raw(channel_id, message_id, custom_id))
        return exchanges


class Storm:
    """What a crowd saw."""

    def __init__(self, crowd: Crowd, exchanges: list[Exchange]) -> None:
        self.p50 = statistics.median(crowd.ages.values())
        self.within_3s = sum(exchange.error is None for exchange in exchanges) / len(exchanges)
        self.per_second = round(len(crowd.ages) / (crowd.last_told - crowd.begun))


async def _storm(crowd: Crowd, seconds: float) -> Storm:
    exchanges = await crowd.answer(seconds)
    print(f"{len(exchanges)} presses in {time.monotonic() - crowd.begun:.2f} s", end="")
    await asyncio.gather(*(exchange.wait(10) for exchange in exchanges))
    print(f", all ended after {time.monotonic() - crowd.begun:.2f} s")
    return Storm(crowd, exchanges)


async def _bare(folder: Path, nursery: Nursery, many: int, seconds: float) -> Storm:
    folder.mkdir()
    scene = Scene(folder, nursery)
    await scene.open()
    crowd = Crowd(scene, many)
    text = load(default_root()).fill("checkins.wobbly", {"line": "Samaritans, 116 123", "tomorrow": ""}).text
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare_keeping"],
        env={**os.environ, **scene.environ, "BARE_TEXT": text, "BARE_DATABASE": str(folder / "bare.db")},
        cwd=ROOT,
    )
    try:
        await until(lambda: scene.wire.gateway.connections, "the bare bot connecting")
        await asyncio.sleep(1.0)
        return await _storm(crowd, seconds)
    finally:
        process.kill()
        process.wait()
        await scene.close()


async def _ours(folder: Path, nursery: Nursery, many: int, seconds: float) -> Storm:
    folder.mkdir()
    scene = Scene(folder, nursery)
    await scene.open()
    crowd = Crowd(scene, many)
    bot = await scene.bot()
    await asyncio.sleep(1.0)
    try:
        return await _storm(crowd, seconds)
    finally:
        await bot.stop()
        await scene.close()


async def _killed(folder: Path, nursery: Nursery, many: int, seconds: float) -> dict[str, Any]:
    return {}


async def _store_alone(folder: Path, many: int) -> int:
    return 0
