"""The steps of a call: who is asked next, who holds it, what the member is told. All within the caller's transaction.

Whom a call may go to is decided in one place, `_askable`, for every path: the first listener, the next, all at once,
a named one, one who comes on later, and whoever it is offered to after a time that was missed or a call given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from bot.db.store import wake
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Candidate
from bot.listeners.rules import ANSWER_MINUTES, NEXT, SINGLY, Offer, State, came_on
from bot.listeners.tables import Call, CallOffer, Listener, Listening
from bot.listeners.talk_rules import LOOK_AGAIN
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending

TOPIC = "calls"
ASKED = f"{TOPIC}:offer"
_TRIED = (Offer.LEFT_OUT, Offer.DECLINED, Offer.GAVE_BACK)


def go(call: Call, state: State, step_at: datetime | None) -> None:
    """Take a call a step further, to be looked at again at `step_at`. Raises `ValueError` for a step there is not."""
    if state not in NEXT[State(call.state)]:
        raise ValueError(f"a call cannot go from {call.state} to {state}")
    call.state, call.step_at = state, step_at
    call.step += 1


def answer_time(session: Session, network_id: int) -> timedelta:
    """How long a listener has for an answer, as the network stated it."""
    row = session.get(Listening, network_id)
    return timedelta(minutes=ANSWER_MINUTES if row is None else row.answer_minutes)


def offers_of(session: Session, call_id: int) -> dict[int, CallOffer]:
    """How each listener stands to a call, by account."""
    rows = session.exec(select(CallOffer).where(CallOffer.call_id == call_id))
    return {row.user_id: row for row in rows}


def unseen(one: Candidate, offer: CallOffer | None) -> bool:
    """Whether nobody knows if the two share an employer, and the member has not seen who this is."""
    return one.unknown and (offer is None or offer.shown_at is None)


def may_go_to(one: Candidate, offer: CallOffer | None) -> bool:
    """Whether a call may be put before somebody suitable."""
    barred = offer is not None and offer.state in (Offer.LEFT_OUT, Offer.GAVE_BACK)
    return not barred and not unseen(one, offer)


def _askable(
    session: Session, desk: Desk, call: Call, now: datetime, *, again: bool = False
) -> list[Candidate]:
    """Whom a call may be offered to now, in a fair order, the one the member named first; `again`: the silent too."""
    offers = offers_of(session, call.id)
    passed = _TRIED if again else (*_TRIED, Offer.ASKED, Offer.LAPSED)
    found = [
        one
        for one in duty.suitable(session, desk.keys, call.network_id, call.user_id, now)
        if one.on
        and may_go_to(one, offer := offers.get(one.user_id))
        and (offer is None or offer.state not in passed)
    ]
    return sorted(found, key=lambda one: one.user_id != call.named_id)


def ask(session: Session, desk: Desk, call: Call, now: datetime) -> State:
    """Put a call before the next listener, or before all on duty, or tell the member that nobody could take it.

    Asked one after the other are two at most; then it goes to everybody who is on, the silent ones too. Where fewer
    are on it goes to all of them sooner: even one who was silent is asked a second time before the member is told.
    """
    before = State(call.state)
    silent = sum(offer.state == Offer.LAPSED for offer in offers_of(session, call.id).values())
    everybody = silent >= SINGLY or (before is State.NOBODY and silent > 0)
    whom = _askable(session, desk, call, now, again=everybody)
    if not whom and before is State.ASKING and silent:
        # There is no next: then everybody is whoever is on, and the silent have it before them once more.
        everybody, whom = True, _askable(session, desk, call, now, again=True)
    if before is State.NOBODY and everybody and not _askable(session, desk, call, now):
        # It is looked at every few minutes; of those who were silent, only who came on since is asked once more.
        offers = offers_of(session, call.id)
        whom = [one for one in whom if _came_on(session, one, offers[one.user_id].changed_at, now)]
    if not whom or before is State.ASKING_ALL:
        return _nobody(session, desk, call, now)
    if everybody:
        _put_before(session, desk, call, whom, State.ASKING_ALL, now)
        tell_member(session, desk, call, "calls.asking_all", now, when=call.step_at)
        return State.ASKING_ALL
    _put_before(session, desk, call, whom[:1], State.ASKING, now)
    if before is State.ASKING:
        tell_member(session, desk, call, "calls.asking_next", now, when=call.step_at)
    elif before is State.NOBODY:
        tell_member(session, desk, call, "calls.came_on", now, when=call.step_at)
    return State.ASKING


def _came_on(session: Session, one: Candidate, since: datetime, now: datetime) -> bool:
    listener, person = session.get_one(Listener, one.listener_id), session.get_one(Person, one.user_id)
    return came_on(listener.hours(person.paused_until), since, now)


def _put_before(
    session: Session, desk: Desk, call: Call, whom: Iterable[Candidate], state: State, now: datetime
) -> None:
    until = now + answer_time(session, call.network_id)
    go(call, state, until)
    session.add(call)
    offers = offers_of(session, call.id)
    network = session.get_one(Network, call.network_id)
    for one in whom:
        offer = offers.get(one.user_id) or CallOffer(
            call_id=call.id, user_id=one.user_id, network_id=call.network_id, state=Offer.FREE, changed_at=now
        )
        offer.state, offer.changed_at = Offer.ASKED, now
        session.add(offer)
        duty.asked(session, one.user_id, call.network_id, now)
        enqueue(
            session,
            f"{ASKED}:{call.id}:{one.user_id}:{call.step}",
            one.channel_id,
            f"listeners.offer#{call.step + one.user_id % 7}",
            now=now,
            params={"network": network.name, "when": desk.when(until, one.zone, now, one.language)},
            subject_id=offer.id,
            user_id=one.user_id,
            network_id=call.network_id,
            language=one.language,
            priority=Priority.REMINDER,
            # Nobody is asked in the night about what was put to them in the evening.
            expires_at=until,
        )
    wake(session, "schedule")


def _nobody(session: Session, desk: Desk, call: Call, now: datetime) -> State:
    """Nobody could, or nobody is on: the member is told so, with numbers, and when somebody will be."""
    before = State(call.state)
    upcoming = next_on(session, desk, call, now)
    # Whoever is on and holds as much as they would has no hour at which they are free.
    again_at = min(now + LOOK_AGAIN, upcoming or now + LOOK_AGAIN)
    if before is State.NOBODY:  # they know already
        call.step_at = again_at
    else:
        go(call, State.NOBODY, again_at)
    session.add(call)
    # Who sends one out of hours reads it in the answer to that press.
    if before not in (State.DRAFT, State.NOBODY):
        tell_member(session, desk, call, "calls.nobody", now, later=upcoming)
    wake(session, "schedule")
    return State.NOBODY


def next_on(session: Session, desk: Desk, call: Call, now: datetime) -> datetime | None:
    """When somebody a call may go to is next on, as far as rotas say."""
    offers = offers_of(session, call.id)
    every = duty.suitable(session, desk.keys, call.network_id, call.user_id, now)
    return duty.first_on(
        one
        for one in every
        if may_go_to(one, offer := offers.get(one.user_id)) and (offer is None or offer.state not in _TRIED)
    )


def release(session: Session, call: Call, offer_state: Offer, now: datetime) -> None:
    """Take a call from whoever holds it, so that it can be offered to others; those who were silent may be asked again."""
    for who, offer in offers_of(session, call.id).items():
        if who == call.holder_id:
            offer.state, offer.changed_at = offer_state, now
        elif offer.state in (Offer.LAPSED, Offer.ASKED):
            offer.state, offer.changed_at = Offer.FREE, now
        session.add(offer)
    call.holder_id = call.promise = call.promised_at = call.spoken_at = None
    session.add(call)


def withdraw_offers(session: Session, call: Call) -> None:
    """Take back, without a trace, what was to be put before listeners and has not gone out."""
    first, last = f"{ASKED}:{call.id}:", f"{ASKED}:{call.id};"
    session.connection().execute(
        delete_from(Outbox).where(
            col(Outbox.dedupe_key).between(first, last), col(Outbox.state) == Sending.PENDING
        )
    )


def tell_member(
    session: Session,
    desk: Desk,
    call: Call,
    template: str,
    now: datetime,
    *,
    when: datetime | None = None,
    later: datetime | None = None,
    who: tuple[str, str] | None = None,
) -> None:
    """Tell the member how their call stands; `who` is a listener's name and organisation.

    What the next step will tell them differently expires with it.
    """
    person = session.get(Person, call.user_id)
    network = session.get_one(Network, call.network_id)
    if person is None or person.dm_channel_id is None:
        return
    language = person.language or network.language
    name, organisation = who or ("", "")
    said = {
        "network": network.name,
        "line": desk.line(call.network_id, language),
        "name": name,
        "organisation": organisation,
    }
    if when is not None:
        said["when"] = desk.when(when, call.zone, now, language)
    said["later"] = desk.later(later, call.zone, now, language)
    enqueue(
        session,
        _to_member(call, template),
        person.dm_channel_id,
        f"{template}#{call.step}",
        now=now,
        params=said,
        subject_id=call.id,
        user_id=call.user_id,
        network_id=call.network_id,
        language=language,
        priority=Priority.ANSWER,
        expires_at=None if call.state == State.NOBODY else call.step_at,
    )


def unsay(session: Session, call: Call, template: str) -> None:
    """Take back what was to be told at this step, because its member hears it otherwise."""
    session.connection().execute(
        delete_from(Outbox).where(
            col(Outbox.dedupe_key) == _to_member(call, template), col(Outbox.state) == Sending.PENDING
        )
    )


def _to_member(call: Call, template: str) -> str:
    return f"{TOPIC}:member:{call.id}:{call.step}:{template.partition('.')[2]}"


def tell_listener(
    session: Session,
    desk: Desk,
    call: Call,
    user_id: int,
    template: str,
    now: datetime,
    *,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Tell a listener something of a call they hold or held."""
    person = session.get(Person, user_id)
    network = session.get_one(Network, call.network_id)
    if person is None or person.dm_channel_id is None:
        return
    enqueue(
        session,
        f"{TOPIC}:listener:{call.id}:{user_id}:{call.step}:{template.partition('.')[2]}",
        person.dm_channel_id,
        f"{template}#{call.step}",
        now=now,
        params={"network": network.name},
        subject_id=call.id,
        user_id=user_id,
        network_id=call.network_id,
        language=person.language or network.language,
        priority=Priority.REMINDER,
        not_before=not_before,
        expires_at=expires_at,
    )
