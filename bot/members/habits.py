"""When somebody may be written to unasked. Several features ask; the one that keeps the hours answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from bot.members.tables import Person
from bot.schedule.recurrence import Quiet, next_allowed

log = logging.getLogger("reallyok.members")


class Habit(NamedTuple):
    """A member's own clock and the hours they asked to be left alone in."""

    zone: str
    quiet: Quiet | None


Habits = Callable[[Session, Collection[int]], Mapping[int, Habit]]
"""The habits of these people, as far as they said; who said nothing is missing."""


def no_habits(session: Session, users: Collection[int]) -> Mapping[int, Habit]:
    """Where nobody keeps hours."""
    return {}


def reached(person: Person, hours: Mapping[int, Habit], now: datetime) -> datetime:
    """When somebody may be written to unasked: not on a pause, not in their quiet hours. `hours` are what is known."""
    at = max(now, person.paused_until or now)
    habit = hours.get(person.user_id)
    try:
        return at if habit is None else next_allowed(at, habit.zone, habit.quiet)
    except (ValueError, KeyError, OSError) as error:
        # A zone this machine no longer knows, say. One member's hours must not hold up everybody's messages.
        log.error("One member's quiet hours cannot be reckoned.", exc_info=error)
        return at
