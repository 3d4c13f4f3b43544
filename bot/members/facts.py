"""Whom members work for: told by them, seen by them alone, and used only to keep people apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.facts_rules import (
    LONGEST,
    MOST_EMPLOYERS,
    Kind,
    Listed,
    Relation,
    State,
    Workplace,
    canonical,
    compare,
    lookup,
    nearest,
    tidy,
)
from bot.members.facts_tables import Fact, Organisation, facts_of, list_of
from bot.members.lists import rebuild
from bot.members.tables import membership_of


@dataclass(frozen=True)
class Known:
    """A fact as its owner sees it: by the name on the list, once it is confirmed."""

    id: int
    kind: Kind
    name: str
    state: State


class Outcome(StrEnum):
    """What became of a name somebody typed."""

    OFFERED = "offered"  # names on the list that may be meant
    UNLISTED = "unlisted"  # nothing on the list is near
    KNOWN = "known"
    TOO_MANY = "too-many"


@dataclass(frozen=True)
class Given:
    """A name somebody typed, as it is kept, and what the list has that is near. `fact_id` 0: nothing was kept."""

    outcome: Outcome
    said: str
    fact_id: int = 0
    offered: tuple[Listed, ...] = ()


async def mine(store: Store, keys: Keyring, network_id: int, name: str, user_id: int) -> list[Known]:
    """What a member told in a network, oldest first. `name` is what the server is called.

    Raises `Refusal` for somebody who is not a member.
    """

    def look(session: Session) -> list[Known]:
        if membership_of(session, network_id, user_id) is None:
            raise Refusal("errors.not_member", network=name)
        facts = facts_of(session, network_id, user_id)
        lists = {kind: list_of(session, network_id, kind) for kind in {fact.kind for fact in facts}}
        return [_known(fact, keys, lists[fact.kind]) for fact in facts]

    return await store.read(look)


def _known(fact: Fact, keys: Keyring, listed: Iterable[Listed]) -> Known:
    said = fact.said(keys)
    if fact.state == State.CONFIRMED and (found := lookup(listed).get(fact.compared(keys))):
        said = found.name
    return Known(fact.id, Kind(fact.kind), said, State(fact.state))


async def give(
    store: Store,
    keys: Keyring,
    network_id: int,
    name: str,
    user_id: int,
    kind: Kind,
    said: str,
    now: datetime,
) -> Given:
    """Keep a name a member typed, so that they can choose what it means. It matches nobody yet.

    Typing another replaces it. `name` is what the server is called. Raises `Refusal` for somebody who is not a
    member, and for a name that is empty or too long.
    """
    tidied = tidy(said)
    if not canonical(tidied):
        raise Refusal("errors.nothing_to_read")
    if len(tidied) > LONGEST:
        raise Refusal("errors.too_long", limit=LONGEST)
    return await store.write(_give, keys, network_id, name, user_id, kind, tidied, now)


def _give(
    session: Session,
    keys: Keyring,
    network_id: int,
    name: str,
    user_id: int,
    kind: Kind,
    said: str,
    now: datetime,
) -> Given:
    membership = membership_of(session, network_id, user_id)
    if membership is None:
        raise Refusal("errors.not_member", network=name)
    facts = [fact for fact in facts_of(session, network_id, user_id) if fact.kind == kind]
    listed = list_of(session, network_id, kind)
    meant = lookup(listed).get(canonical(said))
    for fact in facts:
        if fact.state == State.WAITING and canonical(fact.said(keys)) == canonical(said):
            return Given(Outcome.KNOWN, fact.said(keys))
        if fact.state == State.CONFIRMED and meant and fact.compared(keys) == canonical(meant.name):
            return Given(Outcome.KNOWN, meant.name)
    row = next((fact for fact in facts if _may_be_retyped(fact, keys, said)), None)
    settled = [fact for fact in facts if fact.state != State.TYPED and fact is not row]
    if kind is Kind.EMPLOYER and len(settled) >= MOST_EMPLOYERS:
        return Given(Outcome.TOO_MANY, said)
    if row is None:
        row = Fact(
            membership_id=membership.id,
            user_id=user_id,
            network_id=network_id,
            kind=kind,
            name_sealed=b"",
            given_at=now,
        )
    row.say(keys, said)
    session.add(row)
    offered = tuple(nearest(said, listed))
    return Given(Outcome.OFFERED if offered else Outcome.UNLISTED, said, row.id, offered)


def _may_be_retyped(fact: Fact, keys: Keyring, said: str) -> bool:
    if fact.state == State.LEFT_OUT:
        return canonical(fact.said(keys)) == canonical(said)
    return fact.state == State.TYPED


async def choose(
    store: Store, keys: Keyring, user_id: int, fact_id: int, organisation_id: int, now: datetime
) -> tuple[Known, bool]:
    """Let a name a member typed mean one on the list; says whether that is new to us.

    A trust or an authority takes the place of the one before. Raises `Refusal` when either is not there any more,
    is not theirs, or does not fit.
    """

    def act(session: Session) -> tuple[Known, bool]:
        fact, organisation = _own(session, user_id, fact_id), session.get(Organisation, organisation_id)
        if (
            organisation is None
            or organisation.network_id != fact.network_id
            or organisation.kind != fact.kind
        ):
            raise Refusal("errors.old_button")
        listed = organisation.listed()
        known = Known(fact.id, Kind(fact.kind), listed.name, State.CONFIRMED)
        if _holds(session, keys, fact, listed):
            return known, False
        fact.say(keys, listed.name)
        fact.confirm(keys, listed, now)
        session.add(fact)
        _only_one(session, fact)
        return known, True

    return await store.write(act)


def _holds(session: Session, keys: Keyring, fact: Fact, listed: Listed) -> bool:
    """Whether a member has told this already; another row of theirs that says so makes this one needless."""
    name = canonical(listed.name)
    for other in facts_of(session, fact.network_id, fact.user_id):
        if other.kind == fact.kind and other.state == State.CONFIRMED and other.compared(keys) == name:
            if other.id != fact.id:
                session.delete(fact)
            return True
    return False


async def ask_for(store: Store, keys: Keyring, user_id: int, fact_id: int, now: datetime) -> Known:
    """Have organisers shown a name a member typed, so that they can add it; asking twice changes nothing.

    It is confirmed at once when it came onto the list meanwhile. Raises `Refusal` when it is not theirs.
    """

    def act(session: Session) -> Known:
        fact = _own(session, user_id, fact_id)
        kind = Kind(fact.kind)
        if fact.state in (State.TYPED, State.LEFT_OUT):
            fact.state = State.WAITING
            session.add(fact)
            _only_one(session, fact)
            session.flush()
            rebuild(session, keys, fact.network_id, kind, now)
        return _known(fact, keys, list_of(session, fact.network_id, kind))

    return await store.write(act)


def _own(session: Session, user_id: int, fact_id: int) -> Fact:
    fact = session.get(Fact, fact_id)
    if fact is None or fact.user_id != user_id:
        raise Refusal("errors.old_button")
    return fact


def _only_one(session: Session, fact: Fact) -> None:
    """A member has many employers, and one trust and one authority."""
    if fact.kind == Kind.EMPLOYER:
        return
    for other in facts_of(session, fact.network_id, fact.user_id):
        if other.kind == fact.kind and other.id != fact.id:
            session.delete(other)


async def remove(store: Store, user_id: int, fact_id: int) -> None:
    """Delete a fact at once. Raises `Refusal` when it is not there any more, or not theirs."""

    def act(session: Session) -> None:
        session.delete(_own(session, user_id, fact_id))

    await store.write(act)


# For those who put people together


def workplaces(session: Session, network_id: int, user_ids: Collection[int]) -> dict[int, Workplace]:
    """What is confirmed of these people, to be compared in pairs with `facts_rules.compare`.

    Whether all is known goes by this network: an employer is confirmed, and no employer or trust waits to be. What is
    confirmed counts from every network they share with us, so that nobody meets a colleague for telling it elsewhere.
    """
    states: dict[int, set[tuple[Kind, State]]] = {user: set() for user in user_ids}
    bodies: dict[int, dict[Kind, set[bytes]]] = {user: {kind: set() for kind in Kind} for user in user_ids}
    for fact in session.exec(select(Fact).where(col(Fact.user_id).in_(list(user_ids)))):
        if fact.network_id == network_id and fact.kind != Kind.AUTHORITY:
            states[fact.user_id].add((Kind(fact.kind), State(fact.state)))
        if fact.state == State.CONFIRMED and fact.compared_index is not None:
            bodies[fact.user_id][Kind(fact.kind)].add(fact.compared_index)
    return {
        user: Workplace(
            (Kind.EMPLOYER, State.CONFIRMED) in states[user]
            and all(state == State.CONFIRMED for _, state in states[user]),
            frozenset(bodies[user][Kind.EMPLOYER]),
            frozenset(bodies[user][Kind.TRUST]),
            frozenset(bodies[user][Kind.AUTHORITY]),
        )
        for user in user_ids
    }


def relation(session: Session, network_id: int, one: int, other: int) -> Relation:
    """How two members of a network stand to one another at work; unknown unless both told it and it is confirmed."""
    known = workplaces(session, network_id, (one, other))
    return compare(known[one], known[other])
