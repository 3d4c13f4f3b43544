"""Check-ins: one public function, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, delete, func, select

from bot.checkins.rules import KEEP_LEVELS, LATE, Level, State, asked_today, next_wording, too_late
from bot.checkins.tables import Checkin, Plan
from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.service import consent, reached
from bot.members.tables import Membership, Network, Person, Purpose, membership_of, memberships_of
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending
from bot.schedule.recurrence import Cadence, Often, first_on, next_after

TOPIC = "checkins"
OPENING = "checkins.opening"
WEDNESDAY = 2
SIX = time(18)
AT_ONCE = 200  # due plans in one transaction: about 100 ms of writing, so that nobody else waits long


@dataclass(frozen=True)
class Asked:
    """A question that stands: its row, its words and the network it comes from."""

    checkin_id: int
    template: str
    network: Network
    language: str
    dm_closed: bool


@dataclass(frozen=True)
class Answer:
    """An answer that was kept (or, pressed twice, had been kept before)."""

    level: Level
    network: Network
    fresh: bool
    changed: bool


async def start(store: Store, network_id: int, name: str, user_id: int, now: datetime) -> Plan:
    """Agree to be asked: Wednesdays at 6 pm by the network's clock, until the member says otherwise.

    A plan that exists keeps its day and time. Raises `Refusal` for somebody who is not a member.
    """
    return await store.write(_start, network_id, name, user_id, now)


def _start(session: Session, network_id: int, name: str, user_id: int, now: datetime) -> Plan:
    membership = membership_of(session, network_id, user_id)
    if membership is None:
        raise Refusal("errors.not_member", network=name)
    consent(session, network_id, user_id, Purpose.CHECKINS, now)
    plan = session.exec(select(Plan).where(Plan.membership_id == membership.id)).first()
    if plan is None:
        usual = _usual(session.get_one(Network, network_id), now)
        plan = Plan(
            membership_id=membership.id,
            user_id=user_id,
            network_id=network_id,
            often=usual.often,
            anchor_on=usual.anchor,
            at=usual.at,
            zone=usual.zone,
            next_at=next_after(usual, now),
        )
        session.add(plan)
        wake(session, "schedule")
    return plan


def _usual(network: Network, now: datetime) -> Cadence:
    today = now.astimezone(ZoneInfo(network.zone)).date()
    return Cadence(Often.WEEKLY, first_on(WEDNESDAY, today), SIX, network.zone)


@dataclass(frozen=True)
class Next:
    """When somebody is (or would be) asked next, and by which clock."""

    at: datetime
    zone: str


async def first_time_for(store: Store, network_id: int, now: datetime) -> Next:
    """When a new member of this network would first be asked."""

    def look(session: Session) -> Next:
        usual = _usual(session.get_one(Network, network_id), now)
        return Next(next_after(usual, now) or now, usual.zone)

    return await store.read(look)


async def upcoming(store: Store, network_id: int, user_id: int) -> Next | None:
    """When a member is asked next in this network, if at all."""

    def look(session: Session) -> Next | None:
        plan = session.exec(
            select(Plan).where(Plan.network_id == network_id, Plan.user_id == user_id)
        ).first()
        return Next(plan.next_at, plan.zone) if plan is not None and plan.next_at is not None else None

    return await store.read(look)


def cadence(plan: Plan) -> Cadence:
    """The plan as a rule for dates."""
    return Cadence(Often(plan.often), plan.anchor_on, plan.at, plan.zone)


def next_due(session: Session) -> datetime | None:
    """When the next question is due."""
    return session.exec(select(func.min(Plan.next_at))).one()


async def ask_due(store: Store, now: datetime, openings: int) -> int:
    """Put every question that is due into the outbox and set each plan's next time; returns how many plans were due.

    A question more than four hours late, a second one on the same day, and one for somebody whose DMs are
    closed are recorded as dropped and not sent. `openings` is how many wordings there are.
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
        .order_by(col(Plan.next_at))
        .limit(AT_ONCE)
    ).all()
    for plan, person, network in due:
        assert plan.next_at is not None  # the query asked for plans with a time
        _ask_one(session, plan, person, network, plan.next_at, now, openings)
        plan.next_at = next_after(cadence(plan), now)
        session.add(plan)
    if due:
        wake(session, "schedule")
    return len(due)


