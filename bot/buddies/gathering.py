"""From rows to people and pairs: who looks for a buddy, as the matching may know them, and who may never meet whom.

Whether two may be put together is decided by `rules.legal` alone; here stands what it is told.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations

from sqlmodel import Session, col, select

from bot.buddies.desk import Desk
from bot.buddies.life_rules import Looking
from bot.buddies.rules import NO_REPEAT_WEEKS, Forbidden, Person, all_legal
from bot.buddies.tables import Past, Place, Request
from bot.buddies.told_rules import person
from bot.db.keys import Keyring
from bot.members import apart, facts
from bot.members import tables as members
from bot.members.apart_tables import ApartRow, secret_made, secret_of
from bot.members.facts_rules import Workplace
from bot.members.tables import Consent, Membership, Network, Purpose

NO_REPEAT = timedelta(weeks=NO_REPEAT_WEEKS)
_AT_ONCE = 5_000  # SQLite takes only so many values in one statement


@dataclass(frozen=True)
class Ready:
    """Somebody who may be matched now: their request and how they are reached."""

    request: Request
    person: members.Person


def ready(
    session: Session,
    network_id: int,
    now: datetime,
    *states: Looking,
    only: Collection[int] | None = None,
    most: int | None = None,
    after: int | None = None,
) -> list[Ready]:
    """Who has agreed to be matched, is reachable, and is on no pause, with a request that stands so; by account.

    At `most` so many: those who have waited longest, and they first; or, with `after`, the next after this account.
    """
    query = (
        select(Request, members.Person)
        .join(Membership, col(Membership.id) == col(Request.membership_id))
        .join(members.Person, col(members.Person.user_id) == col(Request.user_id))
        .join(Network, col(Network.id) == col(Request.network_id))
        .where(
            Request.network_id == network_id,
            col(Request.state).in_(states),
            col(Network.removed_at).is_(None),
            col(members.Person.dm_channel_id).is_not(None),
            col(members.Person.dm_closed_at).is_(None),
            col(members.Person.paused_until).is_(None) | (col(members.Person.paused_until) <= now),
            select(Consent.id)
            .where(
                Consent.network_id == network_id,
                Consent.user_id == Request.user_id,
                Consent.purpose == Purpose.BUDDIES,
                col(Consent.withdrawn_at).is_(None),
            )
            .exists(),
        )
    )
    if after is not None:
        query = query.where(col(Request.user_id) > after)
    if most is None or after is not None:
        query = query.order_by(col(Request.user_id)).limit(most)
    else:
        oldest = (col(Request.waiting_rounds).desc(), col(Request.since), col(Request.user_id))
        query = query.order_by(*oldest).limit(most)
    if only is not None:
        query = query.where(col(Request.user_id).in_(list(only)))
    return [Ready(request, reached) for request, reached in session.exec(query)]


def people_of(session: Session, desk: Desk, network_id: int, requests: Sequence[Request]) -> list[Person]:
    """Members as the matching may know them, in the order of their requests."""
    lists = desk.lists(session, session.get_one(Network, network_id))
    work: dict[int, Workplace] = {}
    users = [request.user_id for request in requests]
    for first in range(0, len(users), _AT_ONCE):
        work |= facts.workplaces(session, network_id, users[first : first + _AT_ONCE])
    return [
        person(one.user_id, one.told(desk.keys), work[one.user_id], lists, one.waiting_rounds)
        for one in requests
    ]


def forbidden_in_rows(session: Session, network_id: int, now: datetime) -> set[frozenset[int]]:
    """Pairs that rows still name: on somebody's own list, or together in a match within the last twelve weeks.

    Most of what is forbidden; the rest is kept as codes, which only `kept_apart` finds, a few pairs at a time.
    """
    members_here = select(Membership.user_id).where(Membership.network_id == network_id)
    found = {
        frozenset((one, other))
        for one, other in session.exec(
            select(ApartRow.user_id, ApartRow.other_id).where(
                col(ApartRow.other_id).in_(members_here), col(ApartRow.user_id).in_(members_here)
            )
        )
        if other is not None
    }
    recent = (
        select(Place.match_id, Place.user_id)
        .where(col(Place.ended_at).is_(None) | (col(Place.ended_at) > now - NO_REPEAT))
        .where(col(Place.user_id).in_(members_here))
    )
    groups: dict[int, list[int]] = {}
    for match_id, user_id in session.exec(recent):
        groups.setdefault(match_id, []).append(user_id)
    for users in groups.values():
        found |= {frozenset(pair) for pair in combinations(users, 2)}
    return found


def kept_apart(
    session: Session,
    keys: Keyring,
    pairs: Iterable[tuple[int, int]],
    now: datetime,
    *,
    but: int | None = None,
) -> set[frozenset[int]]:
    """Which of these pairs are never to be put together, by everything that is kept: lists, codes, the last weeks.

    `but` is the match they are in at the moment, which is no reason against it.
    """
    found: set[frozenset[int]] = set()
    for one, other in pairs:
        if apart.together_forbidden(session, keys, one, other) or _were_together(
            session, keys, one, other, now, but
        ):
            found.add(frozenset((one, other)))
    return found


def apart_from(
    session: Session, keys: Keyring, users: Iterable[int], others: Sequence[int], now: datetime
) -> set[frozenset[int]]:
    """Everybody each of these is kept apart from by codes, of all `others`: costly, so only for a few."""
    found: set[frozenset[int]] = set()
    secret = secret_of(session, keys)
    for user in users if secret is not None else ():
        rest = [other for other in others if other != user]
        found |= {frozenset((user, other)) for other in apart.forbidden_among(session, keys, user, rest)}
        codes = {_code(secret, user, other): other for other in rest} if secret else {}
        for first in range(0, len(rest), _AT_ONCE):
            past = select(Past.pair).where(
                col(Past.pair).in_(list(codes)[first : first + _AT_ONCE]),
                col(Past.last_on) > (now - NO_REPEAT).date(),
            )
            found |= {frozenset((user, codes[code])) for code in session.exec(past)}
    return found


def _were_together(
    session: Session, keys: Keyring, one: int, other: int, now: datetime, but: int | None
) -> bool:
    mine = select(Place.match_id).where(
        Place.user_id == one, col(Place.ended_at).is_(None) | (col(Place.ended_at) > now - NO_REPEAT)
    )
    theirs = select(Place.id).where(
        Place.user_id == other, col(Place.match_id).in_(mine), Place.match_id != (but or 0)
    )
    if session.exec(theirs.limit(1)).first() is not None:
        return True
    if but is not None:
        return False
    code = code_of(session, keys, one, other)
    past = None if code is None else session.get(Past, code)
    return past is not None and past.last_on > (now - NO_REPEAT).date()


def code_of(session: Session, keys: Keyring, one: int, other: int) -> bytes | None:
    """The code of two accounts that were introduced; None while no secret was ever made."""
    secret = secret_of(session, keys)
    return None if secret is None else _code(secret, one, other)


def _code(secret: bytes, one: int, other: int) -> bytes:
    first, second = sorted((one, other))
    return hmac.digest(secret, f"introduced {first} {second}".encode(), "sha256")[:16]


def note_together(session: Session, keys: Keyring, users: Collection[int], on: date) -> None:
    """Note as codes that these were together until a day, in the caller's transaction."""
    secret = secret_made(session, keys)
    for one, other in combinations(sorted(users), 2):
        code = _code(secret, one, other)
        past = session.get(Past, code) or Past(pair=code, last_on=on)
        past.last_on = max(past.last_on, on)
        session.add(past)


def may_meet(
    session: Session,
    desk: Desk,
    network_id: int,
    requests: Sequence[Request],
    now: datetime,
    *,
    but: int | None = None,
) -> bool:
    """Whether these may be put together now: `legal`, each with each, by what is kept at this moment.

    Asked in every transaction that suggests or introduces anybody, whoever thought of it.
    """
    users = [one.user_id for one in requests]
    forbidden = Forbidden(kept_apart(session, desk.keys, combinations(users, 2), now, but=but))
    return all_legal(people_of(session, desk, network_id, requests), forbidden)
