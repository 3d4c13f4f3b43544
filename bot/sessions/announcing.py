"""Saying in the network's channel that a meeting is coming. Each once, through the outbox.

A session by invitation is announced to nobody: those it is for are invited by direct message.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from bot.members.habits import Habits, reached
from bot.members.tables import Membership, Network, Person
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.planning import AWAY
from bot.sessions.post import to_channel, to_member
from bot.sessions.rules import ABOUT_LENGTH, OccurrenceState, Who
from bot.sessions.sending import ANNOUNCE, INVITE
from bot.sessions.steps import AT_ONCE
from bot.sessions.tables import Invited, Occurrence, SeriesRow, SessionNetwork

TOPIC = ANNOUNCE


def announce_due(session: Session, habits: Habits, now: datetime) -> int:
    """Put a batch of due announcements in the outbox; returns how many were due.

    Those of a network that removed the bot are looked at again each day, should it come back.
    """
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
        away = network.removed_at is not None and now + AWAY < occurrence.starts_at
        occurrence.announce_at = now + AWAY if away else None
        session.add(occurrence)
        if (
            network.removed_at is not None
            or occurrence.state != OccurrenceState.PLANNED
            or occurrence.starts_at <= now
        ):
            continue
        meeting = put_together(occurrence, series)
        if meeting.who is Who.INVITED:
            _invite(session, habits, meeting, network, now)
        else:
            post(session, meeting, network, now)
    return len(due)


def post(session: Session, meeting: Meeting, network: Network, now: datetime, again: int = 0) -> None:
    """Put a meeting's announcement in the outbox. `again` tells a later one (put back, moved) from the first."""
    to_channel(
        session,
        f"{TOPIC}:{meeting.id}:{again}",
        words_of(meeting),
        meeting.id,
        meeting,
        network,
        now,
        params={"about": meeting.about[:ABOUT_LENGTH]},
        expires_at=meeting.starts_at,
    )


def words_of(meeting: Meeting) -> str:
    """The template an announcement is made from."""
    return "sessions.announcement_about" if meeting.about else "sessions.announcement"


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
        if at < meeting.starts_at:
            to_member(
                session,
                f"{INVITE}:{meeting.id}:{person.user_id}",
                "sessions.invitation",
                meeting.id + person.user_id,
                (person, network),
                meeting,
                now,
                not_before=at,
                expires_at=meeting.starts_at,
            )


def keep_channel(session: Session, network_id: int, channel_id: int) -> None:
    """Have a network's sessions announced in this channel, in the caller's transaction."""
    row = session.get(SessionNetwork, network_id) or SessionNetwork(network_id=network_id)
    row.channel_id = channel_id
    session.add(row)
