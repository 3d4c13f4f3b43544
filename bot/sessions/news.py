"""Telling those who are coming that a meeting is not as they know it. Each change once, in their own hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.members.habits import Habits, reached
from bot.members.tables import Network, Person
from bot.sessions.coming_tables import Coming
from bot.sessions.meeting import Meeting
from bot.sessions.post import to_channel, to_member
from bot.sessions.rules import Answer, Who
from bot.sessions.sending import NEWS

TOPIC = NEWS


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

    `news` is "moved", "back", "changed" (also with "_about"), "skipped", "cancelled" or "ended" (also with "_why"): the
    words are `sessions.told_<news>` and, for the channel, `sessions.channel_<news>`. `until` is when the news is too late to be
    of use: the meeting's start, if not given. `told` are those who heard of this change already (0: the channel), and
    grows: one change of a series is one message to each.
    """
    told = set() if told is None else told
    until = until or meeting.starts_at
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
        if at > now:  # several pieces of news held until one instant go in the order they happened
            at += timedelta(microseconds=revision)
        if at < until:
            to_member(
                session,
                f"{TOPIC}:{news}:{meeting.id}:{person.user_id}:{revision}",
                f"sessions.told_{news}",
                meeting.id + revision,
                (person, network),
                meeting,
                now,
                not_before=at,
                expires_at=until,
                params=params,
            )
    # Where nothing was announced there is nothing to put right.
    if 0 not in told and meeting.channel_id is not None and meeting.who is not Who.INVITED:
        key = f"{TOPIC}:{news}:{meeting.id}:channel:{revision}"
        template = f"sessions.channel_{news}"
        to_channel(session, key, template, 0, meeting, network, now, expires_at=until, params=params)
    told.add(0)
    return len(those)
