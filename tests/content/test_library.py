"""Loading, filling and saying, from a small set of words and from the real one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from bot.content import ContentError, Words, default_root, load
from tests.content.places import TEMPLATE, WORDS, small_words, write


def test_a_message_is_filled_in(tmp_path: Path) -> None:
    library = load(small_words(tmp_path))
    filled = library.fill("tea.offer", {"name": "Siân", "channel": "<#123>", "count": 3, "unused": "x"})
    assert filled.text == "Hello Siân.\n\nSee <#123>, cup 3. {braces}"
    assert filled.buttons == (("tea.level=strong", "tea.level=weak"), ("support",))
    assert filled.layout == "text"
    again = library.fill("tea.offer#1", {"name": "Siân", "channel": "<#123>", "count": 3})
    assert again.text == "Again, Siân: <#123> and 3."


def test_parameters_survive_json(tmp_path: Path) -> None:
    library = load(small_words(tmp_path))
    params = {"name": Words("**Ours**"), "channel": "<#123>", "count": 3}
    kept = json.loads(json.dumps(params))
    # What comes back from a database is no longer known to be ours, and is treated so.
    assert "\\*\\*Ours" in library.fill("tea.offer", kept).text
    assert "**Ours**" in library.fill("tea.offer", params).text


@pytest.mark.parametrize("hostile", ["@everyone", "<@&1> <#2>", "<#2", "</x:y>", "[a](https://b.c)"])
def test_a_mention_must_be_discords_own_form(tmp_path: Path, hostile: str) -> None:
    text = load(small_words(tmp_path)).fill("tea.offer", {"name": "x", "channel": hostile, "count": 1}).text
    assert f"See {hostile}," not in text


def test_a_name_full_of_braces_is_only_a_name(tmp_path: Path) -> None:
    text = (
        load(small_words(tmp_path)).fill("tea.offer", {"name": "{count}", "channel": "<#1>", "count": 9}).text
    )
    assert text.startswith("Hello {count}.")


def test_a_missing_value_is_a_mistake_in_the_code(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="count"):
        load(small_words(tmp_path)).fill("tea.offer", {"name": "x", "channel": "<#1>"})


def test_the_same_wording_never_comes_twice_running(tmp_path: Path) -> None:
    library = load(small_words(tmp_path))
    last: str | None = None
    for number in (0, 0, 0, 1, 1, 7, 7, -3):
        reference = library.pick("tea.offer", number, last=last)
        assert reference != last
        last = reference
    assert library.pick("tea.offer", 5) == library.pick("tea.offer", 5)


def test_plurals_and_short_strings(tmp_path: Path) -> None:
    library = load(small_words(tmp_path))
    assert library.text("tea.cups", count=1, name="Jo") == "1 cup for Jo"
    assert library.text("tea.cups", count=0, name="Jo") == "0 cups for Jo"
    assert library.text("tea.where", place="<#5>", name="*Jo*") == "in <#5>, says \\*Jo\\*"
    assert library.text("tea.where", place="x <#5>", name="Jo").startswith("in x \\<#5>,")
    inner = library.text("tea.cups", count=2, name="a_b")
    assert library.text("tea.where", place="<#5>", name=inner).endswith(inner)
    with pytest.raises(ValueError, match="count"):
        library.text("tea.cups", name="Jo")


def test_a_button_falls_back_to_its_kind(tmp_path: Path) -> None:
    library = load(small_words(tmp_path))
    assert library.button("tea.level=strong").label == "Strong"
    assert library.button("tea.level=weak").label == "Some tea"
    assert library.button("tea.level=strong.cy").label == "Strong", (
        "what a choice carries besides is no other choice"
    )
    assert library.button("support", "cy").style == "primary"
    assert library.command("tea now") == "Make tea."
    assert library.option("tea now.milk") == "How much milk"
    assert library.form("tea.order.title") == "Your tea"


def test_dates_are_said_the_british_way() -> None:
    library = load(default_root())
    at = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    assert library.when(at, "Europe/London") == "Wednesday 25 November at 6 pm"
    assert library.when(at, "Asia/Kolkata", year=True) == "Wednesday 25 November 2026 at 11.30 pm"
    assert (
        library.when(datetime(2026, 7, 1, 11, 0, tzinfo=UTC), "Europe/London") == "Wednesday 1 July at midday"
    )
    assert library.clock(datetime(2026, 1, 1, tzinfo=UTC), "Europe/London") == "midnight"
    assert library.time(time(6, 30)) == "6.30 am"
    assert library.day(date(2026, 3, 29)) == "Sunday 29 March"
    assert library.weekday(0) == "Monday"
    assert library.months()[0] == "Jan"
    assert len(library.months("cy")) == 12
    with pytest.raises(ValueError, match="aware"):
        library.when(datetime(2026, 1, 1), "Europe/London")  # noqa: DTZ001 - that it is refused is the test


def test_the_clock_on_the_wall_is_followed_across_the_change() -> None:
    library = load(default_root())
    for day, hour in ((28, 18), (29, 17)):
        said = library.clock(datetime(2026, 3, day, hour, tzinfo=UTC), "Europe/London")
        assert said == "6 pm"


def test_a_language_nobody_offers_is_answered_in_english() -> None:
    library = load(default_root())
    at = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    for odd in ("cy", "zz", "../..", "", "en_US.UTF-8"):
        assert library.when(at, "Europe/London", odd) == "Wednesday 25 November at 6 pm"
        assert library.button("support", odd).label == "Get support"
        assert library.text("checkins.history.count", odd, count=1, since="x").startswith("1 answer ")


def test_a_translation_takes_from_english_what_it_does_not_say(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    write(root, "languages.toml", '[languages]\nen = "English"\ncy = "Cymraeg"\n')
    write(root, "tea/offer.cy.md", '+++\nid = "tea.offer"\n+++\nHelo {name}: {channel}, {count}.\n')
    write(
        root,
        "tea/words.cy.toml",
        '[text]\ncups = { other = "{count} i {name}", two = "{count} ddau {name}" }\n',
    )
    library = load(root)
    params = {"name": "Siân", "channel": "<#1>", "count": 2}
    filled = library.fill("tea.offer#1", params, "cy")
    assert filled.text == "Helo Siân: <#1>, 2."
    assert ("support",) in filled.buttons
    assert library.text("tea.cups", "cy", count=2, name="Siân") == "2 ddau Siân"
    assert library.text("tea.where", "cy", place="<#1>", name="x").startswith("in ")


@pytest.mark.parametrize(
    ("damage", "line", "said"),
    [
        (TEMPLATE.replace("+++\nid", "id", 1), 1, "+++"),
        (TEMPLATE.replace('id = "tea.offer"', 'id = "tea.other"'), 2, "tea.offer"),
        (TEMPLATE.replace("Hello {name}", "Hello {nmae}"), 8, "nmae"),
        (TEMPLATE.replace("{{braces}}", "{braces"), 8, "{{"),
        (TEMPLATE.replace('"name", ', '"name", "spare", '), None, "spare"),
        (TEMPLATE.replace("reviewed_by", "reviewd_by"), 5, "reviewd_by"),
        (TEMPLATE.replace('vars = ["name"', 'vars = ["name"" '), 3, "TOML"),
        (TEMPLATE.replace('"tea.level=weak"', '"tea level"'), None, "tea level"),
        (TEMPLATE.replace('"tea.level=weak"', '"tea.unknown"'), None, "tea.unknown"),
        (TEMPLATE.replace("channel:mention", "channel:menton"), None, "menton"),
        (TEMPLATE.replace("See {channel}", "See {channel:mention}"), 8, "write {channel} here"),
        (TEMPLATE.partition("Hello")[0], None, "no wording"),
    ],
)
def test_a_broken_template_is_told_with_its_file_and_line(
    tmp_path: Path, damage: str, line: int | None, said: str
) -> None:
    root = small_words(tmp_path)
    write(root, "tea/offer.en.md", damage)
    with pytest.raises(ContentError) as caught:
        load(root)
    problem = next(problem for problem in caught.value.problems if said in problem.what)
    assert problem.file == "tea/offer.en.md"
    assert problem.line == line


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    root = small_words(tmp_path)
    write(root, "tea/offer.en.md", TEMPLATE.replace("Hello {name}", "Hello {nmae}"))
    write(root, "tea/words.en.toml", WORDS.replace('style = "primary"', 'style = "shouting"'))
    write(root, "tea/odd.txt", "x")
    write(root, "tea/helo.cy.md", "x")
    (root / "tea" / "latin.en.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ContentError) as caught:
        load(root)
    assert {problem.file for problem in caught.value.problems} == {
        "tea/offer.en.md",
        "tea/words.en.toml",
        "tea/odd.txt",
        "tea/helo.cy.md",
        "tea/latin.en.md",
    }
    assert "tea/offer.en.md, line 8:" in str(caught.value)


def test_a_missing_folder_is_said_and_not_raised_as_anything_else(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"languages\.toml"):
        load(tmp_path / "nowhere")


def test_the_library_reads_no_file_after_loading(tmp_path: Path) -> None:
    root = small_words(tmp_path / "words")
    library = load(root)
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert library.text("tea.cups", count=2, name="x") == "2 cups for x"


def test_importing_the_words_does_not_import_babel() -> None:
    code = (
        "import sys; from bot.content import load, default_root; load(default_root());"
        "assert 'babel' not in sys.modules and 'discord' not in sys.modules and 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
