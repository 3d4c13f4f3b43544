"""Who is on duty and may be asked by whom. What calls and talks both stand on; all within the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from bot.db.keys import Keyring
from bot.db.store import wake
from bot.listeners.rules import Offer, State, in_turn, next_on, on_duty
from bot.listeners.tables import Call, CallOffer, Listener
from bot.listeners.talk_rules import Step, Talk
from bot.listeners.talk_tables import TalkRow
from bot.members.apart import forbidden_among
from bot.members.facts import workplaces
from bot.members.facts_rules import Relation, canonical, compare
from bot.members.facts_tables import Fact
from bot.members.tables import Network, Person


class Wanted(StrEnum):
    """What a listener is wanted for."""

    CALL = "call"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listener who may be asked by one particular member, and what that member may see of them."""

    listener_id: int
    user_id: int
    name: str
    organisation: str
    channel_id: int
    language: str
    zone: str
    unknown: bool
    """Whether nobody can tell if they share an employer: then only a member who has seen name and organisation, and
    chose them knowing both, may be put together with them. Never offer such a one unseen."""
    on: bool
    """Whether they are on now and under their limit."""
    next_on: datetime | None
    """When they are next on, if they are not now and their rota says so."""


Load = Callable[[Session, Keyring, Collection[int]], dict[int, int]]
"""How many things each of these people holds open, of one kind."""
LOADS: list[Load] = []
"""Everything that counts towards a listener's limit. Whatever lets listeners hold something appends its count here."""


def _calls_held(session: Session, _: Keyring, user_ids: Collection[int]) -> dict[int, int]:
    held = session.exec(
        select(Call.holder_id, func.count())
        .where(
            col(Call.holder_id).in_(list(user_ids)),
            col(Call.state).in_([State.HELD, State.CHECKING]),
            col(Call.spoken_at).is_(None),
        )
        .group_by(col(Call.holder_id))
    )
    return {who: count for who, count in held if who is not None}


LOADS.append(_calls_held)


def open_load(session: Session, keys: Keyring, user_ids: Collection[int]) -> dict[int, int]:
    """How many calls and talks each of these people holds, in all networks together."""
    found = dict.fromkeys(user_ids, 0)
    for load in LOADS:
        for who, count in load(session, keys, user_ids).items():
            found[who] += count
    return found


def room(session: Session, keys: Keyring, listener: Listener) -> bool:
    """Whether a listener is under the limit they set."""
    return open_load(session, keys, [listener.user_id])[listener.user_id] < listener.most_open


def listener_of(session: Session, network_id: int, user_id: int) -> Listener | None:
    """Somebody's row as a listener of a network, confirmed or not."""
    return session.exec(
        select(Listener).where(Listener.network_id == network_id, Listener.user_id == user_id)
    ).first()


