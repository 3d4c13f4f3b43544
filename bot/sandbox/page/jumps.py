"""Where the page's clock buttons lead: wall-clock arithmetic in London, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

# name of the button: (weekday, wall time) with Monday as 0
_WEEKLY = {"saturday": (5, time(8, 55)), "wednesday": (2, time(18, 0))}
_FORWARD = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

FURTHEST = timedelta(days=3 * 366)


class NoSuchJump(ValueError):
    """The instant asked for cannot be reached; the message says why, in words for the page."""


def next_weekly(now: datetime, weekday: int, at: time) -> datetime:
    """The first `weekday` at `at`, London wall time, strictly after `now`; returned in UTC."""
    local = now.astimezone(LONDON)
    day = local.date() + timedelta(days=(weekday - local.weekday()) % 7)
    chosen = datetime.combine(day, at, LONDON)
    if chosen.astimezone(UTC) <= now:
        chosen = datetime.combine(day + timedelta(days=7), at, LONDON)
    return chosen.astimezone(UTC)


def destination(jump: str, *, now: datetime, next_due: datetime | None, real: datetime) -> datetime:
    """The instant a button leads to, in UTC.

    `jump` is "now", "hour", "day", "due", "saturday", "wednesday", or a London wall time such as
    "2026-03-29T08:55". Raises NoSuchJump.
    """
    if jump == "now":
        return real
    if jump in _FORWARD:
        # A day later is the same wall time tomorrow, also over a clock change.
        later = (
            (now.astimezone(LONDON) + _FORWARD[jump]).astimezone(UTC)
            if jump == "day"
            else now + _FORWARD[jump]
        )
        return later
    if jump in _WEEKLY:
        return next_weekly(now, *_WEEKLY[jump])
    if jump == "due":
        if next_due is None:
            raise NoSuchJump("Nothing is waiting to happen yet.")
        return max(next_due, now)
    return _typed(jump, now)


def _typed(text: str, now: datetime) -> datetime:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise NoSuchJump("Choose a date and a time.") from None
    if wall.tzinfo is not None:
        raise NoSuchJump("Choose a date and a time on the London clock.")
    chosen = wall.replace(tzinfo=LONDON).astimezone(UTC)
    if chosen < now:
        raise NoSuchJump("That is before the rehearsal's present time. Choose a later one.")
    if chosen - now > FURTHEST:
        raise NoSuchJump("That is more than three years ahead. Choose an earlier one.")
    return chosen
