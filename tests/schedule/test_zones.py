"""Choosing a time zone by typing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.schedule.zones import MOST, search_zones, valid_zone, zones


def test_nothing_typed_offers_london_first() -> None:
    assert search_zones("")[0] == "Europe/London"
    assert search_zones("   ") == search_zones("")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("lon", "Europe/London"),
        ("LONDON", "Europe/London"),
        ("cardiff", "Europe/London"),
        ("cymru", "Europe/London"),
        ("uk", "Europe/London"),
        ("dub", "Europe/Dublin"),
        ("new y", "America/New_York"),
        ("auck", "Pacific/Auckland"),
        ("st johns", "America/St_Johns"),
        ("lord", "Australia/Lord_Howe"),
        ("Europe/Par", "Europe/Paris"),
        ("kolk", "Asia/Kolkata"),
        ("utc", "UTC"),
    ],
)
def test_the_likeliest_comes_first(typed: str, first: str) -> None:
    assert search_zones(typed)[0] == first


def test_a_search_never_offers_more_than_discord_shows_nor_a_name_that_cannot_be_stored() -> None:
    for typed in ("", "a", "e", "america", "in", "zz", "é", "europe/"):
        found = search_zones(typed)
        assert len(found) <= MOST
        assert len(set(found)) == len(found)
        assert all(valid_zone(name) for name in found)
    assert search_zones("zzzz") == []


def test_every_name_that_may_be_stored_can_be_opened() -> None:
    for name in zones():
        ZoneInfo(name)
    assert not valid_zone("europe/london")
    assert not valid_zone("../../etc/passwd")
    assert not valid_zone("")
