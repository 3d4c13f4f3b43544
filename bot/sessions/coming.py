"""Coming, maybe, can't: what members say about a meeting, and their places. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func
from sqlalchemy import select as columns
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, delete, select, update

from bot.db.columns import new_id
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.habits import Habits
from bot.members.tables import Membership, Network, Person
from bot.sessions.coming_tables import Attendance, Coming, ReminderChoice
from bot.sessions.line import move_on
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.places import place_for, told_count
from bot.sessions.reminding import USUAL, next_lead, read_leads
from bot.sessions.rules import Answer, OccurrenceState, Place, SeriesState, Where, Who
from bot.sessions.sending import withdraw
from bot.sessions.steps import choices_of, leads_of, move_on_in, set_times, wants
from bot.sessions.tables import Invited, Occurrence, SeriesRow
from bot.sessions.unsent import announce_as_it_is


class RoleUnknown(Exception):
    """A session for a role, pressed where Discord does not send roles: ask Discord for them and try again."""

    def __init__(self, network_id: int) -> None:
        super().__init__()
        self.network_id = network_id


@dataclass(frozen=True)
class Visitor:
    """Who pressed. `roles` as Discord sent them with the press; None in direct messages, where it sends none."""

    user_id: int
    server: str
    roles: frozenset[int] | None


@dataclass(frozen=True)
class Answered:
    """How somebody stands with a meeting after their press."""

    meeting: Meeting
    network: str
    language: str
    answer: Answer | None
    place: Place
    before: Place
    until: datetime | None
    """Until when an offered place is theirs to take."""
    coming: int | None
    """How many are coming, as members may be told: None below three, and where nobody counted."""
    over: bool = False


_COLUMNS: dict[str, Any] = {
    "id": col(Occurrence.id),
    "state": col(Occurrence.state),
    "reason": col(Occurrence.reason),
    "starts_at": col(Occurrence.starts_at),
    "ends_at": col(Occurrence.ends_at),
    "channel_id": col(Occurrence.channel_id),
    "own_title": col(Occurrence.title),
    "own_about": col(Occurrence.about),
    "own_kind": col(Occurrence.where_kind),
    "own_room": col(Occurrence.where_channel_id),
    "own_text": col(Occurrence.where_text),
    "own_places": col(Occurrence.places),
    "series_id": col(SeriesRow.id),
    "network_id": col(SeriesRow.network_id),
    "series_state": col(SeriesRow.state),
    "title": col(SeriesRow.title),
    "neutral_title": col(SeriesRow.neutral_title),
    "about": col(SeriesRow.about),
    "zone": col(SeriesRow.zone),
    "kind": col(SeriesRow.where_kind),
    "room": col(SeriesRow.where_channel_id),
    "text": col(SeriesRow.where_text),
    "who": col(SeriesRow.who),
    "role_id": col(SeriesRow.role_id),
    "places": col(SeriesRow.places),
    "network": col(Network.name),
    "network_language": col(Network.language),
    "membership_id": col(Membership.id),
    "language": col(Person.language),
    "coming_id": col(Coming.id),
    "answer": col(Coming.answer),
    "place": col(Coming.place),
    "offered_until": col(Coming.offered_until),
    "before": col(ReminderChoice.before),
    "maybe": col(ReminderChoice.maybe),
    "invited": exists().where(
        col(Invited.series_id) == col(SeriesRow.id), col(Invited.user_id) == bindparam("user_id")
    ),
}
# One query for all that a press needs to know.
_LOOK = (
    columns(*(column.label(name) for name, column in _COLUMNS.items()))
    .select_from(Occurrence)
    .join(SeriesRow, col(SeriesRow.id) == col(Occurrence.series_id))
    .join(Network, col(Network.id) == col(SeriesRow.network_id))
    .join(
        Membership,
        (col(Membership.network_id) == col(SeriesRow.network_id))
        & (col(Membership.user_id) == bindparam("user_id")),
        isouter=True,
    )
    .join(Person, col(Person.user_id) == col(Membership.user_id), isouter=True)
    .join(
        Coming,
        (col(Coming.occurrence_id) == col(Occurrence.id)) & (col(Coming.user_id) == bindparam("user_id")),
        isouter=True,
    )
    .join(ReminderChoice, col(ReminderChoice.membership_id) == col(Membership.id), isouter=True)
    .where(col(Occurrence.id) == bindparam("occurrence_id"))
)
_COUNT = columns(func.count()).where(
    col(Coming.occurrence_id) == bindparam("occurrence_id"), col(Coming.place) == Place.IN
)
_NEW = insert(Coming)
_CHANGE = update(Coming).where(col(Coming.id) == bindparam("coming_id"))
_PLACE = columns(col(Coming.place)).where(col(Coming.id) == bindparam("coming_id"))


async def answer(
    store: Store,
    habits: Habits,
    occurrence_id: int,
    visitor: Visitor,
    said: Answer,
    event_id: int,
    now: datetime,
) -> Answered:
    """Keep what a member says about a meeting, and give, keep or free a place.

    A place given up is offered to the next on the list in the same commit. After the meeting's end, and for one that
    is not held, nothing changes. Raises `Refusal` for a meeting that is not there, for somebody who is not a member
    and for a session that is not for them; `RoleUnknown`.
    """
    return await store.write(_answer, habits, occurrence_id, visitor, said, event_id, now)


async def look(store: Store, occurrence_id: int, visitor: Visitor, now: datetime) -> Answered:
    """How somebody stands with a meeting. Raises as `answer`."""

    def act(session: Session) -> Answered:
        return admitted(session, occurrence_id, visitor, now)[0]

    return await store.read(act)


def _answer(
    session: Session,
    habits: Habits,
    occurrence_id: int,
    visitor: Visitor,
    said: Answer,
    event_id: int,
    now: datetime,
) -> Answered:
    row, meeting = _admitted(session, occurrence_id, visitor)
    stand = _stand(session, row, meeting, now)
    if stand.over or not meeting.held or not first_time(session, "interaction", event_id, now):
        return stand
    free = None if meeting.places is None else move_on(session, habits, meeting, now)
    present = stand.place
    if row["coming_id"] is not None and meeting.places is not None:
        present = Place(session.connection().execute(_PLACE, {"coming_id": row["coming_id"]}).scalar_one())
    place = place_for(said, present, free)
    kept: dict[str, Any] = {
        "answer": said,
        "place": place,
        "offered_until": None,
        "remind_at": _first_reminder(row, said, place, meeting, now),
    }
    if row["coming_id"] is None:
        fixed = {
            "id": new_id(),
            "occurrence_id": occurrence_id,
            "membership_id": row["membership_id"],
            "network_id": meeting.network_id,
            "user_id": visitor.user_id,
            "starts_at": meeting.starts_at,
            "since": now,
        }
        session.connection().execute(_NEW, fixed | kept)
    else:
        if place != present:  # a turn on the list is counted from when it was taken
            kept["since"] = now
        session.connection().execute(_CHANGE, {"coming_id": row["coming_id"], **kept})
    if meeting.places is not None and present in (Place.IN, Place.OFFERED) and place is Place.NONE:
        move_on(session, habits, meeting, now)
    wake(session, "schedule")
    return replace(
        stand,
        answer=said,
        place=place,
        before=Place(present),
        until=None,
        coming=_counted(session, meeting.id),
    )


def _first_reminder(
    row: Mapping[str, Any], said: Answer, place: Place, meeting: Meeting, now: datetime
) -> datetime | None:
    """When they are first reminded; quiet hours are looked at then, since they may change until then."""
    maybe = row["maybe"] is None or row["maybe"]
    if place is not Place.IN and not (said is Answer.MAYBE and maybe):
        return None
    leads = USUAL if row["before"] is None else read_leads(row["before"])
    following = next_lead(leads, meeting.starts_at, now)
    return None if following is None else meeting.starts_at - following


def admitted(session: Session, occurrence_id: int, visitor: Visitor, now: datetime) -> tuple[Answered, int]:
    """How somebody stands with a meeting, and their membership. Raises as `answer`."""
    row, meeting = _admitted(session, occurrence_id, visitor)
    return _stand(session, row, meeting, now), row["membership_id"]


def _admitted(session: Session, occurrence_id: int, visitor: Visitor) -> tuple[Mapping[str, Any], Meeting]:
    """The meeting, and how this person stands with it; refuses whoever it is not for."""
    found = session.connection().execute(_LOOK, {"occurrence_id": occurrence_id, "user_id": visitor.user_id})
    rows = found.mappings().all()
    if not rows:
        raise Refusal("errors.old_button")
    row: dict[str, Any] = dict(rows[0])
    if row["membership_id"] is None:
        raise (
            Refusal("errors.not_member", network=visitor.server)
            if visitor.server
            else Refusal("errors.not_yours")
        )
    meeting = _meeting(row)
    _admit(meeting, row, visitor)
    return row, meeting


def _admit(meeting: Meeting, row: Mapping[str, Any], visitor: Visitor) -> None:
    if meeting.who is Who.INVITED and not row["invited"]:
        raise Refusal("errors.not_invited")
    if meeting.who is Who.ROLE:
        if visitor.roles is None:
            raise RoleUnknown(meeting.network_id)
        if meeting.role_id not in visitor.roles:
            raise Refusal("errors.not_invited")


def _stand(session: Session, row: Mapping[str, Any], meeting: Meeting, now: datetime) -> Answered:
    place, until = Place(row["place"] or Place.NONE), row["offered_until"]
    if place is Place.OFFERED and (until is None or until <= now):
        place, until = Place.NONE, None  # it lapsed; nobody has tidied it away yet
    return Answered(
        meeting=meeting,
        network=row["network"],
        language=row["language"] or row["network_language"],
        answer=None if row["answer"] is None else Answer(row["answer"]),
        place=place,
        before=place,
        until=until,
        coming=_counted(session, meeting.id),
        over=meeting.ends_at <= now,
    )


def _counted(session: Session, occurrence_id: int) -> int | None:
    return told_count(session.connection().execute(_COUNT, {"occurrence_id": occurrence_id}).scalar_one())


def _meeting(row: Mapping[str, Any]) -> Meeting:
    """As `put_together`, of the columns of one query: this is asked at every press."""
    elsewhere = row["own_kind"] is not None
    called_off = row["series_state"] == SeriesState.CANCELLED
    return Meeting(
        id=row["id"],
        series_id=row["series_id"],
        network_id=row["network_id"],
        title=row["own_title"] or row["title"],
        neutral_title=row["neutral_title"],
        about=row["about"] if row["own_about"] is None else row["own_about"],
        zone=row["zone"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        state=OccurrenceState.CANCELLED if called_off else OccurrenceState(row["state"]),
        reason=row["reason"],
        where_kind=Where(row["own_kind"] or row["kind"]),
        where_channel_id=row["own_room"] if elsewhere else row["room"],
        where_text=(row["own_text"] or "") if elsewhere else row["text"],
        who=Who(row["who"]),
        role_id=row["role_id"],
        places=row["places"] if row["own_places"] is None else row["own_places"],
        channel_id=row["channel_id"],
    )


# When somebody goes, and when a meeting changes


def parted(session: Session, habits: Habits, network_id: int | None, user_id: int, now: datetime) -> None:
    """Before somebody's rows go: what they said goes, and the places they had are offered to the next."""
    theirs = (col(Coming.user_id) == user_id,)
    if network_id is not None:
        theirs += (col(Coming.network_id) == network_id,)
    held = session.exec(
        select(Coming.occurrence_id).where(
            *theirs, col(Coming.place).in_([Place.IN, Place.OFFERED]), col(Coming.starts_at) > now
        )
    ).all()
    session.connection().execute(delete(Coming).where(*theirs))
    for occurrence_id in held:
        move_on_in(session, habits, occurrence_id, now)


