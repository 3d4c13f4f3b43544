"""The papers say what the program does: retention, rights, and a label for everything a member can take away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import pytest
from sqlalchemy import Boolean, Column, Table

from bot.content import Template, default_root, load
from bot.content.check import check
from bot.tables import TABLES

LIBRARY = load(default_root())
PAPERS = [template for template in LIBRARY.templates if template.id.startswith("governance.")]
NOTICE = LIBRARY.template("governance.privacy_notice").wordings[0]
ROW = re.compile(r"^\| [^|]+ \| `(\w+)` \| ([^|]+?) \|$", re.MULTILINE)
COMMAND = re.compile(r"`/([a-z ]+)`")


def personal_columns() -> Iterator[tuple[Table, Column[object]]]:
    for table in TABLES.sorted_tables:
        for column in table.columns:
            if column.info.get("personal"):
                yield table, column


def exported_columns() -> list[tuple[str, Column[object]]]:
    return [(table.name, column) for table, column in personal_columns() if column.info["export"]]


def every_text(prefix: str, **params: object) -> list[str]:
    """All short strings whose key begins so, filled in; those with plural forms take `count`."""
    said: list[str] = []
    for key, language in LIBRARY._shelf.texts:
        if key.startswith(prefix) and language == "en":
            plural = isinstance(LIBRARY._shelf.texts[key, language], Mapping)
            said.append(LIBRARY.text(key, **(params if plural or "count" not in params else {})))
    assert said
    return said


def test_the_notice_names_every_table_and_period_the_columns_declare_and_no_other() -> None:
    declared = {(table.name, str(column.info["keep"])) for table, column in personal_columns()}
    assert set(ROW.findall(NOTICE)) == declared, "mend the table “What is kept” in the privacy notice"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_a_paper_is_a_template_to_be_completed_and_says_that_nobody_checked_it(paper: Template) -> None:
    (text,) = paper.wordings
    assert not paper.message
    assert "**A template, not advice.**" in text
    assert "Nobody qualified has checked this" in " ".join(text.replace("\n> ", " ").split())
    assert len(re.findall(r"\[[^]]+\]", text)) >= 10
    for named in ("9(2)(a)", "Discord", "operator"):
        assert named in text
    assert re.search("ICO|Information Commissioner", text)


def test_the_papers_are_listed_until_somebody_qualified_has_signed_them() -> None:
    assert {paper.id.partition(".")[2] for paper in PAPERS} == {
        "privacy_notice",
        "impact_assessment",
        "processing_record",
    }
    listed = {problem.file for problem in check(default_root(), date(2026, 11, 22)).warnings}
    assert {paper.file for paper in PAPERS if not paper.reviewed_by} <= listed


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_a_paper_promises_no_command_that_has_no_words(paper: Template) -> None:
    for name in COMMAND.findall(paper.wordings[0]):
        assert LIBRARY.command(name), name


@pytest.mark.parametrize(
    "said",
    ["not a monitored service", "Children are not meant to join", "999", "`/me export`", "`/me forget`"],
)
def test_the_notice_says_what_a_member_must_know(said: str) -> None:
    assert said in NOTICE


@pytest.mark.parametrize(
    ("table", "column"), exported_columns(), ids=lambda part: getattr(part, "name", part)
)
def test_everything_a_member_takes_away_has_a_heading_and_a_label(table: str, column: Column[object]) -> None:
    keys = [f"me.table.{table}", f"me.own.{table}.{column.name}", f"me.gone.{table}"]
    if isinstance(column.type, Boolean):
        keys += [f"me.value.{table}.{column.name}.{value}" for value in (True, False)]
    assert [key for key in keys if not LIBRARY.has_text(key)] == []


@pytest.mark.parametrize("table", sorted({table for table, _ in exported_columns()}))
def test_the_sentence_below_a_heading_gives_the_period_that_is_kept_to(table: str) -> None:
    days = {
        column.info["keep"].days
        for owner, column in personal_columns()
        if owner.name == table and column.info["keep"].days
    }
    said = LIBRARY.text(f"me.about.{table}")
    assert set(map(int, re.findall(r"(\d+) days", said))) == days


def test_a_receipt_that_says_everything_there_is_fits_in_one_message() -> None:
    stays = "\n".join(every_text("me.stays.", network="*" * 80))
    gone = ", ".join(every_text("me.gone.", count=1000))
    failed = "\n".join(sorted(every_text("me.table."), key=len)[-6:])
    for name in ("forget_ask", "forgotten", "forgotten_partly", "forget_nothing"):
        room = {var.name: var.limit for var in LIBRARY.template(f"me.{name}").vars}
        for said, value in (("stays", stays), ("gone", gone), ("failed", failed)):
            assert len(value) <= room.get(said, len(value)), (name, said)
