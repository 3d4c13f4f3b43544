"""Everything of buddies that happens by itself: what is due, how messages ended, and somebody going."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, func, select

from bot.buddies import ending, following, introducing, proposing, weekly
from bot.buddies.desk import Desk
from bot.buddies.introducing import Here
from bot.buddies.life_rules import Looking, State
from bot.buddies.tables import Place, turn_request
from bot.db.store import Store, wake
from bot.members.service import reached
from bot.outbox.tables import Outbox
from bot.outbox.tables import State as Sending

log = logging.getLogger("reallyok.buddies")
TOPIC = proposing.TOPIC
AT_ONCE = 50
_NEXT_PLACE = select(func.min(Place.due_at))


async def see_to(store: Store, desk: Desk, here: Here, now: datetime) -> None:
    """Do all that is due but rounds (see `rounds`): requests met at once, reminders, introductions, follow-ups.

    Whatever was missed while the bot was away happens once.
    """
    while await store.read(_anything, now):
        while await weekly.meet_due(store, desk, now):
            pass
        while await introducing.introduce_due(store, desk, here, now):
            pass
        while await store.write(_some, desk, now):
            pass


def next_due(session: Session, now: datetime, *, aside: bool = False) -> datetime | None:
    """When something of buddies is due next; `aside`: the rounds that are due by now are seen to already."""
    first = weekly.next_meeting(session, now) if aside else weekly.next_due(session)
    times = (first, session.exec(_NEXT_PLACE).one())
    return min((at for at in times if at is not None), default=None)


def _anything(session: Session, now: datetime) -> bool:
    due = next_due(session, now, aside=True)
    return due is not None and due <= now


def _some(session: Session, desk: Desk, now: datetime) -> int:
    due = proposing.due_places(session, now, AT_ONCE, State.PROPOSED, State.INTRODUCED)
    for place in due:
        if place.due_at is None or place.due_at > now:
            continue  # what was done for another of its match has moved it
        try:
            with session.begin_nested():
                if place.state == State.PROPOSED:
                    proposing.proposal_due(session, desk, place, now)
                elif place.state == State.INTRODUCED:
                    following.follow_due(session, desk, place, now)
        except DBAPIError:
            raise  # the database's own trouble: nothing of this is kept, and it is tried again
        except Exception as error:
            # One member's rows must not hold up everybody's.
            log.error("What was due for one pair failed; it is tried again tomorrow.", exc_info=error)
            session.refresh(place)
            place.due_at = now + timedelta(days=1)
            session.add(place)
    if due:
        wake(session, "schedule")
    return len(due)


def ended(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a message ended. A suggestion nobody can read is taken back, and its reader rests."""
    reached(session, row, now)
    unread = row.state in (Sending.UNDELIVERABLE, Sending.FORBIDDEN, Sending.GONE, Sending.REFUSED)
    if not unread or not row.dedupe_key.startswith(f"{TOPIC}:proposal:"):
        return
    place = session.get(Place, row.subject_id)
    if place is None or place.state != State.PROPOSED:
        return
    place.end(now)
    session.add(place)
    turn_request(session, place, Looking.PROPOSED, Looking.RESTING, now)


def parting(desk: Desk, session: Session, network_id: int | None, user_id: int, now: datetime) -> None:
    """What happens before somebody's rows go (see `store.Parting`): their buddies hear kindly that it has ended."""
    ending.leave_all(session, desk, network_id, user_id, now)
