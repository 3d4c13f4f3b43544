"""A call as the member sees it: written, shown as it will be seen, sent, looked at, closed. One function, one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Candidate
from bot.listeners.rules import (
    DRAFT_KEPT,
    OPEN,
    Ending,
    Offer,
    State,
    next_morning,
)
from bot.listeners.standing import LONGEST, Standing, Written, listed, standing_of, to_show
from bot.listeners.steps import (
    answer_time,
    ask,
    go,
    offers_of,
    release,
    tell_listener,
    unsay,
    withdraw_offers,
)
from bot.listeners.tables import Call, CallOffer
from bot.members.reports import visible
from bot.members.tables import Network, Person, membership_of, memberships_of

SHOWN = 24
"""As many listeners as a menu holds beside "whoever is on"."""


@dataclass(frozen=True)
class Start:
    """What a member may choose from, or the call they have open already."""

    network_id: int
    network: str
    language: str
    answer: timedelta
    open: Standing | None
    candidates: tuple[Candidate, ...] = ()
    later: datetime | None = None


async def start(store: Store, desk: Desk, network_id: int, name: str, user_id: int, now: datetime) -> Start:
    """What a call could be in a network. `name` is what the server is called. Raises `Refusal` for who is no member."""

    def look(session: Session) -> Start:
        network = session.get(Network, network_id)
        if network is None or membership_of(session, network_id, user_id) is None:
            raise Refusal("errors.not_member", network=network.name if network is not None else name)
        person = session.get_one(Person, user_id)
        language = person.language or network.language
        answer = answer_time(session, network_id)
        call = _open_call(session, network_id, user_id)
        standing = None if call is None else standing_of(session, desk, call, now)
        every = tuple(duty.suitable(session, desk.keys, network_id, user_id, now))
        later = duty.first_on(every)
        return Start(network_id, network.name, language, answer, standing, every, later)

    return await store.read(look)


async def networks(store: Store, user_id: int) -> list[tuple[int, str]]:
    """The networks somebody is a member of, as (id, name), the oldest membership first."""

    def look(session: Session) -> list[tuple[int, str]]:
        return [(network.id, network.name) for _, network in memberships_of(session, user_id)]

    return await store.read(look)


def _open_call(session: Session, network_id: int, user_id: int) -> Call | None:
    return session.exec(
        select(Call).where(
            Call.network_id == network_id, Call.user_id == user_id, col(Call.state).in_(list(OPEN))
        )
    ).first()


async def draft(
    store: Store,
    desk: Desk,
    network_id: int,
    user_id: int,
    named_id: int | None,
    written: Written,
    zone: str,
    event_id: int,
    now: datetime,
) -> Standing:
    """Keep what a member wrote, which no listener sees yet; an earlier draft of theirs is replaced.

    Everybody whose name there is room for counts as shown to the member from here on. Raises `Refusal` for who is no member, for
    what is empty or too long, for somebody named who may not be, and when a call of theirs is open already.
    """
    for part, longest in LONGEST.items():
        if len(getattr(written, part)) > longest:
            raise Refusal("errors.too_long", limit=longest)
    if not visible(written.name) or not visible(written.reach):
        raise Refusal("errors.nothing_to_read")

    def act(session: Session) -> Standing:
        membership = membership_of(session, network_id, user_id)
        if membership is None:
            raise Refusal("errors.server_only")
        if (standing := _open_call(session, network_id, user_id)) is not None:
            return standing_of(session, desk, standing, now)
        every = duty.suitable(session, desk.keys, network_id, user_id, now)
        if named_id is not None and named_id not in {one.user_id for one in every}:
            raise Refusal("errors.old_button")
        mine = (
            col(Call.network_id) == network_id,
            col(Call.user_id) == user_id,
            col(Call.state) == State.DRAFT,
        )
        if not first_time(session, "interaction", event_id, now):
            kept = session.exec(select(Call).where(*mine)).first()
            if kept is None:  # it was dropped, or is over, since
                raise Refusal("errors.old_button")
            return standing_of(session, desk, kept, now)
        session.connection().execute(delete(Call).where(*mine))
        call = Call(
            membership_id=membership.id,
            user_id=user_id,
            network_id=network_id,
            zone=zone,
            named_id=named_id,
            name_sealed=b"",
            reach_sealed=b"",
            made_at=now,
            step_at=now + DRAFT_KEPT,
        )
        _write(call, desk, written)
        session.add(call)
        session.flush()
        for one in to_show(every, named_id)[:SHOWN]:
            session.add(_unshown(call, one.user_id, now))
        session.flush()
        _show(session, desk, call, every, now)
        return standing_of(session, desk, call, now)

    return await store.write(act)


def _write(call: Call, desk: Desk, written: Written) -> None:
    for part in LONGEST:
        said = " ".join(visible(getattr(written, part)).split())
        sealed = desk.keys.seal(said, "call", f"{part}_sealed", call.id) if said else None
        setattr(call, f"{part}_sealed", sealed)


def _unshown(call: Call, user_id: int, now: datetime) -> CallOffer:
    return CallOffer(
        call_id=call.id, user_id=user_id, network_id=call.network_id, state=Offer.FREE, changed_at=now
    )


def _show(session: Session, desk: Desk, call: Call, every: Collection[Candidate], now: datetime) -> None:
    """Note whose name and organisation the member is about to read: only those there is room for."""
    offers = offers_of(session, call.id)
    person, network = session.get_one(Person, call.user_id), session.get_one(Network, call.network_id)
    still_in = [one for one in every if one.user_id in offers and offers[one.user_id].state != Offer.LEFT_OUT]
    shown = to_show(still_in, call.named_id)
    for one in shown[: len(listed(desk, shown, person.language or network.language))]:
        offer = offers[one.user_id]
        offer.shown_at = offer.shown_at or now
        session.add(offer)
    session.flush()


def own_call(session: Session, call_id: int, user_id: int) -> Call:
    """A member's own call. Raises `Refusal` for one that is gone, or somebody else's."""
    call = session.get(Call, call_id)
    if call is None:
        raise Refusal("errors.old_button")
    if call.user_id != user_id:
        raise Refusal("errors.not_yours")
    return call


async def look(store: Store, desk: Desk, call_id: int, user_id: int, now: datetime) -> Standing:
    """How a member's own call stands. Raises `Refusal` when it is gone, or somebody else's."""

    def act(session: Session) -> Standing:
        return standing_of(session, desk, own_call(session, call_id, user_id), now)

    return await store.read(act)


async def leave_out(
    store: Store, desk: Desk, call_id: int, user_id: int, others: Collection[int], now: datetime
) -> Standing:
    """Have a draft go to none of `others`; whoever is not among them may be asked again.

    Raises `Refusal` when it is not theirs, or was sent already.
    """

    def act(session: Session) -> Standing:
        call = own_call(session, call_id, user_id)
        if call.state != State.DRAFT:
            raise Refusal("errors.old_button")
        offers = offers_of(session, call.id)
        if not set(others) <= set(offers):
            raise Refusal("errors.old_button")
        for who, offer in offers.items():
            offer.state, offer.changed_at = (Offer.LEFT_OUT if who in others else Offer.FREE), now
            session.add(offer)
        session.flush()
        every = duty.suitable(session, desk.keys, call.network_id, user_id, now)
        _show(session, desk, call, every, now)
        return standing_of(session, desk, call, now)

    return await store.write(act)


async def drop(store: Store, call_id: int, user_id: int) -> None:
    """Delete a draft. Raises `Refusal` when it is not theirs, or was sent already."""

    def act(session: Session) -> None:
        call = own_call(session, call_id, user_id)
        if call.state != State.DRAFT:
            raise Refusal("errors.old_button")
        session.delete(call)

    await store.write(act)


async def send(
    store: Store,
    desk: Desk,
    call_id: int,
    user_id: int,
    event_id: int,
    now: datetime,
    *,
    dm_channel_id: int | None = None,
) -> Standing:
    """Put a draft before the first listener, or keep it for the next who comes on. Sent twice is sent once.

    `dm_channel_id`: the channel their own click opened, for whoever had none. Raises `Refusal` when it is not theirs.
    """

    def act(session: Session) -> Standing:
        call = own_call(session, call_id, user_id)
        if call.state == State.DRAFT and first_time(session, "interaction", event_id, now):
            person = session.get_one(Person, user_id)
            if person.dm_channel_id is None:
                person.dm_channel_id = dm_channel_id
                session.add(person)
            if (other := _open_call(session, call.network_id, user_id)) is not None:
                return standing_of(session, desk, other, now)
            call.asked_at = now
            ask(session, desk, call, now)
            session.flush()
        return standing_of(session, desk, call, now)

    return await store.write(act)


async def end(
    store: Store, desk: Desk, call_id: int, user_id: int, ending: Ending, event_id: int, now: datetime
) -> Standing:
    """Close a call, which its member alone can do; its listener is told. Closed twice, the first time stands.

    Raises `Refusal` when it is not theirs, was never sent, or was closed in another way.
    """

    def act(session: Session) -> Standing:
        call = own_call(session, call_id, user_id)
        if call.state == State.DRAFT:
            raise Refusal("errors.old_button")
        if call.state == State.CLOSED and call.ending != ending:
            raise Refusal("calls.closed_already")
        if call.state != State.CLOSED:
            first_time(session, "interaction", event_id, now)
            close(session, desk, call, ending, now)
            session.flush()
        return standing_of(session, desk, call, now)

    return await store.write(act)


def close(session: Session, desk: Desk, call: Call, ending: Ending, now: datetime) -> None:
    """Close a call, in the caller's transaction: whoever holds it is told, and asked the next day how they are."""
    withdraw_offers(session, call)
    holder = call.holder_id
    go(call, State.CLOSED, None)
    call.ending, call.closed_at = ending, now
    session.add(call)
    if holder is None:
        return
    session.flush()
    duty.has_room(session, holder, now)
    if ending is not Ending.SPOKE:
        tell_listener(session, desk, call, holder, "listeners.not_needed", now)
        return
    tell_listener(session, desk, call, holder, "listeners.they_spoke", now)
    listener = duty.listener_of(session, call.network_id, holder)
    if listener is not None:
        at = next_morning(now, listener.zone)
        tell_listener(
            session,
            desk,
            call,
            holder,
            "listeners.debrief",
            now,
            not_before=at,
            expires_at=at + timedelta(hours=10),
        )


