"""A clock that stood wrong for a while: what was put off by it comes back, and nobody is asked twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.checkins.evening import Evening
from tests.launch.scene import SUNDAY

WEDNESDAY_EVENING = datetime(2026, 11, 25, 18, 1, tzinfo=UTC)


async def test_a_clock_put_right_again_does_not_silence_anybody_for_years(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    evening.clock.move_to(SUNDAY + timedelta(days=3650))
    await evening.app.alarm.ring()
    assert evening.questions(evening.you) == []
    evening.clock.move_to(SUNDAY + timedelta(minutes=5))
    await evening.app.alarm.ring()
    await evening.play(WEDNESDAY_EVENING)
    assert len(evening.questions(evening.you)) == 1


async def test_a_clock_set_back_after_the_question_asks_nobody_twice(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    await evening.play(WEDNESDAY_EVENING)
    evening.clock.move_to(WEDNESDAY_EVENING - timedelta(hours=2))
    await evening.app.alarm.ring()
    await evening.play(WEDNESDAY_EVENING + timedelta(hours=1))
    assert len(evening.questions(evening.you)) == 1
    await evening.play(WEDNESDAY_EVENING + timedelta(days=7))
    assert len(evening.questions(evening.you)) == 2


async def test_a_clock_set_back_leaves_due_what_is_due(evening: Evening) -> None:
    await evening.set_up()
    evening.clock.move_to(SUNDAY + timedelta(days=100))
    await evening.app.alarm.ring()
    evening.clock.move_to(SUNDAY)
    await evening.join(evening.you)
    await evening.play(WEDNESDAY_EVENING)
    assert len(evening.questions(evening.you)) == 1
