"""Days and times in words, as people say them: “Wednesday 25 November at 6 pm”.

Babel is imported where it is used: it costs a start-up that many runs never need.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from babel import Locale

# The British habit for English; other languages have one Locale each.
_TERRITORIES = {"en": "en_GB", "cy": "cy_GB"}


@cache
def locale(language: str) -> Locale:
    """Babel's locale for one of our languages."""
    from babel import Locale

    return Locale.parse(_TERRITORIES.get(language, language))


def day(on: date, language: str, *, year: bool = False) -> str:
    """“Wednesday 25 November”, with the year if asked."""
    from babel.dates import format_date

    return format_date(on, "EEEE d MMMM y" if year else "EEEE d MMMM", locale=locale(language))


def weekday(number: int, language: str) -> str:
    """The day's name; Monday is 0."""
    return locale(language).days["format"]["wide"][number % 7]


def months(language: str) -> tuple[str, ...]:
    """The months in short, from January."""
    named = locale(language).months["stand-alone"]["abbreviated"]
    return tuple(named[number] for number in range(1, 13))


def clock(at: time, language: str) -> str:
    """“6 pm”, “6.30 pm”, as the wall clock shows it."""
    from babel.dates import format_time

    return format_time(at, "h.mm a" if at.minute else "h a", locale=locale(language))


def wall(at: datetime, zone: str) -> datetime:
    """The instant as the wall clock of `zone` shows it. `at` must be aware."""
    if at.tzinfo is None:
        raise ValueError("an instant put into words must be aware")
    return at.astimezone(ZoneInfo(zone))


@cache
def plural(language: str, count: int) -> str:
    """The plural category (CLDR) of a whole number."""
    return locale(language).plural_form(count)
