"""Names from outside must not be able to act inside our own messages."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.neutral import neutralise


def read(text: str) -> str:
    """What a reader sees: escapes and our own break characters gone."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u200b", "")


@pytest.mark.parametrize(
    "name", ["Siân Rhys-Jones", "Élodie O'Connor", "St Mary's C of E", "Dafydd", "李明", "a.b"]
)
def test_an_ordinary_name_reads_as_it_was_written(name: str) -> None:
    assert read(neutralise(name, 80)) == name


@pytest.mark.parametrize(
    ("hostile", "must_not_match"),
    [
        ("@everyone", r"@everyone"),
        ("@here come", r"@here"),
        ("<@123456789012345678>", r"(?<!\\)<@!?\d"),
        ("<#123456789012345678>", r"(?<!\\)<#\d"),
        ("</leave:123>", r"(?<!\\)</"),
        ("<t:0:R>", r"(?<!\\)<t:"),
        ("[Samaritans](https://evil.example)", r"(?<!\\)\]\("),
        ("https://evil.example/x", r"https?://"),
        ("discord.gg/abc", r"discord\.gg/"),
        ("**bold** __u__ ~~s~~ ||spoiler|| `code`", r"(?<!\\)[*_~|`]"),
        ("# big", r"^#"),
        ("-# small", r"^-"),
        ("> quoted", r"^>"),
        ("- item", r"^-"),
        ("1. item", r"^\d+\."),
        ("\\*", r"^\\\*"),
    ],
)
def test_nothing_in_a_name_acts(hostile: str, must_not_match: str) -> None:
    assert not re.search(must_not_match, neutralise(hostile, 80))


def test_a_name_stays_on_one_line_and_in_one_direction() -> None:
    name = "Ann\n\n# Heading\r\u2028x \u202egnp.exe\u2066\u200f\u200b\u2060\ufeff\u3164 end"
    assert neutralise(name, 80) == "Ann # Heading x gnp.exe end"


def test_stacked_accents_are_thinned() -> None:
    assert len(neutralise("Z" + "\u0335" * 60, 80)) <= 3


@pytest.mark.parametrize("nothing", ["", "   ", "\u200b\u200d", "\n"])
def test_an_invisible_name_becomes_a_dash(nothing: str) -> None:
    assert neutralise(nothing, 80) == "–"


@given(st.text(max_size=300), st.integers(min_value=1, max_value=100))
def test_never_too_long_never_invisible_never_two_lines(value: str, limit: int) -> None:
    result = neutralise(value, limit)
    assert 0 < len(result) <= 2 * limit + 1
    assert len(read(result)) <= limit or limit < 1
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in result)
    assert not any(
        unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI") for c in result
    )
    assert "@everyone" not in result
    assert "://" not in result
