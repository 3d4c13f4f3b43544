"""The weekly round, and requests met at once. Rows in, suggestions out; who is put together is `matching`'s."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import bindparam
from sqlmodel import Session, col, func, select

from bot.buddies.asking import set_round
from bot.buddies.desk import Desk
from bot.buddies.frames import Packed
from bot.buddies.gathering import apart_from, forbidden_in_rows, kept_apart, people_of, ready
from bot.buddies.life_rules import ASK_AGAIN, Looking
from bot.buddies.matchmaker import RoundFailed
from bot.buddies.proposing import propose_in, tell
from bot.buddies.rules import Forbidden, Left, Person, Round, legal
from bot.buddies.scoring import best_partner, score
from bot.buddies.tables import Buddying, Request
from bot.db.store import Store, wake
from bot.errors import OperatorError
from bot.members.tables import Network

log = logging.getLogger("reallyok.buddies")

Matcher = Callable[[Iterable[Person], Forbidden, int], Awaitable[Round]]
"""Puts a round together from people, forbidden pairs and a seed, away from the event loop."""

TRIES = 12  # how often a round is put together anew because codes kept some of it apart
MOST_LOOKED_AT = 1000  # so many of those who wait are looked at for one request, the longest waiting first
EXPLAINED = 50  # so many of those left over have their codes compared with everybody's
# How much goes into a transaction: others read and write too.
_AT_ONCE = 8  # groups
_READ_AT_ONCE = 500  # people
_LEFT_AT_ONCE = 50


@dataclass(frozen=True)
class Gathered:
    """A round about to be put together."""

    network_id: int
    number: int
    people: Packed
    pairs: set[frozenset[int]]

    @property
    def seed(self) -> int:
        """The same for the same round, whatever came between."""
        return (self.network_id ^ (self.number * 0x9E3779B97F4A7C15)) & (2**63 - 1)


async def round_due(store: Store, desk: Desk, match: Matcher, now: datetime) -> bool:
    """Hold the weekly round of one network whose time has come; False when there is none.

    Late after a time away it is held once. Killed in the middle it goes on with whoever is still waiting. One that
    could not be put together is tried again in ten minutes.
    """
    network_id = await store.read(_due_network, now)
    if network_id is None:
        return False
    try:
        gathered = await _gather(store, desk, network_id, now)
        found = await _lawful(store, desk, match, gathered, now)
    except (RoundFailed, OperatorError) as error:
        log.error("A round could not be put together; it is tried again in ten minutes. %s", error)
        await store.write(_put_off, network_id, now)
        return True
    for first in range(0, len(found.groups), _AT_ONCE):
        await store.write(_propose_all, desk, network_id, found.groups[first : first + _AT_ONCE], now)
    for first in range(0, len(found.left), _LEFT_AT_ONCE):
        some = dict(found.left[first : first + _LEFT_AT_ONCE])
        await store.write(_leave_over, gathered, desk, some, now)
    await store.write(_close, gathered, now)
    return True


async def _lawful(store: Store, desk: Desk, match: Matcher, gathered: Gathered, now: datetime) -> Round:
    """A round nothing speaks against. Codes name nobody, so pairs are tried, and those kept apart are forbidden."""
    if len(gathered.people) < 2:  # not worth a process of its own
        alone = ((one.id, Left.NOBODY if one.work.known else Left.UNKNOWN) for one in gathered.people)
        return Round(left=tuple(alone))
    forbidden = set(gathered.pairs)
    found = Round()
    for _ in range(TRIES):
        # Hundreds of thousands, where thousands were matched.
        known = await asyncio.to_thread(Forbidden, forbidden)
        found = await match(gathered.people, known, gathered.seed)
        pairs = [pair for group in found.groups for pair in combinations(group, 2)]
        apart = await store.read(kept_apart, desk.keys, pairs, now)
        if not apart:
            # Whether somebody is left because of the numbers, or because there is nobody for them, they are told.
            odd = [user for user, why in found.left if why is Left.ODD][:EXPLAINED]
            apart = await store.read(apart_from, desk.keys, odd, gathered.people.ids, now)
        if apart <= forbidden:
            break
        forbidden |= apart
    return found


def _due_network(session: Session, now: datetime) -> int | None:
    return session.exec(
        select(Buddying.network_id)
        .where(col(Buddying.next_round_at) <= now)
        .order_by(col(Buddying.next_round_at), col(Buddying.network_id))
        .limit(1)
    ).first()


async def _gather(store: Store, desk: Desk, network_id: int, now: datetime) -> Gathered:
    """Everybody who waits, read some at a time. Who came or went meanwhile is seen when anybody is suggested."""
    number, pairs = await store.read(_about, network_id, now)
    people = Packed()
    while some := await store.read(_some, desk, network_id, people.ids[-1] if people else 0, now):
        people.extend(some)
    return Gathered(network_id, number, people, pairs)


def _about(session: Session, network_id: int, now: datetime) -> tuple[int, set[frozenset[int]]]:
    return session.get_one(Buddying, network_id).rounds, forbidden_in_rows(session, network_id, now)


def _some(session: Session, desk: Desk, network_id: int, after: int, now: datetime) -> Packed:
    found = ready(session, network_id, now, Looking.WAITING, most=_READ_AT_ONCE, after=after)
    return Packed(people_of(session, desk, network_id, [one.request for one in found]))


def _put_off(session: Session, network_id: int, now: datetime) -> None:
    kept = session.get_one(Buddying, network_id)
    kept.next_round_at = now + ASK_AGAIN
    session.add(kept)
    wake(session, "schedule")


def _propose_all(
    session: Session, desk: Desk, network_id: int, groups: Sequence[Sequence[int]], now: datetime
) -> None:
    for group in groups:
        propose_in(session, desk, network_id, group, now)


def _leave_over(
    session: Session, gathered: Gathered, desk: Desk, why: Mapping[int, Left], now: datetime
) -> None:
    """Tell some who were left over why; they come sooner next time. Who was suggested somebody meanwhile is not."""
    kept = session.get(Buddying, gathered.network_id)
    if kept is None or kept.rounds != gathered.number:
        return
    network = session.get_one(Network, gathered.network_id)
    for one in ready(session, network.id, now, Looking.WAITING, only=why):
        reason = why[one.request.user_id]
        one.request.waiting_rounds += 1
        session.add(one.request)
        # Why nobody was found is told once, not each week; an odd one out is told each time it happens to them.
        if reason is Left.ODD or one.request.waiting_rounds == 1:
            key = f"left:{one.request.id}:{gathered.number}"
            template = f"buddies.left_{reason}"
            tell(session, desk, network, one.person, key, template, now, subject_id=network.id)


def _close(session: Session, gathered: Gathered, now: datetime) -> None:
    """Count the round and set the next. Killed before this, a round is held again with whoever still waits."""
    kept = session.get(Buddying, gathered.network_id)
    if kept is not None and kept.rounds == gathered.number:
        set_round(session, gathered.network_id, now, held=True)
        wake(session, "schedule")


# At once


async def meet_due(store: Store, desk: Desk, now: datetime, most: int = 20) -> int:
    """Meet new requests at once where somebody good waits, and those whose pair has faded with anybody suitable.

    Whoever finds nobody waits for the round. Returns how many were looked at.
    """
    due = await store.read(_to_meet, now, most)
    for request_id in due:
        try:
            partner = await store.read(_partner, desk, request_id, now)
        except OperatorError as error:
            log.error("%s", error)
            partner = None
        await store.write(_meet, desk, request_id, partner, now)
    return len(due)


# Whoever would be met at once while a round is about to be held, or is, is in it or comes right after it.
_NO_ROUND = col(Request.network_id).not_in(
    select(Buddying.network_id).where(col(Buddying.next_round_at) <= bindparam("now"))
)


def _to_meet(session: Session, now: datetime, most: int) -> list[int]:
    order = (col(Request.match_at), col(Request.id))
    due = select(Request.id).where(col(Request.match_at) <= now, _NO_ROUND)
    return list(session.exec(due.order_by(*order).limit(most), params={"now": now}))


def _partner(session: Session, desk: Desk, request_id: int, now: datetime) -> int | None:
    """Whom to suggest to somebody, of those who wait."""
    request = session.get(Request, request_id)
    if request is None or not ready(
        session, request.network_id, now, Looking.WAITING, only=[request.user_id]
    ):
        return None
    waiting = ready(session, request.network_id, now, Looking.WAITING, most=MOST_LOOKED_AT)
    others = [one.request for one in waiting if one.request.id != request.id]
    me, *people = people_of(session, desk, request.network_id, [request, *others])
    forbidden = Forbidden(forbidden_in_rows(session, request.network_id, now))
    while people:
        if request.eager:
            may = [one for one in people if legal(me, one, forbidden)]
            best = max(may, key=lambda one: (one.waiting_rounds, score(me, one), one.id), default=None)
        else:
            best = best_partner(me, people, forbidden)
        if best is None or not kept_apart(session, desk.keys, [(me.id, best.id)], now):
            return None if best is None else best.id
        people.remove(best)
    return None


def _meet(session: Session, desk: Desk, request_id: int, partner: int | None, now: datetime) -> None:
    request = session.get(Request, request_id)
    if request is None:
        return
    request.match_at, request.eager = None, False
    session.add(request)
    session.flush()
    if partner is not None:
        propose_in(session, desk, request.network_id, (request.user_id, partner), now)


# Made once: this is asked after every commit there is.
_NEXT_ROUND = select(func.min(Buddying.next_round_at)).where(
    col(Buddying.network_id).not_in(select(Network.id).where(col(Network.removed_at).is_not(None)))
)
_NEXT_MEETING = select(func.min(Request.match_at))
_NEXT_MEETING_NOW = _NEXT_MEETING.where(_NO_ROUND)


def next_due(session: Session) -> datetime | None:
    """When a round, or a request to be met at once, is due next."""
    times = (session.exec(_NEXT_ROUND).one(), session.exec(_NEXT_MEETING).one())
    return min((at for at in times if at is not None), default=None)


def next_meeting(session: Session, now: datetime) -> datetime | None:
    """When a request is to be met at once, of those that need not wait for a round that is due."""
    return session.exec(_NEXT_MEETING_NOW, params={"now": now}).one()
