"""A channel that takes nothing from us: its meeting's facilitators and the organisers hear which permission is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue, lacking
from bot.outbox.tables import Outbox, Priority, State
from bot.sessions.meeting import Meeting, moment, title_said
from bot.sessions.sending import TROUBLE
from bot.sessions.tables import Facilitator

CLOSED: Final = (State.FORBIDDEN, State.GONE)
_MISSING: Final[dict[tuple[str, ...], str]] = {
    ("view_channel",): "sessions.no_permission_view",
    ("send_messages",): "sessions.no_permission_send",
}


def complain(session: Session, row: Outbox, meeting: Meeting, now: datetime) -> None:
    """Say what is missing in the channel that refused `row`: once a meeting, however much was refused there.

    To the facilitators we may write to, and in the organisers' channel, since it is they who can put it right.
    """
    network = session.get_one(Network, meeting.network_id)
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
            f"{TROUBLE}:{meeting.id}:{row.channel_id}:{channel_id}",
            channel_id,
            f"{_words(row)}#{meeting.id % 97}",
            now=now,
            params={
                "network": network.name,
                "channel": f"<#{row.channel_id}>",
                "title": title_said(meeting),
                "when": moment(meeting.starts_at),
            },
            subject_id=meeting.id,
            user_id=user_id,
            network_id=network.id,
            language=language or network.language,
            priority=Priority.REMINDER,
            expires_at=meeting.ends_at,
        )


def _words(row: Outbox) -> str:
    if row.state == State.GONE:
        return "sessions.channel_gone"
    return _MISSING.get(lacking(row.error), "sessions.no_permission")
