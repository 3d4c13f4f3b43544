"""Each message once: after a day away, rung twice, moved in the middle, in quiet hours, and where the bot may not write."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import discord
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType
from sqlmodel import Session

from bot.checkins.habits import habits
from bot.sessions import coming, due
from bot.sessions.tables import Occurrence, SeriesRow
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, button, custom_ids, words
from tests.sessions.held import facilitates, hold, in_channel, sent_at

NINE = datetime(2026, 11, 28, 9, tzinfo=UTC)
SATURDAY = date(2026, 11, 28)


def told(evening: Evening, person: Any, template: str) -> list[datetime]:
    """When somebody was sent a template."""
    return [sent_at(m) for m in evening.from_bot(person) if says(m, template)]


async def comes(evening: Evening, person: Any, meeting: Occurrence, what: str = "coming") -> dict[str, Any]:
    """Somebody answers from the list."""
    shown = last(await evening.run(person, "sessions"))
    menu = next(i for i in custom_ids(shown) if ":sessions.open:" in i)
    card = last(await answered(await person.choose(int(shown["id"]), menu, [str(meeting.id)])))
    return await evening.tap(person, card, f"sessions.{what}")


async def test_rung_twice_and_after_a_night_away_each_message_comes_once_or_not_at_all(
    evening: Evening,
) -> None:
    you, kate = evening.you, evening.world.people["kate"]
    await evening.joined(you, kate)
    first, second, *_ = await hold(evening, SATURDAY, time(9))
    for person in (you, kate):
        for meeting in (first, second):
            await comes(evening, person, meeting)
    await evening.play(NINE - timedelta(minutes=59))
    for _ in range(3):
        await due.sessions_due(evening.app.store, habits, evening.clock.now())
    assert told(evening, you, "sessions.reminder") == [NINE - timedelta(days=1), NINE - timedelta(hours=1)]

    # A week on it is off from before the reminders until after the start.
    week = NINE + timedelta(days=7)
    await evening.play(week - timedelta(days=2))
    await evening.sleep()
    evening.clock.move_to(week + timedelta(minutes=30))
    await evening.wake()
    await evening.wait(minutes=1)
    assert len(told(evening, you, "sessions.reminder")) == 2
    assert told(evening, you, "sessions.door") == [NINE]
    ended = evening.rows("SELECT state FROM outbox WHERE dedupe_key LIKE ?", f"session:remind:{second.id}:%")
    assert ended == [("expired",)] * 2, "recorded, not sent late"

    # And off from before the day's reminder to half an hour before: the latest alone.
    third = (await hold(evening, date(2026, 12, 9), time(9)))[0]
    await comes(evening, you, third)
    before = len(evening.from_bot(you))
    await evening.play(third.starts_at - timedelta(days=2))
    await evening.sleep()
    evening.clock.move_to(third.starts_at - timedelta(minutes=30))
    await evening.wake()
    await evening.wait(minutes=1)
    (late,) = [m for m in evening.from_bot(you)[before:] if says(m, "sessions.reminder")]
    # At once, by a clock that went on while the bot started.
    assert timedelta(minutes=20) < third.starts_at - sent_at(late) <= timedelta(minutes=30)


async def test_moved_and_called_off_in_the_middle(evening: Evening) -> None:
    you = evening.you
    await evening.joined(you)
    first, second, *_ = await hold(evening, SATURDAY, time(9))
    for meeting in (first, second):
        await comes(evening, you, meeting)
    await evening.play(NINE - timedelta(hours=20))

    def change(session: Session, meeting_id: int, starts_at: datetime, state: str) -> None:
        meeting = session.get_one(Occurrence, meeting_id)
        meeting.starts_at, meeting.ends_at = starts_at, starts_at + timedelta(hours=1)
        meeting.state = state  # type: ignore[assignment]
        series = session.get_one(SeriesRow, meeting.series_id)
        coming.rearranged(session, habits, meeting, series, evening.clock.now())

    noon = NINE + timedelta(days=2, hours=3)
    store = evening.app.store
    await store.write(change, first.id, noon, "planned")
    await store.write(change, second.id, second.starts_at, "cancelled")
    await evening.play(second.starts_at + timedelta(hours=2))
    assert told(evening, you, "sessions.reminder") == [
        NINE - timedelta(days=1),
        noon - timedelta(days=1),
        noon - timedelta(hours=1),
    ]
    assert told(evening, you, "sessions.door") == [noon]
    reply = await evening.you.press_raw(
        evening.you.dm_id or 0, int(evening.from_bot(you)[-1]["id"]), f"ok1:sessions.coming:{second.id}:"
    )
    expect(last(await answered(reply)), "sessions.not_held")
    reply = await evening.you.press_raw(
        evening.you.dm_id or 0, int(evening.from_bot(you)[-1]["id"]), f"ok1:sessions.maybe:{first.id}:"
    )
    expect(last(await answered(reply)), "sessions.over")


async def test_quiet_hours_a_pause_and_ones_own_choice_hold(evening: Evening) -> None:
    you, kate, tom = evening.you, evening.world.people["kate"], evening.world.people["tom"]
    await evening.joined(you, kate, tom)
    first, *_ = await hold(evening, SATURDAY, time(9))
    for person in (you, kate, tom):
        await comes(evening, person, first)
    await evening.run(you, "checkin settings", quiet_from="20:00", quiet_until="08:30")
    await evening.run(kate, "pause", until="24 December 2026")
    shown = last(await evening.run(tom, "sessions"))
    panel = await evening.tap(tom, shown, "sessions.reminders")
    expect(panel, "sessions.reminders")
    assert not any(i.endswith(":both") for i in custom_ids(panel)), "what holds is not offered"
    chosen = await evening.tap(tom, panel, "sessions.remind=quarter")
    assert "quarter of an hour before" in words(chosen)
    await evening.play(NINE + timedelta(minutes=5))
    # The day before at nine is no quiet hour; the hour before is, and comes at its end.
    assert told(evening, you, "sessions.reminder") == [NINE - timedelta(days=1), NINE - timedelta(minutes=30)]
    assert told(evening, kate, "sessions.reminder") == []
    assert told(evening, kate, "sessions.door") == []
    assert told(evening, tom, "sessions.reminder") == [NINE - timedelta(minutes=15)]


async def test_a_channel_that_takes_nothing_is_said_and_its_reminder_goes_to_those_coming(
    evening: Evening,
) -> None:
    you, marcus, tom = evening.you, evening.demo.facilitators[0], evening.world.people["tom"]
    await evening.joined(you, marcus, tom)
    facilitates(evening, marcus)
    first, *_ = await hold(evening, SATURDAY, time(9), facilitator=marcus)
    for person in (you, tom):
        await comes(evening, person, first)
    panel = await evening.tap(tom, last(await evening.run(tom, "sessions")), "sessions.reminders")
    await evening.tap(tom, panel, "sessions.remind=day")
    await evening.wait(hours=2)
    channel = evening.demo.channels["saturday-coffee"]
    everybody = evening.demo.guild_id
    evening.world.backend.get_channel(channel).overwrites.append(
        Overwrite(everybody, OverwriteType.ROLE, deny=discord.Permissions(send_messages=True).value)
    )
    await evening.play(NINE + timedelta(minutes=5))
    assert told(evening, you, "sessions.reminder") == [NINE - timedelta(days=1), NINE - timedelta(hours=1)]
    assert told(evening, tom, "sessions.reminder") == [NINE - timedelta(days=1), NINE - timedelta(hours=1)]
    complaint = [m for m in evening.from_bot(marcus) if says(m, "sessions.no_permission")]
    assert len(complaint) == 1, "once a meeting, though the door found it closed too"
    assert "View Channel" in words(complaint[0])
    assert not any(says(m, "sessions.channel_reminder") for m in in_channel(evening))


async def test_who_may_not_and_what_is_not_there(evening: Evening) -> None:
    """A stranger, a smaller group, a role, a number of nothing; nothing changes."""
    you, kate, ruth = evening.you, evening.world.people["kate"], evening.demo.organiser
    await evening.joined(you, kate)
    role = evening.world.role(evening.demo.guild_id, "new heads")
    evening.world.give_role(kate, evening.demo.guild_id, role)
    small, *_ = await hold(evening, SATURDAY, time(11), who="invited", invited=(kate,), title="Small group")
    heads, *_ = await hold(evening, SATURDAY, time(12), who="role", role_id=role, title="New heads")
    for meeting, refusal in ((small, "errors.not_invited"), (heads, "errors.not_invited")):
        for channel in (evening.welcome, you.dm_id or 0):
            press = await you.press_raw(channel, 1, f"ok1:sessions.coming:{meeting.id}:")
            expect(last(await answered(press)), refusal)
        for channel in (evening.welcome, kate.dm_id or 0):
            press = await kate.press_raw(channel, 1, f"ok1:sessions.coming:{meeting.id}:")
            expect(last(await answered(press)), "sessions.coming")
    assert "Small group" not in words(last(await evening.run(you, "sessions")))
    assert "Small group" in words(last(await evening.run(kate, "sessions")))
    for number, refusal in ((small.id, "errors.not_member"), (1, "errors.old_button")):
        press = await ruth.press_raw(evening.welcome, 1, f"ok1:sessions.here:{number}:")
        expect(last(await answered(press)), refusal)
    assert {user for (user,) in evening.rows("SELECT user_id FROM session_coming")} == {kate.id}
    assert button(last(await evening.run(kate, "sessions")), "support")
