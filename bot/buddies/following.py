"""Following a pair up: how it goes, what to do when it does not, and a hello on a wobbly day.

One public function, one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.buddies import ending
from bot.buddies.desk import Desk
from bot.buddies.gathering import people_of
from bot.buddies.introducing import mentioned
from bot.buddies.life_rules import (
    IGNORED_MOST,
    LATE,
    LATE_QUIET,
    ONCE_MORE,
    QUIET_FOR,
    Looking,
    Met,
    Stage,
    State,
    after,
    at_five,
    welcome,
)
from bot.buddies.proposing import own_place, tell
from bot.buddies.rules import PATIENCE, strangers_at_work
from bot.buddies.tables import Place, places_of, request_of
from bot.db.prepared import Prepared
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members import apart
from bot.members.tables import Network, Person
from bot.schedule.recurrence import local_date

A_WEEK = 7
ASKING = (Stage.UNASKED, Stage.QUIET)
TEMPLATES = {
    Stage.DAY_3: "buddies.follow_first",
    Stage.AGAIN: "buddies.follow_again",
    Stage.DAY_14: "buddies.follow_second",
    Stage.MONTHLY: "buddies.follow_monthly",
}


def _others(session: Session, place: Place) -> list[Place]:
    return [
        one
        for one in places_of(session, place.match_id)
        if one.id != place.id and one.state == State.INTRODUCED
    ]


def follow_due(session: Session, desk: Desk, place: Place, now: datetime) -> None:
    """A pair's next moment has come for one of them: ask how it goes, or draw the line. In the caller's transaction."""
    network, person = session.get_one(Network, place.network_id), session.get_one(Person, place.user_id)
    others = _others(session, place)
    if not others or not _still_lawful(session, desk, place, others):
        ending.leave(session, desk, place, now)
        tell(session, desk, network, person, f"ended:{place.id}", "buddies.ended", now, subject_id=network.id)
        return
    hours = desk.hours(session, network, place.user_id)
    due = place.due_at
    assert due is not None  # it was asked for by its due time
    paused = person.paused_until if person.paused_until is not None and person.paused_until > now else None
    if paused is not None or network.removed_at is not None:
        place.due_at = at_five(now, A_WEEK, hours.zone) if paused is None else at_five(paused, 1, hours.zone)
        if place.stage == Stage.QUIET:
            place.stage = Stage.UNASKED  # on a pause nobody is silent: they are asked anew
        session.add(place)
        return
    if place.stage == Stage.UNASKED or (place.stage == Stage.QUIET and now - due > LATE_QUIET):
        _ask_quietly(session, desk, network, place, now)
        return
    if place.stage == Stage.QUIET:
        _fade(session, desk, place, others, now, told=True)
        return
    if now - due > LATE:
        place.stage, place.due_at = Stage.MONTHLY, at_five(now, 1, hours.zone)
    elif place.unanswered >= IGNORED_MOST:
        place.due_at = None
        tell(
            session,
            desk,
            network,
            person,
            f"quiet:{place.id}:{int(due.timestamp())}",
            "buddies.follow_rest",
            now,
            subject_id=place.id,
        )
    else:
        stage = Stage(place.stage)
        tell(
            session,
            desk,
            network,
            person,
            f"follow:{place.id}:{int(due.timestamp())}",
            TEMPLATES[stage],
            now,
            params=_named(desk, others),
            subject_id=place.id,
            expires_at=at_five(now, 3, hours.zone),
        )
        place.unanswered += 1
        assert place.introduced_at is not None  # only a pair that was introduced is followed up
        place.stage, place.due_at = after(stage, place.introduced_at, now, hours.zone)
    session.add(place)


def _named(desk: Desk, others: list[Place]) -> dict[str, str]:
    return {"buddy": mentioned(desk.library, [one.user_id for one in others])}


def _still_lawful(session: Session, desk: Desk, place: Place, others: list[Place]) -> bool:
    """Whether a pair may go on: nobody has changed employer to the other's, and nobody asked to be kept apart."""
    if any(apart.together_forbidden(session, desk.keys, place.user_id, one.user_id) for one in others):
        return False
    requests = [request_of(session, one.network_id, one.user_id) for one in (place, *others)]
    held = [one for one in requests if one is not None]
    if len(held) != len(requests):
        return False
    mine, *theirs = people_of(session, desk, place.network_id, held)
    # Somebody who took their employer off the list since is not separated for that: only what is known to be the same.
    return all(strangers_at_work(mine, one) or not (mine.work.known and one.work.known) for one in theirs)


