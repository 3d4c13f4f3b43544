"""The announcement that stands in a channel already, put right when its meeting is not as it says any more."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.members.tables import Network
from bot.sessions.announcing import words_of
from bot.sessions.meeting import Meeting
from bot.sessions.post import to_channel
from bot.sessions.rules import ABOUT_LENGTH, Who
from bot.sessions.sending import POSTED, withdraw
from bot.sessions.tables import Occurrence

OFF = "sessions.announced_off"
PRIVATE = "sessions.announced_private"


def put_right(
    session: Session, occurrence: Occurrence, meeting: Meeting, network: Network, now: datetime
) -> None:
    """Have a meeting's announcement say how it is now, in the caller's transaction; nothing where none was posted.

    Only the newest change of several goes. Whoever deleted the announcement in Discord wanted it gone: it stays so.
    """
    if occurrence.message_id is None or occurrence.channel_id is None:
        return
    withdraw(session, meeting.id, (POSTED,))
    template = words_of(meeting) if meeting.held else OFF
    to_channel(
        session,
        f"{POSTED}:{meeting.id}:{occurrence.revision}",
        PRIVATE if meeting.who is Who.INVITED else template,
        meeting.id,
        meeting,
        network,
        now,
        params={"about": meeting.about[:ABOUT_LENGTH]},
        expires_at=meeting.starts_at,
        edits_id=occurrence.message_id,
    )
