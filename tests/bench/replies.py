"""A thousand members answer in one second, then again with the bot killed in the middle of it.

The same presses go to a bare handler, which keeps each answer with a commit of its own. Every press is timed from
the member's tap to the moment the server has the answer; what was kept is counted in the database. How many a
second can be kept is measured with all thousand pressing as fast as this process can deliver it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import sqlite3
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from bot.buddies import following
from bot.checkins import answering
from bot.checkins.rules import Level
from bot.content.library import default_root, load
from bot.db import keys
from bot.db.store import Store
from bot.sandbox.exchange import Exchange
from bot.ui.render import Origin, draw
from tests.bench import members
from tests.bench.members import NETWORK, WEDNESDAY_AT_SIX
from tests.launch.processes import Bot, Nursery, Program
from tests.launch.scene import PATIENCE_S, Scene, until

LEVELS = tuple(Level)
DEADLINE_S = 3.0
NEXT_WEEK = WEDNESDAY_AT_SIX + timedelta(days=7)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.0, help="in which everybody answers")
    parser.add_argument("--runs", type=int, default=3, help="of each kind; the medians are told")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    many, seconds = chosen.members, chosen.seconds
    nursery = Nursery()
    try:
        bare, ours, bare_flood, flood = [list[Storm]() for _ in range(4)]
        for number in range(chosen.runs):  # in turn, so that a busy minute of the machine falls on both
            bare.append(await _storm(folder / f"bare-{number}", nursery, many, seconds, bare=True))
            ours.append(await _storm(folder / f"ours-{number}", nursery, many, seconds))
            bare_flood.append(await _storm(folder / f"bare-flood-{number}", nursery, many, 0.0, bare=True))
            flood.append(await _storm(folder / f"flood-{number}", nursery, many, 0.0))
        killed = await _killed(folder / "killed", nursery, many, seconds)
    finally:
        nursery.close()
    p50, bare_p50 = _median(ours, "p50_ms"), _median(bare, "p50_ms")
    return {
        "p50_ratio": round(p50 / bare_p50, 2),
        "within_3s": min(storm.within_3s for storm in ours),
        **killed,
        "per_second": _median(flood, "kept_per_second"),
        "told_per_second": _median(flood, "told_per_second"),
        "bare_per_second": _median(bare_flood, "told_per_second"),
        "store_per_second": await _store_alone(folder / "alone", many),
        "p50_ms": p50,
        "bare_p50_ms": bare_p50,
        "cpu_ms": _median(flood, "cpu_ms"),
        "bare_cpu_ms": _median(bare_flood, "cpu_ms"),
        "bare_within_3s": min(storm.within_3s for storm in bare),
    }


def _median(storms: list[Storm], what: str) -> float:
    return round(statistics.median(getattr(storm, what) for storm in storms), 2)


@dataclass
class Question:
    """One question that stands in somebody's direct messages, and how they will answer it."""

    checkin_id: int
    channel_id: int
    message_id: int
    level: Level

    @property
    def custom_id(self) -> str:
        return f"ok1:checkins.level:{self.checkin_id}:{self.level}"


