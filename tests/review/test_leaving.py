"""After `/leave` nothing of that network names them any more, and nothing that was stuck on its way comes after all."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import until

WEDNESDAY = datetime(2026, 11, 25, 18, 0, 5, tzinfo=UTC)


async def leave(evening: Evening) -> None:
    asked = last(await evening.run(evening.you, "leave"))
    expect(await evening.tap(evening.you, asked, "members.leave=yes"), "members.left")


async def test_no_message_of_the_past_names_who_has_left(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    await evening.join(evening.demo.people[6])
    await evening.play(WEDNESDAY)
    await leave(evening)
    assert evening.rows("SELECT dedupe_key FROM outbox WHERE user_id = ?", evening.you.id) == []
    assert evening.rows("SELECT 1 FROM outbox WHERE user_id = ?", evening.demo.people[6].id)


async def test_a_question_stuck_on_its_way_does_not_come_after_all(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    before = len(evening.from_bot(evening.you))
    stuck = evening.wire.faults.add(
        Rule("drop", method="POST", path=f"/channels/{evening.you.dm_id}/messages", times=None)
    )
    evening.clock.move_to(WEDNESDAY)
    await evening.app.alarm.ring()
    await until(lambda: stuck.happened, "a first try")
    await leave(evening)
    evening.wire.faults.clear()
    pump = evening.app.pump
    assert pump is not None
    await until(lambda: not pump._doubtful and not pump._tasks, "the message being let go")
    assert len(evening.from_bot(evening.you)) == before
