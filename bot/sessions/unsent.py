"""What becomes of the announcement of a meeting that is moved, left out or put back before it has gone."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from bot.outbox.tables import Outbox, State
from bot.sessions.planning import LAST_CALL, announced_at
from bot.sessions.sending import ANNOUNCE, withdraw
from bot.sessions.tables import Occurrence, SeriesRow


def announce_as_it_is(
    session: Session, occurrence: Occurrence, series: SeriesRow, now: datetime, *, held: bool
) -> None:
    """In the caller's transaction, after a meeting changed: what waits is taken back, and said as it is now if it is held.

    One that is on its way this moment, or in doubt, arrives as it was: the channel then counts as told, so that the
    news of the change follows it there.
    """
    withdraw(session, occurrence.id, (ANNOUNCE,))
    going = session.exec(
        select(Outbox.channel_id).where(
            col(Outbox.dedupe_key).between(f"{ANNOUNCE}:{occurrence.id}:", f"{ANNOUNCE}:{occurrence.id};"),
            col(Outbox.state) == State.SENDING,
        )
    ).first()
    if going is not None:
        occurrence.channel_id = going
    if not held:
        occurrence.announce_at = None
    elif occurrence.announce_at is not None:
        occurrence.announce_at = max(now, min(occurrence.announce_at, occurrence.starts_at - LAST_CALL))
    elif occurrence.message_id is None:  # who has it already is kept from having it again by its key
        occurrence.announce_at = announced_at(occurrence.starts_at, None, series.zone, now)
    session.add(occurrence)
