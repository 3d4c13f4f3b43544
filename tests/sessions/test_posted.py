"""What was announced in a channel says how it is now: moved, left out, put back, called off, by invitation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.outbox import queue
from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import custom_ids, until, words
from tests.sessions.test_changing import MONDAY, coffee
from tests.sessions.test_scheduling import announced, facilitator, fill, pick, said_in_channel

OFF = "sessions.announced_off"
PRIVATE = "sessions.announced_private"
KINDS = ("sessions.announcement", "sessions.announcement_about", OFF, PRIVATE)


def may_come(message: dict[str, Any]) -> bool:
    return any(custom_id.startswith("ok1:sessions.coming:") for custom_id in custom_ids(message))


async def test_an_announcement_says_how_it_is_now(evening: Evening) -> None:
    evening.clock.move_to(MONDAY)
    marcus = await facilitator(evening)
    meetings = await coffee(evening)
    (was,) = await until(lambda: announced(evening), "the announcement")
    assert may_come(was)

    async def now(template: str, *said: str) -> dict[str, Any]:
        """The one announcement there is, once it says this."""

        def as_said() -> list[dict[str, Any]]:
            those = said_in_channel(evening, template)
            return [m for m in those if m["id"] == was["id"] and all(each in words(m) for each in said)]

        await evening.wait(minutes=1)
        (found,) = await until(as_said, f"{template} with {said}")
        assert {m["id"] for each in KINDS for m in said_in_channel(evening, each)} == {was["id"]}
        assert any(custom_id.startswith("ok1:support:") for custom_id in custom_ids(found))
        return found

    await evening.run(marcus, "session move", session=meetings[0], when="Sunday 29 November 10am")
    moved = int(datetime(2026, 11, 29, 10, tzinfo=UTC).timestamp())
    assert may_come(await now("sessions.announcement", f"<t:{moved}"))

    skipped = last(await evening.run(marcus, "session skip", session=meetings[0]))
    assert not may_come(await now(OFF, "Saturday coffee"))
    await evening.tap(marcus, skipped, "sessions.back")
    assert may_come(await now("sessions.announcement", f"<t:{moved}"))

    shown = last(await evening.run(marcus, "session edit", session=meetings[0]))
    shown = await evening.tap(marcus, shown, "sessions.edit=all")
    shown = await fill(evening, marcus, shown, "sessions.change", about="Bring biscuits.", length="45")
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
    assert may_come(await now("sessions.announcement_about", "Bring biscuits.", "45"))

    # Left out and put back within a minute: the last word stands.
    skipped = last(await evening.run(marcus, "session skip", session=meetings[0]))
    await evening.tap(marcus, skipped, "sessions.back")
    assert may_come(await now("sessions.announcement_about", "Bring biscuits."))

    # For invited people only from here on: what was said to everybody says no more of it.
    more = last(await evening.run(marcus, "session edit", session=meetings[1]))
    more = await evening.tap(marcus, more, "sessions.edit=all")
    more = await evening.tap(marcus, more, "sessions.more")
    more = await pick(evening, marcus, more, "sessions.who", "invited")
    more = await pick(evening, marcus, more, "sessions.invite", str(evening.you.id))
    more = await evening.tap(marcus, more, "sessions.preview")
    expect(await evening.tap(marcus, more, "sessions.save"), "sessions.saved")
    over = await now(PRIVATE)
    assert "coffee" not in words(over)
    assert not may_come(over)

    # Discord says once that it cannot: done again.
    evening.wire.faults.add(Rule("error", method="PATCH", path=f"*/messages/{was['id']}", status=503))
    ask = last(await evening.run(marcus, "session cancel", session=meetings[0]))
    expect(
        await fill(evening, marcus, ask, "sessions.cancel=all", text="It was good."), "sessions.cancelled_all"
    )
    await until(lambda: evening.wire.faults.rules[-1].happened == 1, "the refusal")
    assert not may_come(await now(PRIVATE))
    assert evening.wire.faults.rules[-1].happened == 1


async def test_an_announcement_somebody_deleted_stays_deleted_and_nobody_is_bothered(
    evening: Evening,
) -> None:
    evening.clock.move_to(MONDAY)
    marcus = await facilitator(evening)
    meetings = await coffee(evening)
    (was,) = await until(lambda: announced(evening), "the announcement")
    await evening.demo.organiser.delete(int(was["channel_id"]), int(was["id"]))
    before = len(evening.from_bot(marcus))
    await evening.run(marcus, "session move", session=meetings[0], when="Sunday 29 November 10am")
    await evening.wait(minutes=1)
    await until(lambda: said_in_channel(evening, "sessions.channel_moved"), "the news")
    row = "SELECT state, error FROM outbox WHERE edits_id = ?"
    await until(lambda: evening.rows(row, int(was["id"])) == [("expired", "10008")], "the look")
    assert announced(evening) == []
    assert len(evening.from_bot(marcus)) == before
    with_doctor = await evening.app.store.read(queue.troubles)
    assert with_doctor == [], "no organiser is sent to look for permissions"
