"""The pure rules: by table where a reader should see every line, by hypothesis where nobody could write them all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checkins.rules import (
    LATE,
    Later,
    Level,
    Meaning,
    asked_today,
    later_at,
    meaning,
    next_wording,
    one_word,
    second_door,
    too_late,
)
from tests.checkins import said

ZONES = st.sampled_from(
    [
        "Europe/London",
        "Pacific/Auckland",
        "Asia/Kolkata",
        "America/St_Johns",
        "Pacific/Apia",
        "Africa/Casablanca",
    ]
)
INSTANTS = st.integers(0, 2 * 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
LEVELS = st.sampled_from(Level)
BEFORE = st.lists(st.tuples(LEVELS, st.booleans()), max_size=8)
GOOD, OK, WOBBLY, NOT_OK = Level


# The second door


@pytest.mark.parametrize(
    ("level", "before", "opens"),
    [
        (OK, [], True),  # the first time, so that everybody knows it is there
        (GOOD, [], True),
        (WOBBLY, [], False),  # a hard answer needs no asking twice
        (NOT_OK, [], False),
        (OK, [(OK, True)], False),
        (OK, [(OK, False), (GOOD, True)], False),
        (OK, [(OK, False), (OK, False), (OK, True)], True),  # every third time
        (GOOD, [(GOOD, False), (GOOD, False)], True),
        (OK, [(NOT_OK, False)], True),  # OK the week after not OK is what masking looks like
        (OK, [(OK, True), (WOBBLY, False)], True),
        (OK, [(OK, True), (OK, True), (OK, True), (WOBBLY, False)], True),
        (OK, [(OK, True), (OK, True), (OK, True), (OK, True), (NOT_OK, False)], False),  # long enough ago
    ],
)
def test_when_the_second_door_opens(level: Level, before: list[tuple[Level, bool]], opens: bool) -> None:
    assert second_door(level, before) is opens


@given(st.lists(LEVELS, max_size=30))
def test_in_an_untroubled_run_the_door_opens_every_third_time_and_never_after_a_hard_answer(
    levels: list[Level],
) -> None:
    before: list[tuple[Level, bool]] = []
    for level in levels:
        opened = second_door(level, before)
        assert not (opened and level.hard)
        before.insert(0, (level, opened))
        easy = before[:5]
        if len(before) > 5 and not any(hard.hard for hard, _ in before[:8]):
            assert 1 <= sum(o for _, o in easy[:3]) <= 2, "neither every time nor never"


# Wordings


@given(st.integers(1, 40), st.lists(st.integers(0, 39), max_size=60), st.integers(0, 2**63))
def test_the_last_wording_is_never_used_again_and_the_choice_is_one_of_them(
    count: int, used: list[int], seed: int
) -> None:
    used = [number % count for number in used]
    chosen = next_wording(count, used, seed)
    assert 0 <= chosen < count
    if count > 1 and used:
        assert chosen != used[0]


@given(st.integers(24, 40), st.lists(st.integers(0, 2**63), min_size=60, max_size=60))
def test_a_dozen_questions_running_are_all_different(count: int, seeds: list[int]) -> None:
    used: list[int] = []
    for seed in seeds:
        used.insert(0, next_wording(count, used, seed))
        lately = used[:12]
        assert len(set(lately)) == len(lately)


@given(st.integers(2, 40))
def test_every_wording_can_be_the_first(count: int) -> None:
    assert {next_wording(count, [], seed) for seed in range(count)} == set(range(count))


# Later


@pytest.mark.parametrize(
    ("choice", "local", "usual", "expected"),
    [
        (Later.TONIGHT, "2026-11-25 18:00", "18:00", "2026-11-25 20:30"),
        (Later.TONIGHT, "2026-11-25 08:00", "08:00", "2026-11-25 20:30"),
        (Later.TONIGHT, "2026-11-25 20:00", "18:00", "2026-11-25 20:30"),
        (
            Later.TONIGHT,
            "2026-11-25 20:01",
            "18:00",
            "2026-11-25 22:01",
        ),  # two hours on: half past eight is too near
        (Later.TONIGHT, "2026-11-25 20:59", "18:00", "2026-11-25 22:59"),
        (Later.TONIGHT, "2026-11-25 21:00", "18:00", "2026-11-26 18:00"),
        (Later.TONIGHT, "2026-11-25 22:30", "07:15", "2026-11-26 07:15"),
        (Later.TONIGHT, "2026-11-26 02:00", "18:00", "2026-11-26 20:30"),
        (Later.TOMORROW, "2026-11-25 18:00", "18:00", "2026-11-26 18:00"),
        (Later.TOMORROW, "2026-11-25 23:59", "07:00", "2026-11-26 07:00"),
        (Later.TOMORROW, "2026-03-28 18:00", "18:00", "2026-03-29 18:00"),  # a short night between
        (Later.TOMORROW, "2026-10-24 18:00", "18:00", "2026-10-25 18:00"),  # a long one
    ],
)
def test_later_by_the_wall_clock(choice: Later, local: str, usual: str, expected: str) -> None:
    zone = ZoneInfo("Europe/London")
    at = later_at(
        choice, datetime.fromisoformat(local).replace(tzinfo=zone), "Europe/London", time.fromisoformat(usual)
    )
    assert f"{at.astimezone(zone):%Y-%m-%d %H:%M}" == expected


@given(st.sampled_from([Later.TONIGHT, Later.TOMORROW]), INSTANTS, ZONES, st.times())
def test_later_is_later_soon_and_never_in_the_small_hours_unless_they_are_usual(
    choice: Later, now: datetime, zone: str, usual: time
) -> None:
    usual = usual.replace(second=0, microsecond=0)
    at = later_at(choice, now, zone, usual)
    assert at.tzinfo is not None
    assert now < at
    assert at - now < timedelta(hours=49)
    local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    if local.date() == today:
        assert choice is Later.TONIGHT
        assert time(20, 30) <= local.time() < time(23)
    else:
        assert local.date() == today + timedelta(days=1)
        shown = at.astimezone(UTC).astimezone(ZoneInfo(zone)).time().replace(fold=0)
        # Only where the clocks jump over it is it another time, and then by the jump.
        assert shown == usual or shown.minute == usual.minute


# Lateness and once a day


def test_four_hours_late_is_the_last_moment() -> None:
    due = datetime(2026, 11, 25, 18, tzinfo=UTC)
    assert not too_late(due, due + LATE)
    assert too_late(due, due + LATE + timedelta(microseconds=1))
    assert not too_late(due, due - timedelta(days=1)), "a clock set back makes nothing late"


@pytest.mark.parametrize(
    ("last", "due", "zone", "same"),
    [
        (None, "2026-11-25T18:00Z", "Europe/London", False),
        ("2026-11-25T00:00Z", "2026-11-25T23:59Z", "Europe/London", True),
        ("2026-11-25T18:00Z", "2026-11-26T00:00Z", "Europe/London", False),
        (
            "2026-11-25T10:30Z",
            "2026-11-25T11:30Z",
            "Pacific/Auckland",
            False,
        ),  # midnight is between them there
        ("2026-11-25T23:00Z", "2026-11-26T02:00Z", "America/St_Johns", True),
    ],
)
def test_once_a_day_goes_by_the_member_s_own_date(last: str | None, due: str, zone: str, same: bool) -> None:
    before = datetime.fromisoformat(last) if last else None
    assert asked_today(before, datetime.fromisoformat(due), zone) is same


def test_the_date_is_the_one_on_the_wall() -> None:
    from bot.checkins.rules import local_date

    assert local_date(datetime(2026, 11, 25, 12, tzinfo=UTC), "Pacific/Auckland") == date(2026, 11, 26)


# What a short message is


@pytest.mark.parametrize(
    ("level", "text"), [(level, t) for level, texts in said.LEVELS.items() for t in texts]
)
def test_a_message_that_is_only_a_level(level: Level, text: str) -> None:
    assert one_word(text) is level
    assert meaning(text) is Meaning.WORDS


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, t) for kind, texts in said.MEANINGS.items() for t in texts]
)
def test_a_message_that_asks_us_something(kind: Meaning, text: str) -> None:
    assert meaning(text) is kind
    assert one_word(text) is None


@pytest.mark.parametrize("text", said.STORIES)
def test_a_story_is_a_story(text: str) -> None:
    assert meaning(text) is Meaning.WORDS
    assert one_word(text) is None


def test_there_are_enough_of_them() -> None:
    lines = sum(map(len, said.LEVELS.values())) + sum(map(len, said.MEANINGS.values())) + len(said.STORIES)
    assert lines >= 150


@given(st.text(max_size=2100))
def test_anything_at_all_has_a_meaning(text: str) -> None:
    assert meaning(text) in Meaning
    assert one_word(text) in (None, *Level)


@given(st.sampled_from(said.STORIES), st.sampled_from(said.STORIES + sum(said.MEANINGS.values(), ())))
def test_a_question_inside_a_hard_story_is_words(story: str, question: str) -> None:
    whole = (
        f"{story}. {question} "
        + "and then I sat in the car park for an hour and could not go in, again. " * 2
    )
    assert meaning(whole) is Meaning.WORDS


@given(
    st.sampled_from(["not", "isn't", "never", "no longer", "hardly", "can't be", "ddim yn", "aint", "n't"]),
    st.sampled_from(["ok", "OK", "okay", "fine", "good", "great", "iawn", "all right"]),
    st.sampled_from(["", ".", "!", "...", " thanks", " 🙂", " :)"]),
)
def test_a_denial_never_reads_as_well(no: str, word: str, after: str) -> None:
    assert one_word(f"{no} {word}{after}") in (None, NOT_OK, WOBBLY)
