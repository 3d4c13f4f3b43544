"""The list of those who wait for a place, and moving it on. Everything here is part of its caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, select, update

from bot.db.store import wake
from bot.members.habits import Habits, reached
from bot.members.tables import Network, Person
from bot.sessions.coming_tables import Coming
from bot.sessions.meeting import Meeting, moment
from bot.sessions.places import LATE, offer_span
from bot.sessions.post import to_member
from bot.sessions.rules import Answer, Place
from bot.sessions.sending import OFFER

OFFERED = "sessions.offer"
YOURS = "sessions.place_yours"

_LINE = (
    columns(col(Coming.id), col(Coming.place), col(Coming.offered_until))
    .where(
        col(Coming.occurrence_id) == bindparam("occurrence_id"),
        col(Coming.place).in_([Place.IN, Place.OFFERED, Place.WAITING]),
    )
    .order_by(col(Coming.since), col(Coming.id))
)


@dataclass(frozen=True)
class Line:
    """A meeting's places at one moment: how many are taken, whose offers stand or have lapsed, who waits, in order."""

    taken: int
    offered: Sequence[int]
    lapsed: Sequence[int]
    waiting: Sequence[int]

    def free(self, places: int) -> int:
        """Places neither taken nor on offer. Never below none: nobody is sent away when places become fewer."""
        return max(0, places - self.taken - len(self.offered))


def line_of(session: Session, occurrence_id: int, now: datetime) -> Line:
    """The list of one meeting. The ids are those of `session_coming`."""
    taken = 0
    offered: list[int] = []
    lapsed: list[int] = []
    waiting: list[int] = []
    for coming_id, place, until in session.connection().execute(_LINE, {"occurrence_id": occurrence_id}):
        if place == Place.IN:
            taken += 1
        elif place == Place.WAITING:
            waiting.append(coming_id)
        else:
            (lapsed if until is None or until <= now else offered).append(coming_id)
    return Line(taken, offered, lapsed, waiting)


def move_on(session: Session, habits: Habits, meeting: Meeting, now: datetime) -> int:
    """Let lapsed offers go and offer what is free to whoever is next, in order; how many places remain free then.

    Whoever let an offer go by is down as a maybe: they are not asked again and again. Somebody whose quiet hours or
    pause end in the last half hour is asked after those who can be told before that; where they end too late, they
    keep their turn and are passed over.
    """
    line = line_of(session, meeting.id, now)
    for coming_id in line.lapsed:
        _set(session, coming_id, answer=Answer.MAYBE, place=Place.NONE, offered_until=None)
    if line.lapsed:
        wake(session, "schedule")
    if meeting.places is None:
        # The limit was taken away: everybody who waited has a place.
        for coming_id in (*line.offered, *line.waiting):
            _give(session, habits, coming_id, meeting, now)
        return 0
    free = line.free(meeting.places)
    waiting = list(line.waiting) if meeting.held else []
    for late in (False, True):
        for coming_id in tuple(waiting):
            if free == 0:
                return free
            if _offer(session, habits, coming_id, meeting, now, late=late):
                free -= 1
                waiting.remove(coming_id)
    return free


def _offer(
    session: Session, habits: Habits, coming_id: int, meeting: Meeting, now: datetime, *, late: bool
) -> bool:
    """Keep a place for somebody and tell them; False if they cannot be asked in time. `late`: not now, but just before."""
    asked = _reader(session, coming_id)
    if asked is None:
        return False
    coming, person, network = asked
    at = _reached(session, habits, person, now)
    left = meeting.starts_at - at
    span = offer_span(left)
    if span is None or (at > now and left < LATE) != late:
        return False
    _set(session, coming_id, place=Place.OFFERED, offered_until=at + span)
    _tell(session, coming, (person, network), meeting, OFFERED, at, at + span, now)
    wake(session, "schedule")
    return True


def _give(session: Session, habits: Habits, coming_id: int, meeting: Meeting, now: datetime) -> None:
    _set(session, coming_id, place=Place.IN, offered_until=None)
    asked = _reader(session, coming_id)
    if asked is not None:
        coming, person, network = asked
        at = _reached(session, habits, person, now)
        _tell(session, coming, (person, network), meeting, YOURS, at, meeting.starts_at, now)


def _reader(session: Session, coming_id: int) -> tuple[Coming, Person, Network] | None:
    return session.exec(
        select(Coming, Person, Network).where(
            Coming.id == coming_id, Person.user_id == Coming.user_id, Network.id == Coming.network_id
        )
    ).first()


def _reached(session: Session, habits: Habits, person: Person, now: datetime) -> datetime:
    """When somebody may be written to: not on a pause, not in their quiet hours."""
    return reached(person, habits(session, [person.user_id]), now)


def _tell(
    session: Session,
    coming: Coming,
    to: tuple[Person, Network],
    meeting: Meeting,
    template: str,
    at: datetime,
    until: datetime,
    now: datetime,
) -> None:
    to_member(
        session,
        f"{OFFER}:{meeting.id}:{coming.id}:{int(now.timestamp())}",
        template,
        coming.id,
        to,
        meeting,
        now,
        not_before=at,
        expires_at=until,
        params={"until": moment(until, "f"), "left": moment(until, "R")},
    )


def _set(session: Session, coming_id: int, **values: object) -> None:
    session.connection().execute(update(Coming).where(col(Coming.id) == coming_id).values(**values))