def _ask_one(
    session: Session,
    plan: Plan,
    person: Person,
    network: Network,
    due_at: datetime,
    now: datetime,
    openings: int,
) -> None:
    asked = Checkin(
        membership_id=plan.membership_id, user_id=plan.user_id, network_id=plan.network_id, due_at=due_at
    )
    asked.wording = _wording(session, plan.membership_id, openings, asked.id)
    channel = person.dm_channel_id
    if (
        channel is None
        or person.dm_closed_at is not None
        or too_late(due_at, now)
        or asked_today(person.last_asked_at, due_at, plan.zone)
        or network.removed_at is not None
    ):
        asked.state = State.DROPPED
        session.add(asked)
        return
    session.add(asked)
    person.last_asked_at = now
    session.add(person)
    enqueue(
        session,
        f"{TOPIC}:{plan.id}:{int(due_at.timestamp())}",
        channel,
        f"{OPENING}#{asked.wording}",
        now=now,
        params={"network": network.name},
        subject_id=asked.id,
        user_id=plan.user_id,
        network_id=plan.network_id,
        language=person.language or network.language,
        priority=Priority.ROUND,
        expires_at=due_at + LATE,
    )


def _wording(session: Session, membership_id: int, openings: int, seed: int) -> int:
    used = session.exec(
        select(Checkin.wording)
        .where(Checkin.membership_id == membership_id)
        .order_by(col(Checkin.due_at).desc())
        .limit(openings)
    ).all()
    return next_wording(openings, used, seed)


def ended(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a question's sending ended: closed DMs are noted, an unsent question is dropped."""
    reached(session, row, now)
    if row.state is not Sending.SENT:
        asked = session.get(Checkin, row.subject_id)
        if asked is not None and asked.state == State.ASKED:
            asked.state = State.DROPPED
            session.add(asked)


async def ask_now(
    store: Store, user_id: int, network_id: int | None, name: str, now: datetime, openings: int
) -> Asked:
    """The member asks to be asked. `network_id` None: their only (or oldest) network; `name` is the server's.

    Raises `Refusal` for somebody who is not a member there.
    """
    return await store.write(_ask_now, user_id, network_id, name, now, openings)


def _ask_now(
    session: Session, user_id: int, network_id: int | None, name: str, now: datetime, openings: int
) -> Asked:
    found = [
        (membership, network)
        for membership, network in memberships_of(session, user_id)
        if network_id is None or network.id == network_id
    ]
    if not found:
        raise Refusal("errors.not_member", network=name)
    membership, network = found[0]
    asked = Checkin(
        id=new_id(), membership_id=membership.id, user_id=user_id, network_id=network.id, due_at=now
    )
    asked.wording = _wording(session, membership.id, openings, asked.id)
    session.add(asked)
    person = session.get_one(Person, user_id)
    return Asked(
        asked.id,
        f"{OPENING}#{asked.wording}",
        network,
        person.language or network.language,
        person.dm_closed_at is not None,
    )


async def answer(
    store: Store,
    keys: Keyring,
    checkin_id: int,
    user_id: int,
    level: Level,
    event_id: int,
    now: datetime,
) -> Answer:
    """Keep the level a member chose; a later choice replaces it, the same event counts once.

    Raises `Refusal` when the question is not theirs or is no longer kept.
    """
    return await store.write(_answer, keys, checkin_id, user_id, level, event_id, now)


def _answer(
    session: Session,
    keys: Keyring,
    checkin_id: int,
    user_id: int,
    level: Level,
    event_id: int,
    now: datetime,
) -> Answer:
    asked = session.get(Checkin, checkin_id)
    if asked is None:
        raise Refusal("errors.old_button")
    if asked.user_id != user_id or session.get(Membership, asked.membership_id) is None:
        raise Refusal("errors.not_yours")
    network = session.get_one(Network, asked.network_id)
    before = level_of(keys, asked)
    if not first_time(session, "interaction", event_id, now):
        return Answer(before or level, network, fresh=False, changed=False)
    asked.level_sealed = keys.seal(level, "checkin", "level_sealed", asked.id)
    asked.answered_at = now
    asked.state = State.ANSWERED
    session.add(asked)
    return Answer(
        level, network, fresh=before is not level, changed=before is not None and before is not level
    )


def level_of(keys: Keyring, asked: Checkin) -> Level | None:
    """The level a question was answered with."""
    if asked.level_sealed is None:
        return None
    return Level(keys.open(asked.level_sealed, "checkin", "level_sealed", asked.id))


async def open_question(store: Store, user_id: int, now: datetime) -> tuple[Checkin, Network] | None:
    """The newest question somebody was asked and could still be answering with words."""

    def newest(session: Session) -> tuple[Checkin, Network] | None:
        return session.exec(
            select(Checkin, Network)
            .where(
                Checkin.user_id == user_id,
                Checkin.network_id == Network.id,
                col(Checkin.state) != State.DROPPED,
            )
            .order_by(col(Checkin.due_at).desc())
            .limit(1)
        ).first()

    return await store.read(newest)


def tidy(session: Session, now: datetime, most: int = 500) -> int:
    """Delete questions and answers kept long enough, at most `most` at a time; returns how many went."""
    old = select(Checkin.id).where(col(Checkin.due_at) < now - KEEP_LEVELS).limit(most)
    return session.connection().execute(delete(Checkin).where(col(Checkin.id).in_(old))).rowcount
