"""The queue's transactions: put a message in, take some out, say how each ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, delete, select

from bot.db.columns import new_id
from bot.db.prepared import Prepared
from bot.db.store import wake
from bot.outbox.tables import NEXT, Outbox, Priority, State

log = logging.getLogger("reallyok.outbox")


Consequence = Callable[[Session, Outbox, datetime], None]
"""What a feature does, in the same transaction, when a message of its topic ended."""


Waits = Callable[[Session, list[Outbox]], set[int]]
"""Which of these messages, by their ids, must not go just now."""
AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Ending:
    """How one sending ended. `state` SENDING means: nobody knows, look before trying again at `again_at`.

    `error` is Discord's number; for FORBIDDEN, after it, discord.py's names of the permissions that are missing.
    """

    state: State
    message_id: int | None = None
    error: str | None = None
    again_at: datetime | None = None


# A round puts in thousands, and each answer to a hard day one.
_PUT = Prepared(
    insert(Outbox).on_conflict_do_nothing(index_elements=["dedupe_key"]),
    sets=(
        "id",
        "dedupe_key",
        "channel_id",
        "template",
        "params",
        "subject_id",
        "user_id",
        "network_id",
        "language",
        "priority",
        "not_before",
        "expires_at",
        "state",
        "attempts",
        "edits_id",
    ),
)


def enqueue(
    session: Session,
    dedupe_key: str,
    channel_id: int,
    template: str,
    *,
    now: datetime,
    params: Mapping[str, str] | None = None,
    subject_id: int = 0,
    user_id: int | None = None,
    network_id: int | None = None,
    language: str = "en",
    priority: Priority = Priority.ROUND,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    edits_id: int | None = None,
) -> int | None:
    """Put a message in the outbox, in the caller's transaction. The same `dedupe_key` is taken once only.

    `subject_id` is the row the message's buttons speak of. `edits_id` is one of the bot's own messages in that channel,
    which becomes this one. Returns the new row's id; None if it was there already.
    """
    row: dict[str, Any] = {
        "id": new_id(),
        "dedupe_key": dedupe_key,
        "channel_id": channel_id,
        "template": template,
        "params": dict(params or {}),
        "subject_id": subject_id,
        "user_id": user_id,
        "network_id": network_id,
        "language": language,
        "priority": priority,
        "not_before": not_before or now,
        "expires_at": expires_at,
        "state": State.PENDING,
        "attempts": 0,
        "edits_id": edits_id,
    }
    if _PUT.run(session, row) != 1:
        return None
    wake(session, "outbox")
    return row["id"]


def claim(
    session: Session,
    now: datetime,
    room: int,
    busy: Collection[int],
    last_ids: Mapping[int, int],
    consequences: Mapping[str, Consequence],
    waits: Waits | None = None,
) -> list[Outbox]:
    """Take up to `room` messages that are due, best priority first, and mark them as being sent.

    `busy` channels are passed over, so that one channel's messages keep their order. What expired is recorded,
    not sent. `last_ids` says, for each channel, the newest message known before the attempt: where a look
    would begin. What `waits` names is looked at again a little later, if it has not expired by then.
    """
    expired = session.exec(
        select(Outbox).where(
            col(Outbox.state) == State.PENDING,
            col(Outbox.expires_at).is_not(None),
            col(Outbox.expires_at) < now,
        )
    ).all()
    for row in expired:
        _end(session, row, Ending(State.EXPIRED), now, consequences)

    due = select(Outbox).where(col(Outbox.state) == State.PENDING, col(Outbox.not_before) <= now)
    if busy:
        due = due.where(col(Outbox.channel_id).not_in(busy))
    order = (col(Outbox.priority), col(Outbox.not_before), col(Outbox.id))
    taken: list[Outbox] = []
    channels: set[int] = set()
    found = list(session.exec(due.order_by(*order).limit(room * 4)).all())
    waiting = waits(session, found) if waits is not None and found else set[int]()
    for row in found:
        if row.id in waiting:
            row.not_before = now + AGAIN
            session.add(row)
            continue
        if row.channel_id in channels or len(taken) == room:
            continue
        channels.add(row.channel_id)
        row.state = _step(row, State.SENDING)
        row.attempts += 1
        row.first_attempt_at = row.first_attempt_at or now
        row.after_id = row.after_id or last_ids.get(row.channel_id) or _last_sent(session, row.channel_id)
        session.add(row)
        taken.append(row)
    return taken


def _last_sent(session: Session, channel_id: int) -> int | None:
    return session.exec(select(func.max(Outbox.message_id)).where(Outbox.channel_id == channel_id)).one()


def unsettled(session: Session) -> list[Outbox]:
    """Every message somebody began to send and nobody saw end; read at start, oldest first."""
    return list(
        session.exec(
            select(Outbox).where(col(Outbox.state) == State.SENDING).order_by(col(Outbox.first_attempt_at))
        ).all()
    )


def taken_back(session: Session, row_id: int) -> bool:
    """Whether a message somebody began to send is nobody's any more: its person left or was forgotten meanwhile."""
    return session.get(Outbox, row_id) is None


