"""Putting words about a meeting in the outbox: to one member, or in its channel. Part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, select

from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority
from bot.sessions.meeting import Meeting, moment, title_said, where_said
from bot.sessions.tables import SessionNetwork

WORDINGS = 97
"""A wording is chosen by the remainder of a number by this, so that neighbours do not read alike."""


def params_of(meeting: Meeting, network: Network) -> dict[str, str]:
    """What the words about a meeting are filled with."""
    return {
        "network": network.name,
        "title": title_said(meeting),
        "when": moment(meeting.starts_at),
        "soon": moment(meeting.starts_at, "R"),
        "where": where_said(meeting),
        "minutes": str(meeting.minutes),
    }


def to_member(
    session: Session,
    key: str,
    template: str,
    wording: int,
    to: tuple[Person, Network],
    meeting: Meeting,
    now: datetime,
    *,
    expires_at: datetime,
    not_before: datetime | None = None,
    params: Mapping[str, str] | None = None,
) -> None:
    """A direct message; none to somebody who takes none: they find it in /sessions, and are told there."""
    person, network = to
    if person.dm_channel_id is None or person.dm_closed_at is not None:
        return
    enqueue(
        session,
        key,
        person.dm_channel_id,
        f"{template}#{wording % WORDINGS}",
        now=now,
        params=params_of(meeting, network) | dict(params or {}),
        subject_id=meeting.id,
        user_id=person.user_id,
        network_id=network.id,
        language=person.language or network.language,
        priority=Priority.REMINDER,
        not_before=not_before,
        expires_at=expires_at,
    )


def to_channel(
    session: Session,
    key: str,
    template: str,
    wording: int,
    meeting: Meeting,
    network: Network,
    now: datetime,
    *,
    expires_at: datetime,
    params: Mapping[str, str] | None = None,
    edits_id: int | None = None,
) -> None:
    """A message in the channel a meeting is spoken of in, naming nobody; none where there is no such channel.

    `edits_id` is one that stands there and becomes this one.
    """
    channel = channel_of(session, meeting)
    if channel is None:
        return
    enqueue(
        session,
        key,
        channel,
        f"{template}#{wording % WORDINGS}",
        now=now,
        params=params_of(meeting, network) | dict(params or {}),
        subject_id=meeting.id,
        network_id=network.id,
        language=network.language,
        priority=Priority.REMINDER,
        expires_at=expires_at,
        edits_id=edits_id,
    )


def channel_of(session: Session, meeting: Meeting) -> int | None:
    """The channel a meeting is spoken of in: where it was announced, else the network's for sessions."""
    if meeting.channel_id is not None:
        return meeting.channel_id
    return session.exec(
        select(SessionNetwork.channel_id).where(SessionNetwork.network_id == meeting.network_id)
    ).first()
