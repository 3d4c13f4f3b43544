"""Weeks by the member's own wall clock: zones, clock changes, closures, quiet hours, and the bot being away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last, wording
from tests.launch.scene import WEDNESDAY, answered, words

ZONES = ("Europe/London", "Pacific/Auckland", "Asia/Kolkata", "America/St_Johns")


def asked_at(evening: Evening, person: Person, zone: str = "Europe/London") -> list[datetime]:
    """When somebody was asked, by the wall clock of a zone."""
    return [
        datetime.fromisoformat(question["timestamp"]).astimezone(ZoneInfo(zone))
        for question in evening.questions(person)
    ]


def days(evening: Evening, person: Person, zone: str = "Europe/London") -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M}" for at in asked_at(evening, person, zone)]


async def organise(evening: Evening, lines: str) -> None:
    """The organiser types term dates."""
    shown = await evening.run(evening.demo.organiser, "network closures")
    form = await evening.pressed(evening.demo.organiser, last(shown), "networks.closures")
    kept = await answered(await evening.demo.organiser.submit(form, {"dates": lines}))
    expect(last(kept), "networks.closures_saved")


async def test_an_ordinary_month_asks_once_a_week_in_different_words(evening: Evening) -> None:
    await evening.joined(evening.you)
    for _ in range(5):
        await evening.wait(weeks=1)
        await evening.tap(evening.you, evening.questions(evening.you)[-1], "checkins.level=good")
    assert days(evening, evening.you) == [
        "2026-11-25 18:00",
        "2026-12-02 18:00",
        "2026-12-09 18:00",
        "2026-12-16 18:00",
        "2026-12-23 18:00",
    ]
    used = [wording(question, "checkins.opening") for question in evening.questions(evening.you)]
    assert len(set(used)) == len(used), "fourteen weeks pass before an opening comes again"
    assert await evening.levels(evening.you) == ["good"] * 5


@pytest.mark.parametrize(
    "change", [datetime(2026, 3, 24, 12, tzinfo=UTC), datetime(2026, 10, 20, 12, tzinfo=UTC)]
)
async def test_six_o_clock_is_six_o_clock_on_every_wall_across_a_clock_change(
    evening: Evening, change: datetime
) -> None:
    evening.clock.move_to(change)
    people = evening.demo.people[: len(ZONES)]
    await evening.set_up(nation="elsewhere")
    for person, zone in zip(people, ZONES, strict=True):
        await evening.join(person)
        saved = await evening.run(
            person, "checkin settings", zone=zone, day="6", time="18:00", often="weekly"
        )
        expect(last(saved), "checkins.settings_saved")
    await evening.play(change + timedelta(days=20))
    for person, zone in zip(people, ZONES, strict=True):
        asked = asked_at(evening, person, zone)
        assert [(at.weekday(), at.hour, at.minute) for at in asked] == [(6, 18, 0)] * 3
        assert [b.date() - a.date() for a, b in pairwise(asked)] == [timedelta(days=7)] * 2


@pytest.mark.parametrize(
    ("zone", "night", "local"),
    [
        (
            "Europe/London",
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            ["2026-03-29 02:30"],
        ),  # the clocks jump over it
        ("Europe/London", datetime(2026, 10, 24, 12, tzinfo=UTC), ["2026-10-25 01:30"]),  # it comes twice
        ("America/St_Johns", datetime(2026, 10, 31, 12, tzinfo=UTC), ["2026-11-01 01:30"]),
    ],
)
async def test_a_time_that_never_comes_or_comes_twice_asks_once(
    evening: Evening, zone: str, night: datetime, local: list[str]
) -> None:
    evening.clock.move_to(night)
    await evening.set_up(nation="elsewhere")
    await evening.join(evening.you)
    await evening.run(evening.you, "checkin settings", zone=zone, day="6", time="01:30")
    await evening.play(night + timedelta(days=3))
    assert days(evening, evening.you, zone) == local


async def test_a_half_term_is_left_alone_and_asked_through_by_those_who_wish(evening: Evening) -> None:
    kate = evening.demo.people[6]
    await evening.joined(evening.you, kate)
    await evening.run(kate, "checkin settings", closures="ask")
    await organise(evening, "30 November 2026 to 4 December 2026 half-term\n9 December 2026 INSET")
    await evening.play(WEDNESDAY + timedelta(weeks=1))
    assert days(evening, evening.you) == ["2026-11-25 18:00"]
    assert days(evening, kate) == ["2026-11-25 18:00", "2026-12-02 18:00"]
    await evening.write(kate, "all quiet here")
    await evening.play(WEDNESDAY + timedelta(weeks=3))
    assert days(evening, evening.you)[1:] == ["2026-12-16 18:00"]
    assert days(evening, kate)[2:] == ["2026-12-09 18:00", "2026-12-16 18:00"]


async def test_closures_taken_back_let_the_question_come(evening: Evening) -> None:
    await evening.joined(evening.you)
    await organise(evening, "23 November 2026 to 27 November 2026")
    await organise(evening, "1 March 2027")
    await evening.play(WEDNESDAY)
    assert days(evening, evening.you) == ["2026-11-25 18:00"]


CALENDAR = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//School//Terms//EN
BEGIN:VEVENT
UID:1@school
DTSTAMP:20260901T000000Z
DTSTART;VALUE=DATE:20261130
DTEND;VALUE=DATE:20261205
SUMMARY:Half-term
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


async def test_a_calendar_file_closes_the_network_and_a_broken_one_changes_nothing(evening: Evening) -> None:
    await evening.joined(evening.you)
    organiser = evening.demo.organiser
    told = await evening.run(organiser, "network closures", calendar=("terms.ics", CALENDAR))
    expect(last(told), "networks.closures_saved")
    assert "Half-term" in words(last(told))
    told = await evening.run(
        organiser, "network closures", calendar=("holiday.ics", b"\xff\xd8 not a calendar")
    )
    expect(last(told), "networks.closures_problems")
    await evening.play(WEDNESDAY + timedelta(weeks=2))
    assert days(evening, evening.you) == ["2026-11-25 18:00", "2026-12-09 18:00"]


async def test_bank_holidays_are_those_of_the_member_s_nation(evening: Evening) -> None:
    """St Andrew's Day is Scotland's alone; Christmas Day and New Year's Day are everybody's."""
    fiona = evening.demo.people[10]
    await evening.joined(evening.you, fiona)
    for person, nation in ((evening.you, "england"), (fiona, "scotland")):
        await evening.run(person, "checkin settings", nation=nation, day="0", time="9am")
    await evening.play(datetime(2026, 12, 8, 12, tzinfo=UTC))
    assert days(evening, evening.you) == ["2026-11-23 09:00", "2026-11-30 09:00", "2026-12-07 09:00"]
    assert days(evening, fiona) == ["2026-11-23 09:00", "2026-12-07 09:00"]
    await evening.run(evening.you, "checkin settings", day="4")
    await evening.play(datetime(2027, 1, 9, tzinfo=UTC))
    assert days(evening, evening.you)[3:] == ["2026-12-11 09:00", "2026-12-18 09:00", "2027-01-08 09:00"]


@pytest.mark.parametrize(
    ("often", "expected"),
    [
        ("fortnightly", ["2026-11-25", "2026-12-09", "2026-12-23", "2027-01-06"]),
        ("monthly", ["2026-11-25", "2026-12-23"]),  # the fourth Wednesday
        ("school-days", ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"]),
    ],
)
async def test_the_cadences(evening: Evening, often: str, expected: list[str]) -> None:
    await evening.joined(evening.you)
    await evening.run(evening.you, "checkin settings", often=often)
    asked = 0
    while evening.clock.now() < datetime(2027, 1, 7, tzinfo=UTC) and asked < len(expected):
        await evening.wait(days=1)
        if len(evening.questions(evening.you)) > asked:
            asked += 1
            await evening.tap(evening.you, evening.questions(evening.you)[-1], "checkins.level=good")
    assert [at[:10] for at in days(evening, evening.you)] == expected


async def test_quiet_hours_move_a_question_to_their_end(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.run(evening.you, "checkin settings", time="22:00", quiet_from="21:00", quiet_until="07:30")
    await evening.play(WEDNESDAY + timedelta(days=3))
    assert days(evening, evening.you) == ["2026-11-26 07:30"]


@pytest.mark.parametrize(
    ("away", "sent", "state"), [(timedelta(hours=3), 1, "asked"), (timedelta(hours=5), 0, "dropped")]
)
async def test_away_over_the_hour_three_hours_is_late_and_five_too_late(
    evening: Evening, away: timedelta, sent: int, state: str
) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY - timedelta(hours=1))
    await evening.sleep()
    evening.clock.move_to(WEDNESDAY + away)
    await evening.wake()
    await evening.play(evening.clock.now())
    assert len(evening.questions(evening.you)) == sent
    assert evening.rows("SELECT state FROM checkin") == [(state,)]
    await evening.play(WEDNESDAY + timedelta(weeks=1))
    assert days(evening, evening.you)[sent:] == ["2026-12-02 18:00"], "the next week is as ever"


async def test_a_clock_set_back_asks_nothing_twice(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    evening.clock.move_to(WEDNESDAY - timedelta(hours=2))
    await evening.play(WEDNESDAY + timedelta(hours=1))
    assert len(evening.questions(evening.you)) == 1


async def test_three_unanswered_then_one_question_about_them_then_silence(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY + timedelta(weeks=10))
    assert len(evening.questions(evening.you)) == 3
    said = evening.from_bot(evening.you)
    expect(said[-1], "checkins.unanswered")
    assert len(said) == 1 + 3 + 1


@pytest.mark.parametrize(
    ("choice", "template", "following"),
    [
        ("keep", "checkins.asking_keep", ["2026-12-23 18:00", "2026-12-30 18:00", "2027-01-06 18:00"]),
        ("less", "checkins.asking_less", ["2026-12-23 18:00", "2027-01-06 18:00"]),
        ("pause", "checkins.asking_pause", []),
    ],
)
async def test_each_choice_after_three_unanswered(
    evening: Evening, choice: str, template: str, following: list[str]
) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY + timedelta(weeks=3))
    asked = evening.from_bot(evening.you)[-1]
    expect(asked, "checkins.unanswered")
    expect(await evening.tap(evening.you, asked, f"checkins.asking={choice}"), template)
    await evening.play(datetime(2027, 1, 7, tzinfo=UTC))
    assert days(evening, evening.you)[3:] == following
    if choice == "pause":
        expect(
            last(await evening.run(evening.you, "checkin settings", often="weekly")),
            "checkins.settings_saved",
        )
        await evening.play(datetime(2027, 1, 14, tzinfo=UTC))
        assert days(evening, evening.you)[3:] == ["2027-01-13 18:00"]


async def test_words_are_an_answer_as_far_as_counting_goes(evening: Evening) -> None:
    await evening.joined(evening.you)
    for _ in range(5):
        await evening.wait(weeks=1)
        await evening.write(evening.you, "too much on to press buttons, sorry, but thank you")
    assert len(evening.questions(evening.you)) == 5


async def test_levels_are_let_go_after_ninety_days(evening: Evening) -> None:
    from bot.db import own

    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.level=wobbly")
    store = evening.app.store
    due = evening.rows("SELECT due_at FROM checkin")
    await store.write(own.expire, WEDNESDAY + timedelta(days=89))
    assert evening.rows("SELECT due_at FROM checkin") == due
    await store.write(own.expire, WEDNESDAY + timedelta(days=91))
    assert evening.rows("SELECT * FROM checkin") == []
