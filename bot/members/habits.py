"""When somebody may be written to unasked. Several features ask; the one that keeps the hours answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from sqlmodel import Session

from bot.schedule.recurrence import Quiet


class Habit(NamedTuple):
    """A member's own clock and the hours they asked to be left alone in."""

    zone: str
    quiet: Quiet | None


Habits = Callable[[Session, Collection[int]], Mapping[int, Habit]]
"""The habits of these people, as far as they said; who said nothing is missing."""


def no_habits(session: Session, users: Collection[int]) -> Mapping[int, Habit]:
    """Where nobody keeps hours."""
    return {}
