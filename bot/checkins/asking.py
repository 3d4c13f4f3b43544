"""Asking: the round of what is due, asking now, asking again later. One public function, one transaction."""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, func, select

from bot.checkins.plans import Calendar, next_time, quiet
from bot.checkins.rules import (
    LATE,
    SILENT_AFTER,
    Later,
    State,
    asked_today,
    later_at,
    local_date,
    next_wording,
    too_late,
)
from bot.checkins.tables import Checkin, Plan
from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.service import reached
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending
from bot.schedule.recurrence import next_allowed

TOPIC = "checkins"
LATER = f"{TOPIC}:later:"
OPENING = "checkins.opening"
SHALL_I = "checkins.unanswered"
log = logging.getLogger("reallyok.checkins")
AT_ONCE = 100  # due plans in one transaction: some 50 ms of writing, so that nobody else waits long


_NEXT_DUE = select(func.min(Plan.next_at))


def next_due(session: Session) -> datetime | None:
    """When the next question is due."""
    return session.exec(_NEXT_DUE).one()


async def ask_due(store: Store, now: datetime, openings: int) -> int:
    """Put every question that is due into the outbox and set each plan's next time; returns how many were due.

    Recorded as dropped and not sent: a question more than four hours late, a second one on the same day, one for
    somebody whose DMs are closed. Nothing at all for somebody on a pause. After three unanswered questions the
    member is asked once whether to go on, and then not again. `openings` is how many wordings there are.
    """
    total, done = 0, AT_ONCE
    # Mostly nobody is due, and then this is all that a look each minute costs: a read, and no lock.
    earliest = await store.read(next_due)
    while earliest is not None and earliest <= now and done == AT_ONCE:
        done = await store.write(_ask_some, now, openings)
        total += done
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
    used = used_wordings(session, [plan.membership_id for plan, _, _ in due], openings)
    rivals = _rivals(session, [plan.user_id for plan, _, _ in due])
    calendars: dict[object, Calendar] = {}
    for plan, person, network in due:
        due_at = plan.next_at
        assert due_at is not None  # the query asked for plans with a time
        paused = person.paused_until is not None and person.paused_until > due_at
        after = max(now, person.paused_until or now) if paused else now
        try:
            plan.next_at = next_time(session, plan, after, calendars)
        except (ValueError, KeyError, OSError) as error:
            # A zone this machine no longer knows, say. One member's plan must not hold up everybody's.
            log.error("One plan cannot be reckoned and rests until its member changes it.", exc_info=error)
            plan.next_at = None
        session.add(plan)
        if not paused and network.removed_at is None:
            yields = _gives_way(plan, due_at, rivals.get(plan.user_id, []))
            _ask_one(
                session,
                plan,
                person,
                network,
                due_at,
                now,
                used.get(plan.membership_id, []),
                openings,
                yields,
            )
    if due:
        wake(session, "schedule")
    return len(due)


def used_wordings(session: Session, memberships: list[int], openings: int) -> dict[int, list[int]]:
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


Rival = tuple[Plan, datetime | None]
"""A plan of somebody in two networks, and when they were last asked by it."""


def _rivals(session: Session, users: list[int]) -> dict[int, list[Rival]]:
    """For each of these people who is asked in two networks or more, all their plans."""
    several = (
        select(Plan.user_id)
        .where(col(Plan.user_id).in_(users))
        .group_by(col(Plan.user_id))
        .having(func.count() > 1)
    )
    asked = (
        select(func.max(Checkin.due_at))
        .where(Checkin.membership_id == Plan.membership_id, col(Checkin.state) != State.DROPPED)
        .correlate(Plan)
        .scalar_subquery()
    )
    found: dict[int, list[Rival]] = {}
    for plan, last in session.exec(
        select(Plan, asked)
        .join(Network, col(Network.id) == col(Plan.network_id))
        .where(col(Plan.user_id).in_(several), col(Network.removed_at).is_(None))
    ):
        found.setdefault(plan.user_id, []).append((plan, last))
    return found


def _gives_way(plan: Plan, due_at: datetime, rivals: list[Rival]) -> bool:
    """Whether a question leaves its day to another network's, which is due later that day and has waited longer.

    Once a day over all networks would otherwise mean: for ever the one with the earlier hour.
    """
    mine = next((last for other, last in rivals if other.id == plan.id), None)
    return mine is not None and any(
        other.id != plan.id
        and other.next_at is not None
        and due_at <= other.next_at
        and local_date(other.next_at, plan.zone) == local_date(due_at, plan.zone)
        and (last is None or last < mine)
        for other, last in rivals
    )


