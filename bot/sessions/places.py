"""Places, the list of those who wait for one, and how long a freed place is kept for the next. Pure."""

from __future__ import annotations

from datetime import timedelta

from bot.sessions.rules import Answer, Place

# From (this long before the start) a freed place is kept for (so long) for whoever is next. The nearer the start, the
# shorter: at a day's notice people can be asked to look at their phone today, at an hour's only now.
SPANS: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(days=3), timedelta(hours=24)),
    (timedelta(days=1), timedelta(hours=6)),
    (timedelta(hours=6), timedelta(hours=2)),
    (timedelta(hours=2), timedelta(minutes=30)),
    (timedelta(minutes=30), timedelta(minutes=10)),
    (timedelta(0), timedelta(minutes=5)),
)
LATE = timedelta(minutes=30)
"""From here on a place goes to those who can be told now before those whose quiet hours end later."""
LAST_OFFER = timedelta(minutes=1)
"""After this a free place goes to whoever asks for it first: there is no time left to read a message."""

FEWEST = 3
"""A smaller count than this is not told to anybody but the facilitators: it would say who."""


def offer_span(left: timedelta) -> timedelta | None:
    """For how long a place is kept for the next, this long before the start; None when it no longer is.

    Never past the start: whoever still waits then need only come.
    """
    if left < LAST_OFFER:
        return None
    return min(left, next(span for at_least, span in SPANS if left >= at_least))


def place_for(answer: Answer, present: Place, free: int | None) -> Place:
    """The place somebody has after answering. `present`: theirs before, an offer that still stands included.

    `free` are the places neither taken nor on offer; None when there is no limit.
    """
    if answer is not Answer.COMING:
        return Place.NONE
    if free is None or present in (Place.IN, Place.OFFERED) or free > 0:
        return Place.IN
    return Place.WAITING


def told_count(coming: int) -> int | None:
    """How many are coming, as members may be told: None below three."""
    return coming if coming >= FEWEST else None
