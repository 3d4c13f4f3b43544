"""A quiet question tomorrow for whoever asks for one: the same as after a hard answer, and gone when it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from bot.checkins.answering import FOLLOW, RECENT, sociable
from bot.checkins.rules import LATE, State, local_date
from bot.checkins.tables import Checkin, Plan
from bot.db.store import Store
from bot.db.tables import first_time
from bot.members.tables import Person, memberships_of
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending
from bot.schedule.recurrence import Quiet, next_allowed

ANYWHERE = "Europe/London"


@dataclass(frozen=True)
class Coming:
    """When somebody hears from us next. `anyway`: an ordinary question, which takes the quiet one's place."""

    at: datetime
    zone: str
    anyway: bool


async def ask_tomorrow(
    store: Store, user_id: int, channel_id: int, event_id: int, somewhere: str, now: datetime
) -> Coming:
    """Ask somebody quietly the next day, since they wish it; says when they will hear.

    Once, however often it is asked for; their ordinary question of that day comes instead of it. `somewhere` stands
    for the network's name where they have joined none. The row says no more than the one after a hard answer does.
    """
    return await store.write(_ask, user_id, channel_id, event_id, somewhere, now)


def _ask(
    session: Session, user_id: int, channel_id: int, event_id: int, somewhere: str, now: datetime
) -> Coming:
    networks = [network for _, network in memberships_of(session, user_id)]
    plans = session.exec(select(Plan).where(Plan.user_id == user_id).order_by(col(Plan.id))).all()
    plan = plans[0] if plans else None
    zone = plan.zone if plan is not None else networks[0].zone if networks else ANYWHERE
    waiting = session.exec(select(Outbox).where(*_waiting(user_id)).order_by(col(Outbox.not_before))).first()
    if waiting is not None:
        return Coming(waiting.not_before, zone, anyway=False)
    hours = None
    if plan is not None and plan.quiet_from is not None and plan.quiet_until is not None:
        hours = Quiet(plan.quiet_from, plan.quiet_until)
    at = next_allowed(sociable(now + timedelta(days=1), zone), zone, hours)
    on = local_date(at, zone)
    person = session.get(Person, user_id)
    rests_until = person.paused_until if person is not None else None
    for each in plans:
        # On a pause the ordinary question does not come. This one does: they have just asked for it.
        due = each.next_at
        if due is not None and local_date(due, zone) == on and (rests_until is None or rests_until <= due):
            return Coming(due, zone, anyway=True)
    if first_time(session, "interaction", event_id, now):
        question = session.exec(
            select(Checkin)
            .where(
                Checkin.user_id == user_id,
                col(Checkin.state) != State.DROPPED,
                col(Checkin.due_at) > now - RECENT,
            )
            .order_by(col(Checkin.due_at).desc())
        ).first()
        network = next((n for n in networks if question is None or n.id == question.network_id), None)
        language = (person.language if person is not None else None) or (
            network.language if network else "en"
        )
        enqueue(
            session,
            # With a question of theirs the key is that of a hard answer's, so that there is one of both.
            f"{FOLLOW}:{question.id if question is not None else user_id}:{on}",
            channel_id,
            f"checkins.follow_up#{event_id % 1000}",
            now=now,
            params={"network": network.name if network is not None else somewhere},
            subject_id=question.id if question is not None else 0,
            user_id=user_id,
            network_id=network.id if network is not None else None,
            language=language,
            priority=Priority.REMINDER,
            not_before=at,
            expires_at=at + LATE,
        )
    return Coming(at, zone, anyway=False)


async def never_mind(store: Store, user_id: int) -> None:
    """Take back whatever quiet question waits for somebody, without a trace."""

    def act(session: Session) -> None:
        session.connection().execute(delete(Outbox).where(*_waiting(user_id)))

    await store.write(act)


def _waiting(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Outbox.user_id) == user_id,
        col(Outbox.state) == Sending.PENDING,
        col(Outbox.dedupe_key).startswith(f"{FOLLOW}:"),
    )
