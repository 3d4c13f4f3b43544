"""Sessions with the bot killed at every moment: saved once, among Discord's own events once, told of once.

Each moment comes now and then here; `python -m tests.bench crash` strikes as often as told.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash import edited, mirrored, saved, twins
from tests.launch.scene import Scene


@pytest.fixture
def scene(scene: Scene) -> Iterator[Scene]:
    """The scene of every crash, where moreover nothing may have been at a loss."""
    yield scene
    assert "Traceback" not in scene.log.read_text()


async def test_a_session_is_saved_and_announced_once_and_a_second_press_finds_it(scene: Scene) -> None:
    rounds = saved.Saved(scene, seed=20261128)
    counted = await rounds.run(5)
    assert counted == saved.Counted(sessions=counted.sessions)
    assert counted.sessions >= saved.IN_A_LIFE


async def test_each_of_discords_own_events_is_there_once_and_nobody_is_asked(scene: Scene) -> None:
    rounds = mirrored.Mirrored(scene, seed=20261128)
    counted = await rounds.run(5)
    assert counted == mirrored.Counted(events=counted.events)
    assert counted.events > mirrored.DATES, "of both series"


async def test_what_is_changed_in_the_middle_of_a_round_is_told_once_and_nothing_that_is_no_longer_so(
    scene: Scene,
) -> None:
    story = edited.Edited(scene, seed=20261128)
    counted = await story.run()
    assert counted == edited.Counted(messages=counted.messages)
    assert story.blows.total() >= 4, story.blows


async def test_of_two_copies_started_at_once_one_works_and_one_says_why_not(scene: Scene) -> None:
    morning = twins.Twins(scene, seed=20261128)
    counted = await morning.run()
    assert counted == twins.Counted(messages=counted.messages)
    assert morning.pairs >= 2
    assert morning.blows.total() >= 2, morning.blows
