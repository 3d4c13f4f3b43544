"""A call as listeners see it: taken with a promise, left to others, given back. One function, one transaction.

Whoever calls these has asked Discord, just before, whether the person is still a member with the listeners' role.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.calls import pass_on
from bot.listeners.desk import Desk
from bot.listeners.rules import GRACE, OPEN, Offer, Promise, State, promised_at
from bot.listeners.standing import Written, called, read
from bot.listeners.steps import ask, go, offers_of, tell_member, unseen, withdraw_offers
from bot.listeners.tables import Call, CallOffer
from bot.members.tables import Network

_HOLDING = (State.HELD, State.CHECKING)
# Whoever was asked may come round to it, as long as nobody has it and its member did not ask for somebody else.
_MAY_TAKE = (Offer.ASKED, Offer.LAPSED, Offer.DECLINED, Offer.GAVE_BACK)


@dataclass(frozen=True)
class Held:
    """A call somebody holds, and all they may see of it."""

    id: int
    network_id: int
    network: str
    state: State
    written: Written
    promised_at: datetime | None
    zone: str
    """The listener's own."""
    member_zone: str
    spoken: bool


async def whose(store: Store, user_id: int, *, offer_id: int = 0, call_id: int = 0) -> int:
    """The network an offer to somebody, or a call they hold, belongs to: for asking Discord about them first.

    Raises `Refusal` for one that is gone, or is nothing to do with them.
    """

    def look(session: Session) -> int:
        if offer_id:
            return _own_offer(session, offer_id, user_id).network_id
        return _held(session, call_id, user_id).network_id

    return await store.read(look)


def _own_offer(session: Session, offer_id: int, user_id: int) -> CallOffer:
    offer = session.get(CallOffer, offer_id)
    if offer is None:
        raise Refusal("errors.old_button")
    if offer.user_id != user_id:
        raise Refusal("errors.not_yours")
    return offer


def _held(session: Session, call_id: int, user_id: int) -> Call:
    call = session.get(Call, call_id)
    if call is None:
        raise Refusal("errors.old_button")
    if call.holder_id == user_id and call.state in _HOLDING:
        return call
    offer = offers_of(session, call_id).get(user_id)
    if offer is None:
        raise Refusal("errors.not_yours")
    raise Refusal("listeners.not_needed_now")


async def accept(
    store: Store, desk: Desk, offer_id: int, user_id: int, promise: Promise, event_id: int, now: datetime
) -> Held:
    """Take a call and promise a time, by the member's clock. Of two who take it at once, one has it.

    Pressed again by whoever has it, nothing changes. Raises `Refusal` when it is somebody else's by now, is no
    longer needed, or would be more than the listener wants to hold at a time.
    """

    def act(session: Session) -> Held:
        offer = _own_offer(session, offer_id, user_id)
        call = session.get_one(Call, offer.call_id)
        if call.holder_id == user_id and call.state in _HOLDING:
            return _seen(session, desk, call)
        if call.holder_id is not None and call.state in _HOLDING:
            raise Refusal("listeners.taken")
        suitable = {
            one.user_id: one for one in duty.suitable(session, desk.keys, call.network_id, call.user_id, now)
        }
        # What stands between two people may have been told a minute ago; nobody hears what it is.
        mine = suitable.get(user_id)
        if call.state not in OPEN or mine is None or offer.state not in _MAY_TAKE or unseen(mine, offer):
            raise Refusal("listeners.not_needed_now")
        listener = duty.listener_of(session, call.network_id, user_id)
        if listener is None or not duty.room(session, desk.keys, listener):
            raise Refusal("listeners.full")
        if not first_time(session, "interaction", event_id, now):
            raise Refusal("listeners.not_needed_now")  # they took it by that press, and gave it back since
        offer.state, offer.changed_at = Offer.ACCEPTED, now
        session.add(offer)
        withdraw_offers(session, call)
        _promise(session, desk, call, user_id, promise, "calls.accepted", now)
        return _seen(session, desk, call)

    return await store.write(act)


def _promise(
    session: Session, desk: Desk, call: Call, user_id: int, promise: Promise, template: str, now: datetime
) -> None:
    call.holder_id, call.promise, call.spoken_at = user_id, promise, None
    call.promised_at = promised_at(promise, now, call.zone)
    go(call, State.HELD, call.promised_at + GRACE)
    session.add(call)
    session.flush()
    wake(session, "schedule")
    who = called(session, desk, call.network_id, user_id)
    tell_member(session, desk, call, template, now, when=call.promised_at, who=who)


