"""From the announcement to the register, across the nights the clocks change and a half-term."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last, says, which
from tests.launch.scene import answered, custom_ids, words
from tests.sessions.held import COFFEE, facilitates, hold, in_channel, room, sent_at


@pytest.mark.parametrize(
    ("begin", "saturday", "nine"),
    [
        (datetime(2026, 10, 19, 12, tzinfo=UTC), date(2026, 10, 24), datetime(2026, 10, 24, 8, tzinfo=UTC)),
        (datetime(2026, 10, 26, 12, tzinfo=UTC), date(2026, 10, 31), datetime(2026, 10, 31, 9, tzinfo=UTC)),
        (datetime(2026, 3, 23, 12, tzinfo=UTC), date(2026, 3, 29), datetime(2026, 3, 29, 8, tzinfo=UTC)),
    ],
)
async def test_from_the_announcement_to_the_register(
    evening: Evening, begin: datetime, saturday: date, nine: datetime
) -> None:
    evening.clock.move_to(begin)
    you, kate, tom = evening.you, evening.world.people["kate"], evening.world.people["tom"]
    marcus = evening.demo.facilitators[0]
    await evening.joined(you, kate, tom, marcus)
    facilitates(evening, marcus)
    meetings = await hold(evening, saturday, time(9), facilitator=marcus)
    assert meetings[0].starts_at == nine

    shown = last(await evening.run(you, "sessions"))
    expect(shown, "sessions.list")
    assert COFFEE in words(shown)
    picked = await answered(await you.choose(int(shown["id"]), menu_of(shown), [str(meetings[0].id)]))
    expect(last(picked), "sessions.one")
    assert not any("sessions.here" in i for i in custom_ids(last(picked)))
    expect(await evening.tap(you, last(picked), "sessions.coming"), "sessions.coming")
    for person, what in ((kate, "sessions.coming"), (tom, "sessions.maybe")):
        mine = last(await evening.run(person, "sessions"))
        card = await answered(await person.choose(int(mine["id"]), menu_of(mine), [str(meetings[0].id)]))
        expect(await evening.tap(person, last(card), what), what)

    await evening.play(nine - timedelta(minutes=30))
    day, hour = evening.from_bot(you)[-2:]
    for reminder in (day, hour):
        expect(reminder, "sessions.reminder")
    assert sent_at(day) == nine - timedelta(days=1)
    assert sent_at(hour) == nine - timedelta(hours=1)
    assert COFFEE not in words(hour).splitlines()[0]
    expect(evening.from_bot(tom)[-1], "sessions.reminder_maybe")
    (reminded,) = [m for m in in_channel(evening) if says(m, "sessions.channel_reminder")]
    assert sent_at(reminded) == nine - timedelta(hours=1)
    assert not reminded["mentions"]
    assert not reminded["mention_everyone"]

    expect(await evening.tap(kate, evening.from_bot(kate)[-1], "sessions.cant"), "sessions.cant")
    evening.world.backend.set_voice_state(evening.demo.guild_id, tom.id, room(evening))
    await evening.heard()
    await evening.play(nine + timedelta(minutes=1))
    door = evening.from_bot(you)[-1]
    expect(door, "sessions.door")
    assert says(in_channel(evening)[-1], "sessions.channel_door")
    assert not any(says(m, "sessions.door") for m in evening.from_bot(kate))
    expect(await evening.tap(you, door, "sessions.here"), "sessions.here")

    register = last(await evening.run(marcus, "session register"))
    expect(register, "sessions.register")
    assert f"<@{you.id}>" in words(register)
    assert sorted(who for (who,) in evening.rows("SELECT user_id FROM session_attendance")) == sorted(
        [you.id, tom.id]
    )

    await evening.play(nine + timedelta(hours=2))
    for person in (you, tom):
        expect(evening.from_bot(person)[-1], "sessions.after")
    assert not any(says(m, "sessions.after") for m in evening.from_bot(kate))
    expect(await evening.tap(you, evening.from_bot(you)[-1], "sessions.after=no"), "sessions.after_off")


def menu_of(message: dict[str, object]) -> str:
    """The custom id of the list's menu."""
    return next(i for i in custom_ids(message) if ":sessions.open:" in i)


