"""Term dates: what an organiser types, what a calendar file holds, and which days are closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from bot.schedule.bank_holidays import Nation
from bot.schedule.closure_ics import LARGEST, ClosureFileError, FileProblem, read_ics
from bot.schedule.closure_lines import parse_closures
from bot.schedule.closures import MOST, Closure, Problem, closed_on, describe

HALF_TERM = (date(2026, 10, 26), date(2026, 10, 30))
CHRISTMAS = (date(2026, 12, 21), date(2027, 1, 3))


@pytest.mark.parametrize(
    ("line", "dates", "name"),
    [
        ("26 Oct - 30 Oct 2026 half-term", HALF_TERM, "half-term"),
        ("26-30 October 2026: half term", HALF_TERM, "half term"),
        ("Half-term: Mon 26 October 2026 – Fri 30 October 2026", HALF_TERM, "Half-term"),
        ("Mon 26 - Fri 30 October 2026 half-term", HALF_TERM, "half-term"),
        ("Mon 26th to Fri 30th Oct '26", HALF_TERM, ""),
        ("26/10/2026 to 30/10/2026 (Half-term)", HALF_TERM, "Half-term"),
        ("26/10 - 30/10/2026", HALF_TERM, ""),
        ("26.10.2026 - 30.10.2026", HALF_TERM, ""),
        ("2026-10-26 - 2026-10-30 half-term", HALF_TERM, "half-term"),
        ("2026-10-26/2026-10-30", HALF_TERM, ""),
        ("2026-10-26..2026-10-30 week off", HALF_TERM, "week off"),
        ("* from 26th October until 30th of October, 2026", HALF_TERM, ""),
        ("Oct 26 - Oct 30, 2026", HALF_TERM, ""),
        ("1. Autumn term: 26 Oct 2026 - 30 Oct", HALF_TERM, "Autumn term"),
        ("26 Hydref - 30 Hydref 2026 hanner tymor", HALF_TERM, "hanner tymor"),
        ("o ddydd Llun 26 Hydref i ddydd Gwener 30 Hydref 2026", HALF_TERM, ""),
        ("3 Mawrth 2026", (date(2026, 3, 3), date(2026, 3, 3)), ""),
        ("Christmas: Mon 21 December 2026 to 3 January", CHRISTMAS, "Christmas"),
        ("21 Dec - 3 Jan 2027 Christmas", CHRISTMAS, "Christmas"),
        ("Fri 27th November 2026 INSET day", (date(2026, 11, 27),) * 2, "INSET day"),
        ("Good Friday 3 April 2026", (date(2026, 4, 3),) * 2, "Good Friday"),
        ("26 and 27 October 2026", (date(2026, 10, 26), date(2026, 10, 27)), ""),
        ("5/6 October 2026", (date(2026, 10, 5), date(2026, 10, 6)), ""),
        ("Year 6 SATs 11 May 2026 - 14 May 2026", (date(2026, 5, 11), date(2026, 5, 14)), "Year 6 SATs"),
        ("May half term 25 May - 29 May 2026", (date(2026, 5, 25), date(2026, 5, 29)), "May half term"),
    ],
)
def test_a_line_is_read_as_it_was_meant(line: str, dates: tuple[date, date], name: str) -> None:
    reading = parse_closures(line)
    assert not reading.unread
    assert reading.closures == (Closure(*dates, name),)
    assert not reading.read[0].doubtful


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("half-term", Problem.NO_DATE),
        ("Easter 2026", Problem.NO_DATE),
        ("26 Oct - 30 Oct half-term", Problem.NO_YEAR),
        ("31 Feb 2026", Problem.NOT_A_DATE),
        ("10/26/2026", Problem.NOT_A_DATE),
        ("Tue 26 October 2026", Problem.WRONG_WEEKDAY),
        ("30 Oct - 26 Oct 2026", Problem.BACKWARDS),
        ("1 Jan 2026 - 1 Jan 2027", Problem.TOO_LONG),
        ("26 Oct 2026 30 Oct 2026", Problem.UNCLEAR),
        ("26, 27 and 28 October 2026", Problem.UNCLEAR),
        ("26 and 30 October 2026", Problem.UNCLEAR),
        ("26 Oct 2026, 30 Oct 2026, 2 Nov 2026", Problem.UNCLEAR),
        ("26 October 2026 " + "x" * 300, Problem.UNCLEAR),
    ],
)
def test_a_line_that_is_not_clear_is_given_back_and_not_guessed(line: str, problem: Problem) -> None:
    reading = parse_closures(line)
    assert not reading.read
    assert [(each.text, each.problem) for each in reading.unread] == [(line, problem)]


@pytest.mark.parametrize(
    ("line", "doubtful"),
    [
        ("03/04/2026", True),
        ("3/4/26 - 7/4/26 Easter", True),
        ("3/4/26 - 17/4/26 Easter", False),
        ("13/02/2026", False),
        ("4/4/2026", False),
        ("2026-04-03", False),
    ],
)
def test_a_date_two_countries_read_two_ways_is_read_the_british_way_and_said_so(
    line: str, doubtful: bool
) -> None:
    (read,) = parse_closures(line).read
    assert read.doubtful is doubtful
    assert read.closure.first.month in (2, 4)


def test_good_lines_are_kept_beside_bad_ones_and_blank_ones() -> None:
    reading = parse_closures("26 Oct - 30 Oct 2026\n\n  rubbish \n27 Nov 2026 INSET\n")
    assert [each.number for each in reading.read] == [1, 4]
    assert [(each.number, each.text) for each in reading.unread] == [(3, "rubbish")]


def test_a_closure_lasts_120_days_at_most() -> None:
    assert parse_closures("2026-01-01 - 2026-04-30").closures
    assert parse_closures("2026-01-01 - 2026-05-01").unread[0].problem is Problem.TOO_LONG


def test_lines_past_the_four_hundredth_closure_are_given_back() -> None:
    reading = parse_closures("\n".join(["27 Nov 2026"] * 402))
    assert len(reading.read) == MOST
    assert [(each.number, each.problem) for each in reading.unread] == [
        (401, Problem.TOO_MANY),
        (402, Problem.TOO_MANY),
    ]


def test_a_closure_is_told_in_words() -> None:
    assert (
        describe(Closure(*HALF_TERM, "half-term")) == "Monday 26 October – Friday 30 October 2026, half-term"
    )
    assert describe(Closure(*CHRISTMAS)) == "Monday 21 December 2026 – Sunday 3 January 2027"
    assert describe(Closure(date(2026, 4, 3), date(2026, 4, 3))) == "Friday 3 April 2026"
    assert "26 Hydref" in describe(Closure(*HALF_TERM), "cy")


closures = st.builds(
    lambda first, days: Closure(first, first + timedelta(days=days)),
    st.dates(date(2015, 1, 1), date(2060, 1, 1)),
    st.integers(0, 119),
)
WRITTEN = ["{0:%Y-%m-%d} - {1:%Y-%m-%d}", "{0:%a %d %B %Y} to {1:%A %d %b %Y}", "{0:%d/%m/%Y}-{1:%d/%m/%y}"]


@given(closures, st.sampled_from(WRITTEN))
def test_any_closure_is_read_back_from_any_way_of_writing_it(closure: Closure, written: str) -> None:
    reading = parse_closures(written.format(closure.first, closure.last))
    assert reading.closures == (closure,)


@given(closures, st.sampled_from(["en_GB", "cy"]))
def test_what_is_shown_in_words_can_be_typed_in_again(closure: Closure, language: str) -> None:
    assert parse_closures(describe(closure, language)).closures == (closure,)


pieces = st.sampled_from(
    [*"0123456789/-. ,:&'\n", " to ", " May ", " Oct ", "Mon ", "dydd Llun ", "2026", "£"]
)


@given(st.lists(pieces, max_size=40).map("".join))
def test_no_text_is_lost_and_none_raises(text: str) -> None:
    reading = parse_closures(text)
    given_back = sorted([each.number for each in reading.read] + [each.number for each in reading.unread])
    assert given_back == [number for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def test_closed_days_are_bank_holidays_and_closures() -> None:
    term = [Closure(*HALF_TERM)]
    closed = closed_on(Nation.ENGLAND, term)
    for day, expected in [
        (date(2026, 10, 25), False),
        (date(2026, 10, 26), True),
        (date(2026, 10, 30), True),
        (date(2026, 10, 31), False),
        (date(2026, 12, 25), True),
        (date(2026, 11, 30), False),
    ]:
        assert closed(day) is expected
    assert closed_on(Nation.SCOTLAND, term)(date(2026, 11, 30))
    assert not closed_on(None, term)(date(2026, 12, 25))


def test_a_closure_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="first day"):
        Closure(date(2026, 1, 2), date(2026, 1, 1))


def calendar_of(*events: dict[str, object]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//A school//EN")
    calendar.add("version", "2.0")
    for number, fields in enumerate(events):
        event = Event()
        event.add("uid", str(number))
        for name, value in fields.items():
            event.add(name, value)
        calendar.add_component(event)
    return calendar.to_ical()


def test_a_calendar_file_gives_its_dates() -> None:
    data = calendar_of(
        {"summary": "Half term", "dtstart": HALF_TERM[0], "dtend": date(2026, 10, 31)},
        {"summary": "INSET", "dtstart": date(2026, 11, 27)},
        {"summary": "Strike", "dtstart": date(2026, 12, 1), "duration": timedelta(days=2)},
        {
            "summary": "Late close",
            "dtstart": datetime(2026, 6, 1, 22, 30, tzinfo=UTC),
            "dtend": datetime(2026, 6, 1, 23, 30, tzinfo=UTC),
        },
        {
            "summary": "To midnight",
            "dtstart": datetime(2026, 6, 9, 8, tzinfo=UTC),
            "dtend": datetime(2026, 6, 9, 23, tzinfo=UTC),
        },
    )
    assert [(each.closure.first, each.closure.last, each.text) for each in read_ics(data).read] == [
        (*HALF_TERM, "Half term"),
        (date(2026, 11, 27), date(2026, 11, 27), "INSET"),
        (date(2026, 12, 1), date(2026, 12, 2), "Strike"),
        (date(2026, 6, 1), date(2026, 6, 2), "Late close"),  # 23:30 to 00:30 in British summer time
        (date(2026, 6, 9), date(2026, 6, 9), "To midnight"),
    ]


def test_events_that_are_no_single_closure_are_given_back() -> None:
    data = calendar_of(
        {"summary": "Assembly", "dtstart": date(2026, 9, 7), "rrule": {"freq": "weekly"}},
        {"summary": "Called off", "dtstart": date(2026, 9, 7), "status": "CANCELLED"},
        {"summary": "No date"},
        {"summary": "For ever", "dtstart": date(2026, 1, 1), "dtend": date(2027, 1, 1)},
        {"summary": "Backwards", "dtstart": date(2026, 1, 9), "dtend": date(2026, 1, 1)},
        {"summary": "Long ago", "dtstart": datetime(1, 1, 1, tzinfo=UTC)},
        {"summary": "Kept", "dtstart": date(2026, 1, 9)},
    )
    reading = read_ics(data)
    assert [(each.text, each.problem) for each in reading.unread] == [
        ("Assembly", Problem.REPEATS),
        ("Called off", Problem.CANCELLED),
        ("No date", Problem.NO_DATE),
        ("For ever", Problem.TOO_LONG),
        ("Backwards", Problem.BACKWARDS),
        ("Long ago", Problem.NOT_A_DATE),
    ]
    assert [each.text for each in reading.read] == ["Kept"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", FileProblem.BROKEN),
        (b"hello", FileProblem.BROKEN),
        (b"\xff\xfe\x00\x01", FileProblem.BROKEN),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", FileProblem.BROKEN),
        (b"x" * (LARGEST + 1), FileProblem.TOO_LARGE),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", FileProblem.EMPTY),
        (calendar_of(*({"dtstart": date(2026, 1, 1)} for _ in range(401))), FileProblem.TOO_MANY),
    ],
    ids=["nothing", "words", "bytes", "cut short", "large", "no events", "401 events"],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(data: bytes, problem: FileProblem) -> None:
    with pytest.raises(ClosureFileError) as refused:
        read_ics(data)
    assert refused.value.problem is problem


WHOLE = calendar_of(
    {"summary": "Half term", "dtstart": HALF_TERM[0], "dtend": date(2026, 10, 31)},
    {"summary": "Talk", "dtstart": datetime(2026, 6, 1, 22, tzinfo=UTC), "duration": timedelta(hours=2)},
)


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=12), st.integers(0, 40))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(at: int, junk: bytes, cut: int) -> None:
    try:
        reading = read_ics(WHOLE[:at] + junk + WHOLE[at + cut :])
    except ClosureFileError:
        return
    assert len(reading.read) + len(reading.unread) >= 1
