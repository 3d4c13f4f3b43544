"""Many answers at once, with the bot killed in the middle: what somebody was told is kept, is kept."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlmodel import Session, select

from bot.checkins.answering import level_of
from bot.checkins.tables import Checkin
from bot.db import keys
from bot.db.store import engine_for
from bot.sandbox.exchange import Exchange
from bot.sandbox.wire.faults import Call, Stage
from tests.crash.round import Crowd, gather
from tests.launch.processes import Bot
from tests.launch.scene import Scene, until, words

pytestmark = pytest.mark.usefixtures("unpaced")

PEOPLE = 150
ROUNDS = ("ok", "wobbly", "good", "not-ok")


def levels(scene: Scene) -> dict[int, str | None]:
    """What is kept of each question, read with the bot's own key while no bot is there."""
    keyring = keys.load(None, scene.folder / "reallyok.key")
    engine = engine_for(f"sqlite:///{scene.database.as_posix()}", writing=False)
    with Session(engine) as session:
        found = {row.id: level_of(keyring, row) for row in session.exec(select(Checkin))}
    engine.dispose()
    return {key: None if level is None else str(level) for key, level in found.items()}


def told(exchange: Exchange) -> bool:
    """Whether somebody was answered, and not with an apology."""
    return any("went wrong" not in words(message) for message in exchange.messages)


async def tap(crowd: Crowd, level: str) -> list[Exchange]:
    """Everybody taps at the same moment."""
    return [
        await human.press_raw(channel, 1, f"ok1:checkins.level:{question}:{level}")
        for human, channel, question in zip(crowd.humans, crowd.channels, crowd.questions, strict=True)
    ]


async def test_what_somebody_was_told_is_kept_is_kept(scene: Scene) -> None:
    dice = random.Random(7)
    crowd = await gather(scene, PEOPLE, scene.clock.now(), asked=True)
    before: dict[int, str | None] = dict.fromkeys(crowd.questions)
    bots: list[Bot] = []
    after: list[int] = []
    killed = asyncio.Event()

    async def strike(stage: Stage, call: Call) -> None:
        if not after or stage != "arrived" or not call.path.startswith("/interactions/"):
            return
        after[0] -= 1
        if after[0] == 0:
            after.clear()
            bots[-1].kill()
            killed.set()

    scene.wire.faults.on_request = strike
    middles = 0
    for level in ROUNDS:
        killed.clear()
        bots.append(await scene.bot())
        after[:] = [dice.randrange(1, 60)]
        exchanges = await tap(crowd, level)
        await until(killed.is_set, "the kill")
        await bots[-1].ended()
        await asyncio.sleep(0.05)  # what the dead process had already written to its sockets
        kept = levels(scene)
        for exchange, question in zip(exchanges, crowd.questions, strict=True):
            if told(exchange):
                assert kept[question] == level, "told, and not kept"
            else:
                assert kept[question] in (level, before[question]), "neither the old answer nor the new"
        middles += 0 < sum(map(told, exchanges)) < PEOPLE
        before = kept
    assert middles > 1, "killed in the middle, or nothing was proved"
    # Whoever was not told presses again.
    bot = await scene.bot()
    again = await tap(crowd, "wobbly")
    await until(lambda: all(exchange.answered.is_set() for exchange in again), "every answer")
    assert all(exchange.error is None and told(exchange) for exchange in again)
    assert await bot.stop() == 0
    assert set(levels(scene).values()) == {"wobbly"}
