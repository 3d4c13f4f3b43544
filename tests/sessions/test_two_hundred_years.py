"""Two hundred years of sessions, held to dateutil's dates, icalendar's rules, and instants reckoned another way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar, Event, vRecur

from bot.schedule.closures import Closure, closed_on
from bot.schedule.recurrence import Series, Unit, dated_occurrences
from bot.sessions.planning import announced_at, rule_of, set_rule
from bot.sessions.tables import SeriesRow

ZONES = (
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "Australia/Lord_Howe",  # whose clocks change by half an hour
    "Asia/Kolkata",
    "Africa/Cairo",  # whose clocks change at midnight, so that there are days without one
)
START = date(2026, 1, 7)
RULES = {
    "FREQ=WEEKLY;BYDAY=SU": Series(START, time(1, 30), "", weekdays=(6,)),
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,SU": Series(START, time(2), "", every=2, weekdays=(3, 6)),
    "FREQ=WEEKLY;BYDAY=FR": Series(START, time(0), "", weekdays=(4,)),
    "FREQ=MONTHLY;BYDAY=-1FR": Series(START, time(0, 30), "", Unit.MONTH, 1, (4,), -1),
    "FREQ=MONTHLY;BYDAY=1MO": Series(START, time(19, 30), "", Unit.MONTH, 1, (0,), 1),
    "FREQ=MONTHLY;BYDAY=1TU,3TU": Series(START, time(1, 30), "", Unit.MONTH, 1, (1,), (1, 3)),
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=2SU,-1SU": Series(START, time(2), "", Unit.MONTH, 2, (6,), (2, -1)),
    "FREQ=DAILY;INTERVAL=7": Series(START, time(23, 59), "", Unit.DAY, 7),
}
LAST = datetime(2226, 1, 1, tzinfo=UTC)
LAST_DAY = date(2225, 12, 30)


def instant(wall: datetime, zone: str) -> datetime:
    """When a zone's clocks show this: sought from the other side, by asking what they show at an instant."""
    place = ZoneInfo(zone)
    offsets = [
        (wall + timedelta(days=days)).replace(tzinfo=place).utcoffset() or timedelta() for days in (-1, 1)
    ]
    shown = [
        at for at in sorted((wall - offset).replace(tzinfo=UTC) for offset in offsets)
        if at.astimezone(place).replace(tzinfo=None) == wall
    ]  # fmt: skip
    # In a gap the clocks never show it: by the hands from before, which is later by the jump.
    return shown[0] if shown else (wall - offsets[0]).replace(tzinfo=UTC)


EVERYWHERE = (
    "FREQ=WEEKLY;BYDAY=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,SU",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=2SU,-1SU",
)


@pytest.mark.parametrize(
    ("oracle", "zone"),
    [
        *product(EVERYWHERE, ZONES),
        *product([rule for rule in RULES if rule not in EVERYWHERE], ["Africa/Cairo"]),
    ],
)
def test_they_agree_for_two_hundred_years(oracle: str, zone: str) -> None:
    rule = RULES[oracle]
    rule = Series(rule.start, rule.at, zone, rule.unit, rule.every, rule.weekdays, rule.nth)
    row = SeriesRow(
        network_id=1,
        title="",
        start_on=START,
        at=rule.at,
        zone=zone,
        unit="",
        where_kind="place",
        made_at=LAST,
    )
    set_rule(row, rule)
    assert rule_of(row) == rule, "what is kept of a rule is the rule"
    # The rule as a calendar has it, written and read by icalendar.
    event = Event()
    event.add("dtstart", datetime.combine(START, rule.at, ZoneInfo(zone)))
    event.add("rrule", vRecur.from_ical(oracle))
    calendar = Calendar()
    calendar.add_component(event)
    read = Calendar.from_ical(calendar.to_ical()).walk("VEVENT")[0]["RRULE"].to_ical().decode()
    walls = rrulestr(read, dtstart=datetime.combine(START, rule.at)).between(
        datetime.combine(START, time.min), datetime.combine(LAST_DAY, time.min), inc=True
    )
    begin = datetime.combine(START, time.min, UTC) - timedelta(days=1)
    got = [pair for pair in dated_occurrences(rule, begin, LAST) if pair[0] < LAST_DAY]
    walls = [wall for wall in walls if wall.date() < LAST_DAY]
    assert [on for on, _ in got] == [wall.date() for wall in walls]
    assert [at for _, at in got] == [instant(wall, zone) for wall in walls]
    assert len(got) > 2000


@pytest.mark.parametrize(
    ("night", "at"),
    [
        ("2026-10-25", "2026-10-25T00:30"),  # 01:30 comes twice: the first
        ("2027-03-28", "2027-03-28T01:30"),  # and not at all: an hour later by the clock
    ],
)
def test_half_past_one_on_both_nights_is_held_once(night: str, at: str) -> None:
    day = date.fromisoformat(night)
    rule = Series(day - timedelta(weeks=1), time(1, 30), "Europe/London")
    noon = datetime.combine(day, time(12), UTC)
    held = list(dated_occurrences(rule, noon - timedelta(days=1), noon))
    assert held == [(day, datetime.fromisoformat(at).replace(tzinfo=UTC))]


def test_the_twenty_ninth_and_the_last_friday() -> None:
    saturdays = Series(date(2048, 2, 1), time(9), "Europe/London", weekdays=(5,))
    begin, end = datetime(2048, 2, 20, tzinfo=UTC), datetime(2048, 3, 8, tzinfo=UTC)
    assert date(2048, 2, 29) in [on for on, _ in dated_occurrences(saturdays, begin, end)]
    last = Series(START, time(16), "Europe/London", Unit.MONTH, 1, (4,), -1)
    closed = closed_on(None, [Closure(date(2026, 12, 18), date(2027, 1, 3), "Christmas")])
    begin, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    assert [f"{on}" for on, _ in dated_occurrences(last, begin, end, closed=closed)] == [
        "2026-11-27",
        "2027-01-29",
    ]


def test_an_announcement_comes_by_day_after_the_meeting_before_and_in_time() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    saturday = datetime(2026, 12, 5, 9, tzinfo=UTC)
    weekly = announced_at(saturday, saturday - timedelta(days=6, hours=23), "Europe/London", now)
    assert weekly == saturday - timedelta(days=6)
    daily = announced_at(saturday, saturday - timedelta(hours=23), "Europe/London", now)
    assert daily == saturday - timedelta(hours=23)
    night = announced_at(saturday, saturday - timedelta(hours=10), "Europe/London", now)
    assert night == saturday - timedelta(hours=2), "not at eleven at night, and not after it is too late"
    assert announced_at(now + timedelta(hours=1), None, "Europe/London", now) == now
