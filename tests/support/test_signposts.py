"""The card: what it says at each hour, how short it is, and that it needs nothing but memory."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import ContentError, default_root, load
from bot.support.helplines import COUNTRIES, check_helplines, load_helplines
from bot.support.lines import OwnLine
from bot.support.signposts import Signposts, read_choice

LIBRARY = load(default_root())
SIGNPOSTS = Signposts.load(default_root(), LIBRARY)
LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=LONDON)
PLACES = (None, *COUNTRIES)


@pytest.mark.parametrize("nation", PLACES)
def test_the_emergency_number_is_always_the_first_line(nation: str | None) -> None:
    for card in (
        SIGNPOSTS.card(nation, "en", NOON),
        SIGNPOSTS.more(nation, "en", NOON),
        SIGNPOSTS.cymraeg(nation, "en", NOON),
        SIGNPOSTS.countries("en", nation),
    ):
        first = card.text.partition("\n")[0]
        assert first.startswith("If life is in danger now: ring ")
        in_britain = nation in (None, "england", "wales", "scotland", "northern-ireland")
        assert ("999" in first) is in_britain


def test_the_first_card_shows_the_numbers_themselves() -> None:
    text = SIGNPOSTS.card("england", "en", NOON).text
    for number in ("116 123", "SHOUT", "85258", "08000 562 561"):
        assert number in text
    assert "111" not in text.replace("116 123", "")
    assert "111, option 2" in SIGNPOSTS.card("england", "en", NOON, education=False).text


def test_no_card_is_too_long_for_discord_or_for_a_tired_reader() -> None:
    own = tuple(OwnLine("*" * 500, "_" * 500) for _ in range(5))
    for nation, hours in itertools.product(PLACES, range(0, 168, 7)):
        at = NOON + timedelta(hours=hours)
        assert len(SIGNPOSTS.card(nation, "en", at).text) <= 500
        for build in (SIGNPOSTS.card, SIGNPOSTS.more, SIGNPOSTS.keep, SIGNPOSTS.cymraeg):
            assert len(build(nation, "en", at, own).text) <= 2000


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-25T12:00", "Breathing Space**: ring **0800 83 85 87** (opens at 6 pm)"),
        ("2026-11-25T19:00", "(open now, until 2 am)"),
        ("2026-11-27T19:00", "(open now, until Monday at 6 am)"),
        ("2026-11-30T01:00", "(open now, until 6 am)"),
    ],
)
def test_a_closed_line_says_when_it_opens_and_an_open_one_when_it_closes(at: str, said: str) -> None:
    text = SIGNPOSTS.more("scotland", "en", datetime.fromisoformat(at).replace(tzinfo=LONDON)).text
    assert said in text


def test_late_in_the_evening_it_opens_tomorrow() -> None:
    text = SIGNPOSTS.more(None, "en", NOON.replace(hour=23, minute=30)).text
    assert "**0800 0119 100** (for LGBT+ people, opens tomorrow at 10 am)" in text
    assert "**0800 58 58 58** (for men, open now, until midnight)" in text


def test_the_card_is_right_in_every_quarter_of_a_week() -> None:
    """The cache must not carry a quarter of an hour into the next."""
    posts = Signposts.load(default_root(), LIBRARY)
    calm = next(line for line in load_helplines(default_root()).lines if line.id == "calm")
    for quarter in range(7 * 96):
        for second in (0, 899):
            at = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(minutes=15 * quarter, seconds=second)
            said = next(row for row in posts.more(None, "en", at).text.splitlines() if "CALM" in row)
            assert ("open now" in said) is calm.hours.open_at(at)


def test_what_is_kept_holds_only_lines_that_never_close() -> None:
    for nation, hour in itertools.product(PLACES, (2, 12, 20)):
        text = SIGNPOSTS.keep(nation, "cy", NOON.replace(hour=hour)).text
        assert "opens" not in text
        assert "open now" not in text
        assert "day and night" in text


def test_what_is_kept_does_not_name_itself_on_a_lock_screen() -> None:
    first = SIGNPOSTS.keep("wales", "en", NOON).text.partition("\n")[0]
    assert not any(word in first.lower() for word in ("support", "samaritans", "999", "danger"))


def test_the_choices_stand_beneath_and_remember_the_place() -> None:
    buttons = list(itertools.chain(*SIGNPOSTS.card("scotland", "en", NOON).buttons))
    assert buttons == [
        "support.more=scotland.en",
        "support.keep=scotland.en",
        "support.country=scotland.en",
        "support",
    ]
    assert "support.cymraeg=uk.en" in itertools.chain(*SIGNPOSTS.card(None, "en", NOON).buttons)
    assert "support.cymraeg=wales.en" in itertools.chain(*SIGNPOSTS.card("wales", "en", NOON).buttons)
    offered = [
        read_choice(button.partition("=")[2])[0]
        for button in itertools.chain(*SIGNPOSTS.countries("en").buttons)
        if button.startswith("support.nation=")
    ]
    assert sorted(filter(None, offered)) == sorted(COUNTRIES)


def test_every_card_carries_the_way_back_to_support() -> None:
    for nation in PLACES:
        for build in (SIGNPOSTS.card, SIGNPOSTS.more, SIGNPOSTS.keep, SIGNPOSTS.cymraeg):
            assert "support" in itertools.chain(*build(nation, "en", NOON).buttons)
        assert "support" in itertools.chain(*SIGNPOSTS.countries("en", nation).buttons)


@given(st.text(max_size=60), st.text(max_size=12))
def test_a_button_somebody_made_up_is_still_answered(argument: str, language: str) -> None:
    nation, read = read_choice(argument)
    assert nation is None or nation in COUNTRIES
    for asked in (read, language):
        # A stranger's text may happen to be a country; anything else is the whole UK.
        assert ("116 123" in SIGNPOSTS.card(argument, asked, NOON).text) or argument in COUNTRIES
        assert SIGNPOSTS.more(nation, asked, NOON).text
        assert SIGNPOSTS.line(argument, asked, NOON)


def test_a_networks_own_lines_stand_beneath_and_cannot_act() -> None:
    own = (OwnLine("Our line @everyone", "ring 01234, or [this](https://evil.example)"),)
    text = SIGNPOSTS.card("wales", "en", NOON, own).text
    assert text.index("116 123") < text.index("From your network:") < text.index("01234")
    assert "@everyone" not in text
    assert "https://evil" not in text
    many = tuple(OwnLine(f"Line {n}", "x") for n in range(5))
    assert "Line 2" not in SIGNPOSTS.card("wales", "en", NOON, many).text
    assert "Line 4" in SIGNPOSTS.more("wales", "en", NOON, many).text


def test_the_line_at_the_foot_of_a_message_never_closes_and_is_short() -> None:
    for nation in PLACES:
        foot = SIGNPOSTS.line(nation, "en", NOON)
        assert "day and night" in foot
        assert len(foot) <= 200
    assert "116 123" in SIGNPOSTS.line("scotland", "cy", NOON)
    assert "988" in SIGNPOSTS.line("canada", "en", NOON)


def test_a_card_is_built_with_the_files_gone(tmp_path: Path) -> None:
    root = tmp_path / "prompts"
    shutil.copytree(default_root(), root)
    posts = Signposts.load(root, load(root))
    shutil.rmtree(root)
    for nation in PLACES:
        assert posts.card(nation, "en", NOON).text == SIGNPOSTS.card(nation, "en", NOON).text


def test_asking_again_builds_nothing_and_asking_for_ever_does_not_fill_the_memory() -> None:
    posts = Signposts.load(default_root(), LIBRARY)
    assert posts.card(None, "en", NOON) is posts.card(None, "en", NOON + timedelta(minutes=14))
    for hours in range(3000):
        posts.card(None, "en", NOON + timedelta(hours=hours))
    assert len(posts._cards) <= 512


def test_nobody_has_verified_a_line_yet_and_the_check_says_so_of_each() -> None:
    report = check_helplines(default_root(), date(2026, 11, 22))
    assert report.ok
    unverified = [line for line in load_helplines(default_root()).lines if not line.verified_on]
    assert len([w for w in report.warnings if "nobody has verified" in w.what]) == len(unverified)


@pytest.mark.parametrize(
    ("verified_on", "today", "error", "warning"),
    [
        ("2026-05-26", date(2026, 11, 22), None, None),
        ("2026-05-26", date(2026, 11, 23), None, "last verified"),
        ("2026-11-23", date(2026, 11, 22), "not come yet", None),
        ("last week", date(2026, 11, 22), "2026-11-30", None),
    ],
)
def test_a_line_is_rung_again_after_180_days(
    tmp_path: Path, verified_on: str, today: date, error: str | None, warning: str | None
) -> None:
    shutil.copytree(default_root() / "signposts", tmp_path / "signposts")
    for path in (tmp_path / "signposts").glob("*.toml"):
        path.write_text(path.read_text().replace('verified_on = ""', f'verified_on = "{verified_on}"'))
    report = check_helplines(tmp_path, today)
    assert all(error in problem.what for problem in report.errors) if error else report.ok
    assert bool(report.errors) is bool(error)
    assert bool(report.warnings) is bool(warning)
    assert all(warning in problem.what for problem in report.warnings) if warning else True


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('number = "0800 83 85 87"', 'number = ""', "number is empty"),
        ('how = "ring"', 'how = "shout"', "how is one of"),
        ('"18:00-02:00"', '"18:05-02:00"', "quarters of an hour"),
        ('"18:00-02:00"', '"6pm-2am"', "quarters of an hour"),
        ("[line.hours]", "[line.hours]\nfunday = []", "a table of weekdays"),
        ('zone = "Europe/London"', 'zone = "Europe/Glasgow"', "is not a time zone"),
        ('country = "scotland"', 'country = "wales"', 'country = "scotland"'),
        ('id = "breathing-space"', 'id = "samaritans"', "twice"),
        ('emergency = "999"', 'emergency = "999', "TOML"),
        ('source = "NHS 24"', 'sauce = "NHS 24"', "sauce"),
    ],
)
def test_a_mistake_in_a_helpline_is_told_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    shutil.copytree(default_root() / "signposts", tmp_path / "signposts")
    path = tmp_path / "signposts" / "scotland.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ContentError) as caught:
        load_helplines(tmp_path)
    found = [problem for problem in caught.value.problems if said in problem.what]
    assert found
    assert found[0].file == "signposts/scotland.toml"
