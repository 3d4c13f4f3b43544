"""Who was there: by their own tap, by the facilitator's roll-call, by the voice channel. Private, and gone in 90 days."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, delete, select

from bot.db.columns import new_id
from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.tables import Membership
from bot.sessions.coming import Visitor, admitted
from bot.sessions.coming_tables import Attendance, Coming
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.rules import Answer, OccurrenceState, Place, Who
from bot.sessions.tables import Invited, Occurrence, SeriesRow, occurrence_with_series

EARLY = timedelta(minutes=15)
"""How long before the start somebody may be there already."""
LATE = timedelta(minutes=30)
"""How long after the end one may still say so."""
ROLL_CALL = timedelta(days=7)
"""How long afterwards a facilitator may still take the register: on Sunday evening, with a cup of tea."""


@dataclass(frozen=True)
class Here:
    """How a tap on "I'm here" ended."""

    meeting: Meeting
    network: str
    language: str
    kept: bool
    """False before the doors open and after they close: nothing was noted."""


async def here(store: Store, occurrence_id: int, visitor: Visitor, event_id: int, now: datetime) -> Here:
    """Note that a member is at a meeting, while it is on. Raises `Refusal` and `RoleUnknown` as `coming.answer`."""

    def act(session: Session) -> Here:
        stand, membership_id = admitted(session, occurrence_id, visitor, now)
        meeting = stand.meeting
        on = is_open(meeting, now)
        if on and first_time(session, "interaction", event_id, now):
            _note(session, meeting, membership_id, visitor.user_id, "here", now)
        return Here(meeting, stand.network, stand.language, on)

    return await store.write(act)


def is_open(meeting: Meeting, now: datetime) -> bool:
    """Whether somebody may say now that they are there."""
    return meeting.held and meeting.starts_at - EARLY <= now < meeting.ends_at + LATE


def _note(
    session: Session, meeting: Meeting, membership_id: int, user_id: int, how: str, now: datetime
) -> None:
    session.connection().execute(
        insert(Attendance)
        .values(
            id=new_id(),
            occurrence_id=meeting.id,
            membership_id=membership_id,
            network_id=meeting.network_id,
            user_id=user_id,
            how=how,
            at=now,
            starts_at=meeting.starts_at,
        )
        .on_conflict_do_nothing(index_elements=["occurrence_id", "user_id"])
    )


Roles = Mapping[int, Collection[int] | None]
"""People, and the roles of each; None: Discord has not said."""


async def present(store: Store, room_id: int, users: Roles, now: datetime) -> int:
    """Note members whom Discord shows in a voice channel while a session is held there; returns how many were noted.

    Nobody else's presence is kept, no other channel's, and at no other time. Who has not joined the network, or for
    whom the session is not, is not noted. Where it is for a role and Discord has not said who has it, those are noted
    who said they were coming: they had it then.
    """
    if not users or not await store.read(_in_room, room_id, now):
        return 0
    return await store.write(_present, room_id, users, now)


def _in_room(session: Session, room_id: int, now: datetime) -> list[Meeting]:
    rows = session.exec(
        select(Occurrence, SeriesRow).where(
            SeriesRow.id == Occurrence.series_id,
            col(Occurrence.starts_at) <= now,
            col(Occurrence.starts_at) > now - timedelta(hours=12),
            col(Occurrence.ends_at) > now,
            col(Occurrence.state) == OccurrenceState.PLANNED,
        )
    ).all()
    return [
        meeting
        for meeting in (put_together(*row) for row in rows)
        if meeting.held and meeting.room_id == room_id
    ]


def _present(session: Session, room_id: int, users: Roles, now: datetime) -> int:
    noted = 0
    for meeting in _in_room(session, room_id, now):
        members = session.exec(
            select(Membership).where(
                Membership.network_id == meeting.network_id, col(Membership.user_id).in_(list(users))
            )
        ).all()
        those = _those_it_is_for(session, meeting, users)
        for member in members:
            if member.user_id in those:
                _note(session, meeting, member.id, member.user_id, "voice", now)
                noted += 1
    return noted


def _those_it_is_for(session: Session, meeting: Meeting, users: Roles) -> Collection[int]:
    if meeting.who is Who.OPEN:
        return users
    if meeting.who is Who.INVITED:
        return set(session.exec(select(Invited.user_id).where(Invited.series_id == meeting.series_id)))
    coming = select(Coming.user_id).where(Coming.occurrence_id == meeting.id, Coming.answer == Answer.COMING)
    came_with_it = set(session.exec(coming))
    return {
        user_id
        for user_id, roles in users.items()
        if (user_id in came_with_it if roles is None else meeting.role_id in roles)
    }


# The facilitator's register


@dataclass(frozen=True)
class Register:
    """One meeting for its facilitator: who said what, and who was noted as there. People's ids, in order."""

    meeting: Meeting
    coming: Sequence[int]
    waiting: Sequence[int]
    maybe: Sequence[int]
    there: Sequence[int]


