"""Bank holidays of the four nations, by rule, for any year from 2015 on.

The rules are those of the Banking and Financial Dealings Act 1971 and the proclamations made each year.
What no rule gives (a jubilee, a funeral) is a row in a table: a new one is one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from dateutil.easter import easter
from dateutil.relativedelta import FR, MO, relativedelta


class Nation(StrEnum):
    ENGLAND = "england"
    WALES = "wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class Holiday(StrEnum):
    """Which holiday a date is, as a name for code; the words for it are content."""

    NEW_YEAR = "new-year"
    SECOND_JANUARY = "second-january"
    ST_PATRICK = "st-patrick"
    GOOD_FRIDAY = "good-friday"
    EASTER_MONDAY = "easter-monday"
    EARLY_MAY = "early-may"
    SPRING = "spring"
    BOYNE = "boyne"
    SUMMER = "summer"
    ST_ANDREW = "st-andrew"
    CHRISTMAS = "christmas"
    BOXING = "boxing"
    ONE_OFF = "one-off"


_ALL = frozenset(Nation)

# In order of date: a substitute day is the next weekday that is not itself taken.
_FIXED: tuple[tuple[int, int, Holiday, frozenset[Nation]], ...] = (
    (1, 1, Holiday.NEW_YEAR, _ALL),
    (1, 2, Holiday.SECOND_JANUARY, frozenset({Nation.SCOTLAND})),
    (3, 17, Holiday.ST_PATRICK, frozenset({Nation.NORTHERN_IRELAND})),
    (7, 12, Holiday.BOYNE, frozenset({Nation.NORTHERN_IRELAND})),
    (11, 30, Holiday.ST_ANDREW, frozenset({Nation.SCOTLAND})),
    (12, 25, Holiday.CHRISTMAS, _ALL),
    (12, 26, Holiday.BOXING, _ALL),
)

_MOVED: dict[tuple[int, Holiday], date] = {
    (2020, Holiday.EARLY_MAY): date(2020, 5, 8),  # seventy-five years since VE Day
    (2022, Holiday.SPRING): date(2022, 6, 2),  # beside the platinum jubilee
}

_ONE_OFF: tuple[tuple[date, frozenset[Nation]], ...] = (
    (date(2022, 6, 3), _ALL),  # the platinum jubilee
    (date(2022, 9, 19), _ALL),  # the funeral of the Queen
    (date(2023, 5, 8), _ALL),  # the coronation of the King
    (
        date(2026, 6, 15),
        frozenset({Nation.SCOTLAND}),
    ),  # the day after Scotland's first match of the World Cup
)


@cache
def bank_holidays(nation: Nation, year: int) -> Mapping[date, Holiday]:
    """The bank holidays of a nation in a year, as published: a holiday on a weekend is its substitute day."""
    found = {
        moved: holiday
        for holiday, day in _moveable(nation, year).items()
        for moved in (_MOVED.get((year, holiday), day),)
    }
    found |= {day: Holiday.ONE_OFF for day, nations in _ONE_OFF if day.year == year and nation in nations}
    fixed = [(date(year, month, day), name) for month, day, name, nations in _FIXED if nation in nations]
    # Those on a weekday keep their date; only then do the others look for the next free one.
    for day, name in sorted(fixed, key=lambda each: (each[0].weekday() >= 5, each[0])):
        free = day
        while free.weekday() >= 5 or free in found:
            free += timedelta(days=1)
        found[free] = name
    return MappingProxyType(dict(sorted(found.items())))


def is_holiday(day: date, nation: Nation) -> bool:
    """Whether a date is a bank holiday, or the feast itself when that falls on a weekend.

    Christmas Day on a Saturday has its bank holiday on the Monday, and is Christmas Day all the same.
    """
    return day in bank_holidays(nation, day.year) or any(
        (month, number) == (day.month, day.day) and nation in nations for month, number, _, nations in _FIXED
    )


def _moveable(nation: Nation, year: int) -> dict[Holiday, date]:
    sunday = easter(year)
    scotland = nation is Nation.SCOTLAND
    august = (
        date(year, 8, 1) + relativedelta(weekday=MO(1))
        if scotland
        else date(year, 8, 31) + relativedelta(weekday=MO(-1))
    )
    found = {
        Holiday.GOOD_FRIDAY: sunday + relativedelta(weekday=FR(-1)),
        Holiday.EARLY_MAY: date(year, 5, 1) + relativedelta(weekday=MO(1)),
        Holiday.SPRING: date(year, 5, 31) + relativedelta(weekday=MO(-1)),
        Holiday.SUMMER: august,
    }
    if not scotland:
        found[Holiday.EASTER_MONDAY] = sunday + timedelta(days=1)
    return found
