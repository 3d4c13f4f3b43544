"""Weeks as people write them, hours by the wall clock, promises, and the table of steps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.listeners.rules import (
    NEXT,
    OPEN,
    Hours,
    Promise,
    State,
    covered_until,
    evening_end,
    in_turn,
    kept,
    next_morning,
    next_on,
    next_start,
    on_duty,
    promised_at,
    read_rota,
    rota_of,
)

LONDON = "Europe/London"


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Mondays 7.30 pm - 9 pm", "mon 19:30-21:00"),
        ("mon 7.30-9pm", "mon 19:30-21:00"),
        ("Monday 7-9 pm", "mon 19:00-21:00"),
        ("Saturday 11-1 pm", "sat 11:00-13:00"),
        ("Saturday 10.30-1 pm", "sat 10:30-13:00"),
        ("Wed and Fri 12:00 to 13:00", "wed 12:00-13:00, fri 12:00-13:00"),
        ("Wed, Fri noon until 1 pm", "wed 12:00-13:00, fri 12:00-13:00"),
        ("weekends: 09:00–11:00", "sat 09:00-11:00, sun 09:00-11:00"),
        ("Fri-Sun from 8pm to midnight", "fri 20:00-00:00, sat 20:00-00:00, sun 20:00-00:00"),
        ("Tuesdays 22:00-01:00", "tue 22:00-01:00"),
        ("Tues 8 pm to 10 pm; Thurs 8 pm to 10 pm", "tue 20:00-22:00, thu 20:00-22:00"),
    ],
)
def test_a_week_is_read_as_it_is_meant(said: str, meant: str) -> None:
    slots, unread = read_rota(said)
    assert (kept(slots), unread) == (meant, [])
    assert rota_of(kept(slots)) == slots


@pytest.mark.parametrize(
    "said",
    [
        "every other Monday 7-9 pm",
        "Sundays at tea time",
        "7-9 pm",
        "Mon 7-9",
        "Mon 9 pm",
        "Mon 25:00-26:00",
        "Moonday 7-9 pm",
        "Mon 7 pm-7 pm",
        "‮",
        "x" * 500,
    ],
)
def test_what_is_not_plain_is_given_back(said: str) -> None:
    assert read_rota(said) == ((), [said])


def test_every_day_and_nothing() -> None:
    assert len(read_rota("every day 8 pm - 9 pm")[0]) == 7
    assert read_rota("every Monday 7-9 pm")[0] == rota_of("mon 19:00-21:00")
    assert len(read_rota("weekdays 8 pm - 9 pm\n\nweekdays 8pm-9pm")[0]) == 5
    assert read_rota(" \n ") == ((), [])
    assert rota_of("") == ()


def test_hours_go_by_the_wall_clock_through_both_changes() -> None:
    rota = rota_of("sun 00:30-02:30")
    # On 25 October 2026 the hour from one to two comes twice; on 29 March it does not come.
    assert covered_until(rota, LONDON, at(25, 2, 15, month=10)) == at(25, 2, 30, month=10)
    assert covered_until(rota, LONDON, at(24, 23, 29, month=10)) is None
    assert covered_until(rota, LONDON, at(24, 23, 30, month=10)) == at(25, 2, 30, month=10)
    assert covered_until(rota, LONDON, at(29, 1, 29, month=3)) == at(29, 1, 30, month=3)
    assert next_start(rota, LONDON, at(25, 0, 0, month=10)) == at(1, 0, 30)


def test_over_midnight_and_side_by_side_is_one_stretch() -> None:
    rota = rota_of("sun 20:00-22:00, sun 22:00-01:00")
    assert covered_until(rota, LONDON, at(22, 21)) == at(23, 1)
    assert covered_until(rota, LONDON, at(23, 0, 30)) == at(23, 1)
    assert covered_until(rota, LONDON, at(23, 1)) is None


def test_on_by_ones_word_or_ones_week_and_off_in_a_rest() -> None:
    rota = rota_of("sun 20:00-22:00")
    now = at(22, 18)
    assert not on_duty(Hours(LONDON, rota), now)
    assert on_duty(Hours(LONDON, rota), at(22, 20))
    assert on_duty(Hours(LONDON, on_until=at(22, 19)), now)
    for rest in ("off_until", "breather_until", "paused_until"):
        hours = Hours(LONDON, rota, on_until=at(22, 23), **{rest: at(22, 21)})
        assert not on_duty(hours, at(22, 20, 30))
        assert next_on(hours, now) == at(22, 21), "in the middle of their stretch"
        assert next_on(Hours(LONDON, rota, **{rest: at(22, 22)}), now) == at(29, 20)
    assert next_on(Hours(LONDON), now) is None


@pytest.mark.parametrize(
    ("promise", "now", "by"),
    [
        (Promise.HALF_HOUR, at(22, 18), at(22, 18, 30)),
        (Promise.TONIGHT, at(22, 18), at(22, 21)),
        (Promise.TONIGHT, at(22, 20, 30), at(22, 21, 30)),
        (Promise.TONIGHT, at(22, 22, 10), at(22, 23)),
        (Promise.TONIGHT, at(22, 22, 50), at(22, 23, 20)),
        (Promise.TONIGHT, at(22, 1), at(22, 1, 30)),
        (Promise.TOMORROW, at(22, 18), at(23, 8, 15)),
        (Promise.TOMORROW, at(22, 1), at(22, 8, 15)),
        (Promise.TOMORROW, at(24, 20, month=10), at(25, 8, 15, month=10)),
        (Promise.TOMORROW, at(28, 20, month=3), at(29, 7, 15, month=3)),
        (Promise.TONIGHT, at(1, 17, month=7), at(1, 20, month=7)),
    ],
)
def test_a_promise_is_a_time_by_the_members_clock(promise: Promise, now: datetime, by: datetime) -> None:
    assert promised_at(promise, now, LONDON) == by


def test_tonight_in_another_zone_is_that_zones_night() -> None:
    assert promised_at(Promise.TONIGHT, at(22, 18), "Asia/Kolkata") == at(22, 18, 30)
    assert promised_at(Promise.TOMORROW, at(22, 18), "Asia/Kolkata") == at(23, 2, 45)


def test_nobody_is_on_by_having_forgotten() -> None:
    assert evening_end(at(22, 12), LONDON) == at(22, 22)
    assert evening_end(at(22, 21, 30), LONDON) == at(22, 23, 30)
    assert evening_end(at(22, 0, 30), LONDON) == at(22, 2, 30), "the small hours are the evening before"
    assert evening_end(at(22, 5), LONDON) == at(22, 22)
    assert next_morning(at(22, 23, 30), LONDON) == at(23, 10)


def test_whoever_was_asked_longest_ago_is_next() -> None:
    assert in_turn([(at(22, 1), 0, 1), (None, 0, 3), (at(21, 1), 1, 4), (None, 0, 2), (at(21, 1), 0, 5)]) == [
        2,
        3,
        5,
        4,
        1,
    ]


def test_the_table_of_steps_names_every_state_and_nothing_leaves_closed() -> None:
    assert set(NEXT) == set(State)
    assert NEXT[State.CLOSED] == frozenset()
    for state in OPEN:
        assert State.CLOSED in NEXT[state]
        reached, seen = {state}, set[State]()
        while reached - seen:
            seen |= reached
            reached = seen | {one for known in seen for one in NEXT[known]}
        assert State.HELD in seen, f"from {state} somebody may still take it"
    assert State.DRAFT not in {one for following in NEXT.values() for one in following}
