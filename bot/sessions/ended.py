"""What follows from how a session's message ended: a channel that takes none is told of, and its news goes by DM."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.members.service import reached
from bot.members.tables import Network
from bot.outbox.queue import Consequence
from bot.outbox.tables import Outbox, State
from bot.sessions import announcing, news
from bot.sessions.closed import CLOSED, complain
from bot.sessions.meeting import put_together
from bot.sessions.posted import put_right
from bot.sessions.sending import CHANNEL, TOPIC, TROUBLE
from bot.sessions.steps import CHANNEL_LEAD, coming_to, remind
from bot.sessions.tables import occurrence_with_series


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
    if row.dedupe_key.startswith(f"{CHANNEL}:") and meeting.held and meeting.starts_at > now:
        network = session.get_one(Network, meeting.network_id)
        for coming, person, _ in coming_to(session, meeting.id):
            # The same key as their own reminder an hour before: whichever comes first is the one they get.
            remind(session, coming, meeting, person, network, CHANNEL_LEAD, None, now)
    complain(session, row, meeting, now)


def announced(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence for an announcement: the meeting knows its message, or its facilitators what is missing."""
    found = occurrence_with_series(session, row.subject_id)
    if found is None:
        return
    occurrence, series = found
    if row.state == State.SENT:
        occurrence.channel_id, occurrence.message_id = row.channel_id, row.message_id
        session.add(occurrence)
        meeting = put_together(occurrence, series)
        if not meeting.held:  # called off while it was on its way
            put_right(session, occurrence, meeting, session.get_one(Network, meeting.network_id), now)
    elif row.state in CLOSED:
        complain(session, row, put_together(occurrence, series), now)


CONSEQUENCES: dict[str, Consequence] = {
    TOPIC: ended,
    announcing.TOPIC: announced,
    news.TOPIC: reached,
}
"""What follows from how each kind of this part's messages ended, by topic."""
