"""What is next around meetings, by name: for a rehearsal's clock, which says what it is waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.sessions.coming_tables import Coming
from bot.sessions.tables import Occurrence, SeriesRow, SessionNetwork

# In the order in which they are done when several fall due at once.
_FIRST = {
    "session_offer": select(func.min(col(Coming.offered_until))),
    "session_door": select(func.min(col(Occurrence.door_at))),
    "session_reminder": select(func.min(col(Coming.remind_at))),
    "session_notice": select(func.min(col(Occurrence.remind_at))),
    "session_question": select(func.min(col(Occurrence.question_at))),
    "session_announced": select(func.min(col(Occurrence.announce_at))),
    "session_planned": select(func.min(col(SeriesRow.plan_at))),
    "session_events": select(func.min(col(SessionNetwork.mirror_at))),
}


def upcoming(session: Session) -> Iterator[tuple[datetime, str]]:
    """The first of each kind of thing that is due around meetings: when, and the name of its words."""
    for name, first in _FIRST.items():
        at = session.exec(first).one()
        if at is not None:
            yield at, name
