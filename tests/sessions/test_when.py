""" "Saturday 9am" and what else people say: understood, asked about, or given back, and never guessed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.library import default_root, load
from bot.schedule.recurrence import Series, Unit, resolve
from bot.sessions.fields import Fields, Place, from_json, read_length, read_where, to_json, where_written
from bot.sessions.rules import Where
from bot.sessions.screens import Screens
from bot.sessions.when import LONGEST, read_when
from bot.sessions.when_said import Ask, Heard, Problem, Question, Unread

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)  # a Wednesday
LONDON = "Europe/London"


def rule(text: str, now: datetime = NOW, zone: str = LONDON) -> Series:
    heard = read_when(text, now, zone)
    assert isinstance(heard, Heard), heard
    return heard.series


def next_dates(text: str, count: int = 3) -> list[str]:
    series = rule(text)
    return [f"{day:%a %d %b %y}" for day in islice(series.dates(series.start), count)]


@pytest.mark.parametrize(
    ("text", "at", "dates"),
    [
        ("Saturdays 09:00", "09:00", ["Sat 28 Nov 26", "Sat 05 Dec 26", "Sat 12 Dec 26"]),
        ("every Saturday 9am", "09:00", ["Sat 28 Nov 26", "Sat 05 Dec 26", "Sat 12 Dec 26"]),
        ("Saturday mornings at 9", "09:00", ["Sat 28 Nov 26", "Sat 05 Dec 26", "Sat 12 Dec 26"]),
        ("every Wednesday at half past seven in the evening", "19:30", ["Wed 25 Nov 26", "Wed 02 Dec 26"]),
        ("Every 2nd Tuesday of the month, 6.15 p.m.", "18:15", ["Tue 08 Dec 26", "Tue 12 Jan 27"]),
        ("first Monday of the month 7pm", "19:00", ["Mon 07 Dec 26", "Mon 04 Jan 27", "Mon 01 Feb 27"]),
        ("last Friday of the month 4pm", "16:00", ["Fri 27 Nov 26", "Fri 25 Dec 26", "Fri 29 Jan 27"]),
        ("last friday every month 4 pm", "16:00", ["Fri 27 Nov 26", "Fri 25 Dec 26"]),
        ("every month on the last friday at 16:00", "16:00", ["Fri 27 Nov 26", "Fri 25 Dec 26"]),
        ("every weekday 8am", "08:00", ["Thu 26 Nov 26", "Fri 27 Nov 26", "Mon 30 Nov 26"]),
        ("mon-fri 8am", "08:00", ["Thu 26 Nov 26", "Fri 27 Nov 26", "Mon 30 Nov 26"]),
        ("Tuesdays and Thursdays 7:15pm", "19:15", ["Thu 26 Nov 26", "Tue 01 Dec 26", "Thu 03 Dec 26"]),
        ("Mon, Wed & Fri 6pm", "18:00", ["Wed 25 Nov 26", "Fri 27 Nov 26", "Mon 30 Nov 26"]),
        ("fortnightly on Thursdays 7pm starting 3 Dec", "19:00", ["Thu 03 Dec 26", "Thu 17 Dec 26"]),
        ("every 3 weeks on Monday from 7 Dec 6pm", "18:00", ["Mon 07 Dec 26", "Mon 28 Dec 26"]),
        ("weekly from 12 January 18:00", "18:00", ["Tue 12 Jan 27", "Tue 19 Jan 27"]),
        ("daily 8am for 2 days", "08:00", ["Thu 26 Nov 26", "Fri 27 Nov 26"]),
        ("tomorrow at noon", "12:00", ["Thu 26 Nov 26"]),
        ("tonight at 8", "20:00", ["Wed 25 Nov 26"]),
        ("this Saturday 9am", "09:00", ["Sat 28 Nov 26"]),
        ("Saturday week 9am", "09:00", ["Sat 05 Dec 26"]),
        ("a week on Friday 7pm", "19:00", ["Fri 04 Dec 26"]),
        ("Friday next week 7pm", "19:00", ["Fri 04 Dec 26"]),
        ("03/04 6pm", "18:00", ["Sat 03 Apr 27"]),
        ("12/1/27 9am", "09:00", ["Tue 12 Jan 27"]),
        ("2027-03-04 18:00", "18:00", ["Thu 04 Mar 27"]),
        ("Dec 12th 2026, 9am", "09:00", ["Sat 12 Dec 26"]),
        ("the 12th at 6pm", "18:00", ["Sat 12 Dec 26"]),
        ("29 February 2028 6pm", "18:00", ["Tue 29 Feb 28"]),
        ("Saturday 28 November 9am", "09:00", ["Sat 28 Nov 26"]),
        ("☕ Saturdays 9am ☕", "09:00", ["Sat 28 Nov 26"]),
        ("\u202bSaturdays 9am\u202c", "09:00", ["Sat 28 Nov 26"]),
        ("ＳＡＴＵＲＤＡＹＳ  ９ａｍ", "09:00", ["Sat 28 Nov 26"]),
        ("Saturdays 0900", "09:00", ["Sat 28 Nov 26"]),
        ("every Wednesday at 1930 hrs", "19:30", ["Wed 25 Nov 26"]),
        (
            "first and third Tuesday of the month 6pm",
            "18:00",
            ["Tue 01 Dec 26", "Tue 15 Dec 26", "Tue 05 Jan 27"],
        ),
        ("the 1st & 3rd Tuesdays at 6pm", "18:00", ["Tue 01 Dec 26", "Tue 15 Dec 26", "Tue 05 Jan 27"]),
        ("third Tuesday and first Tuesday monthly 6pm", "18:00", ["Tue 01 Dec 26", "Tue 15 Dec 26"]),
        ("every second and last Friday 4pm", "16:00", ["Fri 27 Nov 26", "Fri 11 Dec 26", "Fri 25 Dec 26"]),
        ("first, second and third Monday 9am", "09:00", ["Mon 07 Dec 26", "Mon 14 Dec 26", "Mon 21 Dec 26"]),
        (
            "every other month first and third Tuesday 6pm",
            "18:00",
            ["Tue 01 Dec 26", "Tue 15 Dec 26", "Tue 02 Feb 27"],
        ),
        ("last Friday of the month 4pm", "16:00", ["Fri 27 Nov 26", "Fri 25 Dec 26"]),
    ],
)
def test_what_is_plain_is_understood(text: str, at: str, dates: list[str]) -> None:
    assert f"{rule(text).at:%H:%M}" == at
    assert next_dates(text, len(dates)) == dates


def test_an_end_is_kept_to_and_a_length_is_heard() -> None:
    assert len(next_dates("12 Jan 18:00 for 6 weeks", 99)) == 6
    assert next_dates("12 Jan 18:00 for 6 weeks", 99)[-1] == "Tue 16 Feb 27"
    assert len(next_dates("6 times, every Tuesday 6pm", 99)) == 6
    assert rule("Saturdays 9am until 27 March").until == date(2027, 3, 27)
    assert rule("every Thursday from 3 Dec 7:30pm until the end of July").until == date(2027, 7, 31)
    assert rule("tomorrow at noon").unit is Unit.DAY
    assert len(next_dates("tomorrow at noon", 99)) == 1
    for text, at, minutes in (
        ("Saturdays 9-10:30am", time(9), 90),
        ("Saturdays 11-1pm", time(11), 120),
        ("Wednesdays 7pm until 8pm", time(19), 60),
        ("Wednesdays 7 to 8pm", time(19), 60),
    ):
        heard = read_when(text, NOW, LONDON)
        assert isinstance(heard, Heard), text
        assert (heard.series.at, heard.minutes) == (at, minutes)


@pytest.mark.parametrize(
    ("text", "question", "meant"),
    [
        ("Saturday 9am", Question.ONCE, "Sat 28 Nov 26"),
        ("at 7 on Tuesdays", Question.HALF, "Tue 01 Dec 26"),
        ("Tuesdays 7.30", Question.HALF, "Tue 01 Dec 26"),
        ("every Wednesday midnight", Question.MIDNIGHT, "Wed 02 Dec 26"),
        ("next Friday 6pm", Question.NEXT, "Fri 27 Nov 26"),
        ("every other Thursday 7:30pm", Question.START, "Thu 26 Nov 26"),
        ("Thursdays 7:30pm until July", Question.UNTIL, "Thu 26 Nov 26"),
        ("every second Tuesday 6pm", Question.NTH, "Tue 08 Dec 26"),
        ("fifth Monday of the month 6pm", Question.FIFTH, "Mon 30 Nov 26"),
        ("second and fifth Monday 6pm", Question.FIFTH, "Mon 30 Nov 26"),
        ("the 3rd Saturday 9am", Question.NTH, "Sat 19 Dec 26"),
        ("monthly Saturday 9am", Question.WHICH_WEEK, "Sat 05 Dec 26"),
        ("12 January monthly 6pm", Question.MONTHLY, "Tue 12 Jan 27"),
        ("6 sessions from 12 January 6pm", Question.OFTEN, "Tue 12 Jan 27"),
        ("Monday 12 January 2027 6pm", Question.WEEKDAY, "Tue 12 Jan 27"),
        ("29 Feb 6pm", Question.NO_SUCH, "Sun 28 Feb 27"),
        ("29/2/2027 6pm", Question.NO_SUCH, "Sun 28 Feb 27"),
        ("01/13/2027 6pm", Question.MONTH_FIRST, "Wed 13 Jan 27"),
        ("12 November 6pm", Question.GONE_BY, "Fri 12 Nov 27"),
    ],
)
def test_what_may_mean_two_things_is_asked_and_the_first_answer_read(
    text: str, question: Question, meant: str
) -> None:
    ask = read_when(text, NOW, LONDON)
    assert isinstance(ask, Ask), ask
    assert ask.question is question
    assert 1 <= len(ask.choices) <= 5
    assert next_dates(ask.choices[0].text, 1) == [meant]


def test_several_of_a_month_are_one_rule_that_is_said_back_and_kept() -> None:
    series = rule("first and third Tuesday of the month 6pm until 30 June 2027")
    assert (series.unit, series.weekdays, series.nth) == (Unit.MONTH, (1,), (1, 3))
    screens = Screens(load(default_root()))
    assert (
        screens.rule(series)
        == "the first and third Tuesday of every month at 6 pm, until Wednesday 30 June 2027"
    )
    last = rule("second and last Sunday of every month 9am")
    assert screens.rule(last) == "the second and last Sunday of every month at 9 am"
    for one in (series, last):
        fields = Fields("Tea", one, Place(Where.PLACE, text="The hall"))
        assert from_json(json.loads(json.dumps(to_json(fields)))) == fields


def test_one_question_after_another() -> None:
    text, asked = "every other Thursday 7.30 until July", []
    for _ in range(9):
        outcome = read_when(text, NOW, LONDON)
        if isinstance(outcome, Heard):
            break
        assert isinstance(outcome, Ask), outcome
        asked.append(outcome.question)
        text = outcome.choices[-1].text
    assert asked == [Question.HALF, Question.START, Question.UNTIL]
    series = rule(text)
    assert (series.at, series.start, series.until) == (time(19, 30), date(2026, 12, 3), date(2027, 7, 31))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("asdf", Problem.UNREAD),
        ("", Problem.NO_DAY),
        ("Saturdays 9am except Christmas", Problem.UNREAD),
        ("biweekly Tuesday 6pm", Problem.UNREAD),
        ("6pm", Problem.NO_DAY),
        ("every Saturday", Problem.NO_TIME),
        ("31 June 6pm", Problem.NOT_A_DATE),
        ("tomorrow at 25:00", Problem.NOT_A_TIME),
        ("tomorrow at 13pm", Problem.NOT_A_TIME),
        ("today 9am", Problem.PAST),
        ("yesterday 7pm", Problem.PAST),
        ("1 Nov 2026 6pm", Problem.PAST),
        ("1 January 2050 6pm", Problem.TOO_FAR),
        ("Saturdays 9am until 26 November 2026", Problem.ENDS_FIRST),
        ("first Tuesday and third Thursday of the month 6pm", Problem.TWO_RULES),
        ("first and third Tuesday and Friday 6pm", Problem.TWO_RULES),
        ("last Friday of the month and Tuesdays 4pm", Problem.TWO_RULES),
        ("every Tuesday 6pm 0 times", Problem.COUNT),
        ("Saturdays 9am " * 800, Problem.TOO_LONG),
        ("‮" * 50, Problem.NO_DAY),
    ],
)
def test_what_cannot_be_read_says_why(text: str, problem: Problem) -> None:
    outcome = read_when(text, NOW, LONDON)
    assert isinstance(outcome, Unread), outcome
    assert outcome.problem is problem


WORDS = st.sampled_from(
    [
        "every",
        "other",
        "first",
        "last",
        "second",
        "monday",
        "tuesdays",
        "sat",
        "sun",
        "wed",
        "9am",
        "7",
        "7.30",
        "19:30",
        "noon",
        "half",
        "past",
        "eight",
        "pm",
        "am",
        "at",
        "on",
        "of",
        "the",
        "month",
        "week",
        "weeks",
        "for",
        "6",
        "12",
        "29",
        "feb",
        "january",
        "2027",
        "03/04",
        "31/12/2026",
        "until",
        "july",
        "next",
        "this",
        "tomorrow",
        "daily",
        "weekly",
        "fortnightly",
        "monthly",
        "-",
        "to",
        "and",
        ",",
        "from",
        "starting",
        "times",
        "10",
        "1930",
        "evening",
        "mornings",
        "end",
        "midnight",
        "the",
        "12th",
        "in",
        "a",
        "year",
    ]
)


@given(
    st.one_of(st.lists(WORDS, max_size=9).map(" ".join), st.text(max_size=LONGEST + 5)),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001 - made aware below
    st.sampled_from([LONDON, "Australia/Lord_Howe", "America/Asuncion"]),
)
@settings(max_examples=250, deadline=None)
def test_anything_at_all_is_understood_asked_or_given_back(text: str, when: datetime, zone: str) -> None:
    now = when.replace(tzinfo=UTC)
    for _ in range(9):  # questions end
        outcome = read_when(text, now, zone)
        if not isinstance(outcome, Ask):
            break
        assert outcome.choices
        text = outcome.choices[0].text
    else:
        raise AssertionError(text)
    if isinstance(outcome, Heard):
        first = next(outcome.series.dates(outcome.series.start))
        assert first == outcome.series.start or outcome.series.unit is Unit.MONTH
        assert resolve(first, outcome.series.at, zone) > now
        assert outcome.minutes is None or 0 < outcome.minutes < 24 * 60


@given(
    st.dates(date(2026, 11, 26), date(2029, 10, 1)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(
        ["{d.day} {d:%B} {d.year}", "{d:%A} {d.day} {d:%b} {d.year}", "{d:%d/%m/%Y}", "{d.year}-{d:%m-%d}"]
    ),
    st.sampled_from(["{t:%H:%M}", "{t:%I:%M%p}", "at {t:%I.%M} {t:%p}"]),
)
@settings(max_examples=150, deadline=None)
def test_a_date_and_a_time_are_never_another(day: date, at: time, how: str, clock: str) -> None:
    said = f"{how.format(d=day)} {clock.format(t=at)}"
    heard = read_when(said, NOW, LONDON)
    if isinstance(heard, Unread):
        assert resolve(day, at, LONDON) <= NOW + timedelta(days=1) or heard.problem is Problem.TOO_FAR, said
        return
    assert isinstance(heard, Heard), said
    assert (heard.series.start, heard.series.at) == (day, at)


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("90", 90), ("1h30", 90), ("an hour", 60), ("1 hour 30", 90), ("half an hour", 30), ("1.5 hours", 90),
        ("an hour and a half", 90), ("two hours", 120), ("45 minutes", 45), ("1h", 60),
        ("0", None), ("600", None), ("3 days", None), ("", None), ("long", None),
    ],
)  # fmt: skip
def test_lengths(said: str, minutes: int | None) -> None:
    assert read_length(said) == minutes


def test_places() -> None:
    rooms = {11: ("The kettle", "voice"), 12: ("Stage", "stage")}
    for said, kind, channel in (
        ("<#11>", Where.VOICE, 11),
        ("#the KETTLE", Where.VOICE, 11),
        ("stage", Where.STAGE, 12),
        ("https://meet.example.org/x", Where.LINK, None),
        ("www.example.org/room", Where.LINK, None),
        ("The old library", Where.PLACE, None),
        ("<#99>", Where.PLACE, None),
    ):
        place = read_where(said, rooms)
        assert place is not None
        assert (place.kind, place.channel_id) == (kind, channel), said
    assert read_where("  ", rooms) is None
    assert read_where("http://plain.example.org", rooms) is None
    assert read_where("https://", rooms) is None
    assert len(getattr(read_where("x" * 10_000, rooms), "text", "")) == 300


def test_a_room_is_put_into_a_form_by_its_name_and_reads_back_as_the_same() -> None:
    twins = {11: ("The kettle", "voice"), 12: ("the kettle", "voice"), 13: ("Stage", "stage")}
    assert where_written(Place(Where.STAGE, 13), twins) == "#Stage"
    for room in (11, 12, 99):  # the second of a name, and one that is gone, have nothing but their number
        place = Place(Where.VOICE, room)
        assert where_written(place, twins) == ("#The kettle" if room == 11 else f"<#{room}>")
        assert room == 99 or read_where(where_written(place, twins), twins) == place
    assert where_written(Place(Where.PLACE, text="The hall"), twins) == "The hall"
