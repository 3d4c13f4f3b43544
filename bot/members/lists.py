"""A network's lists of employers, trusts and authorities, and the names members asked to have added to them.

An organiser sees those names and never whose they are, nor how many gave them. A name that goes from a list is not
shown again: otherwise taking names off and looking would tell where members work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.facts_rules import Kind, Listed, Reading, State, Why, as_text, canonical, lookup, read_list
from bot.members.facts_tables import Fact, Organisation, list_of
from bot.members.tables import Network

Lists = dict[Kind, list[Listed]]


@dataclass(frozen=True)
class Suggestion:
    """A name that waits for an organiser. `id` is a random number that says nothing of who gave it."""

    id: int
    kind: Kind
    said: str


@dataclass(frozen=True)
class Settled:
    """What became of a suggestion: the name on the list it counts as now, or why the list could not take it."""

    suggestion: Suggestion
    name: str = ""
    problems: tuple[tuple[str, Why], ...] = field(default=())


async def of_network(store: Store, network_id: int) -> Lists:
    """A network's three lists, each in alphabetical order."""

    def look(session: Session) -> Lists:
        return {kind: list_of(session, network_id, kind) for kind in Kind}

    return await store.read(look)


async def keep(
    store: Store, keys: Keyring, network_id: int, name: str, kind: Kind, text: str, now: datetime
) -> Reading:
    """Keep exactly the list an organiser wrote, and see anew which facts it confirms; nothing if a line is wrong.

    `name` is what the server is called. Raises `Refusal` when the network has not been set up.
    """
    reading = read_list(text)

    def act(session: Session) -> None:
        if session.get(Network, network_id) is None:
            raise Refusal("errors.not_set_up", network=name)
        if not reading.problems:
            _replace(session, network_id, kind, reading.listed)
            rebuild(session, keys, network_id, kind, now)

    await store.write(act)
    return reading


def _replace(session: Session, network_id: int, kind: Kind, listed: Sequence[Listed]) -> None:
    """A name that was there keeps its row, so that a menu shown a minute ago still means the same."""
    rows = session.exec(
        select(Organisation).where(Organisation.network_id == network_id, Organisation.kind == kind)
    )
    known = {canonical(row.name): row for row in rows}
    for one in listed:
        row = known.pop(canonical(one.name), None) or Organisation(
            network_id=network_id, kind=kind, name=one.name
        )
        row.name, row.aliases = one.name, list(one.aliases)
        session.add(row)
    for row in known.values():
        session.delete(row)


def rebuild(session: Session, keys: Keyring, network_id: int, kind: Kind, now: datetime) -> None:
    """Let every fact count as what the list says now, in the caller's transaction.

    What a member typed and neither chose nor asked for stays as it is. A fact whose name is on no list any more
    matches nobody, and comes back by itself when the name does.
    """
    known = lookup(list_of(session, network_id, kind))
    held: set[tuple[int, str]] = set()
    facts = session.exec(
        select(Fact)
        .where(Fact.network_id == network_id, Fact.kind == kind, col(Fact.state) != State.TYPED)
        .order_by(col(Fact.given_at), col(Fact.id))
    ).all()
    for fact in facts:
        listed = known.get(canonical(fact.said(keys)))
        if listed is None:
            if fact.state == State.CONFIRMED:
                fact.release(State.LEFT_OUT)
        elif (fact.user_id, listed.name) in held:
            session.delete(fact)  # two names a member gave have turned out to be one
        else:
            held.add((fact.user_id, listed.name))
            fact.confirm(keys, listed, now)


async def suggestions(store: Store, keys: Keyring, network_id: int) -> list[Suggestion]:
    """The names that wait, each once however many gave it, by kind and then by name: no order says who or when."""

    def look(session: Session) -> list[Suggestion]:
        found: dict[tuple[Kind, str], Suggestion] = {}
        for fact in _waiting(session, network_id):
            said = fact.said(keys)
            found.setdefault((Kind(fact.kind), canonical(said)), Suggestion(fact.id, Kind(fact.kind), said))
        order = list(Kind)
        return [found[key] for key in sorted(found, key=lambda key: (order.index(key[0]), key[1]))]

    return await store.read(look)


def _waiting(session: Session, network_id: int) -> Sequence[Fact]:
    return session.exec(
        select(Fact)
        .where(Fact.network_id == network_id, Fact.state == State.WAITING)
        .order_by(col(Fact.id))  # which is random
    ).all()


async def suggestion(store: Store, keys: Keyring, network_id: int, suggestion_id: int) -> Suggestion:
    """One name that waits in this network. Raises `Refusal` when it no longer does."""

    def look(session: Session) -> Suggestion:
        return _suggested(session, keys, network_id, suggestion_id)[0]

    return await store.read(look)


def _suggested(
    session: Session, keys: Keyring, network_id: int, suggestion_id: int
) -> tuple[Suggestion, list[Fact]]:
    """A suggestion, and every fact that waits for the same name."""
    fact = session.get(Fact, suggestion_id)
    if fact is None or fact.network_id != network_id or fact.state != State.WAITING:
        raise Refusal("errors.old_button")
    said = fact.said(keys)
    alike = [
        other
        for other in _waiting(session, network_id)
        if other.kind == fact.kind and canonical(other.said(keys)) == canonical(said)
    ]
    return Suggestion(fact.id, Kind(fact.kind), said), alike


async def add(store: Store, keys: Keyring, network_id: int, suggestion_id: int, now: datetime) -> Settled:
    """Put a name that waits on the list as a name of its own. Raises `Refusal` when it no longer waits."""

    def change(listed: list[Listed], one: Suggestion) -> list[Listed]:
        return listed if canonical(one.said) in lookup(listed) else [*listed, Listed(one.said)]

    return await store.write(_settle, keys, network_id, suggestion_id, change, now)


async def add_as_alias(
    store: Store, keys: Keyring, network_id: int, suggestion_id: int, organisation_id: int, now: datetime
) -> Settled:
    """Let a name that waits count as one on the list. Raises `Refusal` when either is no longer there."""

    def change(listed: list[Listed], one: Suggestion) -> list[Listed]:
        if not any(known.id == organisation_id for known in listed):
            raise Refusal("errors.old_button")
        if canonical(one.said) in lookup(listed):
            return listed
        return [
            Listed(known.name, (*known.aliases, one.said), known.id) if known.id == organisation_id else known
            for known in listed
        ]

    return await store.write(_settle, keys, network_id, suggestion_id, change, now)


def _settle(
    session: Session,
    keys: Keyring,
    network_id: int,
    suggestion_id: int,
    change: Callable[[list[Listed], Suggestion], list[Listed]],
    now: datetime,
) -> Settled:
    one, _ = _suggested(session, keys, network_id, suggestion_id)
    listed = change(list_of(session, network_id, one.kind), one)
    problems = read_list(as_text(listed)).problems
    if problems:
        return Settled(one, problems=problems)
    _replace(session, network_id, one.kind, listed)
    session.flush()
    rebuild(session, keys, network_id, one.kind, now)
    return Settled(one, lookup(listed)[canonical(one.said)].name)


async def leave_out(store: Store, keys: Keyring, network_id: int, suggestion_id: int) -> Settled:
    """Let a name that waits match nobody; whoever gave it sees that. Raises `Refusal` when it no longer waits."""

    def act(session: Session) -> Settled:
        one, alike = _suggested(session, keys, network_id, suggestion_id)
        for fact in alike:
            fact.release(State.LEFT_OUT)
            session.add(fact)
        return Settled(one)

    return await store.write(act)
