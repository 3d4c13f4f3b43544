"""Days on which a network is closed: bank holidays by rule, and term dates its organiser keeps.

A closure is read from a line somebody typed (`closure_lines`) or from a calendar file (`closure_ics`). Both
give a `Reading`: what was understood, to be shown back in words before it is kept, and what was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.schedule.bank_holidays import Nation, is_holiday

LONGEST = 120
"""The most days one closure may last; more than that is a year mistyped."""

MOST = 400
"""The most closures read at once, or kept by a network."""

NAME_LENGTH = 80


@dataclass(frozen=True, slots=True, order=True)
class Closure:
    """Closed from `first` to `last`, both included. Raises ValueError if they are the wrong way round."""

    first: date
    last: date
    name: str = ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a closure ends on or after its first day")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def days(self) -> Iterable[date]:
        """Each date of it, in order."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Problem(StrEnum):
    """Why something was not read; the words for it are content."""

    NO_DATE = "no-date"
    NO_YEAR = "no-year"
    NOT_A_DATE = "not-a-date"
    WRONG_WEEKDAY = "wrong-weekday"
    BACKWARDS = "backwards"
    TOO_LONG = "too-long"
    UNCLEAR = "unclear"
    REPEATS = "repeats"
    CANCELLED = "cancelled"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Read:
    """One closure understood. `doubtful`: a date like 03/04/2026 was read as 3 April, and might be meant otherwise."""

    number: int
    text: str
    closure: Closure
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """One line or event not understood, as it was given."""

    number: int
    text: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Reading:
    """What was given, every line or event of it in one of two lists, numbered from 1."""

    read: tuple[Read, ...]
    unread: tuple[Unread, ...]

    @property
    def closures(self) -> tuple[Closure, ...]:
        """Those understood, in order of date, each once."""
        return tuple(sorted({each.closure for each in self.read}))


def sorted_out(found: Iterable[Read | Unread]) -> Reading:
    """A `Reading` of what was found, in the order given."""
    read: list[Read] = []
    unread: list[Unread] = []
    for each in found:
        if isinstance(each, Unread):
            unread.append(each)
        elif len(read) < MOST:
            read.append(each)
        else:
            unread.append(Unread(each.number, each.text, Problem.TOO_MANY))
    return Reading(tuple(read), tuple(unread))


def tidy_name(text: str) -> str:
    """A closure's name on one line, without the punctuation that stood between it and the dates."""
    printable = "".join(mark if mark.isprintable() else " " for mark in text)
    name = " ".join(printable.split()).strip(" :;,.-–—()[]|\"'")
    return name[:NAME_LENGTH].rstrip()


def checked(
    number: int, text: str, closure: tuple[date, date, str], *, doubtful: bool = False
) -> Read | Unread:
    """A `Read` of these dates, or why they cannot be a closure."""
    first, last, name = closure
    if last < first:
        return Unread(number, text, Problem.BACKWARDS)
    if (last - first).days >= LONGEST:
        return Unread(number, text, Problem.TOO_LONG)
    return Read(number, text, Closure(first, last, tidy_name(name)), doubtful)


def closed_on(nation: Nation | None, closures: Iterable[Closure]) -> Callable[[date], bool]:
    """Says of a day whether a network is closed: a bank holiday of its nation (None has none), or one of its closures.

    Made ready for asking about many dates (see `recurrence.next_after`).
    """
    days = frozenset(day for closure in closures for day in closure.days())

    def closed(day: date) -> bool:
        return day in days or (nation is not None and is_holiday(day, nation))

    return closed


def describe(closure: Closure, language: str = "en_GB") -> str:
    """The dates with their weekdays, and the name: "Monday 26 October – Friday 30 October 2026, half-term".

    `language` is a Babel locale; the words are all CLDR's or the organiser's own.
    """
    from babel.dates import format_date

    pattern = "EEEE d MMMM y"
    words = format_date(closure.last, pattern, locale=language)
    if closure.first != closure.last:
        same_year = closure.first.year == closure.last.year
        first = format_date(closure.first, "EEEE d MMMM" if same_year else pattern, locale=language)
        words = f"{first} – {words}"
    return f"{words}, {closure.name}" if closure.name else words
