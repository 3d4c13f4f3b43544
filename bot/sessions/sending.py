"""The keys under which this part's messages stand in the outbox, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, delete, select

from bot.outbox.tables import Outbox, State

TOPIC = "session"
# Each is followed by the meeting's id, so that what waits for one meeting is a range of keys.
INVITE = f"{TOPIC}:invite"
OFFER = f"{TOPIC}:offer"
REMIND = f"{TOPIC}:remind"
CHANNEL = f"{TOPIC}:channel"
DOOR = f"{TOPIC}:door"
QUESTION = f"{TOPIC}:question"
TROUBLE = f"{TOPIC}:trouble"
OF_A_DATE = (INVITE, OFFER, REMIND, CHANNEL, DOOR, QUESTION)
ANNOUNCE = "announce"
NEWS = "told"
POSTED = "posted"


def withdraw(session: Session, occurrence_id: int, kinds: tuple[str, ...] = OF_A_DATE) -> None:
    """Take back, without a trace, what waits to be sent about one meeting. What is being sent this moment arrives."""
    for kind in kinds:
        session.connection().execute(
            delete(Outbox).where(
                col(Outbox.dedupe_key).between(f"{kind}:{occurrence_id}:", f"{kind}:{occurrence_id};"),
                col(Outbox.state) == State.PENDING,
            )
        )


def refresh(session: Session, occurrence_id: int, params: Mapping[str, str]) -> None:
    """Have what waits to be sent about one meeting say what is so now. When it goes, and to whom, stays."""
    for kind in (*OF_A_DATE, ANNOUNCE, f"{NEWS}:moved", f"{NEWS}:back"):
        for row in session.exec(
            select(Outbox).where(
                col(Outbox.dedupe_key).between(f"{kind}:{occurrence_id}:", f"{kind}:{occurrence_id};"),
                col(Outbox.state) == State.PENDING,
            )
        ):
            row.params = {name: params.get(name, value) for name, value in row.params.items()}
            session.add(row)
