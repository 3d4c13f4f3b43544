"""What time and departures do to calls: an answer time that passed, a promised time, somebody who left or forgot."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, and_, col, func, or_, select

from bot.db.store import Store, wake
from bot.listeners import duty
from bot.listeners.calls import close
from bot.listeners.desk import Desk
from bot.listeners.holding import declined, handed_back
from bot.listeners.rules import GRACE, OPEN, Ending, Offer, Promise, State, promised_at
from bot.listeners.standing import called
from bot.listeners.steps import ASKED, answer_time, ask, go, offers_of, tell_listener, tell_member
from bot.listeners.tables import Call, CallOffer, Listener
from bot.listeners.talk_rules import LOOK_AGAIN
from bot.members.service import reached
from bot.outbox.tables import Outbox
from bot.outbox.tables import State as Sending

log = logging.getLogger("reallyok.calls")

AT_ONCE = 50
_EARLIEST = select(func.min(Call.step_at))
_HOLDING = (State.HELD, State.CHECKING)
_UNSENT = (Sending.UNDELIVERABLE, Sending.GONE, Sending.FORBIDDEN, Sending.REFUSED)


def next_due(session: Session) -> datetime | None:
    """When the next call is to be looked at."""
    return session.exec(_EARLIEST).one()


async def calls_due(store: Store, desk: Desk, now: datetime) -> int:
    """Take every call that is due a step further; returns how many. What is late is decided by how it is now."""
    total = 0
    while await store.read(_any_due, now):
        done = await store.write(_some, desk, now)
        if not done:
            break
        total += done
    return total


async def recount(store: Store, now: datetime) -> None:
    """After the clock was set back: nobody waits longer for an answer than was stated, or for a promise that was short."""

    def act(session: Session) -> None:
        for call in session.exec(
            select(Call).where(col(Call.step_at) > now, col(Call.state).in_(list(OPEN)))
        ):
            stated = answer_time(session, call.network_id)
            if call.state == State.NOBODY:
                call.step_at = now
            elif call.state != State.HELD:
                call.step_at = min(call.step_at or now, now + stated)
            elif call.promise is not None:
                # Whatever the clock says now, what was promised is no further off than it would be if promised now.
                promised = promised_at(Promise(call.promise), now, call.zone)
                call.promised_at = min(call.promised_at or promised, promised)
                call.step_at = call.promised_at + GRACE
            session.add(call)
        wake(session, "schedule")

    await store.write(act)


def _due(now: datetime):  # its type is SQLAlchemy's own affair
    # A holder whose rows went without a word (a restored backup, say) must not leave somebody waiting.
    alone = and_(col(Call.state).in_(_HOLDING), col(Call.holder_id).is_(None))
    return or_(col(Call.step_at) <= now, alone)


def _any_due(session: Session, now: datetime) -> bool:
    return session.exec(select(Call.id).where(_due(now)).limit(1)).first() is not None


def _some(session: Session, desk: Desk, now: datetime) -> int:
    """Take some of the calls that are due a step further; how many. One that cannot be holds up no other."""
    calls = session.exec(
        select(Call).where(_due(now)).order_by(col(Call.step_at), col(Call.id)).limit(AT_ONCE)
    )
    found, failed = calls.all(), list[Exception]()
    for call in found:
        try:
            with session.begin_nested():
                _step(session, desk, call, now)
        except DBAPIError:
            raise  # the database's own trouble: nothing of this is kept, and it is tried again
        except Exception as error:
            failed.append(error)
            call.step_at = now + LOOK_AGAIN
            session.add(call)
    if failed:
        log.error("A call's next step failed; it is tried again later.", exc_info=failed[0])
    if found:
        wake(session, "schedule")
    return len(found) - len(failed)


def _step(session: Session, desk: Desk, call: Call, now: datetime) -> None:
    state = State(call.state)
    if state is State.DRAFT:
        session.delete(call)
    elif state in (State.ASKING, State.ASKING_ALL):
        for offer in offers_of(session, call.id).values():
            if offer.state == Offer.ASKED:
                offer.state, offer.changed_at = Offer.LAPSED, now
                session.add(offer)
        session.flush()
        ask(session, desk, call, now)
    elif state is State.NOBODY:
        ask(session, desk, call, now)
    elif call.holder_id is None:
        handed_back(session, desk, call, Offer.DECLINED, now, tell=False)
    elif state is State.HELD:
        _promise_passed(session, desk, call, now)
    elif call.spoken_at is not None:
        call.step_at = None  # the member was asked, and nobody else closes it
        session.add(call)
    else:
        handed_back(session, desk, call, Offer.DECLINED, now, tell=True)


def _promise_passed(session: Session, desk: Desk, call: Call, now: datetime) -> None:
    go(call, State.CHECKING, now + answer_time(session, call.network_id))
    session.add(call)
    who = called(session, desk, call.network_id, call.holder_id)
    tell_member(session, desk, call, "calls.promise_passed", now, who=who)
    tell_listener(session, desk, call, call.holder_id or 0, "listeners.did_you", now, expires_at=call.step_at)


def ended(desk: Desk, session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a message about a call ended: whoever cannot be reached is not waited for."""
    reached(session, row, now)
    if row.state not in _UNSENT or not row.dedupe_key.startswith(f"{ASKED}:"):
        return
    offer = session.get(CallOffer, row.subject_id)
    if offer is not None and offer.state == Offer.ASKED:
        declined(session, desk, session.get_one(Call, offer.call_id), offer, now)