async def test_a_series_rests_in_half_term_and_keeps_nine_when_the_clocks_change(evening: Evening) -> None:
    """Saved in summer time, held on the last day of it, silent for half-term, held at nine again in winter time."""
    evening.clock.move_to(datetime(2026, 10, 19, 12, tzinfo=UTC))
    you, marcus, owner = evening.you, evening.demo.facilitators[0], evening.demo.organiser
    await evening.joined(you, marcus)
    facilitates(evening, marcus)
    asked = last(await evening.run(owner, "network closures"))
    form = await evening.pressed(owner, asked, "networks.closures")
    dates = {"dates": "26 October to 31 October 2026 half-term"}
    expect(last(await answered(await owner.submit(form, dates))), "networks.closures_saved")

    when: dict[str, Any] = {"title": COFFEE, "when": "Saturday 9am", "where": "The kettle"}
    unclear = last(await evening.run(marcus, "session schedule", **when))
    choose = next(i for i in custom_ids(unclear) if ":sessions.choose:" in i)
    draft = last(await answered(await marcus.choose(int(unclear["id"]), choose, ["1"])))
    assert "half-term" in words(draft)
    expect(await evening.tap(marcus, draft, "sessions.save"), "sessions.saved")
    before = datetime(2026, 10, 24, 8, tzinfo=UTC)
    after = datetime(2026, 11, 7, 9, tzinfo=UTC)
    await evening.wait(minutes=1)
    await attend(evening, before)
    evening.world.backend.set_voice_state(evening.demo.guild_id, you.id, None)
    await evening.heard()
    await evening.play(before + timedelta(hours=3))

    # From there to the Saturday after: nothing but the next announcement, though somebody waits in the room.
    quiet, channel = len(about(evening, you)), len(in_sessions(evening))
    evening.world.backend.set_voice_state(evening.demo.guild_id, you.id, room(evening))
    await evening.heard()
    await evening.play(datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert about(evening, you)[quiet:] == []
    assert all(says(m, "sessions.announcement") for m in in_sessions(evening)[channel:])
    assert len(in_sessions(evening)) <= channel + 1
    attended = "SELECT o.starts_at FROM session_attendance JOIN session_occurrence o ON o.id = occurrence_id ORDER BY 1"
    assert [at[:16] for (at,) in evening.rows(attended)] == ["2026-10-24 08:00"]
    evening.world.backend.set_voice_state(evening.demo.guild_id, you.id, None)

    await evening.restart()
    await attend(evening, after)
    assert [at[:16] for (at,) in evening.rows(attended)] == ["2026-10-24 08:00", "2026-11-07 09:00"]


async def attend(evening: Evening, nine: datetime) -> None:
    """One Saturday of somebody who comes: announced, reminded a day and an hour before, the door, the register."""
    you, marcus = evening.you, evening.demo.facilitators[0]
    announcement = [m for m in in_sessions(evening) if says(m, "sessions.announcement")][-1]
    assert f"<t:{int(nine.timestamp())}" in words(announcement)
    expect(await evening.tap(you, announcement, "sessions.coming"), "sessions.coming")
    await evening.play(nine - timedelta(minutes=30))
    reminders = [m for m in about(evening, you) if says(m, "sessions.reminder")][-2:]
    assert [sent_at(m) for m in reminders] == [nine - timedelta(days=1), nine - timedelta(hours=1)]
    await evening.play(nine + timedelta(minutes=1))
    door = evening.from_bot(you)[-1]
    expect(door, "sessions.door")
    assert sent_at(door) == nine
    expect(await evening.tap(you, door, "sessions.here"), "sessions.here")
    register = last(await evening.run(marcus, "session register"))
    expect(register, "sessions.register")
    assert f"<@{you.id}>" in words(register)


def about(evening: Evening, person: Person) -> list[dict[str, Any]]:
    """What somebody was told of sessions in direct messages, oldest first."""
    return [m for m in evening.from_bot(person) if any(one.startswith("sessions.") for one in which(m))]


def in_sessions(evening: Evening) -> list[dict[str, Any]]:
    """What the bot said in the channel for sessions, oldest first."""
    ((channel,),) = evening.rows("SELECT channel_id FROM session_network")
    return evening.demo.organiser.visible_messages(channel)
