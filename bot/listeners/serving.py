"""A listener's own affairs: what members see of them, when they are on, how much they take. One function, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.rules import (
    BREATHER,
    MOST_OPEN,
    Hours,
    Offer,
    Slot,
    State,
    covered_until,
    evening_end,
    kept,
    on_duty,
    resting_until,
    rota_of,
)
from bot.listeners.rules import next_on as next_hours
from bot.listeners.tables import Call, CallOffer, Listener
from bot.listeners.talk_rules import Role, Talk
from bot.listeners.talk_tables import sides_of
from bot.members.reports import visible
from bot.members.tables import Network, Person, membership_of

LONGEST_NAME, LONGEST_ORGANISATION = 60, 80
# Nobody is on for longer by their own word: after a fortnight it is a rota.
LONGEST_DUTY = timedelta(days=14)


@dataclass(frozen=True)
class Serving:
    """A listener's row as they see it."""

    network_id: int
    network: str
    language: str
    name: str
    organisation: str
    confirmed: bool
    zone: str
    rota: tuple[Slot, ...]
    on: bool
    on_until: datetime | None
    """Until when they are on now; None when they are not."""
    resting_until: datetime | None
    next_on: datetime | None
    most_open: int
    open: int
    takes_calls: bool
    takes_talks: bool


def _serving(session: Session, desk: Desk, listener: Listener, now: datetime) -> Serving:
    network = session.get_one(Network, listener.network_id)
    person = session.get_one(Person, listener.user_id)
    hours = listener.hours(person.paused_until)
    on = on_duty(hours, now)
    return Serving(
        network.id,
        network.name,
        person.language or network.language,
        listener.name(desk.keys),
        listener.organisation(desk.keys),
        listener.confirmed_at is not None,
        listener.zone,
        hours.rota,
        on,
        _on_until(hours, now) if on else None,
        resting_until(hours, now),
        None if on else next_hours(hours, now),
        listener.most_open,
        duty.open_load(session, desk.keys, [listener.user_id])[listener.user_id],
        listener.takes_calls,
        listener.takes_talks,
    )


def _on_until(hours: Hours, now: datetime) -> datetime | None:
    ends = [covered_until(hours.rota, hours.zone, now)]
    if hours.on_until is not None and hours.on_until > now:
        ends += [hours.on_until, covered_until(hours.rota, hours.zone, hours.on_until)]
    return max((end for end in ends if end is not None), default=None)


def _own(session: Session, network_id: int, user_id: int) -> Listener:
    listener = duty.listener_of(session, network_id, user_id)
    if listener is None:
        raise Refusal("errors.old_button")
    return listener