def _seen(session: Session, desk: Desk, call: Call) -> Held:
    network = session.get_one(Network, call.network_id)
    listener = duty.listener_of(session, call.network_id, call.holder_id or 0)
    return Held(
        call.id,
        call.network_id,
        network.name,
        State(call.state),
        read(desk, call),
        call.promised_at,
        listener.zone if listener is not None else network.zone,
        call.zone,
        call.spoken_at is not None,
    )


async def decline(
    store: Store, desk: Desk, offer_id: int, user_id: int, event_id: int, now: datetime
) -> None:
    """Leave a call to others; the next is asked at once. Raises `Refusal` when it was never put before them."""

    def act(session: Session) -> None:
        offer = _own_offer(session, offer_id, user_id)
        call = session.get_one(Call, offer.call_id)
        if call.holder_id == user_id and call.state in _HOLDING:
            raise Refusal("errors.old_button")  # they took it since; giving it back is another button
        if offer.state not in (Offer.ASKED, Offer.LAPSED):
            return
        first_time(session, "interaction", event_id, now)
        declined(session, desk, call, offer, now)

    await store.write(act)


def declined(session: Session, desk: Desk, call: Call, offer: CallOffer, now: datetime) -> None:
    """Go on without somebody who was asked, in the caller's transaction."""
    was_asked = offer.state == Offer.ASKED
    offer.state, offer.changed_at = Offer.DECLINED, now
    session.add(offer)
    session.flush()
    if not was_asked or call.state not in (State.ASKING, State.ASKING_ALL):
        return
    if not any(other.state == Offer.ASKED for other in offers_of(session, call.id).values()):
        ask(session, desk, call, now)


async def seen(store: Store, desk: Desk, call_id: int, user_id: int) -> Held:
    """What its holder may see of a call. Raises `Refusal` for anybody else, and when it is theirs no more."""

    def look(session: Session) -> Held:
        return _seen(session, desk, _held(session, call_id, user_id))

    return await store.read(look)


async def spoken(store: Store, desk: Desk, call_id: int, user_id: int, event_id: int, now: datetime) -> None:
    """Note that its holder says they have spoken. The call stays open until the member says so; they are asked once.

    Raises `Refusal` for anybody but the holder.
    """

    def act(session: Session) -> None:
        call = _held(session, call_id, user_id)
        if call.spoken_at is not None or not first_time(session, "interaction", event_id, now):
            return
        call.spoken_at = now
        if call.state == State.HELD:
            go(call, State.CHECKING, None)
            tell_member(
                session, desk, call, "calls.spoken", now, who=called(session, desk, call.network_id, user_id)
            )
        call.step_at = None
        session.add(call)
        session.flush()
        duty.has_room(session, user_id, now)

    await store.write(act)


async def promise_again(
    store: Store, desk: Desk, call_id: int, user_id: int, promise: Promise, event_id: int, now: datetime
) -> Held:
    """Promise another time for a call that is still theirs; the member is told. Raises `Refusal` for anybody else."""

    def act(session: Session) -> Held:
        call = _held(session, call_id, user_id)
        if first_time(session, "interaction", event_id, now):
            _promise(session, desk, call, user_id, promise, "calls.new_time", now)
        return _seen(session, desk, call)

    return await store.write(act)


async def give_back(
    store: Store, desk: Desk, call_id: int, user_id: int, event_id: int, now: datetime
) -> None:
    """Let somebody else have a call; the member is told kindly. Raises `Refusal` for anybody but the holder."""

    def act(session: Session) -> None:
        call = _held(session, call_id, user_id)
        if first_time(session, "interaction", event_id, now):
            handed_back(session, desk, call, Offer.GAVE_BACK, now, tell=False)

    await store.write(act)


def handed_back(session: Session, desk: Desk, call: Call, why: Offer, now: datetime, *, tell: bool) -> None:
    """Offer a held call to others and tell the member; `tell`: its holder hears that it was passed on."""
    pass_on(session, desk, call, why, now, tell=tell)
    if call.state == State.ASKING:
        tell_member(session, desk, call, "calls.reoffered", now, when=call.step_at)


async def want_second(
    store: Store, desk: Desk, call_id: int, user_id: int, event_id: int, now: datetime
) -> None:
    """Have the member asked whether another listener may take over: nothing goes to anybody without their tap.

    Raises `Refusal` for anybody but the holder.
    """

    def act(session: Session) -> None:
        call = _held(session, call_id, user_id)
        if first_time(session, "interaction", event_id, now):
            tell_member(
                session, desk, call, "calls.second", now, who=called(session, desk, call.network_id, user_id)
            )

    await store.write(act)
