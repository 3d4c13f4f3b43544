"""When somebody is reminded: so long before the start, and what that becomes in their quiet hours. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

USUAL: tuple[timedelta, ...] = (timedelta(days=1), timedelta(hours=1))
CHOICES: dict[str, tuple[timedelta, ...]] = {
    "both": USUAL,
    "day": (timedelta(days=1),),
    "hour": (timedelta(hours=1),),
    "quarter": (timedelta(minutes=15),),
    "none": (),
}


def read_leads(kept: str) -> tuple[timedelta, ...]:
    """The leads out of their column, "1440,60" in minutes, the longest first."""
    minutes = sorted((int(part) for part in kept.split(",") if part.isdecimal()), reverse=True)
    return tuple(timedelta(minutes=each) for each in minutes if each)


def write_leads(leads: Sequence[timedelta]) -> str:
    """The same the other way."""
    return ",".join(str(int(lead / timedelta(minutes=1))) for lead in leads)


def next_lead(leads: Sequence[timedelta], starts_at: datetime, after: datetime) -> timedelta | None:
    """The next of these reminders whose time is still to come; None when there is none."""
    coming = [lead for lead in leads if starts_at - lead > after]
    return max(coming, default=None)


def due_lead(leads: Sequence[timedelta], starts_at: datetime, now: datetime) -> timedelta | None:
    """Which reminder is due: of several whose time has come while nobody was there, the latest alone."""
    come = [lead for lead in leads if starts_at - lead <= now]
    return min(come, default=None)
