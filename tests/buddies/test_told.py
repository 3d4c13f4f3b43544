"""What is told and kept of it, when things are asked, and what organisers may be shown: pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.buddies import report_rules, told_rules
from bot.buddies.desk import Desk
from bot.buddies.life_rules import Stage, after, at_five, first_follow_up, remind_at, sociable, welcome
from bot.buddies.report_rules import FEW, FLOOR, Counts
from bot.buddies.rules import ORDERED, Field
from bot.buddies.told_rules import MOST_LISTED, Often, Told, Wish, changed, read_names, slug
from bot.db.keys import Keyring
from bot.members.facts_rules import Workplace
from bot.schedule.recurrence import Quiet, within_quiet
from tests.checkins.evening import library

SLUGS = st.from_regex(r"[a-z0-9]{1,12}(-[a-z0-9]{1,8})?", fullmatch=True)
FIELDS = st.frozensets(st.sampled_from(list(Field)))
TOLD = st.builds(
    Told,
    st.dictionaries(st.sampled_from(list(Field)), SLUGS),
    FIELDS,
    FIELDS,
    FIELDS,
    st.frozensets(st.sampled_from(list(Wish))),
    st.none() | st.sampled_from(list(Often)),
    st.frozensets(st.integers(0, 6)),
    st.booleans(),
)
DESK = Desk(Keyring(b"k" * 32), library())


@given(TOLD)
@settings(max_examples=100)
def test_what_was_told_is_read_again_as_it_was(told: Told) -> None:
    assert told_rules.read(told_rules.as_text(told)) == told


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_whatever_an_organiser_writes_becomes_names_that_can_be_told_apart(text: str) -> None:
    names = read_names(text)
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(slugs) <= MOST_LISTED
    assert all(one and set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in slugs)
    assert read_names("\n".join(names)) == names


def test_a_list_of_any_language_and_of_too_many_is_met() -> None:
    assert len(read_names("\n".join(f"name {n}" for n in range(60)))) == MOST_LISTED
    assert read_names("مديرة\nمدير") == ["مديرة", "مدير"]
    assert len({slug("مديرة"), slug("مدير")}) == 2
    assert read_names("Head\nhead\n HEAD ") == ["Head"]
    assert max(map(len, read_names("x" * 10_000))) <= told_rules.LONGEST_NAME


def test_what_was_chosen_from_a_list_that_changed_counts_as_not_said() -> None:
    lists = {which: ["first", "second"] for which in Field}
    told = Told({Field.ROLE: "second", Field.SIZE: "second", Field.PHASE: "gone"})
    person = told_rules.person(7, told, Workplace(), lists, 2)
    assert (person.role, person.size, person.phase, person.years) == ("second", 1, None, None)
    assert set(ORDERED) == {Field.SIZE, Field.YEARS}
    assert person.waiting_rounds == 2


def test_a_form_takes_back_what_was_left_empty_and_leaves_what_it_did_not_ask() -> None:
    before = Told({Field.ROLE: "head", Field.REGION: "peak"}, same=frozenset({Field.SIZE}), trios=True)
    told = changed(before, {"role": [], "phase": ["primary"]})
    assert told.facts == {Field.PHASE: "primary", Field.REGION: "peak"}
    assert told.same == before.same
    assert changed(told, {"same": [], "trios": ["no"], "often": ["weekly"], "days": ["0", "6"]}) == Told(
        told.facts, often=Often.WEEKLY, days=frozenset({0, 6})
    )


@pytest.mark.parametrize(
    ("facts", "shown", "said"),
    [
        ({}, Field, "somebody in a job like yours"),
        ({Field.ROLE: "executive-head"}, Field, "an executive head"),
        ({Field.ROLE: "deputy-head", Field.PHASE: "infant-school"}, Field, "a deputy head at an infant school"),
        ({Field.ROLE: "deputy-head", Field.PHASE: "infant-school"}, [Field.PHASE], "somebody in a job like yours at an infant school"),
        ({Field.SIZE: "small", Field.PLACE: "rural"}, Field, "somebody in a job like yours at a small rural place"),
        ({Field.ROLE: "headteacher", Field.YEARS: "new-in-post", Field.REGION: "in-london"}, Field, "a headteacher, new in post, in London"),
    ],
)  # fmt: skip
def test_somebody_is_described_by_what_may_be_shown_and_no_more(
    facts: dict[Field, str], shown: Collection[Field], said: str
) -> None:
    told = Told(facts)
    assert DESK.describe(told, list(shown), DESK.usual_lists("en"), "en") == said


def test_things_are_asked_at_sociable_hours_on_both_sides_of_a_clock_change() -> None:
    london = ZoneInfo("Europe/London")
    saturday = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)
    assert sociable(saturday, "Europe/London") == datetime(2026, 10, 25, 8, tzinfo=london)
    made = datetime(2026, 10, 23, 17, tzinfo=UTC)
    assert remind_at(made, "Europe/London", None).astimezone(london).hour == 13
    assert first_follow_up(made, "Europe/London") == datetime(2026, 10, 26, 17, tzinfo=london)
    assert at_five(made, 14, "Europe/London") == datetime(2026, 11, 6, 17, tzinfo=london)


@given(st.integers(0, 16 * 24 * 60), st.times(), st.times())
@settings(max_examples=150)
def test_nobody_is_written_to_in_their_quiet_hours_nor_at_night_if_there_is_any_other_time(
    minutes: int, start: time, end: time
) -> None:
    zone = ZoneInfo("Europe/London")
    now = datetime(2026, 10, 20, tzinfo=UTC) + timedelta(minutes=minutes)
    found = welcome(now, zone.key, Quiet(start, end))
    local = found.astimezone(zone).time()
    assert now <= found <= now + timedelta(hours=50)
    assert start == end or not within_quiet(local, start, end)
    free = [
        minute
        for minute in range(8 * 60, 20 * 60 + 1)
        if not within_quiet(time(minute // 60, minute % 60), start, end)
    ]
    assert not free or time(8) <= local <= time(20)


@given(st.integers(0, 365 * 24), st.sampled_from(list(Stage)), st.integers(0, 400))
@settings(max_examples=100)
def test_what_comes_next_always_comes_later(hours: int, stage: Stage, days: int) -> None:
    introduced = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    now = introduced + timedelta(days=days)
    following, at = after(stage, introduced, now, "Europe/London")
    assert at > now
    assert following in (Stage.DAY_14, Stage.MONTHLY)


def test_figures_have_a_floor_are_rounded_and_do_not_give_away_a_rest() -> None:
    shown = report_rules.figures(Counts(waiting=7, paired=13, waits=(1,) * 7, met=9, asked=12))
    assert shown == {"waiting": None, "paired": 15, "wait": None, "met": None, "asked": None}
    shown = report_rules.figures(Counts(waiting=8, paired=22, waits=(1, 9) * 4, met=12, asked=20))
    assert shown == {"waiting": 10, "paired": 20, "wait": 5, "met": 10, "asked": 20}
    assert report_rules.nothing(report_rules.figures(Counts(7, 6, (3,), 2, 3)))


@given(st.lists(st.integers(0, 60), min_size=8, max_size=8))
@settings(max_examples=200)
def test_two_reports_never_differ_by_one_or_two_people(numbers: list[int]) -> None:
    before = (numbers[0], numbers[1], min(numbers[2], numbers[3]), numbers[3])
    later = Counts(numbers[4], numbers[5], (), min(numbers[6], numbers[7]), numbers[7])
    moves = [abs(one - other) for one, other in zip(before, report_rules.real(later), strict=True)]
    assert report_rules.changed(before, later) == (any(moves) and all(m == 0 or m >= FEW for m in moves))
    figure = report_rules.about(later.waiting)
    assert (figure is None) == (later.waiting < FLOOR)
    assert figure is None or figure % 5 == 0
