"""Saying in the network's channel that a meeting is coming. Each once, through the outbox.

A session by invitation is announced to nobody: those it is for are invited by direct message.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from bot.members.habits import Habits
from bot.members.tables import Membership, Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority, State
from bot.sessions.meeting import Meeting, put_together, title_said
from bot.sessions.rules import ABOUT_LENGTH, OccurrenceState, Who
from bot.sessions.steps import AT_ONCE, channel_of, params_of, reached
from bot.sessions.tables import (
    Facilitator,
    Invited,
    Occurrence,
    SeriesRow,
    SessionNetwork,
    occurrence_with_series,
)

TOPIC = "announce"
_MISSING = {State.FORBIDDEN: "sessions.unannounced", State.GONE: "sessions.unannounced_gone"}


def announce_due(session: Session, habits: Habits, now: datetime) -> int:
    """Put a batch of due announcements in the outbox; returns how many were due."""
    due = session.exec(
        select(Occurrence, SeriesRow, Network)
        .where(
            col(Occurrence.announce_at) <= now,
            Occurrence.series_id == SeriesRow.id,
            Occurrence.network_id == Network.id,
        )
        .order_by(col(Occurrence.announce_at))
        .limit(AT_ONCE)
    ).all()
    for occurrence, series, network in due:
        occurrence.announce_at = None
        session.add(occurrence)
        if occurrence.state != OccurrenceState.PLANNED or occurrence.starts_at <= now:
            continue
        meeting = put_together(occurrence, series)
        if meeting.who is Who.INVITED:
            _invite(session, habits, meeting, network, now)
        else:
            post(session, meeting, network, now)
    return len(due)


def post(session: Session, meeting: Meeting, network: Network, now: datetime, again: int = 0) -> None:
    """Put a meeting's announcement in the outbox. `again` tells a later one (put back, moved) from the first."""
    channel = channel_of(session, meeting)
    if channel is None:
        return
    enqueue(
        session,
        f"{TOPIC}:{meeting.id}:{again}",
        channel,
        f"{_words(meeting)}#{meeting.id % 97}",
        now=now,
        params=announced_params(meeting, network),
        subject_id=meeting.id,
        network_id=network.id,
        language=network.language,
        priority=Priority.REMINDER,
        expires_at=meeting.starts_at,
    )


def _words(meeting: Meeting) -> str:
    return "sessions.announcement_about" if meeting.about else "sessions.announcement"


def announced_params(meeting: Meeting, network: Network) -> dict[str, str]:
    """What an announcement is filled with."""
    minutes = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)
    return {
        **params_of(meeting, network),
        "about": meeting.about[:ABOUT_LENGTH],
        "minutes": str(minutes),
    }


def _invite(session: Session, habits: Habits, meeting: Meeting, network: Network, now: datetime) -> None:
    """Tell those a meeting is for, in their own hours. Whoever has left the network is passed over."""
    invited = session.exec(
        select(Person)
        .join(Invited, col(Invited.user_id) == col(Person.user_id))
        .join(Membership, col(Membership.user_id) == col(Person.user_id))
        .where(Invited.series_id == meeting.series_id, Membership.network_id == network.id)
    ).all()
    hours = habits(session, [person.user_id for person in invited])
    for person in invited:
        at = reached(person, hours, now)
        if person.dm_channel_id is None or person.dm_closed_at is not None or at >= meeting.starts_at:
            continue
        enqueue(
            session,
            f"session:invite:{meeting.id}:{person.user_id}",
            person.dm_channel_id,
            f"sessions.invitation#{(meeting.id + person.user_id) % 97}",
            now=now,
            params=params_of(meeting, network),
            subject_id=meeting.id,
            user_id=person.user_id,
            network_id=network.id,
            language=person.language or network.language,
            priority=Priority.REMINDER,
            not_before=at,
            expires_at=meeting.starts_at,
        )


def announced(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how an announcement ended: the meeting knows its message, or its facilitators what is missing."""
    both = occurrence_with_series(session, row.subject_id)
    if both is None:
        return
    occurrence, series = both
    if row.state == State.SENT:
        occurrence.channel_id, occurrence.message_id = row.channel_id, row.message_id
        session.add(occurrence)
    elif row.state in _MISSING:
        _complain(session, row, put_together(occurrence, series), now)


def _complain(session: Session, row: Outbox, meeting: Meeting, now: datetime) -> None:
    """Say in the organisers' channel, and to the facilitators we may write to, that a channel could not be written in."""
    network = session.get(Network, meeting.network_id)
    if network is None:
        return
    params = {"channel": f"<#{row.channel_id}>", "title": title_said(meeting), "network": network.name}
    template = _MISSING[State(row.state)]
    runs = select(Facilitator.user_id).where(Facilitator.series_id == meeting.series_id)
    people = session.exec(select(Person).where(col(Person.user_id).in_(runs))).all()
    told: list[tuple[int | None, int | None, str | None]] = [
        (person.dm_channel_id, person.user_id, person.language)
        for person in people
        if person.dm_closed_at is None
    ]
    told.append((network.organisers_channel_id, None, None))
    for channel_id, user_id, language in told:
        if channel_id is None or channel_id == row.channel_id:
            continue
        enqueue(
            session,
            f"told:unannounced:{meeting.id}:{user_id or 0}",
            channel_id,
            template,
            now=now,
            params=params,
            subject_id=meeting.id,
            user_id=user_id,
            network_id=network.id,
            language=language or network.language,
            priority=Priority.REMINDER,
        )


def keep_channel(session: Session, network_id: int, channel_id: int) -> None:
    """Have a network's sessions announced in this channel, in the caller's transaction."""
    row = session.get(SessionNetwork, network_id) or SessionNetwork(network_id=network_id)
    row.channel_id = channel_id
    session.add(row)
