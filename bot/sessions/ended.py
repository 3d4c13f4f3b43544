"""What follows from how a session's message ended: a channel that takes none is told of, and its news goes by DM."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from bot.members.service import reached
from bot.members.tables import Network, Person
from bot.outbox.queue import Consequence, enqueue
from bot.outbox.tables import Outbox, Priority, State
from bot.sessions import announcing, news
from bot.sessions.meeting import Meeting, moment, put_together, title_said
from bot.sessions.sending import CHANNEL, TOPIC, TROUBLE
from bot.sessions.steps import CHANNEL_LEAD, coming_to, remind
from bot.sessions.tables import Facilitator, occurrence_with_series

NO_PERMISSION = "sessions.no_permission"
CLOSED = (State.FORBIDDEN, State.GONE)


def ended(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence for every message of this part.

    A direct message tells whether they arrive. A channel without permission: its facilitators are told which it
    needs, once a meeting, and a reminder meant for it goes to those coming, who get it once in all.
    """
    if row.user_id is not None:
        reached(session, row, now)
        return
    if row.state not in CLOSED or row.dedupe_key.startswith(f"{TROUBLE}:"):
        return
    found = occurrence_with_series(session, row.subject_id)
    if found is None:
        return
    meeting = put_together(*found)
    network = session.get_one(Network, meeting.network_id)
    if row.dedupe_key.startswith(f"{CHANNEL}:") and meeting.held and meeting.starts_at > now:
        for coming, person, _ in coming_to(session, meeting.id):
            # The same key as their own reminder an hour before: whichever comes first is the one they get.
            remind(session, coming, meeting, person, network, CHANNEL_LEAD, None, now)
    _tell_facilitators(session, meeting, network, row.channel_id, now)


CONSEQUENCES: dict[str, Consequence] = {
    TOPIC: ended,
    announcing.TOPIC: announcing.announced,
    news.TOPIC: reached,
}
"""What follows from how each kind of this part's messages ended, by topic."""


def _tell_facilitators(
    session: Session, meeting: Meeting, network: Network, channel_id: int, now: datetime
) -> None:
    reachable = session.exec(
        select(Person).where(
            col(Person.user_id).in_(
                select(Facilitator.user_id).where(Facilitator.series_id == meeting.series_id)
            ),
            col(Person.dm_channel_id).is_not(None),
            col(Person.dm_closed_at).is_(None),
        )
    ).all()
    told: list[tuple[int, int | None, str]] = [
        (person.dm_channel_id, person.user_id, person.language or network.language)
        for person in reachable
        if person.dm_channel_id is not None
    ]
    if not told and network.organisers_channel_id is not None:
        told = [(network.organisers_channel_id, None, network.language)]
    for to, user_id, language in told:
        enqueue(
            session,
            f"{TROUBLE}:{meeting.id}:{channel_id}:{to}",
            to,
            f"{NO_PERMISSION}#{meeting.id % 97}",
            now=now,
            params={
                "channel": f"<#{channel_id}>",
                "title": title_said(meeting),
                "when": moment(meeting.starts_at),
            },
            subject_id=meeting.id,
            user_id=user_id,
            network_id=network.id,
            language=language,
            priority=Priority.REMINDER,
            expires_at=meeting.ends_at,
        )
