"""The rules of asking. Pure: standard library only, no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Level(StrEnum):
    """The member's own answer, in their own words for it."""

    GOOD = "good"
    OK = "ok"
    WOBBLY = "wobbly"
    NOT_OK = "not-ok"


class State(StrEnum):
    """What became of one question."""

    ASKED = "asked"
    ANSWERED = "answered"
    DROPPED = "dropped"  # it would have come too late, or could not be delivered: recorded, not sent


# Geekbot's and DailyBot's users complain of questions at 10 pm; a question four hours late is another question.
LATE = timedelta(hours=4)
KEEP_LEVELS = timedelta(days=90)


def too_late(due_at: datetime, now: datetime) -> bool:
    """Whether a question due then should no longer be asked now."""
    return now - due_at > LATE


def asked_today(last_asked_at: datetime | None, due_at: datetime, zone: str) -> bool:
    """Whether somebody was asked already on the local date a question is due: once a day over all networks."""
    if last_asked_at is None:
        return False
    return _local(last_asked_at, zone) == _local(due_at, zone)


def _local(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def next_wording(count: int, used: Sequence[int], seed: int) -> int:
    """Which of `count` wordings to use: none of those used lately, as far as there are enough.

    `used` are the latest first. At least the very last is never repeated (when there are two or more).
    `seed` decides among what is left, so that two members are not asked in the same words.
    """
    if count < 2:
        return 0
    avoid = set(used[: min(len(used), count // 2)])
    left = [number for number in range(count) if number not in avoid]
    return left[seed % len(left)]