@dataclass(frozen=True)
class Heard:
    """An answer to "how does it go?"; `fresh` False: it was had before."""

    met: Met
    fresh: bool
    place_id: int
    network: str
    network_id: int
    again: bool = False
    """Whether it will be asked once more, in two days."""


async def heard(
    store: Store, desk: Desk, place_id: int, user_id: int, met: Met, event_id: int, now: datetime
) -> Heard:
    """Keep how it goes. "Not yet" early on is asked once more; "I've heard nothing" asks the other whether they are
    still up for it, in words that tell of nobody. Raises `Refusal` when it is not theirs, or over.
    """

    def act(session: Session) -> Heard:
        place = own_place(session, place_id, user_id)
        network = session.get_one(Network, place.network_id)
        if place.state != State.INTRODUCED or place.introduced_at is None:
            raise Refusal("buddies.over", network=network.name)
        again = met is Met.NOT_YET and place.stage == Stage.DAY_14
        if not first_time(session, "interaction", event_id, now):
            return Heard(met, False, place.id, network.name, network.id, again)
        hours = desk.hours(session, network, user_id)
        place.unanswered = 0
        if met is Met.YES:
            place.met_at = place.met_at or now
        elif again:
            place.stage = Stage.AGAIN
            place.due_at = welcome(now + ONCE_MORE, *hours)
        elif met is Met.QUIET:
            for other in _others(session, place):
                if other.stage not in ASKING:
                    _ask_quietly(session, desk, network, other, now)
        if place.due_at is None:  # questions about it had been rested
            place.stage, place.due_at = after(Stage.MONTHLY, place.introduced_at, now, hours.zone)
        session.add(place)
        wake(session, "schedule")
        return Heard(met, True, place.id, network.name, network.id, again)

    return await store.write(act)


def _ask_quietly(session: Session, desk: Desk, network: Network, other: Place, now: datetime) -> None:
    """Ask somebody whether they are still up for it. Nobody's silence counts who could not be asked: on a pause, or
    where the bot writes to nobody, it is put off.
    """
    person = session.get_one(Person, other.user_id)
    answer_by = welcome(now, *desk.hours(session, network, other.user_id)) + QUIET_FOR
    asked = tell(
        session,
        desk,
        network,
        person,
        f"still:{other.id}:{int(now.timestamp())}",
        "buddies.still",
        now,
        subject_id=other.id,
        expires_at=answer_by,
    )
    other.stage, other.due_at = Stage.UNASKED if asked is None else Stage.QUIET, answer_by
    session.add(other)


async def still(
    store: Store, desk: Desk, place_id: int, user_id: int, yes: bool, event_id: int, now: datetime
) -> str:
    """Keep whether somebody is still up for it; the other is told of a yes, and of a no only that the pair has ended.

    Returns the network's name. Raises `Refusal` when it is not theirs, or over.
    """

    def act(session: Session) -> str:
        place = own_place(session, place_id, user_id)
        network = session.get_one(Network, place.network_id)
        if place.state != State.INTRODUCED or place.introduced_at is None:
            raise Refusal("buddies.over", network=network.name)
        if not first_time(session, "interaction", event_id, now) or place.stage not in ASKING:
            return network.name
        others = _others(session, place)
        if not yes:
            _fade(session, desk, place, others, now, told=False)
            return network.name
        place.unanswered = 0
        place.stage, place.due_at = (
            Stage.MONTHLY,
            at_five(now, A_WEEK, desk.hours(session, network, user_id).zone),
        )
        session.add(place)
        for other in others:
            tell(
                session,
                desk,
                network,
                session.get_one(Person, other.user_id),
                f"still-yes:{other.id}:{event_id}",
                "buddies.still_yes",
                now,
                params=_named(desk, [place]),
                subject_id=other.id,
            )
        wake(session, "schedule")
        return network.name

    return await store.write(act)


