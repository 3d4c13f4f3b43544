"""Telling those who are coming that a meeting is not as they know it. Each change once, in their own hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from bot.members.habits import Habits
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority
from bot.sessions.coming_tables import Coming
from bot.sessions.meeting import Meeting
from bot.sessions.rules import Answer, Who
from bot.sessions.steps import channel_of, params_of, reached

TOPIC = "told"


def tell(
    session: Session,
    habits: Habits,
    meeting: Meeting,
    network: Network,
    news: str,
    revision: int,
    now: datetime,
    *,
    params: Mapping[str, str] | None = None,
    until: datetime | None = None,
    told: set[int] | None = None,
) -> int:
    """Tell whoever is coming, may be or waits, and the channel it was announced in; returns how many people were.

    `news` is "moved", "changed", "back", "skipped" or "cancelled", the last two also with "_why": the words are
    `sessions.told_<news>` and, for the channel, `sessions.channel_<news>`. `until` is when the news is too late to be
    of use: the meeting's start, if not given. `told` are those who heard of this change already (0: the channel), and
    grows: one change of a series is one message to each.
    """
    told = set() if told is None else told
    until = until or meeting.starts_at
    filled = {**params_of(meeting, network), **(params or {})}
    found = session.exec(
        select(Person)
        .join(Coming, col(Coming.user_id) == col(Person.user_id))
        .where(Coming.occurrence_id == meeting.id, col(Coming.answer) != Answer.CANT)
    ).all()
    those = [person for person in found if person.user_id not in told]
    told.update(person.user_id for person in those)
    hours = habits(session, [person.user_id for person in those])
    for person in those:
        at = reached(person, hours, now)
        if person.dm_channel_id is None or person.dm_closed_at is not None or at >= until:
            continue
        enqueue(
            session,
            f"{TOPIC}:{news}:{meeting.id}:{person.user_id}:{revision}",
            person.dm_channel_id,
            f"sessions.told_{news}#{(meeting.id + revision) % 97}",
            now=now,
            params=filled,
            subject_id=meeting.id,
            user_id=person.user_id,
            network_id=network.id,
            language=person.language or network.language,
            priority=Priority.REMINDER,
            not_before=at,
            expires_at=until,
        )
    if 0 not in told:
        told.add(0)
        _tell_channel(session, meeting, network, news, revision, filled, now, until)
    return len(those)


def _tell_channel(
    session: Session,
    meeting: Meeting,
    network: Network,
    news: str,
    revision: int,
    filled: Mapping[str, str],
    now: datetime,
    until: datetime,
) -> None:
    """Where nothing was announced there is nothing to put right."""
    channel = channel_of(session, meeting) if meeting.channel_id is not None else None
    if channel is None or meeting.who is Who.INVITED:
        return
    enqueue(
        session,
        f"{TOPIC}:{news}:{meeting.id}:channel:{revision}",
        channel,
        f"sessions.channel_{news}",
        now=now,
        params=filled,
        subject_id=meeting.id,
        network_id=network.id,
        language=network.language,
        priority=Priority.REMINDER,
        expires_at=until,
    )
