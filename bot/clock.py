"""What time it is, as something that is passed in.

Dates come from the wall clock and waits from the monotonic one. Nothing but this module reads the
wall clock, so a test (or the sandbox) can move it and every feature moves with it.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

NIGHT_HOUR = 3  # UTC: when Discord is asked who has left


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class MovableClock:
    """A clock that can be moved, for rehearsals and tests.

    It starts at `start` and either ticks in step with the monotonic clock or, with `ticking=False`,
    stands still until it is moved.
    """

    def __init__(self, start: datetime, *, ticking: bool = True) -> None:
        self._ticking = ticking
        self.move_to(start)

    def now(self) -> datetime:
        if not self._ticking:
            return self._anchor
        return self._anchor + timedelta(seconds=time.monotonic() - self._since)

    def move_to(self, instant: datetime) -> None:
        """Set the time. `instant` must be aware; moving backwards is allowed, as it is for a real clock."""
        if instant.tzinfo is None:
            raise ValueError("a clock is moved to an aware instant")
        self._anchor = instant.astimezone(UTC)
        self._since = time.monotonic()


def night_of(now: datetime) -> date:
    """The date a night counts for: it begins at three, so that a bot started each midnight still counts once a day."""
    return (now - timedelta(hours=NIGHT_HOUR)).date()
