"""What is due around a meeting: reminders, the door, the question afterwards. Each once, through the outbox.

A batch a transaction, so that nobody waits long for the writer. The rows say what is still to do; a key in the outbox
makes each once, whatever is counted twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.members.habits import Habits, reached
from bot.members.tables import Network, Person
from bot.sessions.coming_tables import Attendance, Coming, ReminderChoice
from bot.sessions.line import move_on
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.post import WORDINGS, to_channel, to_member
from bot.sessions.reminding import USUAL, due_lead, next_lead, read_leads
from bot.sessions.rules import Answer, Place, Who
from bot.sessions.sending import CHANNEL, DOOR, QUESTION, REMIND
from bot.sessions.tables import Occurrence, SeriesRow

AT_ONCE = 100
CHANNEL_LEAD = timedelta(hours=1)
DOOR_LATE = timedelta(minutes=20)
"""How long after the start "it's open" is still worth saying."""
AFTERWARDS = timedelta(minutes=10)
QUESTION_LATE = timedelta(hours=24)

CHANNEL_REMINDER = "sessions.channel_reminder"
CHANNEL_DOOR = "sessions.channel_door"
REMINDER = "sessions.reminder"
REMINDER_MAYBE = "sessions.reminder_maybe"
DM_DOOR = "sessions.door"
AFTER = "sessions.after"


def set_times(occurrence: Occurrence, series: SeriesRow, now: datetime) -> None:
    """Set what is still to do around a meeting that is held: only what is still to come, or may still be of use."""
    remind_at = occurrence.starts_at - CHANNEL_LEAD
    occurrence.remind_at = remind_at if series.who == Who.OPEN and remind_at > now else None
    occurrence.door_at = occurrence.starts_at if occurrence.starts_at + DOOR_LATE > now else None
    occurrence.question_at = occurrence.ends_at + AFTERWARDS if occurrence.ends_at > now else None


# Each member's own reminder


def remind_some(session: Session, habits: Habits, now: datetime) -> int:
    """Put a batch of due reminders in the outbox; returns how many were due.

    One due while nobody was there is sent if the meeting has not begun, the latest of several alone; after that it is
    recorded as expired. In quiet hours and on a pause it waits, and is let go if those end after the start.
    """
    due = session.exec(
        select(Coming, Occurrence, SeriesRow, Person)
        .join(Occurrence, col(Occurrence.id) == col(Coming.occurrence_id))
        .join(SeriesRow, col(SeriesRow.id) == col(Occurrence.series_id))
        .join(Person, col(Person.user_id) == col(Coming.user_id))
        .where(col(Coming.remind_at) <= now)
        .order_by(col(Coming.remind_at), col(Coming.id))
        .limit(AT_ONCE)
    ).all()
    hours = habits(session, [coming.user_id for coming, *_ in due])
    choices = choices_of(session, [coming.membership_id for coming, *_ in due])
    meetings: dict[int, Meeting] = {}
    for coming, occurrence, series, person in due:
        network = session.get_one(Network, coming.network_id)
        choice = choices.get(coming.membership_id)
        meeting = meetings.get(occurrence.id) or put_together(occurrence, series)
        meetings[occurrence.id] = meeting
        following = None
        if meeting.held and network.removed_at is None and wants(coming, choice):
            leads = leads_of(choice)
            lead = due_lead(leads, meeting.starts_at, now)
            at = reached(person, hours, now)
            upcoming = next_lead(leads, meeting.starts_at, now)
            following = None if upcoming is None else meeting.starts_at - upcoming
            if lead is not None and at > now and meeting.starts_at > now:
                # Quiet now: at their end, unless the next one has come by then, which says the same.
                following = min(
                    (t for t in (at, following) if t is not None and t < meeting.starts_at), default=None
                )
            elif lead is not None:
                remind(session, coming, meeting, person, network, lead, following, now)
        coming.remind_at = following
        session.add(coming)
    return len(due)


def wants(coming: Coming, choice: ReminderChoice | None) -> bool:
    """Whether somebody is reminded of a meeting at all: they come, or may come and did not say no to that."""
    if coming.place == Place.IN:
        return True
    return coming.answer == Answer.MAYBE and (choice is None or choice.maybe)


def leads_of(choice: ReminderChoice | None) -> tuple[timedelta, ...]:
    """How long before the start somebody is reminded."""
    return USUAL if choice is None else read_leads(choice.before)


def remind(
    session: Session,
    coming: Coming,
    meeting: Meeting,
    person: Person,
    network: Network,
    lead: timedelta,
    following: datetime | None,
    now: datetime,
) -> None:
    """Put one reminder in the outbox. It expires when the next one comes, or when the meeting begins."""
    to_member(
        session,
        f"{REMIND}:{meeting.id}:{coming.id}:{int(lead.total_seconds() // 60)}:{_stamp(meeting)}",
        REMINDER if coming.place == Place.IN else REMINDER_MAYBE,
        coming.id + lead.days,
        (person, network),
        meeting,
        now,
        expires_at=following or meeting.starts_at,
    )


# Around the start, for everybody


def remind_channels(session: Session, now: datetime) -> int:
    """Remind the channel, once and naming nobody, of each meeting for which that is due; returns how many."""
    due = _due(session, col(Occurrence.remind_at), now)
    for occurrence, series, network in due:
        occurrence.remind_at = None
        session.add(occurrence)
        meeting = put_together(occurrence, series)
        if meeting.held and meeting.who is Who.OPEN and network.removed_at is None:
            _to_channel(session, CHANNEL, CHANNEL_REMINDER, meeting, network, now, meeting.starts_at)
    return len(due)


def open_doors(session: Session, habits: Habits, now: datetime) -> list[Meeting]:
    """Say that it is open: in the channel, and to those coming; returns which meetings began.

    Later than twenty minutes after the start it is recorded and not sent. Quiet hours hold; what would come after
    that is not sent. Who wants no reminders gets none.
    """
    begun: list[Meeting] = []
    for occurrence, series, network in _due(session, col(Occurrence.door_at), now):
        occurrence.door_at = None
        session.add(occurrence)
        meeting = put_together(occurrence, series)
        begun.append(meeting)
        if not meeting.held or network.removed_at is not None:
            continue
        late = meeting.starts_at + DOOR_LATE
        if meeting.who is Who.OPEN:
            _to_channel(session, DOOR, CHANNEL_DOOR, meeting, network, now, late)
        those = coming_to(session, meeting.id)
        hours = habits(session, [person.user_id for _, person, _ in those])
        for coming, person, choice in those:
            at = reached(person, hours, now)
            if leads_of(choice) and at < late:
                key = f"{DOOR}:{meeting.id}:{coming.id}:{_stamp(meeting)}"
                to = person, network
                to_member(session, key, DM_DOOR, coming.id, to, meeting, now, not_before=at, expires_at=late)
    return begun


def coming_to(session: Session, occurrence_id: int) -> list[tuple[Coming, Person, ReminderChoice | None]]:
    """Those who have a place in a meeting."""
    rows = session.exec(
        select(Coming, Person).where(
            Coming.occurrence_id == occurrence_id,
            Coming.place == Place.IN,
            Person.user_id == Coming.user_id,
        )
    ).all()
    choices = choices_of(session, [coming.membership_id for coming, _ in rows])
    return [(coming, person, choices.get(coming.membership_id)) for coming, person in rows]


def choices_of(session: Session, memberships: Collection[int]) -> dict[int, ReminderChoice]:
    """What members chose about reminders, by membership; who chose nothing is missing."""
    chosen = select(ReminderChoice).where(col(ReminderChoice.membership_id).in_(list(memberships)))
    return {choice.membership_id: choice for choice in session.exec(chosen)}


def ask_afterwards(session: Session, habits: Habits, now: datetime) -> int:
    """Put one question, which nobody has to answer, to those who came; returns how many meetings it was due for."""
    due = _due(session, col(Occurrence.question_at), now)
    for occurrence, series, network in due:
        occurrence.question_at = None
        session.add(occurrence)
        meeting = put_together(occurrence, series)
        if not meeting.held or network.removed_at is not None:
            continue
        came = session.exec(
            select(Attendance, Person).where(
                Attendance.occurrence_id == meeting.id, Person.user_id == Attendance.user_id
            )
        ).all()
        hours = habits(session, [there.user_id for there, _ in came])
        choices = choices_of(session, [there.membership_id for there, _ in came])
        until = meeting.ends_at + QUESTION_LATE
        for there, person in came:
            choice = choices.get(there.membership_id)
            at = reached(person, hours, now)
            if (choice is None or choice.after) and at < until:
                key = f"{QUESTION}:{meeting.id}:{there.id}"
                to = person, network
                to_member(session, key, AFTER, there.id, to, meeting, now, not_before=at, expires_at=until)
    return len(due)


def let_offers_go(session: Session, habits: Habits, now: datetime) -> int:
    """Let offers that nobody took go to the next on the list; returns for how many meetings."""
    lapsed = session.exec(
        select(Coming.occurrence_id).where(col(Coming.offered_until) <= now).distinct().limit(AT_ONCE)
    ).all()
    for occurrence_id in lapsed:
        move_on_in(session, habits, occurrence_id, now)
    return len(lapsed)


def move_on_in(session: Session, habits: Habits, occurrence_id: int, now: datetime) -> None:
    """Move a meeting's list on, in the caller's transaction."""
    row = session.exec(
        select(Occurrence, SeriesRow).where(
            Occurrence.id == occurrence_id, SeriesRow.id == Occurrence.series_id
        )
    ).first()
    if row is not None:
        move_on(session, habits, put_together(*row), now)


def _due(session: Session, at: Any, now: datetime) -> list[tuple[Occurrence, SeriesRow, Network]]:
    return list(
        session.exec(
            select(Occurrence, SeriesRow, Network)
            .join(SeriesRow, col(SeriesRow.id) == col(Occurrence.series_id))
            .join(Network, col(Network.id) == col(Occurrence.network_id))
            .where(at <= now)
            .order_by(at, col(Occurrence.id))
            .limit(AT_ONCE)
        ).all()
    )


def _to_channel(
    session: Session,
    kind: str,
    template: str,
    meeting: Meeting,
    network: Network,
    now: datetime,
    expires_at: datetime,
) -> None:
    key = f"{kind}:{meeting.id}:channel:{_stamp(meeting)}"
    wording = meeting.id % WORDINGS + meeting.starts_at.toordinal()
    to_channel(session, key, template, wording, meeting, network, now, expires_at=expires_at)


def _stamp(meeting: Meeting) -> int:
    """A meeting that is moved is another to be reminded of."""
    return int(meeting.starts_at.timestamp())
