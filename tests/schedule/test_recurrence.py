"""Recurrence by the wall clock: clock changes, skipped dates, closures, and the same answer from any starting point."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.schedule.recurrence import (
    Cadence,
    Often,
    Quiet,
    Series,
    Unit,
    first_on,
    next_after,
    next_allowed,
    occurrences,
    resolve,
    within_quiet,
)

ZONES = [
    "Europe/London",
    "Europe/Dublin",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "America/St_Johns",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Nuuk",
    "Pacific/Apia",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    """What clocks show, in no zone."""
    return datetime.fromisoformat(text)


def local(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        ("2026-03-28", "01:30", "Europe/London", "2026-03-28T01:30"),
        ("2026-03-29", "01:30", "Europe/London", "2026-03-29T01:30"),  # shown as 02:30
        ("2026-03-29", "18:00", "Europe/London", "2026-03-29T17:00"),
        ("2026-10-25", "01:30", "Europe/London", "2026-10-25T00:30"),  # the first of two
        ("2026-10-25", "18:00", "Europe/London", "2026-10-25T18:00"),
        ("2026-09-27", "02:30", "Pacific/Auckland", "2026-09-26T14:30"),
        ("2026-04-05", "02:30", "Pacific/Auckland", "2026-04-04T13:30"),
        ("2026-10-25", "18:00", "Asia/Kolkata", "2026-10-25T12:30"),
        ("2026-03-08", "02:30", "America/St_Johns", "2026-03-08T06:00"),
        ("2026-11-01", "01:30", "America/St_Johns", "2026-11-01T04:00"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),  # half an hour: shown as 02:45
        ("2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45"),
        ("2026-04-24", "00:00", "Africa/Cairo", "2026-04-23T22:00"),  # no midnight: shown as 01:00
        ("2011-12-30", "18:00", "Pacific/Apia", "2011-12-31T04:00"),  # no such day: the 31st
    ],
)
def test_a_wall_clock_time_is_resolved_in_its_zone(day: str, at: str, zone: str, expected: str) -> None:
    assert resolve(date.fromisoformat(day), time.fromisoformat(at), zone) == utc(expected)


def test_a_jumped_over_time_moves_forward_by_the_jump() -> None:
    for day, at, zone, shown in [
        ("2026-03-29", "01:30", "Europe/London", "02:30"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "02:45"),
        ("2026-04-24", "00:00", "Africa/Cairo", "01:00"),
    ]:
        instant = resolve(date.fromisoformat(day), time.fromisoformat(at), zone)
        assert local(instant, zone) == datetime.fromisoformat(f"{day}T{shown}")


def test_wednesday_at_six_stays_at_six_across_both_changes() -> None:
    plan = Cadence(Often.WEEKLY, date(2026, 3, 18), time(18), "Europe/London")
    spring = list(occurrences(plan, utc("2026-03-20"), utc("2026-04-10")))
    autumn = list(occurrences(plan, utc("2026-10-20"), utc("2026-11-05")))
    assert spring == [utc("2026-03-25T18:00"), utc("2026-04-01T17:00"), utc("2026-04-08T17:00")]
    assert autumn == [utc("2026-10-21T17:00"), utc("2026-10-28T18:00"), utc("2026-11-04T18:00")]


def test_half_past_one_happens_once_on_each_change_night() -> None:
    plan = Series(date(2026, 1, 1), time(1, 30), "Europe/London", Unit.DAY)
    autumn = list(occurrences(plan, utc("2026-10-24T12:00"), utc("2026-10-26T12:00")))
    spring = list(occurrences(plan, utc("2026-03-28T12:00"), utc("2026-03-30T12:00")))
    assert autumn == [utc("2026-10-25T00:30"), utc("2026-10-26T01:30")]
    assert spring == [utc("2026-03-29T01:30"), utc("2026-03-30T00:30")]


def test_a_date_the_zone_skipped_is_not_made_up_for_twice() -> None:
    daily = Series(date(2011, 12, 1), time(18), "Pacific/Apia", Unit.DAY)
    got = list(occurrences(daily, utc("2011-12-29"), utc("2012-01-02T12:00")))
    assert [local(each, "Pacific/Apia").date() for each in got] == [
        date(2011, 12, 28),
        date(2011, 12, 29),
        date(2011, 12, 31),
        date(2012, 1, 1),
        date(2012, 1, 2),
    ]
    fridays = Series(date(2011, 12, 2), time(18), "Pacific/Apia")
    assert next_after(fridays, utc("2011-12-29")) == resolve(date(2011, 12, 31), time(18), "Pacific/Apia")


def test_a_time_pushed_over_midnight_uses_up_the_date_it_lands_on() -> None:
    # Nuuk's clocks go from 23:00 straight to midnight on the last Saturday of March.
    daily = Series(date(2026, 1, 1), time(23, 30), "America/Nuuk", Unit.DAY)
    got = list(occurrences(daily, utc("2026-03-27T12:00"), utc("2026-03-31T12:00")))
    shown = [local(each, "America/Nuuk") for each in got]
    assert shown == [
        wall("2026-03-27T23:30"),
        wall("2026-03-29T00:30"),
        wall("2026-03-30T23:30"),
    ]
    assert next_after(daily, got[1]) == got[2]
    sunday = {date(2026, 3, 29)}
    assert next_after(daily, got[0], closed=sunday.__contains__) == got[2]


def test_a_fortnight_keeps_its_weeks_from_any_starting_point() -> None:
    plan = Cadence(Often.FORTNIGHTLY, date(2026, 1, 7), time(18), "Europe/London")
    assert next_after(plan, utc("2026-01-07T18:00")) == utc("2026-01-21T18:00")
    assert next_after(plan, utc("2036-01-02")) == utc("2036-01-09T18:00")
    assert (date(2036, 1, 9) - plan.anchor).days % 14 == 0


def test_monthly_is_the_same_weekday_of_the_month_and_leaves_none_out() -> None:
    first_wednesday = Cadence(Often.MONTHLY, date(2026, 1, 7), time(18), "Europe/London")
    got = [each.date() for each in occurrences(first_wednesday, utc("2026-01-01"), utc("2026-05-01"))]
    assert got == [date(2026, 1, 7), date(2026, 2, 4), date(2026, 3, 4), date(2026, 4, 1)]
    fifth_friday = Cadence(Often.MONTHLY, date(2026, 1, 30), time(18), "Europe/London")
    got = [each.date() for each in occurrences(fifth_friday, utc("2026-01-01"), utc("2026-05-01"))]
    assert got == [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 27), date(2026, 4, 24)]


def test_school_days_leave_out_the_weekend_and_what_is_closed() -> None:
    plan = Cadence(Often.SCHOOL_DAYS, date(2026, 9, 2), time(16), "Europe/London")
    half_term = {date(2026, 10, 26) + timedelta(days=n) for n in range(5)}
    got = occurrences(plan, utc("2026-10-22"), utc("2026-11-04"), closed=half_term.__contains__)
    assert [each.date().isoformat()[5:] for each in got] == ["10-22", "10-23", "11-02", "11-03"]


def test_an_always_closed_calendar_ends_the_search() -> None:
    plan = Cadence(Often.SCHOOL_DAYS, date(2026, 9, 2), time(16), "Europe/London")
    asked: list[date] = []

    def shut(day: date) -> bool:
        asked.append(day)
        return True

    assert next_after(plan, utc("2026-10-22"), closed=shut) is None
    assert asked[-1] < date(2029, 11, 1)


def test_a_series_ends_by_date_or_by_count() -> None:
    start = date(2026, 1, 12)
    six = Series(start, time(18), "Europe/London", count=6)
    assert next_after(six, utc("2026-02-16T17:59")) == utc("2026-02-16T18:00")
    assert next_after(six, utc("2026-02-16T18:00")) is None
    until = Series(start, time(18), "Europe/London", until=date(2026, 2, 16))
    assert list(occurrences(six, utc("2026-01-01"), utc("2027-01-01"))) == list(
        occurrences(until, utc("2026-01-01"), utc("2027-01-01"))
    )


def test_a_plan_that_starts_in_five_years_is_still_found() -> None:
    plan = Cadence(Often.WEEKLY, date(2031, 1, 1), time(18), "Europe/London")
    assert next_after(plan, utc("2026-01-01")) == utc("2031-01-01T18:00")


def test_the_twenty_ninth_of_february_is_an_ordinary_date() -> None:
    daily = Series(date(2028, 1, 1), time(9), "Europe/London", Unit.DAY)
    assert next_after(daily, utc("2028-02-28T09:00")) == utc("2028-02-29T09:00")


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"weekdays": (7,)},
        {"nth": 5, "unit": Unit.MONTH},
        {"nth": 1},
        {"nth": (3, 1), "unit": Unit.MONTH},
        {"nth": (1,), "unit": Unit.MONTH},
        {"nth": (1, 5), "unit": Unit.MONTH},
        {"count": 0},
        {"count": 1001},
        {"unit": Unit.DAY, "weekdays": (1,)},
        {"at": time(18, tzinfo=UTC)},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    asked: dict[str, object] = {"start": date(2026, 1, 1), "at": time(18), "zone": "Europe/London"} | wrong
    with pytest.raises(ValueError, match=r"."):
        Series(**asked)


RULES = [
    (Series(date(2026, 1, 7), time(1, 30), "Europe/London"), "FREQ=WEEKLY"),
    (
        Series(date(2026, 1, 8), time(19), "Europe/London", every=2, weekdays=(0, 3)),
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
    ),
    (
        Series(date(2026, 1, 8), time(19), "Europe/London", every=2, weekdays=(0, 6)),
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU",
    ),
    (Series(date(2026, 1, 8), time(19), "Europe/London", Unit.DAY, 10), "FREQ=DAILY;INTERVAL=10"),
    (Series(date(2026, 1, 8), time(19), "Europe/London", Unit.MONTH, 1, (4,), -1), "FREQ=MONTHLY;BYDAY=-1FR"),
    (
        Series(date(2026, 1, 8), time(19), "Europe/London", Unit.MONTH, 3, (0, 6), 2),
        "FREQ=MONTHLY;INTERVAL=3;BYDAY=2MO,2SU",
    ),
]


@pytest.mark.parametrize(("series", "oracle"), RULES, ids=[rule for _, rule in RULES])
def test_two_hundred_years_agree_with_the_plain_rule(series: Series, oracle: str) -> None:
    start = datetime.combine(series.start, time.min)
    end = wall("2226-01-01")
    expected = [day.date() for day in rrulestr(oracle, dtstart=start).between(start, end, inc=True)]
    # Asked for in pieces, as the bot does, so that starting near a date is what is tested.
    got: list[date] = []
    since = series.start
    while since < end.date():
        piece = list(islice(series.dates(since), 37))
        got += piece
        since = piece[-1] + timedelta(days=1)
    assert got[: len(expected)] == expected
    assert len(expected) > 250


zones = st.sampled_from(ZONES)
dates = st.dates(date(2009, 1, 1), date(2035, 12, 31))
times = st.times().map(lambda each: each.replace(second=0, microsecond=0, fold=0))
instants = st.datetimes(wall("2010-01-01"), wall("2034-01-01"), timezones=st.just(UTC))
cadences = st.builds(Cadence, st.sampled_from(Often), dates, times, zones)
serieses = st.one_of(
    st.builds(Series, dates, times, zones, st.just(Unit.DAY), st.integers(1, 12)),
    st.builds(
        Series,
        dates,
        times,
        zones,
        st.just(Unit.WEEK),
        st.integers(1, 5),
        st.lists(st.integers(0, 6), unique=True, max_size=7).map(tuple),
        count=st.none() | st.integers(1, 200),
    ),
    st.builds(
        Series,
        dates,
        times,
        zones,
        st.just(Unit.MONTH),
        st.integers(1, 5),
        st.lists(st.integers(0, 6), unique=True, max_size=3).map(tuple),
        st.sampled_from([-1, 0, 1, 2, 3, 4]),
        until=st.none() | dates,
    ),
)
closures = st.sets(st.integers(0, 13), max_size=12).map(lambda shut: lambda day: day.toordinal() % 14 in shut)


def as_series(rule: Cadence | Series) -> Series:
    return rule.series() if isinstance(rule, Cadence) else rule


@given(rule=cadences | serieses, after=instants, closed=closures)
@settings(max_examples=250, deadline=None)
def test_occurrences_keep_every_promise(rule: Cadence | Series, after: datetime, closed) -> None:
    series = as_series(rule)
    got = list(islice(occurrences(rule, after, after + timedelta(days=900), closed=closed), 60))
    for earlier, later in pairwise(got):
        assert earlier < later
        assert local(earlier, series.zone).date() < local(later, series.zone).date()
    for each in got:
        shown = local(each, series.zone)
        assert shown.date() >= series.start
        assert series.until is None or shown.date() <= series.until + timedelta(days=1)
        assert not closed(shown.date())
        if shown.time() != series.at:
            # Only in a gap: the time asked for, that day or (pushed over midnight) the day before, never was.
            asked = [datetime.combine(shown.date() - timedelta(days=n), series.at) for n in (0, 1)]
            assert any(not exists(each, series.zone) for each in asked)


def exists(wall: datetime, zone: str) -> bool:
    return local(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), zone) == wall


@given(rule=cadences | serieses, after=instants, closed=closures)
@settings(max_examples=250, deadline=None)
def test_next_after_is_the_first_occurrence_later(rule: Cadence | Series, after: datetime, closed) -> None:
    found = next_after(rule, after, closed=closed, horizon=timedelta(days=900))
    later = (
        each for each in occurrences(rule, after, after + timedelta(days=800), closed=closed) if each > after
    )
    first = next(later, None)
    if first is not None:
        assert found == first
    elif found is not None:
        assert found >= after + timedelta(days=800)
    if found is not None:
        # Stepping from one to the next and asking for all of them are the same.
        chain = [found]
        while len(chain) < 5 and (step := next_after(rule, chain[-1], closed=closed)) is not None:
            chain.append(step)
        assert (
            list(occurrences(rule, found, chain[-1] + timedelta(microseconds=1), closed=closed))[:5] == chain
        )


@given(day=dates, weekday=st.integers(0, 6))
def test_first_on_is_the_next_such_weekday_or_today(day: date, weekday: int) -> None:
    found = first_on(weekday, day)
    assert found.weekday() == weekday
    assert 0 <= (found - day).days < 7


@pytest.mark.parametrize(
    ("at", "start", "end", "quiet"),
    [
        ("21:59", "22:00", "07:00", False),
        ("22:00", "22:00", "07:00", True),
        ("00:00", "22:00", "07:00", True),
        ("06:59", "22:00", "07:00", True),
        ("07:00", "22:00", "07:00", False),
        ("12:30", "12:00", "13:00", True),
        ("13:00", "12:00", "13:00", False),
        ("12:00", "12:00", "12:00", False),
    ],
)
def test_quiet_hours_reach_over_midnight(at: str, start: str, end: str, quiet: bool) -> None:
    assert within_quiet(*(time.fromisoformat(each) for each in (at, start, end))) is quiet


def test_quiet_hours_put_a_message_off_to_their_end() -> None:
    night = Quiet(time(22), time(7))
    assert next_allowed(utc("2026-07-01T22:30"), "Europe/London", night) == utc("2026-07-02T06:00")
    assert next_allowed(utc("2026-07-02T03:00"), "Europe/London", night) == utc("2026-07-02T06:00")
    assert next_allowed(utc("2026-07-02T12:00"), "Europe/London", night) == utc("2026-07-02T12:00")
    assert next_allowed(utc("2026-10-24T22:30"), "Europe/London", night) == utc("2026-10-25T07:00")
    assert next_allowed(utc("2026-07-02T03:00"), "Europe/London", None) == utc("2026-07-02T03:00")


def test_quiet_hours_that_end_in_the_repeated_hour_never_send_into_the_past() -> None:
    assert next_allowed(utc("2026-10-25T01:10"), "Europe/London", Quiet(time(0, 30), time(1, 30))) == utc(
        "2026-10-25T01:30"
    )


def test_an_end_pushed_forward_into_the_next_quiet_hours_waits_for_those_too() -> None:
    nearly_always = Quiet(time(2, 15), time(1, 30))  # and on this night 01:30 is shown as 02:30
    assert next_allowed(utc("2026-03-29T00:50"), "Europe/London", nearly_always) == utc("2026-03-30T00:30")


@given(instant=instants, zone=zones, quiet=st.builds(Quiet, times, times))
def test_quiet_hours_are_kept_and_put_off_less_than_two_days(
    instant: datetime, zone: str, quiet: Quiet
) -> None:
    allowed = next_allowed(instant, zone, quiet)
    assert instant <= allowed < instant + timedelta(days=2, hours=2)
    if not within_quiet(local(instant, zone).time(), *quiet):
        assert allowed == instant
    assert not within_quiet(local(allowed, zone).time(), *quiet)