class Crowd:
    """Members who each have a question waiting, and what the server hears of the answers to their answers."""

    def __init__(self, scene: Scene, many: int) -> None:
        self.scene = scene
        scene.clock.move_to(WEDNESDAY_AT_SIX)
        self.people = members.crowd(scene, many)
        channels = {person.id: person.dm_id or 0 for person in self.people}
        with members.writing(scene.database) as session:
            plans = members.enrol(session, scene.demo.guild_id, channels, lambda _: NEXT_WEEK)
            asked = members.ask(session, plans, WEDNESDAY_AT_SIX)
        self.questions = [
            self._place(checkin_id, channel, number)
            for number, (checkin_id, channel) in enumerate(zip(asked, channels.values(), strict=True))
        ]
        self.exchanges: dict[int, Question] = {}
        self.told: dict[int, float] = {}
        """Seconds from the press to the server having the answer, by exchange."""
        self.begun = self.last_told = 0.0
        self.on_told: Callable[[], None] = lambda: None
        scene.world.subscribe(self._heard)

    def _place(self, checkin_id: int, channel_id: int, number: int) -> Question:
        """Put a question on the server as the bot would have sent it."""
        backend = self.scene.world.backend
        drawn = draw(
            load_once(),
            f"checkins.opening#{number}",
            {"network": NETWORK},
            origin=Origin(self.scene.demo.guild_id),
            subject_id=checkin_id,
        )
        message = backend.create_message(
            channel_id,
            backend.bot_user.id,
            drawn["content"],
            components=drawn["view"].to_components(),
            broadcast=False,
        )
        return Question(checkin_id, channel_id, message.id, LEVELS[number % len(LEVELS)])

    def _heard(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "EXCHANGE" and payload["error"] is None and int(payload["id"]) not in self.told:
            exchange = self.scene.world.backend.exchanges[int(payload["id"])]
            self.last_told = time.monotonic()
            self.told[exchange.id] = exchange.age
            self.on_told()

    async def answer(self, seconds: float, going_on: Callable[[], bool] = lambda: True) -> list[Exchange]:
        """Everybody presses their button, evenly over so long (0: as fast as this process can)."""
        self.begun = time.monotonic()
        exchanges: list[Exchange] = []
        for number, (person, question) in enumerate(zip(self.people, self.questions, strict=True)):
            if number % 10 == 0:
                due = self.begun + number * seconds / len(self.questions)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not going_on():
                break
            exchange = await person.press_raw(question.channel_id, question.message_id, question.custom_id)
            self.exchanges[exchange.id] = question
            exchanges.append(exchange)
        return exchanges

    def kept(self) -> dict[int, bytes]:
        """The answers in the database: check-in and sealed level."""
        query = "SELECT id, level_sealed FROM checkin WHERE level_sealed IS NOT NULL"
        with contextlib.closing(sqlite3.connect(self.scene.database, timeout=5)) as connection:
            return dict(connection.execute(query).fetchall())

    async def all_kept(self) -> float:
        """Wait until every answer is in the database; the seconds since the first press."""
        while len(self.kept()) < len(self.questions) and time.monotonic() - self.begun < 10:  # noqa: ASYNC110 - another process's file has no event
            await asyncio.sleep(0.02)
        return time.monotonic() - self.begun


_libraries: list[Any] = []


def load_once() -> Any:
    """The words; read once."""
    if not _libraries:
        _libraries.append(load(default_root()))
    return _libraries[0]


@dataclass
class Storm:
    """What a crowd saw."""

    p50_ms: float
    within_3s: float
    told_per_second: float
    kept_per_second: float
    cpu_ms: float
    """Of the bot's process, for each answer."""


async def _storm(folder: Path, nursery: Nursery, many: int, seconds: float, *, bare: bool = False) -> Storm:
    scene = Scene(folder, nursery)
    scene.world.backend.answer_within = DEADLINE_S
    await scene.open()
    try:
        crowd = Crowd(scene, many)
        if bare:
            words = load_once().fill("checkins.wobbly", {"line": "Samaritans, 116 123", "tomorrow": ""}).text
            environ = {"BARE_TEXT": words, "BARE_DATABASE": str(folder / "bare.db")}
            bot: Bot | Program = scene.program(module="tests.bench.bare_keeping", **environ)
            await until(lambda: scene.wire.gateway.connections, "the bare bot connecting")
        else:
            bot = await scene.bot()
        await asyncio.sleep(1.0)
        gc.collect()
        gc.freeze()  # the server's share of the machine is not what is measured
        work = psutil.Process(bot.pid)
        before = work.cpu_times()
        keeping = asyncio.create_task(crowd.all_kept()) if not bare else None
        exchanges = await crowd.answer(seconds)
        pressed = time.monotonic() - crowd.begun
        await asyncio.gather(*(exchange.wait(PATIENCE_S) for exchange in exchanges))
        kept_s = await keeping if keeping is not None else float("inf")
        after = work.cpu_times()
    finally:
        await scene.close()
    told_s = max(crowd.last_told - crowd.begun, 0.001)
    print(f"{folder.name}: {many} presses in {pressed:.2f} s, told in {told_s:.2f} s, kept in {kept_s:.2f} s")
    return Storm(
        # Whoever was told nothing in time waited for all of it.
        p50_ms=statistics.median(crowd.told.get(each.id, DEADLINE_S) for each in exchanges) * 1000,
        within_3s=sum(exchange.error is None for exchange in exchanges) / many,
        told_per_second=len(crowd.told) / told_s,
        kept_per_second=many / kept_s,
        cpu_ms=(after.user + after.system - before.user - before.system) / many * 1000,
    )


async def _killed(folder: Path, nursery: Nursery, many: int, seconds: float) -> dict[str, Any]:
    """SIGKILL as soon as half have been told; then a new bot, and what is in its database."""
    scene = Scene(folder, nursery)
    await scene.open()
    try:
        crowd = Crowd(scene, many)
        bot = await scene.bot()
        await asyncio.sleep(1.0)
        dead = False

        def strike() -> None:
            nonlocal dead
            if not dead and len(crowd.told) >= many // 2:
                dead = True
                bot.kill()

        crowd.on_told = strike
        await crowd.answer(seconds, going_on=lambda: not dead)
        await until(lambda: dead, "half of them being told")
        await bot.ended()
        await asyncio.sleep(0.3)  # what the dead process had already written to its sockets
        told = [crowd.exchanges[exchange_id] for exchange_id in crowd.told]
        await scene.bot()
        kept = crowd.kept()
    finally:
        await scene.close()
    keyring = keys.load(None, folder / "reallyok.key")
    as_told = [
        question
        for question in told
        if (sealed := kept.get(question.checkin_id)) is not None
        and keyring.open(sealed, "checkin", "level_sealed", question.checkin_id) == question.level
    ]
    print(f"killed: {len(crowd.exchanges)} pressed, {len(told)} told, {len(kept)} kept")
    return {"told": len(told), "told_kept": len(as_told), "kept": len(kept)}


async def _store_alone(folder: Path, many: int) -> int:
    """How many answers a second the store keeps when nobody has to be told."""
    with members.writing(folder / "reallyok.db") as session:
        plans = members.enrol(session, 1, {10 + n: 10_000_000 + n for n in range(many)}, lambda _: NEXT_WEEK)
        asked = members.ask(session, plans, WEDNESDAY_AT_SIX)
    keyring = keys.Keyring(bytes(32))
    store = Store(members.address(folder / "reallyok.db"))
    try:
        begun = time.monotonic()
        answers = (
            answering.answer(
                store,
                keyring,
                following.has_buddy,
                checkin_id,
                plan["user_id"],
                LEVELS[n % 4],
                n + 1,
                WEDNESDAY_AT_SIX,
            )
            for n, (checkin_id, plan) in enumerate(zip(asked, plans, strict=True))
        )
        await asyncio.gather(*answers)
        return round(many / (time.monotonic() - begun))
    finally:
        store.close()
