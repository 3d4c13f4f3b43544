"""Everything of sessions that is due, in its order, a small transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select as columns
from sqlmodel import Session, col, func

from bot.db.store import Store, wake
from bot.errors import StoreUnavailable
from bot.members.habits import Habits
from bot.sessions import announcing, attendance, planning, steps
from bot.sessions.coming_tables import Coming
from bot.sessions.meeting import Meeting
from bot.sessions.tables import Occurrence, SeriesRow, SessionNetwork

# One look for all of them: mostly nothing is due, and then this is all that a minute costs.
_EARLIEST = columns(
    *(
        columns(func.min(at)).scalar_subquery()
        for at in (
            col(SeriesRow.plan_at),
            col(Coming.offered_until),
            col(Coming.remind_at),
            col(Occurrence.remind_at),
            col(Occurrence.door_at),
            col(Occurrence.question_at),
            col(Occurrence.announce_at),
            col(SessionNetwork.mirror_at),
        )
    )
)


def next_due(session: Session) -> datetime | None:
    """When the first thing around a meeting is due."""
    return min((at for at in _instants(session) if at is not None), default=None)


def _instants(session: Session) -> tuple[datetime | None, ...]:
    return tuple(session.connection().execute(_EARLIEST).one())


InRoom = Callable[[int, int], Collection[int]]
"""Who is in a voice channel of a network, as far as Discord lets the bot see."""


def nobody(network_id: int, room_id: int) -> Collection[int]:
    """Where nobody can look."""
    return ()


async def sessions_due(store: Store, habits: Habits, now: datetime, in_room: InRoom = nobody) -> None:
    """Do what is due: offers that lapsed, doors, reminders, questions afterwards, announcements, planning.

    Safe to repeat, and after any interruption: what is done is no longer due, and a message is in the outbox once.
    Who is in the room of a meeting that begins is noted: they were early, and nobody tells of them again. A step that
    fails holds up no other. Raises `StoreUnavailable`, and at the end whatever failed, together: what it is due for
    still is, and the alarm must not ring for it without pause.
    """
    begun: list[Meeting] = []

    def plan(session: Session) -> int:
        return planning.plan_due(session, now)

    def announce(session: Session) -> int:
        return announcing.announce_due(session, habits, now)

    def let_offers_go(session: Session) -> int:
        return steps.let_offers_go(session, habits, now)

    def remind(session: Session) -> int:
        return steps.remind_some(session, habits, now)

    def remind_channels(session: Session) -> int:
        return steps.remind_channels(session, now)

    def open_doors(session: Session) -> int:
        opened = steps.open_doors(session, habits, now)
        begun.extend(opened)
        return len(opened)

    def ask_afterwards(session: Session) -> int:
        return steps.ask_afterwards(session, habits, now)

    # Doors before reminders: after an hour away, "it's open" is what people need first.
    in_order: tuple[tuple[int, Callable[[Session], int], int], ...] = (
        (1, let_offers_go, steps.AT_ONCE),
        (4, open_doors, steps.AT_ONCE),
        (2, remind, steps.AT_ONCE),
        (3, remind_channels, steps.AT_ONCE),
        (5, ask_afterwards, steps.AT_ONCE),
        (6, announce, steps.AT_ONCE),
        (0, plan, planning.AT_ONCE),
    )
    instants = await store.read(_instants)
    failed: list[Exception] = []
    for number, step, most in in_order:
        at = instants[number]
        try:
            while at is not None and at <= now and await store.write(_one, step) == most:
                pass  # another batch of the same
        except StoreUnavailable:
            raise
        except Exception as error:
            failed.append(error)
    for meeting in begun:
        if meeting.room_id is not None:
            there = dict.fromkeys(in_room(meeting.network_id, meeting.room_id))
            await attendance.present(store, meeting.room_id, there, now)
    if failed:
        raise ExceptionGroup("what is due of sessions", failed)


def _one(session: Session, step: Callable[[Session], int]) -> int:
    wake(session, "schedule")
    return step(session)
