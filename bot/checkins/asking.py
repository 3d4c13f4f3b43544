"""Asking: the round of what is due, asking now, asking again later. One public function, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from bot.checkins.plans import Calendar, cadence, next_time, quiet
from bot.checkins.rules import (
    LATE,
    LOOKING_BACK,
    SILENT_AFTER,
    Later,
    State,
    asked_today,
    later_at,
    next_wording,
    too_late,
)
from bot.checkins.tables import Checkin, Plan
from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.service import reached
from bot.members.tables import Network, Person, memberships_of
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending
from bot.schedule.recurrence import Often, next_allowed

TOPIC = "checkins"
OPENING = "checkins.opening"
AT_ONCE = 100  # due plans in one transaction: some 50 ms of writing, so that nobody else waits long


@dataclass(frozen=True)
class Asked:
    """A question that stands: its row and the network it comes from."""

    checkin_id: int
    wording: int
    network: Network
    language: str
    missed_at: datetime | None
    """When a question last could not be delivered, if DMs are closed: to be told, never dropped silently."""


def next_due(session: Session) -> datetime | None:
    """When the next question is due."""
    return session.exec(select(func.min(Plan.next_at))).one()


async def ask_due(store: Store, now: datetime, openings: int) -> int:
    """Put every question that is due into the outbox and set each plan's next time; returns how many were due.

    Recorded as dropped and not sent: a question more than four hours late, a second one on the same day, one for
    somebody whose DMs are closed. Nothing at all for somebody on a pause. After three unanswered questions the
    member is asked once whether to go on, and then not again. `openings` is how many wordings there are.
    """
    total = 0
    while True:
        done = await store.write(_ask_some, now, openings)
        total += done
        if done < AT_ONCE:
            return total


def _ask_some(session: Session, now: datetime, openings: int) -> int:
    due = session.exec(
        select(Plan, Person, Network)
        .where(
            col(Plan.next_at) <= now,
            Plan.user_id == Person.user_id,
            Plan.network_id == Network.id,
        )
        .order_by(col(Plan.next_at), col(Plan.id))
        .limit(AT_ONCE)
    ).all()
    used = _used(session, [plan.membership_id for plan, _, _ in due], openings)
    calendars: dict[object, Calendar] = {}
    for plan, person, network in due:
        due_at = plan.next_at
        assert due_at is not None  # the query asked for plans with a time
        paused = person.paused_until is not None and person.paused_until > due_at
        after = max(now, person.paused_until or now) if paused else now
        plan.next_at = next_time(session, plan, after, calendars)
        session.add(plan)
        if not paused and network.removed_at is None:
            _ask_one(session, plan, person, network, due_at, now, used.get(plan.membership_id, []), openings)
    if due:
        wake(session, "schedule")
    return len(due)


def _used(session: Session, memberships: list[int], openings: int) -> dict[int, list[int]]:
    """The wordings each of these members had lately, latest first."""
    used: dict[int, list[int]] = {}
    if memberships:
        rows = session.exec(
            select(Checkin.membership_id, Checkin.wording)
            .where(col(Checkin.membership_id).in_(memberships))
            .order_by(col(Checkin.due_at).desc())
        )
        for membership_id, wording in rows:
            used.setdefault(membership_id, []).append(wording)
    return {key: value[:openings] for key, value in used.items()}


def _ask_one(
    session: Session,
    plan: Plan,
    person: Person,
    network: Network,
    due_at: datetime,
    now: datetime,
    used: list[int],
    openings: int,
) -> None:
    asked = Checkin(
        membership_id=plan.membership_id, user_id=plan.user_id, network_id=plan.network_id, due_at=due_at
    )
    asked.wording = next_wording(openings, used, asked.id)
    channel = person.dm_channel_id
    if (
        channel is None
        or person.dm_closed_at is not None
        or too_late(due_at, now)
        or asked_today(person.last_asked_at, due_at, plan.zone)
    ):
        asked.state = State.DROPPED
        session.add(asked)
        return
    person.last_asked_at = due_at
    session.add(person)
    resting = plan.unanswered >= SILENT_AFTER
    if resting:
        # One question about the questions, then silence until the member says otherwise.
        plan.next_at = None
        plan.unanswered = 0
    else:
        plan.unanswered += 1
        session.add(asked)
    enqueue(
        session,
        f"{TOPIC}:{plan.id}:{int(due_at.timestamp())}",
        channel,
        f"checkins.unanswered#{plan.id}" if resting else f"{OPENING}#{asked.wording}",
        now=now,
        params={"network": network.name},
        subject_id=network.id if resting else asked.id,
        user_id=plan.user_id,
        network_id=plan.network_id,
        language=person.language or network.language,
        priority=Priority.ROUND,
        expires_at=due_at + LATE,
    )


def ended(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a question's sending ended: closed DMs are noted, an unsent question is dropped."""
    reached(session, row, now)
    if row.state is Sending.SENT or row.topic != TOPIC:
        return
    asked = session.get(Checkin, row.subject_id)
    if asked is None or asked.state != State.ASKED:
        return
    asked.state = State.DROPPED
    session.add(asked)
    plan = session.exec(select(Plan).where(Plan.membership_id == asked.membership_id)).first()
    if plan is not None and plan.unanswered > 0:
        plan.unanswered -= 1  # nobody can leave unanswered what never came
        session.add(plan)


