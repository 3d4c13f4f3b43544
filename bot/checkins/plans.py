"""When each member is asked: agreeing to it, changing it, stopping it. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, delete, select

from bot.checkins.tables import Checkin, Plan
from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.service import consent, withdraw_consent
from bot.members.tables import Network, Person, Purpose, membership_of, memberships_of
from bot.outbox.queue import withdraw
from bot.schedule.bank_holidays import Nation
from bot.schedule.closures import closed_on
from bot.schedule.recurrence import Cadence, Often, Quiet, first_on, next_after, next_allowed
from bot.schedule.tables import closures_of

WEDNESDAY = 2
SIX = time(18)


@dataclass(frozen=True)
class Choice:
    """What a member chooses about being asked; None leaves a thing as it is."""

    often: Often | None = None
    weekday: int | None = None
    at: time | None = None
    zone: str | None = None
    quiet: tuple[time, time] | None = None
    no_quiet: bool = False
    nation: str | None = None
    in_closures: bool | None = None


async def start(
    store: Store, network_id: int, name: str, user_id: int, choice: Choice, now: datetime
) -> Plan:
    """Agree to be asked: Wednesdays at 6 pm by the network's clock, as far as `choice` says nothing else.

    A plan that exists keeps its day and time and, if it was resting, starts again. `name` is what the server is
    called. Raises `Refusal` for somebody who is not a member.
    """
    return await store.write(_start, network_id, name, user_id, choice, now)


def _start(session: Session, network_id: int, name: str, user_id: int, choice: Choice, now: datetime) -> Plan:
    membership = membership_of(session, network_id, user_id)
    if membership is None:
        raise Refusal("errors.not_member", network=name)
    consent(session, network_id, user_id, Purpose.CHECKINS, now)
    plan = session.exec(select(Plan).where(Plan.membership_id == membership.id)).first()
    if plan is None:
        network = session.get_one(Network, network_id)
        usual = usual_cadence(network, now)
        plan = Plan(
            membership_id=membership.id,
            user_id=user_id,
            network_id=network_id,
            often=usual.often,
            anchor_on=usual.anchor,
            at=usual.at,
            zone=usual.zone,
            nation=network.nation,
        )
    return _change(session, plan, choice, now)


def usual_cadence(network: Network, now: datetime) -> Cadence:
    """What is offered to a new member: every Wednesday at 6 pm, by the network's clock."""
    today = now.astimezone(ZoneInfo(network.zone)).date()
    return Cadence(Often.WEEKLY, first_on(WEDNESDAY, today), SIX, network.zone)


async def find(store: Store, network_id: int, user_id: int) -> Plan | None:
    """A member's plan in a network."""
    return await store.read(_find, network_id, user_id)


def _find(session: Session, network_id: int, user_id: int) -> Plan | None:
    return session.exec(select(Plan).where(Plan.network_id == network_id, Plan.user_id == user_id)).first()


async def change(
    store: Store, network_id: int, name: str, user_id: int, choice: Choice, now: datetime
) -> Plan:
    """Change when a member is asked. Raises `Refusal` when they are not asked at all."""

    def act(session: Session) -> Plan:
        plan = _find(session, network_id, user_id)
        if plan is None:
            raise Refusal("checkins.settings_off", network=name)
        return _change(session, plan, choice, now)

    return await store.write(act)


def _change(session: Session, plan: Plan, choice: Choice, now: datetime) -> Plan:
    plan.often = choice.often or plan.often
    plan.at = choice.at or plan.at
    plan.zone = choice.zone or plan.zone
    plan.nation = choice.nation or plan.nation
    if choice.weekday is not None:
        # The anchor moves only with the weekday: a fortnight is counted from it.
        plan.anchor_on = first_on(choice.weekday, now.astimezone(ZoneInfo(plan.zone)).date())
    if choice.quiet is not None:
        plan.quiet_from, plan.quiet_until = choice.quiet
    if choice.no_quiet:
        plan.quiet_from = plan.quiet_until = None
    if choice.in_closures is not None:
        plan.in_closures = choice.in_closures
    plan.unanswered = 0
    person = session.get_one(Person, plan.user_id)
    plan.next_at = next_time(session, plan, max(now, person.paused_until or now))
    session.add(plan)
    wake(session, "schedule")
    return plan


async def stop(store: Store, network_id: int, user_id: int, now: datetime) -> bool:
    """Take the yes back: the plan, every answer and whatever was waiting go. Says whether there was a plan."""

    def act(session: Session) -> bool:
        plan = _find(session, network_id, user_id)
        withdraw_consent(session, network_id, user_id, Purpose.CHECKINS, now)
        # Without a plan there may still be answers: anybody may ask to be asked just once.
        mine = col(Checkin.network_id) == network_id, col(Checkin.user_id) == user_id
        session.connection().execute(delete(Checkin).where(*mine))
        withdraw(session, user_id=user_id, network_id=network_id, answers=False)
        if plan is None:
            return False
        session.delete(plan)
        wake(session, "schedule")
        return True

    return await store.write(act)