# Who goes


def parting(desk: Desk, session: Session, network_id: int | None, user_id: int, now: datetime) -> None:
    """What goes before somebody leaves a network or (None) is forgotten: see `bot.db.store.Parting`.

    Their own calls are withdrawn, and whoever holds one hears only that it is no longer needed. What they hold or are
    asked about as a listener goes to others.
    """
    rows = select(Listener).where(Listener.user_id == user_id)
    mine = select(Call).where(Call.user_id == user_id, col(Call.state).in_(list(OPEN)))
    if network_id is not None:
        rows = rows.where(Listener.network_id == network_id)
        mine = mine.where(Call.network_id == network_id)
    for listener in session.exec(rows).all():
        session.delete(listener)
    session.flush()
    for call in session.exec(mine).all():
        close(session, desk, call, Ending.WITHDRAWN, now)
    session.flush()
    hand_over(session, desk, network_id, user_id, now)


def hand_over(session: Session, desk: Desk, network_id: int | None, user_id: int, now: datetime) -> None:
    """Put what a listener holds, or is asked about, before others, in the caller's transaction; they hear nothing of it."""
    held = select(Call).where(Call.holder_id == user_id, col(Call.state).in_(_HOLDING))
    if network_id is not None:
        held = held.where(Call.network_id == network_id)
    for call in session.exec(held).all():
        handed_back(session, desk, call, Offer.DECLINED, now, tell=False)
        session.flush()
    asked = select(CallOffer, Call).where(
        CallOffer.user_id == user_id,
        CallOffer.state == Offer.ASKED,
        CallOffer.call_id == Call.id,
        col(Call.state).in_([State.ASKING, State.ASKING_ALL]),
    )
    if network_id is not None:
        asked = asked.where(CallOffer.network_id == network_id)
    for offer, call in session.exec(asked).all():
        declined(session, desk, call, offer, now)
        session.flush()


async def separated(store: Store, desk: Desk, one: int, other: int, now: datetime) -> None:
    """Two people are kept apart from now on: a call of the one that the other holds, or is asked about, goes to others.

    Its holder hears that it was passed on, as whenever a member would rather have somebody else. One they say they
    have spoken about stays as it is, for its member to close.
    """

    def act(session: Session) -> None:
        for member, listener in ((one, other), (other, one)):
            its = col(Call.user_id) == member
            held = select(Call).where(its, Call.holder_id == listener, col(Call.spoken_at).is_(None))
            for call in session.exec(held.where(col(Call.state).in_(_HOLDING))).all():
                handed_back(session, desk, call, Offer.DECLINED, now, tell=True)
                session.flush()
            asked = select(CallOffer, Call).where(
                its,
                CallOffer.call_id == Call.id,
                CallOffer.user_id == listener,
                CallOffer.state == Offer.ASKED,
            )
            for offer, call in session.exec(asked).all():
                declined(session, desk, call, offer, now)
                session.flush()

    await store.write(act)


async def rest(store: Store, desk: Desk, user_id: int, now: datetime) -> None:
    """Let others have what a listener holds who asked for quiet from everything; they stay a listener."""
    await store.write(hand_over, desk, None, user_id, now)


async def stand_down(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> bool:
    """End somebody's being a listener of a network: Discord says they have not the role any more. Says whether they were.

    What they hold goes to others. With the role again, `/listener on` begins anew.
    """

    def act(session: Session) -> bool:
        listener = duty.listener_of(session, network_id, user_id)
        if listener is None:
            return False
        session.delete(listener)
        session.flush()
        hand_over(session, desk, network_id, user_id, now)
        return True

    # Asked of every member in the night, and nearly all of them are none: that must cost no write.
    there = await store.read(duty.listener_of, network_id, user_id)
    return there is not None and await store.write(act)