async def again(
    store: Store, desk: Desk, call_id: int, user_id: int, event_id: int, now: datetime
) -> Standing:
    """Have a call put before others, because its member wants so: it did not happen, or another was asked for.

    Whoever held it hears that it was passed on. Raises `Refusal` when it is not theirs, or is closed.
    """

    def act(session: Session) -> Standing:
        call = own_call(session, call_id, user_id)
        if call.state not in OPEN:
            raise Refusal("calls.closed_already")
        if first_time(session, "interaction", event_id, now):
            pass_on(session, desk, call, Offer.LEFT_OUT, now)
            session.flush()
            unsay(session, call, "calls.nobody")  # they read it in the answer to this press
        return standing_of(session, desk, call, now)

    return await store.write(act)


def pass_on(
    session: Session, desk: Desk, call: Call, why: Offer, now: datetime, *, tell: bool = True
) -> None:
    """Take a call from its holder and put it before others, in the caller's transaction. While somebody is being
    asked, nothing changes. `why` is how the holder then stands to it; `tell`: they hear that it was passed on."""
    if call.state in (State.ASKING, State.ASKING_ALL):
        return
    holder = call.holder_id
    release(session, call, why, now)
    session.flush()
    if holder is not None:
        duty.has_room(session, holder, now)
    ask(session, desk, call, now)
    if holder is not None and tell:
        tell_listener(session, desk, call, holder, "listeners.moved_on", now)
