"""The check finds each kind of mistake, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.content.check import check
from tests.content.places import TEMPLATE, WORDS, small_words, write

TODAY = date(2026, 11, 22)


def test_sound_words_have_no_error_and_one_warning_for_the_missing_review(tmp_path: Path) -> None:
    report = check(small_words(tmp_path), TODAY)
    assert report.ok
    assert [str(warning) for warning in report.warnings] == [
        "tea/offer.en.md: nobody qualified has reviewed these words yet"
    ]


def test_a_signed_review_is_quiet_until_its_day_has_passed(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    signed = TEMPLATE.replace('reviewed_by = ""', 'reviewed_by = "Dr A"')
    write(root, "tea/offer.en.md", signed.replace('review_by = ""', 'review_by = "2026-11-22"'))
    assert check(root, TODAY).warnings == ()
    assert "reviewed again" in check(root, date(2026, 11, 23)).warnings[0].what
    write(root, "tea/offer.en.md", signed.replace('review_by = ""', 'review_by = "soon"'))
    assert not check(root, TODAY).ok


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (TEMPLATE.replace(', ["support"]', ""), "way to support"),
        (TEMPLATE.replace("See {channel}", "He did COMMIT\nsuicide. {channel}"), "never said"),
        (TEMPLATE.replace("See {channel}", "Be resilient, {channel}"), "never said"),
        (TEMPLATE.replace("See {channel}", "See \U0001f600 {channel}"), "no emoji"),
        (TEMPLATE.replace("See {channel}", "See! {channel}!"), "exclamation"),
        (TEMPLATE.replace("Hello {name}", "Support for {name}"), "lock screen"),
        (TEMPLATE.replace("See", "x" * 1700), "Discord allows 2000"),
        (TEMPLATE.replace('"tea.level=weak"', '"tea.level=strong"'), "twice"),
        (TEMPLATE.replace('"tea.level=weak"', f'"tea.level={"w" * 80}"'), "too long for a button"),
        (
            TEMPLATE.replace('"tea.level=weak"', ", ".join(f'"tea.level={n}"' for n in range(5))),
            "rows of buttons",
        ),
        (TEMPLATE.replace(', ["support"]', ', [], ["support"]'), "rows of buttons"),
    ],
)
def test_a_mistake_in_a_template_is_found(tmp_path: Path, damage: str, said: str) -> None:
    root = small_words(tmp_path)
    assert damage != TEMPLATE
    write(root, "tea/offer.en.md", damage)
    report = check(root, TODAY)
    assert [problem for problem in report.errors if said in problem.what], report.errors
    assert {problem.file for problem in report.errors} == {"tea/offer.en.md"}


def test_a_name_of_stars_is_counted_with_its_escapes(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    # 80 stars are 160 characters once escaped: that alone takes this wording over the edge.
    body = TEMPLATE.replace("See {channel}, cup {count}. {{braces}}", "x" * 1600 + "{channel}{count}")
    write(root, "tea/offer.en.md", body)
    assert check(root, TODAY).ok
    write(root, "tea/offer.en.md", body.replace("xxx", "{name}{name}", 1))
    assert any("longest names" in problem.what for problem in check(root, TODAY).errors)


def test_a_panel_may_be_longer_and_a_channel_message_may_say_what_it_is(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    panel = TEMPLATE.replace("reviewed_by", 'layout = "panel"\nwhere = "channel"\nreviewed_by')
    write(
        root, "tea/offer.en.md", panel.replace("Hello {name}", "Support, {name}").replace("See", "x" * 1900)
    )
    assert check(root, TODAY).ok


def test_a_paper_may_be_long_and_name_what_no_member_is_told_but_is_reviewed_like_a_message(
    tmp_path: Path,
) -> None:
    root = small_words(tmp_path)
    long = TEMPLATE.replace("See", "x" * 5000 + " committed suicide! Resilience! See")
    paper = long.replace(', ["support"]', "").replace("reviewed_by", "message = false\nreviewed_by")
    write(root, "tea/offer.en.md", paper)
    report = check(root, TODAY)
    assert report.ok
    assert [str(warning) for warning in report.warnings] == [
        "tea/offer.en.md: nobody qualified has reviewed these words yet"
    ]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (WORDS.replace("Strong", "S" * 35), "34"),
        (WORDS.replace("Make tea.", "M" * 101), "100"),
        (WORDS.replace("How much milk", ""), "empty"),
        (WORDS.replace("Your tea", "Y" * 46), "45"),
        (WORDS.replace("order.title", "order.heading"), "ends in"),
        (WORDS.replace('label = "Strong"', 'label = "Commit suicide"'), "never said"),
        (WORDS.replace('one = "{count} cup for {name}", ', ""), "no form for “one”"),
        (WORDS.replace("in {place:mention}", "in {place:menton}"), "lone"),
    ],
)
def test_a_mistake_in_short_strings_is_found(tmp_path: Path, damage: str, said: str) -> None:
    root = small_words(tmp_path)
    assert damage != WORDS
    write(root, "tea/words.en.toml", damage)
    assert any(said in problem.what for problem in check(root, TODAY).errors)


def test_every_key_must_be_in_every_language(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    write(root, "languages.toml", '[languages]\nen = "English"\ncy = "Cymraeg"\n')
    write(root, "wording.cy.toml", "never = []\n")
    write(root, "tea/words.cy.toml", '[text]\nwhere = "yn {placed}"\nextra = "x"\n')
    said = " ".join(problem.what for problem in check(root, TODAY).errors)
    for missing in ("the template", "“tea.cups”", "the button", "the command", "the option", "the form"):
        assert missing in said
    assert "“tea.extra” is not written in English" in said.replace("('tea.extra')", "tea.extra")
    assert "same variables" in said
    write(root, "tea/words.cy.toml", WORDS.replace("one = ", "two = "))
    said = " ".join(problem.what for problem in check(root, TODAY).errors)
    for category in ("zero", "one", "few", "many"):
        assert f"“{category}”" in said
