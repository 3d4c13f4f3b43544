"""What is next of buddies, by name: for a rehearsal's clock, which says what it is waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.buddies import weekly
from bot.buddies.life_rules import State
from bot.buddies.tables import Place, Request


def upcoming(session: Session) -> Iterator[tuple[datetime, str]]:
    """The next round, look, and moment of a pair: when, and the name of its words."""
    look = session.exec(select(func.min(col(Request.match_at)))).one()
    if look is not None:
        yield look, "buddy_look"
    matched = weekly.next_due(session)
    if matched is not None:
        yield matched, "buddy_round"
    place = session.exec(
        select(Place).where(col(Place.due_at).is_not(None)).order_by(col(Place.due_at)).limit(1)
    ).first()
    if place is not None and place.due_at is not None:
        yield place.due_at, _moment(place)


def _moment(place: Place) -> str:
    if place.state == State.AGREED:
        return "buddy_meeting"
    if place.state == State.INTRODUCED:
        return "buddy_question"
    return "buddy_over" if place.due_at == place.expires_at else "buddy_reminder"