def _fade(
    session: Session, desk: Desk, place: Place, others: list[Place], now: datetime, *, told: bool
) -> None:
    """A pair ends because life was full at one end. Blame-free for both; whoever is left gets somebody new at once."""
    network = session.get_one(Network, place.network_id)
    ending.leave(session, desk, place, now, template="buddies.faded")
    if told:
        person = session.get_one(Person, place.user_id)
        tell(session, desk, network, person, f"faded:{place.id}", "buddies.freed", now, subject_id=network.id)
    if len(others) > 1:
        return  # the other two go on together
    for other in others:
        request = request_of(session, other.network_id, other.user_id)
        if request is not None and request.state == Looking.DRAFT:
            request.turn(Looking.WAITING, now)
            request.waiting_rounds = max(request.waiting_rounds, PATIENCE)
            request.match_at, request.eager, request.looking_since = now, True, now
            session.add(request)
    wake(session, "schedule")


# A hello


@dataclass(frozen=True)
class Greeting:
    """Somebody who would welcome a hello, and the buddies who may be asked for one, by account."""

    network_id: int
    buddies: tuple[int, ...]


_MINE, _OTHER = aliased(Place), aliased(Place)
_HAS_BUDDY = Prepared(
    columns(col(_MINE.id))
    .join(_OTHER, col(_OTHER.match_id) == col(_MINE.match_id))
    .where(
        col(_MINE.user_id) == bindparam("user_id"),
        col(_MINE.state) == State.INTRODUCED,
        col(_OTHER.id) != col(_MINE.id),
        col(_OTHER.state) == State.INTRODUCED,
    )
    .limit(1)
)


def has_buddy(session: Session, user_id: int) -> bool:
    """Whether somebody has a buddy in any network, who could be asked for a hello. In the caller's transaction."""
    return bool(_HAS_BUDDY.rows(session, {"user_id": user_id}))


async def who_may_greet(store: Store, user_id: int) -> list[Greeting]:
    """A member's buddies in every network; empty for somebody without any."""

    def look(session: Session) -> list[Greeting]:
        mine = select(Place).where(Place.user_id == user_id, Place.state == State.INTRODUCED)
        found = [
            Greeting(place.network_id, tuple(one.user_id for one in _others(session, place)))
            for place in session.exec(mine.order_by(col(Place.id)))
        ]
        return [one for one in found if one.buddies]

    return await store.read(look)


async def ask_for_hello(store: Store, desk: Desk, network_id: int, user_id: int, now: datetime) -> int:
    """Tell a member's buddies in a network that they would welcome a hello, and nothing else; returns how many were.

    Once a day, however often it is asked for. Nobody on a pause, kept apart, or unreachable is written to.
    """

    def act(session: Session) -> int:
        network = session.get_one(Network, network_id)
        mine = select(Place).where(
            Place.user_id == user_id, Place.network_id == network_id, Place.state == State.INTRODUCED
        )
        count = 0
        for place in session.exec(mine).all():
            for other in _others(session, place):
                if apart.together_forbidden(session, desk.keys, user_id, other.user_id):
                    continue
                person = session.get_one(Person, other.user_id)
                paused = person.paused_until is not None and person.paused_until > now
                if paused or person.dm_channel_id is None or person.dm_closed_at is not None:
                    continue
                tell(
                    session,
                    desk,
                    network,
                    person,
                    f"hello:{place.id}:{other.id}:{local_date(now, network.zone)}",
                    "buddies.hello",
                    now,
                    params=_named(desk, [place]),
                    subject_id=other.id,
                    expires_at=at_five(now, 2, network.zone),
                )
                count += 1
        return count

    return await store.write(act)