def _ask_one(
    session: Session,
    plan: Plan,
    person: Person,
    network: Network,
    due_at: datetime,
    now: datetime,
    used: list[int],
    openings: int,
    yields: bool,
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
        or yields
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
        f"{SHALL_I}#{plan.id}" if resting else f"{OPENING}#{asked.wording}",
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
    again = row.dedupe_key.startswith(LATER)
    if row.state is Sending.SENT:
        person = session.get(Person, row.user_id) if again else None
        if person is not None:
            person.last_asked_at = max(person.last_asked_at or row.not_before, row.not_before)
            session.add(person)
        return
    if again:
        return  # it came once already, and waits for its answer
    if row.template.startswith(SHALL_I):
        _not_yet_silent(session, row, now)
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


def _not_yet_silent(session: Session, row: Outbox, now: datetime) -> None:
    """ "Shall I pause these?" never came, so nobody may fall silent by it: it is asked again at the next usual time."""
    plan = session.exec(
        select(Plan).where(Plan.user_id == row.user_id, Plan.network_id == row.network_id)
    ).first()
    if plan is not None and plan.next_at is None:
        plan.unanswered = SILENT_AFTER
        plan.next_at = next_time(session, plan, now)
        session.add(plan)
        wake(session, "schedule")


async def ask_later(
    store: Store, checkin_id: int, user_id: int, choice: Later, event_id: int, now: datetime, openings: int
) -> tuple[datetime, str] | None:
    """Ask the same question again later, or not. Returns when the next question comes and by which clock, if any.

    It is asked in other words; where the usual question comes that day anyway, that one is it. Raises `Refusal` when
    the question is not theirs or is no longer kept.
    """
    return await store.write(_ask_later, checkin_id, user_id, choice, event_id, now, openings)


def _ask_later(
    session: Session,
    checkin_id: int,
    user_id: int,
    choice: Later,
    event_id: int,
    now: datetime,
    openings: int,
) -> tuple[datetime, str] | None:
    asked = own_question(session, checkin_id, user_id)
    plan = session.exec(select(Plan).where(Plan.membership_id == asked.membership_id)).first()
    network = session.get_one(Network, asked.network_id)
    if plan is not None:
        plan.unanswered = 0  # choosing another time is an answer
        session.add(plan)
    withdraw_later(session, asked.id)
    if choice is Later.SKIP:
        return None if plan is None or plan.next_at is None else (plan.next_at, plan.zone)
    person = session.get_one(Person, user_id)
    zone = plan.zone if plan is not None else network.zone
    usual = plan.at if plan is not None else now.astimezone(ZoneInfo(zone)).time()
    at = next_allowed(later_at(choice, now, zone, usual), zone, quiet(plan) if plan is not None else None)
    if person.dm_channel_id is None:
        raise Refusal("members.dm_closed", network=network.name)
    if (
        plan is not None
        and plan.next_at is not None
        and local_date(plan.next_at, zone) == local_date(at, zone)
    ):
        return plan.next_at, zone
    used = used_wordings(session, [asked.membership_id], openings).get(asked.membership_id, [])
    asked.wording = next_wording(openings, [asked.wording, *used], asked.id)
    session.add(asked)
    enqueue(
        session,
        f"{LATER}{asked.id}:{event_id}",
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


_NOT_AGAIN = delete(Outbox).where(
    col(Outbox.dedupe_key).between(bindparam("first"), bindparam("last")),
    col(Outbox.state) == Sending.PENDING,
)


def withdraw_later(session: Session, checkin_id: int) -> None:
    """Take back a question that was to come again; in the caller's transaction."""
    withdraw_from(session, f"{LATER}{checkin_id}")


def later_keys(checkin_id: int) -> dict[str, str]:
    """Between which keys of the outbox a question that is to come again would stand.

    A range finds it by the index, which no pattern would: every answer asks for this.
    """
    return _under(f"{LATER}{checkin_id}")


def _under(prefix: str) -> dict[str, str]:
    return {"first": f"{prefix}:", "last": f"{prefix};"}


def withdraw_from(session: Session, prefix: str) -> None:
    """Take back, without a trace, what waits under `prefix` and a colon."""
    session.connection().execute(_NOT_AGAIN, _under(prefix))


def own_question(session: Session, checkin_id: int, user_id: int) -> Checkin:
    """A member's own question. Raises `Refusal` for one that is gone, or somebody else's."""
    asked = session.get(Checkin, checkin_id)
    if asked is None:
        raise Refusal("errors.old_button")
    if asked.user_id != user_id:
        raise Refusal("errors.not_yours")
    return asked
