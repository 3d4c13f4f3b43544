"""Asking for a buddy: agreeing to it, telling what helps, looking, and stopping. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.buddies import ending
from bot.buddies.desk import Desk
from bot.buddies.gathering import people_of
from bot.buddies.life_rules import ROUND_AT, ROUND_DAY, Looking, State
from bot.buddies.tables import Buddying, Place, Request, open_places, places_of, request_of
from bot.buddies.told_rules import Lists, Told
from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.service import consent, withdraw_consent
from bot.members.tables import Network, Person, Purpose, membership_of, open_consent
from bot.schedule.bank_holidays import Nation
from bot.schedule.closures import closed_on
from bot.schedule.recurrence import Cadence, Often, first_on, local_date, next_after
from bot.schedule.tables import closures_of


@dataclass(frozen=True)
class Standing:
    """How a member stands with buddies in a network. `told` None: they never agreed to it."""

    network: Network
    language: str
    looking: Looking
    told: Told | None
    lists: Lists
    since: datetime | None = None
    next_round_at: datetime | None = None
    place: Place | None = None
    others: tuple[int, ...] = ()
    """The accounts of their buddies, once they are introduced and only then."""
    paused: bool = False
    reachable: bool = True
    work_known: bool = False


async def standing(
    store: Store, desk: Desk, network_id: int, name: str, user_id: int, now: datetime
) -> Standing:
    """How a member stands. `name` is what the server is called. Raises `Refusal` for somebody who is not a member."""
    return await store.read(_standing, desk, network_id, name, user_id, now)


def _standing(
    session: Session, desk: Desk, network_id: int, name: str, user_id: int, now: datetime
) -> Standing:
    if membership_of(session, network_id, user_id) is None:
        raise Refusal("errors.not_member", network=name)
    network, person = session.get_one(Network, network_id), session.get_one(Person, user_id)
    lists, kept = desk.lists(session, network), session.get(Buddying, network_id)
    request = request_of(session, network_id, user_id)
    agreed = open_consent(session, network_id, user_id, Purpose.BUDDIES) is not None
    language = person.language or network.language
    if request is None or not agreed:
        return Standing(network, language, Looking.DRAFT, None, lists)
    place = next(iter(open_places(session, network_id, user_id)), None)
    others = ()
    if place is not None and place.state == State.INTRODUCED:
        others = tuple(
            one.user_id
            for one in places_of(session, place.match_id)
            if one.id != place.id and one.state == State.INTRODUCED
        )
    return Standing(
        network,
        language,
        Looking(request.state),
        request.told(desk.keys),
        lists,
        request.since,
        kept.next_round_at if kept else None,
        place,
        others,
        paused=person.paused_until is not None and person.paused_until > now,
        reachable=person.dm_channel_id is not None and person.dm_closed_at is None,
        work_known=people_of(session, desk, network_id, [request])[0].work.known,
    )


async def agree(store: Store, desk: Desk, network_id: int, name: str, user_id: int, now: datetime) -> None:
    """Keep the yes to being matched, with its date. Twice changes nothing. Raises `Refusal` for a stranger."""

    def act(session: Session) -> None:
        membership = membership_of(session, network_id, user_id)
        if membership is None:
            raise Refusal("errors.not_member", network=name)
        consent(session, network_id, user_id, Purpose.BUDDIES, now)
        if request_of(session, network_id, user_id) is None:
            request = Request(
                membership_id=membership.id,
                user_id=user_id,
                network_id=network_id,
                told_sealed=b"",
                since=now,
            )
            request.tell(desk.keys, Told())
            session.add(request)

    await store.write(act)


async def tell(
    store: Store, desk: Desk, network_id: int, name: str, user_id: int, change: Callable[[Told], Told]
) -> Told:
    """Keep what a member told, as `change` makes it from what they told before. It counts from the next match on.

    Raises `Refusal` for somebody who never agreed to it.
    """

    def act(session: Session) -> Told:
        request = _own(session, network_id, name, user_id)
        told = change(request.told(desk.keys))
        request.tell(desk.keys, told)
        session.add(request)
        return told

    return await store.write(act)


def _own(session: Session, network_id: int, name: str, user_id: int) -> Request:
    if membership_of(session, network_id, user_id) is None:
        raise Refusal("errors.not_member", network=name)
    request = request_of(session, network_id, user_id)
    if request is None or open_consent(session, network_id, user_id, Purpose.BUDDIES) is None:
        raise Refusal("errors.old_button")
    return request


async def look(store: Store, desk: Desk, network_id: int, name: str, user_id: int, now: datetime) -> Looking:
    """Begin to look: at once for somebody good who waits, else in the next round. Returns how it stood before.

    Somebody who waits, or was suggested somebody, or has a buddy, goes on as they were. Raises `Refusal` for somebody
    who never agreed to it, told nothing to go by, or cannot be written to.
    """

    def act(session: Session) -> Looking:
        request = _own(session, network_id, name, user_id)
        before = Looking(request.state)
        if before not in (Looking.DRAFT, Looking.RESTING):
            return before
        if not request.told(desk.keys).enough:
            raise Refusal("buddies.tell_first", network=name)
        person = session.get_one(Person, user_id)
        if person.dm_channel_id is None or person.dm_closed_at is not None:
            raise Refusal("members.dm_closed", network=name)
        request.turn(Looking.WAITING, now)
        request.waiting_rounds = request.ignored = 0
        request.match_at = request.looking_since = now
        session.add(request)
        set_round(session, network_id, now)
        wake(session, "schedule")
        return before

    return await store.write(act)


def set_round(session: Session, network_id: int, now: datetime, *, held: bool = False) -> Buddying:
    """See that a network has a next round, in the caller's transaction; `held`: one was held just now.

    Tuesdays at five by the network's clock, but not on its holidays.
    """
    network = session.get_one(Network, network_id)
    kept = session.get(Buddying, network_id) or Buddying(network_id=network_id)
    if kept.next_round_at is None or held:
        anchor = first_on(ROUND_DAY, local_date(now, network.zone))
        nation = Nation(network.nation) if network.nation in set(Nation) else None
        closed = closed_on(nation, closures_of(session, network_id))
        weekly = Cadence(Often.WEEKLY, anchor, ROUND_AT, network.zone)
        kept.next_round_at = next_after(weekly, now, closed=closed)
        kept.rounds += held
    session.add(kept)
    return kept


async def rest(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> None:
    """Stop looking and keep what was told; a suggestion lapses as by silence, a pair goes on."""

    def act(session: Session) -> None:
        request = request_of(session, network_id, user_id)
        for place in open_places(session, network_id, user_id):
            if place.state != State.INTRODUCED:
                ending.withdraw(session, desk, place, now)
        if request is not None and request.state != Looking.PAIRED:
            request.turn(Looking.DRAFT, now)
            session.add(request)

    await store.write(act)


async def stop(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> bool:
    """Take the yes back: what was told goes, and a pair or a suggestion ends kindly. Says whether there was a yes."""

    def act(session: Session) -> bool:
        ending.leave_all(session, desk, network_id, user_id, now)
        given = open_consent(session, network_id, user_id, Purpose.BUDDIES) is not None
        withdraw_consent(session, network_id, user_id, Purpose.BUDDIES, now)
        request = request_of(session, network_id, user_id)
        if request is not None:
            session.delete(request)
        return given or request is not None

    return await store.write(act)
