"""What comes of reading a "when": a rule, a question with choices, or what could not be read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from bot.schedule.recurrence import Series
from bot.sessions.when_words import FILLER

_TAKEN = "\x00"


class Question(StrEnum):
    """What has to be asked; the words for it are content."""

    HALF = "half"  # morning or evening?
    MIDNIGHT = "midnight"  # as the day begins, or as it ends?
    ONCE = "once"  # that one day, or every week?
    NEXT = "next"  # this Friday or the one after?
    UNTIL = "until"  # up to July, or to its end?
    START = "start"  # every other Thursday from which?
    NTH = "nth"  # "every second Tuesday": of the month, or every other?
    FIFTH = "fifth"  # months have no fifth Monday as a rule
    WHICH_WEEK = "which-week"  # "monthly on Saturday": which?
    MONTHLY = "monthly"  # "12 January, monthly"
    OFTEN = "often"  # "12 January, six times": how often?
    WEEKDAY = "weekday"  # "Monday 12 January" is a Tuesday
    NO_SUCH = "no-such"  # 29 February, in a year without one
    MONTH_FIRST = "month-first"  # 01/13
    GONE_BY = "gone-by"  # a date without a year, just past


class Problem(StrEnum):
    """Why it could not be read; the words for it are content."""

    UNREAD = "unread"
    NO_DAY = "no-day"
    NO_TIME = "no-time"
    NOT_A_DATE = "not-a-date"
    NOT_A_TIME = "not-a-time"
    TWO_TIMES = "two-times"
    TWO_RULES = "two-rules"
    COUNT = "count"
    PAST = "past"
    ENDS_FIRST = "ends-first"
    TOO_FAR = "too-far"
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that may be meant: the whole text made plain, and what to call it."""

    text: str
    on: date | None = None
    at: time | None = None
    weekday: int | None = None
    nth: tuple[int, ...] = ()
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A rule. `minutes` if an end was said; `doubtful`: a date like 03/04 was read the British way."""

    series: Series
    minutes: int | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A question about `said`, with at most five answers."""

    question: Question
    said: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and why. `on`: the date it came to, where it came to one."""

    problem: Problem
    said: str
    on: date | None = None


class Stop(Exception):
    """Reading ends here with a question or a problem."""

    def __init__(self, outcome: Ask | Unread) -> None:
        super().__init__()
        self.outcome = outcome


class Said:
    """A text out of which patterns are taken. What was taken leaves a gap, so that places stay where they were."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = text

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first place a pattern stands in what is left."""
        return pattern.search(self.rest)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The same, and what was found is taken out."""
        found = pattern.search(self.rest)
        if found is not None:
            self.blank(*found.span())
        return found

    def blank(self, start: int, end: int) -> None:
        """Take out a place."""
        self.rest = self.rest[:start] + _TAKEN * (end - start) + self.rest[end:]

    def instead(self, found: re.Match[str], other: str) -> str:
        """The whole text with other words in that place."""
        return " ".join(f"{self.text[: found.start()]} {other} {self.text[found.end() :]}".split())

    @property
    def left(self) -> str:
        """The words nobody has taken, but for those that say nothing."""
        found = (word.strip(",.;:!-–()&'\"") for word in self.rest.replace(_TAKEN, " ").split())
        return " ".join(word for word in found if word and word not in FILLER)
