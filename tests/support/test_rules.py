"""Hours across midnight, weekends and clock changes, and which lines are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import default_root
from bot.support.helplines import COUNTRIES, load_helplines
from bot.support.rules import DAY, WEEK, Hours, Line, Opening, choose, merged

LONDON = ZoneInfo("Europe/London")
LINES = load_helplines(default_root()).lines
BY_ID = {line.id: line for line in LINES}
UK_PLACES = (None, "england", "wales", "scotland", "northern-ireland")
instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - its zone is drawn beside it
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 - its zone is drawn beside it
    timezones=st.just(UTC),
)


def local(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        # 2026-11-23 is a Monday.
        ("2026-11-23T05:59", True),  # still the long weekend
        ("2026-11-23T06:00", False),
        ("2026-11-23T17:59", False),
        ("2026-11-23T18:00", True),
        ("2026-11-24T01:59", True),
        ("2026-11-24T02:00", False),
        ("2026-11-26T18:00", True),  # Thursday evening
        ("2026-11-27T01:59", True),
        ("2026-11-27T02:00", False),  # Friday night until the evening
        ("2026-11-27T17:59", False),
        ("2026-11-27T18:00", True),
        ("2026-11-28T04:00", True),  # Saturday, right through
        ("2026-11-29T12:00", True),
        ("2026-11-30T00:00", True),
    ],
)
def test_breathing_space_is_open_on_week_nights_and_right_through_the_weekend(at: str, is_open: bool) -> None:
    assert BY_ID["breathing-space"].hours.open_at(local(at)) is is_open


@pytest.mark.parametrize(
    ("line", "opens", "closes"),
    [("samaritans-cymraeg", 19, 23), ("calm", 17, 24), ("switchboard", 10, 22)],
)
def test_the_daily_lines_keep_their_hours_every_day(line: str, opens: int, closes: int) -> None:
    hours = BY_ID[line].hours
    for day in range(7):
        for hour in range(24):
            at = datetime(2026, 11, 23 + day, hour, 30, tzinfo=LONDON)
            assert hours.open_at(at) is (opens <= hour < closes)


def test_hours_follow_the_wall_clock_in_summer_and_winter() -> None:
    hours = BY_ID["calm"].hours
    assert hours.open_at(datetime(2026, 7, 1, 16, 0, tzinfo=UTC))  # 17:00 in London
    assert not hours.open_at(datetime(2026, 12, 1, 16, 0, tzinfo=UTC))  # 16:00 in London


def test_hours_on_the_nights_the_clocks_change() -> None:
    hours = BY_ID["breathing-space"].hours
    # Both nights are Saturday to Sunday, when it never closes, in the lost hour and the doubled one.
    start = datetime(2026, 3, 28, 18, tzinfo=UTC)
    assert all(hours.open_at(start + timedelta(minutes=15 * step)) for step in range(120))
    start = datetime(2026, 10, 24, 18, tzinfo=UTC)
    assert all(hours.open_at(start + timedelta(minutes=15 * step)) for step in range(120))
    late = Hours("Europe/London", spans=((6 * DAY + 90, 6 * DAY + 120),))  # Sunday 01:30 to 02:00
    assert not any(
        late.open_at(datetime(2026, 3, 29, 0, tzinfo=UTC) + timedelta(minutes=m)) for m in range(0, 180, 15)
    )
    doubled = [datetime(2026, 10, 25, 0, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 180, 15)]
    assert sum(late.open_at(at) for at in doubled) == 4  # the half hour comes round twice


@pytest.mark.parametrize(
    ("at", "opening", "closing"),
    [
        ("2026-11-23T12:00", Opening(0, 0, 18 * 60), None),
        ("2026-11-23T19:00", None, Opening(1, 1, 2 * 60)),
        ("2026-11-24T01:00", None, Opening(0, 1, 2 * 60)),
        ("2026-11-27T19:00", None, Opening(3, 0, 6 * 60)),
        ("2026-11-29T23:00", None, Opening(1, 0, 6 * 60)),
        ("2026-11-30T05:00", None, Opening(0, 0, 6 * 60)),
        ("2026-11-30T06:00", Opening(0, 0, 18 * 60), None),
    ],
)
def test_the_next_opening_and_closing(at: str, opening: Opening | None, closing: Opening | None) -> None:
    hours = BY_ID["breathing-space"].hours
    assert hours.opens(local(at)) == opening
    assert hours.closes(local(at)) == closing


def test_a_line_open_once_a_week_opens_next_week() -> None:
    hours = Hours("Europe/London", spans=((60, 120),))  # Monday 01:00 to 02:00
    assert hours.opens(local("2026-11-23T03:00")) == Opening(7, 0, 60)
    assert hours.opens(local("2026-11-29T23:00")) == Opening(1, 0, 60)


def test_unknown_hours_are_never_called_open() -> None:
    hours = Hours("Europe/London")
    assert not hours.open_at(local("2026-11-23T12:00"))
    assert hours.opens(local("2026-11-23T12:00")) is None


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        BY_ID["calm"].hours.open_at(datetime(2026, 11, 23))  # noqa: DTZ001 - that it is refused is the test


spans = st.lists(
    st.tuples(st.integers(0, 7 * 96 - 1), st.integers(1, 96)).map(
        lambda s: (s[0] * 15, s[0] * 15 + s[1] * 15)
    ),
    max_size=6,
)


@given(spans, instants)
def test_merging_changes_nothing_and_opening_and_closing_agree_with_open(
    raw: list[tuple[int, int]], at: datetime
) -> None:
    hours = Hours("UTC", spans=merged(raw))
    minute = at.weekday() * DAY + at.hour * 60 + at.minute
    expected = any(start <= minute + week < end for start, end in raw for week in (0, WEEK))
    assert hours.open_at(at) is expected
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    for moment, becomes in ((hours.opens(at), True), (hours.closes(at), False)):
        if moment is None:
            continue
        then = midnight + timedelta(days=moment.days, minutes=moment.minute)
        assert then > at - timedelta(minutes=1)
        assert then.weekday() == moment.weekday
        if not all(hours.open_at(at + timedelta(minutes=15 * step)) for step in range(7 * 96)):
            assert hours.open_at(then) is becomes
    assert not (hours.opens(at) and hours.closes(at))


@given(st.sampled_from(UK_PLACES), instants, st.sampled_from(["en", "cy"]), st.booleans())
def test_in_britain_there_are_always_two_or_three_lines_to_ring_and_to_text(
    nation: str | None, at: datetime, language: str, education: bool
) -> None:
    first, more = choose(LINES, nation, at, language, education=education)
    assert 2 <= len(first) <= 3
    assert all(line.hours.open_at(at) for line in first)
    assert any(line.how == "ring" and line.hours.always for line in first)
    assert any(line.how == "text" and line.hours.always for line in first)
    assert any(line.id == "education-support" for line in first) is education
    assert not set(first) & set(more)
    assert {line.id for line in (*first, *more)} == {
        line.id for line in LINES if (nation or "uk") in line.nations
    }
    opened = [line.hours.open_at(at) for line in more]
    assert opened == sorted(opened, reverse=True)


@given(st.sampled_from([c for c in COUNTRIES if c not in UK_PLACES and c != "elsewhere"]), instants)
def test_abroad_there_is_always_somebody_to_ring(nation: str, at: datetime) -> None:
    first, _ = choose(LINES, nation, at, "en")
    assert 2 <= len(first) <= 3
    assert first[0].how == "ring"
    assert first[0].hours.always


@given(instants)
def test_somewhere_else_shows_where_to_find_a_line(at: datetime) -> None:
    first, _ = choose(LINES, "elsewhere", at, "en")
    assert [line.number for line in first] == ["findahelpline.com"]


def test_a_welsh_speaker_sees_the_welsh_line_first_while_it_is_open() -> None:
    first, _ = choose(LINES, "wales", local("2026-11-25T20:00"), "cy")
    assert first[0].id == "samaritans-cymraeg"
    first, more = choose(LINES, "wales", local("2026-11-25T12:00"), "cy")
    assert first[0].id == "samaritans"
    assert "samaritans-cymraeg" in [line.id for line in more]
    assert "samaritans-cymraeg" not in [
        line.id for line in choose(LINES, "wales", local("2026-11-25T20:00"), "en")[0]
    ]


def line(line_id: str, how: str, hours: Hours, order: int, audience: str = "everyone") -> Line:
    return Line(line_id, line_id, how, "1", hours, ("uk",), order, audience=audience)


evening = Hours(
    "Europe/London", spans=merged([(day * DAY + 18 * 60, day * DAY + 23 * 60) for day in range(7)])
)
always = Hours("Europe/London", always=True)


@given(st.permutations(range(6)), instants, st.booleans())
def test_whatever_the_order_of_the_file_a_line_that_never_closes_is_among_the_first(
    order: list[int], at: datetime, education: bool
) -> None:
    lines = [
        line("evening-1", "ring", evening, order[0]),
        line("evening-2", "ring", evening, order[1]),
        line("evening-text", "text", evening, order[2]),
        line("men", "ring", always, order[3], "men"),
        line("staff", "ring", evening, order[4], "education"),
        line("night", "ring", always, order[5]),
    ]
    first, _ = choose(lines, None, at, "en", education=education)
    assert "night" in [chosen.id for chosen in first]
    assert "men" not in [chosen.id for chosen in first]
    assert len(first) <= 3
    assert ("evening-text" in [chosen.id for chosen in first]) is evening.open_at(at)


def test_every_number_is_the_one_we_were_given() -> None:
    given_numbers = {
        "samaritans": "116 123",
        "samaritans-cymraeg": "0808 164 0123",
        "shout": "85258",
        "shout-deaf": "85258",
        "education-support": "08000 562 561",
        "breathing-space": "0800 83 85 87",
        "lifeline": "0808 808 8000",
        "call-wales": "0800 132 737",
        "calm": "0800 58 58 58",
        "switchboard": "0800 0119 100",
        "nhs-111-england": "111, option 2",
        "nhs-111-wales": "111, option 2",
        "nhs-111-scotland": "111",
        "signvideo": "NHS 111 SignVideo",
        "samaritans-ireland": "116 123",
        "988-us-ring": "988",
        "988-us-text": "988",
        "988-canada-ring": "988",
        "988-canada-text": "988",
        "lifeline-australia": "13 11 14",
        "1737-ring": "1737",
        "1737-text": "1737",
        "find-a-helpline": "findahelpline.com",
        # Beyond those we were given, as these charities are listed in public; nobody has verified them yet.
        "sobs": "0300 111 5065",
        "support-after-suicide": "supportaftersuicide.org.uk",
        "cruse-england": "0808 808 1677",
        "cruse-wales": "0808 808 1677",
        "cruse-northern-ireland": "0808 808 1677",
    }
    assert {line_id: found.number for line_id, found in BY_ID.items()} == given_numbers