async def register(store: Store, occurrence_id: int, network_id: int) -> Register:
    """A meeting's register. Whoever asks was seen to facilitate it; raises `Refusal` for another network's meeting."""

    def look(session: Session) -> Register:
        return _register(session, _meeting_in(session, occurrence_id, network_id))

    return await store.read(look)


def _register(session: Session, meeting: Meeting) -> Register:
    said = session.exec(
        select(Coming).where(Coming.occurrence_id == meeting.id).order_by(col(Coming.since), col(Coming.id))
    ).all()
    there = (
        select(Attendance.user_id)
        .where(Attendance.occurrence_id == meeting.id)
        .order_by(col(Attendance.at), col(Attendance.id))
    )
    return Register(
        meeting,
        coming=[one.user_id for one in said if one.place == Place.IN],
        waiting=[one.user_id for one in said if one.place in (Place.WAITING, Place.OFFERED)],
        maybe=[one.user_id for one in said if one.answer == Answer.MAYBE],
        there=list(session.exec(there).all()),
    )


@dataclass(frozen=True)
class Taken:
    """The register after a roll-call: who is noted as there, and who could not be, since they have not joined."""

    register: Register
    strangers: Sequence[int] = ()


async def note_there(
    store: Store,
    occurrence_id: int,
    network_id: int,
    picked: Collection[int],
    event_id: int,
    now: datetime,
) -> Taken:
    """Note those picked as there, beside whoever is noted already: any number of people, one menu after another.

    From a quarter of an hour before the start until a week afterwards. Raises `Refusal` for another network's meeting
    and outside that time.
    """

    def act(session: Session) -> Taken:
        meeting = _on_the_register(session, occurrence_id, network_id, now)
        members = {
            member.user_id: member.id
            for member in session.exec(
                select(Membership).where(
                    Membership.network_id == network_id, col(Membership.user_id).in_(list(picked))
                )
            )
        }
        if first_time(session, "interaction", event_id, now):
            for user_id, membership_id in members.items():
                _note(session, meeting, membership_id, user_id, "roll", now)
        strangers = [user_id for user_id in picked if user_id not in members]
        return Taken(_register(session, meeting), strangers)

    return await store.write(act)


async def note_everybody(
    store: Store, occurrence_id: int, network_id: int, event_id: int, now: datetime
) -> Taken:
    """Note everybody who said they were coming as there. Raises as `note_there`."""

    def act(session: Session) -> Taken:
        meeting = _on_the_register(session, occurrence_id, network_id, now)
        if first_time(session, "interaction", event_id, now):
            for one in session.exec(
                select(Coming).where(Coming.occurrence_id == occurrence_id, Coming.place == Place.IN)
            ).all():
                _note(session, meeting, one.membership_id, one.user_id, "roll", now)
        return Taken(_register(session, meeting))

    return await store.write(act)


async def take_off(
    store: Store,
    occurrence_id: int,
    network_id: int,
    picked: Collection[int],
    event_id: int,
    now: datetime,
) -> Taken:
    """Note those picked as there no longer, however they came to be noted. Raises as `note_there`."""

    def act(session: Session) -> Taken:
        meeting = _on_the_register(session, occurrence_id, network_id, now)
        if first_time(session, "interaction", event_id, now):
            session.connection().execute(
                delete(Attendance).where(
                    col(Attendance.occurrence_id) == occurrence_id,
                    col(Attendance.user_id).in_(list(picked)),
                )
            )
        return Taken(_register(session, meeting))

    return await store.write(act)


def on_the_register(meeting: Meeting, now: datetime) -> bool:
    """Whether a facilitator may take the register of a meeting now."""
    return meeting.held and meeting.starts_at - EARLY <= now < meeting.ends_at + ROLL_CALL


def _on_the_register(session: Session, occurrence_id: int, network_id: int, now: datetime) -> Meeting:
    meeting = _meeting_in(session, occurrence_id, network_id)
    if not on_the_register(meeting, now):
        raise Refusal("errors.no_register")
    return meeting


def _meeting_in(session: Session, occurrence_id: int, network_id: int) -> Meeting:
    found = occurrence_with_series(session, occurrence_id)
    if found is None or found[1].network_id != network_id:
        raise Refusal("errors.old_button")
    return put_together(*found)
