"""The words we ship: sound, complete, within Discord's limits, and kind."""

from __future__ import annotations

import difflib
import itertools
import re
from datetime import date

import pytest

from bot.content import Library, Template, default_root, load
from bot.content.check import check, worst

LIBRARY = load(default_root())
TODAY = date(2026, 11, 22)
# The branches of a check-in: the tenth must not read like the first.
BRANCHES = [
    "door_good",
    "door_ok",
    "door_really",
    "door_bit_much",
    "door_rather_not",
    "good",
    "ok",
    "wobbly",
    "not_ok",
    "follow_up",
    "words",
    "words_hard",
    "words_untapped",
    "unanswered",
]


@pytest.fixture
def library() -> Library:
    return LIBRARY


def test_the_words_we_ship_have_no_error() -> None:
    report = check(default_root(), TODAY)
    assert [str(problem) for problem in report.errors] == []
    # Nobody qualified has signed yet, and the check says so for every message.
    unsigned = {template.file for template in LIBRARY.templates if not template.reviewed_by}
    assert unsigned <= {warning.file for warning in report.warnings}


@pytest.mark.parametrize("template", [t for t in LIBRARY.templates if t.message], ids=lambda t: t.id)
def test_every_wording_renders_within_discords_limits_with_the_worst_names(template: Template) -> None:
    params = {var.name: worst(var) if var.kind == "words" else "*" * 500 for var in template.vars}
    limit = 4000 if template.layout == "panel" else 2000
    for index in range(len(template.wordings)):
        filled = LIBRARY.fill(f"{template.id}#{index}", params, template.language)
        assert 0 < len(filled.text) + len(filled.title) <= limit
        assert "{" not in filled.text
        assert any(reference == "support" for row in filled.buttons for reference in row)
        for reference in itertools.chain(*filled.buttons):
            assert LIBRARY.button(reference).label


def test_there_are_openings_enough_and_no_two_alike(library: Library) -> None:
    openings = library.template("checkins.opening").wordings
    assert len(openings) >= 24
    first_lines = [wording.partition("\n")[0] for wording in openings]
    assert len(set(first_lines)) == len(openings)
    questions = [wording.split("\n\n")[1] for wording in openings]
    for one, other in itertools.combinations(questions, 2):
        assert difflib.SequenceMatcher(None, one, other).ratio() < 0.8, (one, other)


def test_every_opening_names_its_network_asks_and_says_who_sees_the_answer(library: Library) -> None:
    for wording in library.template("checkins.opening").wordings:
        first, question, who = wording.split("\n\n")
        assert "{network}" in first
        assert "?" in question
        assert "Who sees this" in who
        assert "90 days" in who


@pytest.mark.parametrize("name", BRANCHES)
def test_every_branch_has_wordings_enough(library: Library, name: str) -> None:
    assert len(set(library.template(f"checkins.{name}").wordings)) >= 4


def test_nearly_every_message_to_a_member_comes_in_several_wordings(library: Library) -> None:
    single = [t.id for t in library.templates if t.id.startswith("checkins.") and len(t.wordings) < 2]
    # Facts in a table, and a panel that stands in its channel, are better the same each time.
    assert set(single) == {"checkins.settings", "checkins.settings_off", "checkins.panel"}


@pytest.mark.parametrize("name", ["wobbly", "not_ok", "words_hard", "followed_harder", "changed_hard"])
def test_a_hard_answer_always_shows_a_line_to_ring_in_the_message_itself(library: Library, name: str) -> None:
    template = library.template(f"checkins.{name}")
    assert all("{line}" in wording for wording in template.wordings)


@pytest.mark.parametrize("name", ["wobbly", "not_ok"])
def test_a_hard_answer_gets_thanks_one_question_and_a_follow_up_to_decline(
    library: Library, name: str
) -> None:
    template = library.template(f"checkins.{name}")
    assert "checkins.follow=no" in itertools.chain(*template.buttons)
    for wording in template.wordings:
        assert re.search(r"[Tt]hank you|[Gg]lad you", wording)
        assert "tomorrow" in wording
        assert wording.count("?") >= 1


def test_there_is_no_unused_button(library: Library) -> None:
    used = {reference for t in library.templates for row in t.buttons for reference in row}
    kinds = {reference.partition("=")[0] for reference in used}
    written = {reference for reference, _ in library._shelf.buttons}
    # Drawn by the code with the name of a network on it.
    assert {r for r in written if r not in used and r.partition("=")[0] not in kinds} == {"checkins.which"}


def test_commands_have_their_words(library: Library) -> None:
    names = ["join", "leave", "support", "pause", "checkin now", "checkin settings", "checkin history"]
    for name in (*names, "network setup", "me privacy"):
        assert library.command(name)