def rearranged(
    session: Session, habits: Habits, occurrence: Occurrence, series: SeriesRow, now: datetime
) -> None:
    """After a meeting was moved, changed or called off: what waits about it is taken back, and counted anew.

    Whoever is coming stays so. Places on offer are offered again, with the new time. Telling people is the caller's.
    """
    meeting = put_together(occurrence, series)
    withdraw(session, meeting.id)
    if meeting.held:
        set_times(occurrence, series, now)
    else:
        occurrence.remind_at = occurrence.door_at = occurrence.question_at = None
    announce_as_it_is(session, occurrence, series, now, held=meeting.held)
    session.flush()
    starts = {"starts_at": meeting.starts_at}
    database = session.connection()
    database.execute(update(Attendance).where(col(Attendance.occurrence_id) == meeting.id).values(starts))
    those = session.exec(select(Coming).where(Coming.occurrence_id == meeting.id)).all()
    choices = choices_of(session, [coming.membership_id for coming in those])
    for coming in those:
        choice = choices.get(coming.membership_id)
        coming.starts_at, coming.remind_at = meeting.starts_at, None
        if meeting.held and wants(coming, choice):
            lead = next_lead(leads_of(choice), meeting.starts_at, now)
            coming.remind_at = None if lead is None else meeting.starts_at - lead
        if coming.place == Place.OFFERED:
            coming.place, coming.offered_until = Place.WAITING, None
        session.add(coming)
    session.flush()
    if meeting.held:
        move_on(session, habits, meeting, now)
    wake(session, "schedule")