async def find(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> Serving | None:
    """Somebody's own affairs as a listener of a network; None for who has not begun to be one."""

    def look(session: Session) -> Serving | None:
        listener = duty.listener_of(session, network_id, user_id)
        return None if listener is None else _serving(session, desk, listener, now)

    return await store.read(look)


async def networks_of(store: Store, user_id: int) -> list[int]:
    """The networks somebody is a listener of."""

    def look(session: Session) -> list[int]:
        return list(session.exec(select(Listener.network_id).where(Listener.user_id == user_id)).all())

    return await store.read(look)


async def introduce(
    store: Store,
    desk: Desk,
    network_id: int,
    network_name: str,
    user_id: int,
    name: str,
    organisation: str,
    zone: str,
    now: datetime,
) -> Serving:
    """Keep the name and organisation a listener wants members to see; nobody sees them until they are confirmed.

    Raises `Refusal` for who is no member, and for what is empty or too long.
    """
    name, organisation = (" ".join(visible(said).split()) for said in (name, organisation))
    if not name or not organisation:
        raise Refusal("errors.nothing_to_read")
    if len(name) > LONGEST_NAME or len(organisation) > LONGEST_ORGANISATION:
        raise Refusal("errors.too_long", limit=LONGEST_NAME)

    def act(session: Session) -> Serving:
        membership = membership_of(session, network_id, user_id)
        if membership is None:
            raise Refusal("errors.not_member", network=network_name)
        listener = duty.listener_of(session, network_id, user_id)
        if listener is None:
            listener = Listener(
                membership_id=membership.id,
                user_id=user_id,
                network_id=network_id,
                name_sealed=b"",
                organisation_sealed=b"",
                zone=zone,
            )
        elif (listener.name(desk.keys), listener.organisation(desk.keys)) != (name, organisation):
            _unseen(session, desk, network_id, user_id)
        listener.introduce(desk.keys, name, organisation)
        session.add(listener)
        session.flush()
        return _serving(session, desk, listener, now)

    return await store.write(act)


def _unseen(session: Session, desk: Desk, network_id: int, user_id: int) -> None:
    """Whoever read another name or organisation of this listener's has not seen who they are now."""
    shown = select(CallOffer).where(CallOffer.network_id == network_id, CallOffer.user_id == user_id)
    for offer in session.exec(shown).all():
        offer.shown_at = None
        session.add(offer)
    for part, talk in sides_of(session, desk.keys, user_id):
        if talk.network_id != network_id or talk.state != Talk.WAITING or not part.shown:
            continue
        if part.role == Role.SHOWN:
            session.delete(part)  # they are shown anew when it is their turn
        else:
            part.shown = False
            session.add(part)
    session.flush()


async def confirm(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> Serving:
    """Let members see it, and be on until the evening. Raises `Refusal` when nothing was written before."""

    def act(session: Session) -> Serving:
        listener = _own(session, network_id, user_id)
        if listener.confirmed_at is None:
            listener.confirmed_at = now
            _begin(session, listener, None, now)
        return _serving(session, desk, listener, now)

    return await store.write(act)


def _begin(session: Session, listener: Listener, until: datetime | None, now: datetime) -> None:
    end = evening_end(now, listener.zone) if until is None else min(until, now + LONGEST_DUTY)
    listener.on_until, listener.off_until, listener.breather_until = end, None, None
    session.add(listener)
    silent = select(CallOffer).where(
        CallOffer.network_id == listener.network_id,
        CallOffer.user_id == listener.user_id,
        CallOffer.state == Offer.LAPSED,
        CallOffer.call_id == Call.id,
        Call.state == State.NOBODY,
    )
    for offer in session.exec(silent).all():
        offer.state, offer.changed_at = Offer.FREE, now  # they are there now
        session.add(offer)
    session.flush()
    duty.look_again(session, listener.network_id, now)


async def begin(
    store: Store, desk: Desk, network_id: int, user_id: int, until: datetime | None, now: datetime
) -> Serving:
    """Be on, until an instant or (None) until the evening; a fortnight at most. A breather ends with it.

    An `until` that is past leaves them off. Raises `Refusal` for who is no listener.
    """

    def act(session: Session) -> Serving:
        listener = _own(session, network_id, user_id)
        _begin(session, listener, until, now)
        return _serving(session, desk, listener, now)

    return await store.write(act)


async def finish(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> Serving:
    """Be off now; a rota begins again with its next stretch. What is held stays held. Raises `Refusal`."""

    def act(session: Session) -> Serving:
        listener = _own(session, network_id, user_id)
        rota = rota_of(listener.rota)
        listener.on_until, listener.off_until = None, covered_until(rota, listener.zone, now)
        session.add(listener)
        session.flush()
        return _serving(session, desk, listener, now)

    return await store.write(act)


async def change(
    store: Store,
    desk: Desk,
    network_id: int,
    user_id: int,
    now: datetime,
    *,
    rota: Sequence[Slot] | None = None,
    zone: str | None = None,
    most_open: int | None = None,
    takes_calls: bool | None = None,
    takes_talks: bool | None = None,
) -> Serving:
    """Change a listener's week, limit (1 to 5 open at a time) or what they take. Raises `Refusal` for who is none."""
    if most_open is not None and not 1 <= most_open <= MOST_OPEN:
        raise Refusal("errors.old_button")

    def act(session: Session) -> Serving:
        listener = _own(session, network_id, user_id)
        if rota is not None:
            listener.rota, listener.off_until = kept(rota), None
            listener.zone = zone or listener.zone
        if most_open is not None:
            listener.most_open = most_open
        if takes_calls is not None:
            listener.takes_calls = takes_calls
        if takes_talks is not None:
            listener.takes_talks = takes_talks
        session.add(listener)
        session.flush()
        duty.look_again(session, network_id, now)
        return _serving(session, desk, listener, now)

    return await store.write(act)


async def breathe(store: Store, user_id: int, event_id: int, now: datetime) -> tuple[datetime, str]:
    """Ask nothing of a listener for a day, in any network; returns until when and by which clock.

    Raises `Refusal` for who is no listener.
    """

    def act(session: Session) -> tuple[datetime, str]:
        rows = session.exec(select(Listener).where(Listener.user_id == user_id)).all()
        if not rows:
            raise Refusal("errors.old_button")
        if first_time(session, "interaction", event_id, now):
            for listener in rows:
                listener.breather_until = now + BREATHER
                session.add(listener)
        return rows[0].breather_until or now + BREATHER, rows[0].zone

    return await store.write(act)
