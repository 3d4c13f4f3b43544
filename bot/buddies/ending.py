"""The ends of a pair: kind, without a reason, and for whoever must not meet again, for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.buddies.desk import Desk
from bot.buddies.gathering import note_together
from bot.buddies.life_rules import Looking, Said, State
from bot.buddies.proposing import dissolve, own_place, tell
from bot.buddies.tables import Place, places_of, turn_request
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.apart import separate
from bot.members.apart_tables import Apart
from bot.members.tables import Network, Person


@dataclass(frozen=True)
class Ended:
    """A pair that is over for somebody, and the network it was in."""

    network_id: int
    network: str
    apart: tuple[int, ...] = ()
    """Whom they are kept apart from by it, from now on."""


async def end(
    store: Store, desk: Desk, place_id: int, user_id: int, event_id: int, now: datetime, *, never: bool
) -> Ended:
    """End a pair, for one's own part; the others hear that it has ended and nothing of why.

    `never`: the two are never put together again, in any network, and not as listener and member either; nobody is
    told. Of three, the other two go on. Ending what has ended already may still say `never`. Raises `Refusal` when it
    is not theirs.
    """

    def act(session: Session) -> Ended:
        place = own_place(session, place_id, user_id)
        network = session.get_one(Network, place.network_id)
        first_time(session, "interaction", event_id, now)
        if place.introduced_at is None:
            raise Refusal("buddies.over", network=network.name)
        others = [
            one.user_id
            for one in places_of(session, place.match_id)
            if never and one.user_id != user_id and one.introduced_at is not None
        ]
        for other in others:
            separate(session, desk.keys, user_id, other, Apart.ENDED, now)
        if place.state == State.INTRODUCED:
            leave(session, desk, place, now)
        return Ended(network.id, network.name, tuple(others))

    return await store.write(act)


def leave(
    session: Session, desk: Desk, place: Place, now: datetime, *, template: str = "buddies.ended"
) -> None:
    """End one member's place in a pair or trio that was introduced, in the caller's transaction.

    Whoever is left alone by it hears `template`; of three, the two who stay are told that they go on.
    """
    others = [
        one
        for one in places_of(session, place.match_id)
        if one.id != place.id and one.state == State.INTRODUCED
    ]
    note_together(session, desk.keys, [place.user_id, *(one.user_id for one in others)], now.date())
    _over(session, place, now)
    network = session.get_one(Network, place.network_id)
    for other in others:
        person = session.get_one(Person, other.user_id)
        if len(others) > 1:
            tell(
                session,
                desk,
                network,
                person,
                f"fewer:{place.id}:{other.id}",
                "buddies.fewer",
                now,
                subject_id=other.id,
            )
            continue
        _over(session, other, now)
        tell(session, desk, network, person, f"ended:{other.id}", template, now, subject_id=network.id)
    wake(session, "schedule")


def _over(session: Session, place: Place, now: datetime) -> None:
    place.end(now)
    session.add(place)
    turn_request(session, place, Looking.PAIRED, Looking.DRAFT, now)


def leave_all(session: Session, desk: Desk, network_id: int | None, user_id: int, now: datetime) -> None:
    """End everything of a member, in a network or everywhere, in the caller's transaction. Twice is once.

    A suggestion ends for them alone: the others hear at its usual end what they would have heard after a silence.
    """
    mine = select(Place).where(Place.user_id == user_id, col(Place.ended_at).is_(None))
    if network_id is not None:
        mine = mine.where(Place.network_id == network_id)
    for place in session.exec(mine).all():
        if place.state == State.INTRODUCED:
            leave(session, desk, place, now)
        else:
            withdraw(session, desk, place, now)


def withdraw(session: Session, desk: Desk, place: Place, now: datetime) -> None:
    """Let one member's place in a suggestion lapse, in the caller's transaction, as if they had said nothing to it."""
    place.said = Said.NO
    place.end(now)
    session.add(place)
    turn_request(session, place, Looking.PROPOSED, Looking.WAITING, now)
    if any(other.state == State.AGREED for other in places_of(session, place.match_id)):
        dissolve(session, desk, place.match_id, now)


async def separated(store: Store, desk: Desk, one: int, other: int, now: datetime) -> None:
    """Two people are kept apart from now on, by a report or because one of them asked: what they are in together ends.

    Each hears only what everybody hears whose pair has ended or whose suggestion came to nothing.
    """

    def act(session: Session) -> None:
        part(session, desk, (one, other), now)

    await store.write(act)


def part(session: Session, desk: Desk, users: Sequence[int], now: datetime) -> None:
    """The same in the caller's transaction."""
    one, other = users
    theirs = select(Place.match_id).where(Place.user_id == other, col(Place.ended_at).is_(None))
    shared = select(Place).where(
        Place.user_id == one, col(Place.ended_at).is_(None), col(Place.match_id).in_(theirs)
    )
    for place in session.exec(shared).all():
        if place.state == State.INTRODUCED:
            leave(session, desk, place, now)
            person, network = session.get(Person, one), session.get_one(Network, place.network_id)
            if person is not None:
                tell(
                    session,
                    desk,
                    network,
                    person,
                    f"ended:{place.id}",
                    "buddies.ended",
                    now,
                    subject_id=network.id,
                )
        else:
            withdraw(session, desk, place, now)