def suitable(
    session: Session,
    keys: Keyring,
    network_id: int,
    member_id: int,
    now: datetime,
    *,
    wanted: Wanted = Wanted.CALL,
) -> list[Candidate]:
    """Every listener of a network this member may ever be put together with, on duty or not, whoever was asked longest
    ago first. One who is `unknown` may be offered only after the member has seen their name and organisation.

    Left out, always: the member themself, whoever shares an employer or trust with them, whoever one of
    the two asked to be kept apart from, and whoever takes no direct messages.
    """
    takes = Listener.takes_calls if wanted is Wanted.CALL else Listener.takes_talks
    rows = session.exec(
        select(Listener, Person, Network).where(
            Listener.network_id == network_id,
            Listener.user_id == Person.user_id,
            Network.id == Listener.network_id,
            col(Network.removed_at).is_(None),
            col(Listener.confirmed_at).is_not(None),
            col(takes).is_(True),
            col(Person.dm_channel_id).is_not(None),
            col(Person.dm_closed_at).is_(None),
            col(Listener.user_id) != member_id,
        )
    ).all()
    ids = [listener.user_id for listener, _, _ in rows]
    if not ids:
        return []
    barred = forbidden_among(session, keys, member_id, ids)
    works = workplaces(session, network_id, [member_id, *ids])
    names = _names_told(session, keys, [member_id, *ids])
    loads = open_load(session, keys, ids)
    found: dict[int, Candidate] = {}
    for listener, person, network in rows:
        who = listener.user_id
        organisation = listener.organisation(keys)
        mine, theirs = works[member_id], works[who]
        relation = compare(mine, theirs)
        # Whichever way each is under it: one's trust may be what another told as their authority.
        shared = mine.trusts & theirs.bodies or theirs.trusts & mine.bodies
        # What was only typed proves nothing about who is different, and yet the same words are the same.
        alike = names[member_id] & (names[who] | {canonical(organisation)})
        if who in barred or shared or alike or not (relation.may_meet or relation is Relation.UNKNOWN):
            continue
        hours = listener.hours(person.paused_until)
        duty = on_duty(hours, now)
        found[who] = Candidate(
            listener.id,
            who,
            listener.name(keys),
            organisation,
            person.dm_channel_id or 0,
            person.language or network.language,
            listener.zone,
            relation is Relation.UNKNOWN,
            duty and loads[who] < listener.most_open,
            None if duty else next_on(hours, now),
        )
    waiting = _asked_now(session, ids)
    order = in_turn(
        [
            (one.last_asked_at, loads[one.user_id] + waiting.get(one.user_id, 0), one.user_id)
            for one, _, _ in rows
        ]
    )
    return [found[who] for who in order if who in found]


def _asked_now(session: Session, user_ids: Collection[int]) -> dict[int, int]:
    """How many calls each of these people has been asked about and has not answered."""
    found = session.exec(
        select(CallOffer.user_id, func.count())
        .where(
            col(CallOffer.user_id).in_(list(user_ids)),
            CallOffer.state == Offer.ASKED,
            CallOffer.call_id == Call.id,
            col(Call.state).in_([State.ASKING, State.ASKING_ALL]),
        )
        .group_by(col(CallOffer.user_id))
    )
    return dict(found.all())


def _names_told(session: Session, keys: Keyring, user_ids: Collection[int]) -> dict[int, set[str]]:
    """The names of employers and trusts each of these people told, whether confirmed or not, in comparable form."""
    told: dict[int, set[str]] = {user: set() for user in user_ids}
    for fact in session.exec(select(Fact).where(col(Fact.user_id).in_(list(user_ids)))):
        if fact.kind != "authority":
            told[fact.user_id].add(canonical(fact.said(keys)))
    return told


def first_on(every: Iterable[Candidate]) -> datetime | None:
    """When the first of these who are not on now will be; None when no rota says so."""
    return min((one.next_on for one in every if one.next_on is not None), default=None)


def asked(session: Session, user_id: int, network_id: int, now: datetime) -> None:
    """Note that a listener was asked just now, so that somebody else is first the next time."""
    listener = listener_of(session, network_id, user_id)
    if listener is not None:
        listener.last_asked_at = now
        session.add(listener)


def look_again(session: Session, network_id: int, now: datetime) -> None:
    """Have the calls and talks nobody could take looked at now: who is on, or has room for them, may have changed."""
    calls = select(Call).where(Call.network_id == network_id, Call.state == State.NOBODY)
    talks = select(TalkRow).where(
        TalkRow.network_id == network_id, TalkRow.state == Talk.WAITING, TalkRow.step == Step.NOBODY
    )
    for call in session.exec(calls):
        call.step_at = now
        session.add(call)
    for talk in session.exec(talks):
        talk.next_at = now
        session.add(talk)
    wake(session, "schedule")


def has_room(session: Session, user_id: int, now: datetime) -> None:
    """A listener has less in front of them: what waits, in any network of theirs, is looked at now."""
    for network_id in session.exec(select(Listener.network_id).where(Listener.user_id == user_id)).all():
        look_again(session, network_id, now)