def settle(
    session: Session,
    endings: Mapping[int, Ending],
    now: datetime,
    consequences: Mapping[str, Consequence],
) -> None:
    """Write down how messages ended and let their features draw the consequence, in one transaction."""
    for row_id, ending in endings.items():
        row = session.get(Outbox, row_id)
        if row is None:  # erased meanwhile: its person was forgotten, there is nothing to record
            continue
        _end(session, row, ending, now, consequences)


def _end(
    session: Session,
    row: Outbox,
    ending: Ending,
    now: datetime,
    consequences: Mapping[str, Consequence],
) -> None:
    row.state = _step(row, ending.state)
    row.message_id = ending.message_id or row.message_id
    row.error = ending.error
    if ending.state is State.SENDING:
        row.not_before = ending.again_at or now
        session.add(row)
    else:
        row.params = {}
        row.ended_at = now
        session.add(row)
        consequence = consequences.get(row.topic)
        if consequence is not None:
            _follow(session, consequence, row, now)  # which may delete the row: it is not ours any more


def _follow(session: Session, consequence: Consequence, row: Outbox, now: datetime) -> None:
    """Draw a consequence. One that fails undoes itself alone: the message has ended all the same, and one
    feature's slip must not stop the post of every other."""
    try:
        with session.begin_nested():
            consequence(session, row, now)
    except IntegrityError as error:
        log.error("What follows from a %s message could not be kept.", row.topic, exc_info=error)
    except DBAPIError:
        raise  # the database's own trouble: nothing of this is kept, and it is tried again
    except Exception as error:
        log.error("What follows from a %s message failed.", row.topic, exc_info=error)


def _step(row: Outbox, to: State) -> State:
    if to not in NEXT[State(row.state)]:
        raise ValueError(f"a message cannot go from {row.state} to {to}")
    return to


def next_due(session: Session, *, after: datetime) -> datetime | None:
    """When the next message that is not due yet may go (what is due already is the pump's)."""
    return session.exec(
        select(func.min(Outbox.not_before)).where(
            col(Outbox.state) == State.PENDING, col(Outbox.not_before) > after
        )
    ).one()


def next_template(session: Session, *, after: datetime) -> str | None:
    """What that next message is, without its wording."""
    name = session.exec(
        select(Outbox.template)
        .where(col(Outbox.state) == State.PENDING, col(Outbox.not_before) > after)
        .order_by(col(Outbox.not_before))
        .limit(1)
    ).first()
    return None if name is None else name.partition("#")[0]


def lacking(error: str | None) -> tuple[str, ...]:
    """What a FORBIDDEN message's `error` says that the bot lacks, by discord.py's names; none if that is not known."""
    return tuple((error or "").split()[1:])


def troubles(session: Session) -> list[tuple[int, State, str | None, int]]:
    """What could not be posted in channels in the days kept: (channel, state, error, how many)."""
    query = (
        select(Outbox.channel_id, Outbox.state, Outbox.error, func.count())
        .where(
            col(Outbox.state).in_([State.FORBIDDEN, State.GONE, State.REFUSED]), col(Outbox.user_id).is_(None)
        )
        .group_by(col(Outbox.channel_id), col(Outbox.state), col(Outbox.error))
    )
    return [(c, State(s), e, n) for c, s, e, n in session.exec(query).all()]


def withdraw(
    session: Session, *, user_id: int, network_id: int | None, ended: bool = False, answers: bool = True
) -> int:
    """Take back what is waiting for somebody, without a trace; returns how many. `ended`: what was sent is forgotten too.

    `answers` False leaves what they asked for themselves: quiet is from what the bot starts. What is being sent this
    moment arrives; what is in doubt is not tried again (see `taken_back`).
    """
    change = delete(Outbox).where(col(Outbox.user_id) == user_id)
    if not ended:
        change = change.where(col(Outbox.state).in_([State.PENDING, State.SENDING]))
    if network_id is not None:
        change = change.where(col(Outbox.network_id) == network_id)
    if not answers:
        change = change.where(col(Outbox.priority) > Priority.ANSWER)
    return session.connection().execute(change).rowcount