def cadence(plan: Plan) -> Cadence:
    """The plan as a rule for dates."""
    return Cadence(Often(plan.often), plan.anchor_on, plan.at, plan.zone)


def quiet(plan: Plan) -> Quiet | None:
    """The plan's quiet hours."""
    if plan.quiet_from is None or plan.quiet_until is None:
        return None
    return Quiet(plan.quiet_from, plan.quiet_until)


Calendar = Callable[[date], bool]


def calendar(session: Session, plan: Plan, known: dict[object, Calendar] | None = None) -> Calendar:
    """The days this member is not asked on. `known` keeps a network's calendar for the next plan."""
    if plan.in_closures:
        return lambda _day: False
    key = (plan.network_id, plan.nation)
    found = None if known is None else known.get(key)
    if found is None:
        nation = Nation(plan.nation) if plan.nation in set(Nation) else None
        found = closed_on(nation, closures_of(session, plan.network_id))
        if known is not None:
            known[key] = found
    return found


def next_time(
    session: Session, plan: Plan, after: datetime, known: dict[object, Calendar] | None = None
) -> datetime | None:
    """The next instant this member is asked after `after`: their rule, their calendar, their quiet hours."""
    at = next_after(cadence(plan), after, closed=calendar(session, plan, known))
    return None if at is None else next_allowed(at, plan.zone, quiet(plan))


async def first_time_for(store: Store, network_id: int, now: datetime) -> tuple[datetime, str]:
    """When a new member of this network would first be asked, and by which clock."""

    def look(session: Session) -> tuple[datetime, str]:
        network = session.get_one(Network, network_id)
        usual = usual_cadence(network, now)
        nation = Nation(network.nation) if network.nation in set(Nation) else None
        closed = closed_on(nation, closures_of(session, network_id))
        return next_after(usual, now, closed=closed) or now, usual.zone

    return await store.read(look)


async def upcoming(store: Store, user_id: int, network_id: int | None = None) -> tuple[datetime, str] | None:
    """When a member is asked next (in one network, or anywhere), and by which clock; None if not at all."""

    def look(session: Session) -> tuple[datetime, str] | None:
        query = select(Plan).where(Plan.user_id == user_id, col(Plan.next_at).is_not(None))
        if network_id is not None:
            query = query.where(Plan.network_id == network_id)
        plan = session.exec(query.order_by(col(Plan.next_at)).limit(1)).first()
        return None if plan is None or plan.next_at is None else (plan.next_at, plan.zone)

    return await store.read(look)


async def first_after(store: Store, user_id: int, after: datetime) -> tuple[datetime, str] | None:
    """When a member's questions would begin again after a pause that ends at `after`."""

    def look(session: Session) -> tuple[datetime, str] | None:
        times = [
            (at, plan.zone)
            for plan in session.exec(select(Plan).where(Plan.user_id == user_id))
            if (at := next_time(session, plan, after)) is not None
        ]
        return min(times, default=None)

    return await store.read(look)


async def zone_of(store: Store, user_id: int) -> str:
    """The zone a member lives by: that of a plan of theirs, else of a network of theirs, else London's."""

    def look(session: Session) -> str:
        plan = session.exec(select(Plan.zone).where(Plan.user_id == user_id).limit(1)).first()
        if plan is not None:
            return plan
        networks = memberships_of(session, user_id)
        return networks[0][1].zone if networks else "Europe/London"

    return await store.read(look)


async def reckon(store: Store, user_id: int, after: datetime) -> None:
    """Set a member's plans to their next times after an instant: the end of a pause, or now."""

    def act(session: Session) -> None:
        for plan in session.exec(select(Plan).where(Plan.user_id == user_id, col(Plan.next_at).is_not(None))):
            plan.next_at = next_time(session, plan, after)
            session.add(plan)
        wake(session, "schedule")

    await store.write(act)


async def recount(store: Store, network_id: int, now: datetime) -> None:
    """Set every plan of a network anew after its calendar, or the clock, changed; what is due already stays due."""

    def act(session: Session) -> None:
        known: dict[object, Calendar] = {}
        for plan, person in session.exec(
            select(Plan, Person).where(
                Plan.network_id == network_id,
                Plan.user_id == Person.user_id,
                col(Plan.next_at) > now,
            )
        ):
            plan.next_at = next_time(session, plan, max(now, person.paused_until or now), known)
            session.add(plan)
        wake(session, "schedule")

    await store.write(act)
