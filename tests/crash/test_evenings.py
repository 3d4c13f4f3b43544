"""Whole evenings under fire: the bot is killed while it asks and while it is being answered.

Every member is asked once a week, whatever happened; and what somebody was told is kept, is kept.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.people import Person
from bot.sandbox.wire.faults import Call, Stage
from tests.launch.processes import Bot, Nursery
from tests.launch.scene import WEDNESDAY, Scene, answered, button, says, until

WEEKS = 3


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


async def killed_while_asking(scene: Scene, people: list[Person], week: int, dice: random.Random) -> int:
    """Lives cut short at any moment, from before the database is open on, until everybody was asked; how many."""
    lives = 0

    def all_asked() -> bool:
        return all(len(scene.questions(person)) >= week for person in people)

    while not all_asked():
        assert lives < 200, "this does not get anywhere"
        bot = await scene.fork()
        # Measured by what it did, since a slow machine's lives end before they begin; longer if short ones lead nowhere.
        enough = scene.wire.stats.requests + dice.randint(1, 8 + lives)
        await until(lambda: scene.wire.stats.requests >= enough or all_asked(), "a sign of life")  # noqa: B023 - waited for at once
        await asyncio.sleep(dice.uniform(0, 0.02))  # between one thing it does and the next
        bot.kill()
        await bot.ended()
        lives += 1
        if dice.random() < 0.5:
            scene.wire.forget_nonces()
    return lives


async def test_everybody_is_asked_once_a_week_however_often_the_bot_dies(scene: Scene) -> None:
    dice = random.Random(11)
    people = list(scene.demo.people[:9])
    bot = await scene.bot()
    await scene.joined(*people)
    await bot.stop()
    lives = 0
    for week in range(1, WEEKS + 1):
        scene.clock.move_to(WEDNESDAY + timedelta(days=7 * (week - 1)))
        lives += await killed_while_asking(scene, people, week, dice)
        bot = await scene.bot()  # lives long enough to say anything twice, if it would
        await scene.bot_is_quiet()
        assert [len(scene.questions(person)) for person in people] == [week] * len(people)
        for person in people:
            question = scene.questions(person)[-1]
            await answered(await person.press(int(question["id"]), button(question, "checkins.level=good")))
        await bot.stop()
    assert lives >= WEEKS


class Executioner:
    """Kills the bot at the n-th answer to an interaction, before or after Discord has it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._aim: tuple[Bot, Stage] | None = None
        scene.wire.faults.on_request = self._strike

    def aim(self, bot: Bot, stage: Stage) -> None:
        self._aim = bot, stage

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._aim is not None and self._aim[1] == stage and call.path.endswith("/callback"):
            bot, _ = self._aim
            self._aim = None
            bot.kill()
            await bot.ended()


@pytest.mark.parametrize("stage", ["arrived", "stored", "answered"])
async def test_what_was_told_is_kept_and_a_second_tap_shows_it(scene: Scene, stage: Stage) -> None:
    """Killed between keeping an answer and telling of it: the button, pressed again, shows what was kept."""
    people = list(scene.demo.people[:3])
    bot = await scene.bot()
    await scene.joined(*people)
    await scene.advance_to(bot, WEDNESDAY)
    executioner = Executioner(scene)
    for person in people:
        question = scene.questions(person)[-1]
        press = int(question["id"]), button(question, "checkins.level=ok")
        executioner.aim(bot, stage)
        await person.press(*press)
        await until(lambda: bot.code is not None, "the blow")  # noqa: B023 - waited for at once
        bot = await scene.bot()
        again = await answered(await person.press(*press))
        # The answer goes out only once it is on the disk, so whenever it was on its way, it was kept.
        assert says(again.messages[-1], "checkins.same_again")
    assert [len(scene.questions(person)) for person in people] == [1] * len(people)