async def ask_now(
    store: Store, user_id: int, network_id: int | None, name: str, now: datetime, wordings: int
) -> Asked:
    """The member asks to be asked. `network_id` None: their only (or oldest) network; `name` is the server's.

    Raises `Refusal` for somebody who is not a member there.
    """
    return await store.write(_ask_now, user_id, network_id, name, now, wordings)


def _ask_now(
    session: Session, user_id: int, network_id: int | None, name: str, now: datetime, wordings: int
) -> Asked:
    found = [
        (membership, network)
        for membership, network in memberships_of(session, user_id)
        if network_id is None or network.id == network_id
    ]
    if not found:
        if network_id is None:
            raise Refusal("errors.server_only")
        raise Refusal("errors.not_member", network=name)
    membership, network = found[0]
    asked = Checkin(membership_id=membership.id, user_id=user_id, network_id=network.id, due_at=now)
    used = _used(session, [membership.id], LOOKING_BACK).get(membership.id, [])
    asked.wording = next_wording(wordings, used, asked.id)
    session.add(asked)
    person = session.get_one(Person, user_id)
    missed = None
    if person.dm_closed_at is not None:
        missed = session.exec(
            select(func.max(Checkin.due_at)).where(Checkin.user_id == user_id, Checkin.state == State.DROPPED)
        ).one()
    return Asked(asked.id, asked.wording, network, person.language or network.language, missed)


async def ask_later(
    store: Store, checkin_id: int, user_id: int, choice: Later, event_id: int, now: datetime
) -> tuple[datetime, str] | None:
    """Ask the same question again later, or not. Returns when the next question comes and by which clock, if any.

    Raises `Refusal` when the question is not theirs or is no longer kept.
    """
    return await store.write(_ask_later, checkin_id, user_id, choice, event_id, now)


def _ask_later(
    session: Session, checkin_id: int, user_id: int, choice: Later, event_id: int, now: datetime
) -> tuple[datetime, str] | None:
    asked = own_question(session, checkin_id, user_id)
    plan = session.exec(select(Plan).where(Plan.membership_id == asked.membership_id)).first()
    network = session.get_one(Network, asked.network_id)
    if plan is not None:
        plan.unanswered = 0  # choosing another time is an answer
        session.add(plan)
    if choice is Later.SKIP:
        _withdraw_later(session, asked.id)
        return None if plan is None or plan.next_at is None else (plan.next_at, plan.zone)
    person = session.get_one(Person, user_id)
    zone = plan.zone if plan is not None else network.zone
    usual = plan.at if plan is not None else now.time()
    at = next_allowed(later_at(choice, now, zone, usual), zone, quiet(plan) if plan is not None else None)
    if person.dm_channel_id is None:
        raise Refusal("members.dm_closed", network=network.name)
    _withdraw_later(session, asked.id)
    enqueue(
        session,
        f"{TOPIC}:later:{asked.id}:{event_id}",
        person.dm_channel_id,
        f"{OPENING}#{asked.wording}",
        now=now,
        params={"network": network.name},
        subject_id=asked.id,
        user_id=user_id,
        network_id=network.id,
        language=person.language or network.language,
        priority=Priority.REMINDER,
        not_before=at,
        expires_at=at + LATE,
    )
    return at, zone


def _withdraw_later(session: Session, checkin_id: int) -> None:
    session.connection().execute(
        delete(Outbox).where(
            col(Outbox.dedupe_key).like(f"{TOPIC}:later:{checkin_id}:%"), col(Outbox.state) == Sending.PENDING
        )
    )


def own_question(session: Session, checkin_id: int, user_id: int) -> Checkin:
    """A member's own question. Raises `Refusal` for one that is gone, or somebody else's."""
    asked = session.get(Checkin, checkin_id)
    if asked is None:
        raise Refusal("errors.old_button")
    if asked.user_id != user_id:
        raise Refusal("errors.not_yours")
    return asked


class Asking:
    """What somebody says to "shall I keep asking?"."""

    PAUSE = "pause"
    LESS = "less"
    KEEP = "keep"


_LESS = {
    Often.SCHOOL_DAYS: Often.WEEKLY,
    Often.WEEKLY: Often.FORTNIGHTLY,
    Often.FORTNIGHTLY: Often.MONTHLY,
    Often.MONTHLY: Often.MONTHLY,
}


async def go_on(
    store: Store, network_id: int, user_id: int, choice: str, now: datetime
) -> tuple[datetime, str] | None:
    """Pause, space out or carry on a member's questions. Returns when the next one comes, None when none does.

    Raises `Refusal` when they are not asked in this network.
    """

    def act(session: Session) -> tuple[datetime, str] | None:
        plan = session.exec(
            select(Plan).where(Plan.network_id == network_id, Plan.user_id == user_id)
        ).first()
        if plan is None:
            raise Refusal("errors.old_button")
        plan.unanswered = 0
        if choice == Asking.PAUSE:
            plan.next_at = None
        else:
            if choice == Asking.LESS:
                plan.often = _LESS[cadence(plan).often]
            person = session.get_one(Person, user_id)
            plan.next_at = next_time(session, plan, max(now, person.paused_until or now))
        session.add(plan)
        wake(session, "schedule")
        return None if plan.next_at is None else (plan.next_at, plan.zone)

    return await store.write(act)
