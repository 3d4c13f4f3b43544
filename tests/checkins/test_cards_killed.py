"""Dark words and a process that dies: met when the next one comes, and a card that had arrived is not sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.people import Person
from bot.sandbox.wire.faults import Call, Dropped, Stage
from tests.launch.processes import Bot, Nursery
from tests.launch.scene import WEDNESDAY, Scene, until, words

DARK = "I want to kill myself"


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


def cards(scene: Scene, person: Person) -> list[str]:
    """The cards somebody has, oldest first."""
    return [words(m) for m in scene.dms(person) if "even if you're not sure it's that bad" in words(m)]


async def test_a_card_is_not_lost_with_the_process(scene: Scene) -> None:
    you, kate = scene.you, scene.world.people["kate"]
    bot = await scene.bot()
    await scene.joined(you, kate)
    await scene.advance_to(bot, WEDNESDAY)
    await until(lambda: scene.questions(you) and scene.questions(kate), "the questions")
    dying: list[tuple[Stage, Bot]] = []

    async def strike(stage: Stage, call: Call) -> None:
        if dying and call.method == "POST" and call.path.endswith("/messages") and stage == dying[0][0]:
            dying.pop()[1].kill()
            if stage == "arrived":
                raise Dropped

    scene.wire.faults.on_request = strike
    for stage, person in (("arrived", you), ("stored", kate)):
        dying.append((stage, bot))
        await person.send(await person.open_dm(), DARK)
        await bot.ended()
        assert len(cards(scene, person)) == (stage == "stored")
        bot = await scene.bot()
        await until(lambda who=person: cards(scene, who), "a card")
    await scene.bot_is_quiet()
    (late,), (at_once,) = cards(scene, you), cards(scene, kate)
    assert "off" in late.partition("\n")[0] or "running" in late.partition("\n")[0]
    assert at_once.startswith(("Thank", "I'm glad"))
    await bot.stop()


async def test_words_are_met_while_the_database_is_being_changed(scene: Scene) -> None:
    busy = scene.folder / "busy"
    busy.touch()
    bot = await scene.bot(opened=False, migrating=str(busy))
    await scene.you.send(await scene.you.open_dm(), DARK)
    await until(lambda: cards(scene, scene.you), "a card")
    busy.unlink()
    await bot.opened()
    await bot.stop()
