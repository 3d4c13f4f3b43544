"""Introducing people who all said yes, once Discord says that all are still there; and passing words on between them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.buddies.desk import Desk
from bot.buddies.gathering import may_meet, note_together, ready
from bot.buddies.life_rules import ASK_AGAIN, Looking, Stage, State, first_follow_up
from bot.buddies.proposing import dissolve, own_place, tell
from bot.buddies.tables import Place, places_of
from bot.content.library import Library, Words, joined
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members import apart
from bot.members import service as members
from bot.members.tables import Network, Person

log = logging.getLogger("reallyok.buddies")


Here = Callable[[int, int], Awaitable[tuple[bool | None, str]]]
"""Asks Discord whether somebody (second) is still in a server (first), and what they are called there; None: it would
not say."""


async def introduce_due(store: Store, desk: Desk, here: Here, now: datetime, most: int = 20) -> int:
    """Introduce everybody who agreed; returns how many matches were looked at.

    Somebody who has left is let go of and the others go on waiting. When Discord would not say, it is asked again in ten
    minutes: nobody is introduced to somebody who may be gone.
    """
    agreed = await store.read(_agreed, now, most)
    for match_id, (network_id, users) in agreed.items():
        seen = {user: await here(network_id, user) for user in users}
        gone = [user for user, (is_here, _) in seen.items() if is_here is False]
        for user in gone:
            await members.leave(store, network_id, user, now)
        names = {user: name for user, (_, name) in seen.items()}
        if gone:
            await store.write(dissolve, desk, match_id, now)
        elif any(is_here is None for is_here, _ in seen.values()):
            log.warning("Discord would not say who is still there; an introduction waits.")
            await store.write(_put_off, match_id, now)
        else:
            await store.write(introduce_in, desk, match_id, names, now)
    return len(agreed)


def _agreed(session: Session, now: datetime, most: int) -> dict[int, tuple[int, list[int]]]:
    due = session.exec(
        select(Place.match_id, Place.network_id)
        .where(Place.state == State.AGREED, col(Place.due_at) <= now)
        .order_by(col(Place.match_id))
        .distinct()
        .limit(most)
    )
    return {
        match_id: (
            network_id,
            [one.user_id for one in places_of(session, match_id) if one.state == State.AGREED],
        )
        for match_id, network_id in due.all()
    }


def _put_off(session: Session, match_id: int, now: datetime) -> None:
    for place in places_of(session, match_id):
        if place.state == State.AGREED:
            place.due_at = now + ASK_AGAIN
            session.add(place)
    wake(session, "schedule")


def introduce_in(
    session: Session, desk: Desk, match_id: int, names: Mapping[int, str], now: datetime
) -> bool:
    """Introduce the people of a match to one another by name, in the caller's transaction; says whether it was done.

    Only if all of them still agree, are reachable, are on no pause, and each may meet each at this moment; else they
    go on waiting and hear no reason.
    """
    places = [place for place in places_of(session, match_id) if place.state == State.AGREED]
    if not places:
        return False
    network = session.get_one(Network, places[0].network_id)
    users = [place.user_id for place in places]
    found = ready(session, network.id, now, Looking.PROPOSED, only=users)
    if (
        len(places) < 2
        or len(found) != len(places)
        or set(users) != set(names)
        or not may_meet(session, desk, network.id, [one.request for one in found], now, but=match_id)
    ):
        dissolve(session, desk, match_id, now)
        return False
    text = desk.library.text
    by_user = {one.request.user_id: one for one in found}
    note_together(session, desk.keys, users, now.date())
    for place in places:
        place.turn(State.INTRODUCED)
        place.introduced_at, place.stage = now, Stage.DAY_3
        place.due_at = first_follow_up(now, desk.hours(session, network, place.user_id).zone)
        one = by_user[place.user_id]
        place.waited_days = (now - (one.request.looking_since or place.made_at)).days
        one.request.turn(Looking.PAIRED, now)
        one.request.waiting_rounds = one.request.ignored = 0
        session.add_all((place, one.request))
        others = [
            text("buddies.named", name=names[user], who=mention(user))
            for user in users
            if user != place.user_id
        ]
        template = "buddies.introduced" if len(others) == 1 else "buddies.introduced_trio"
        tell(
            session,
            desk,
            network,
            one.person,
            f"introduced:{place.id}",
            template,
            now,
            params={"buddy": joined(others, text("buddies.and"))},
            subject_id=place.id,
        )
    wake(session, "schedule")
    return True


def mention(user_id: int) -> str:
    """Discord's own form of somebody's name."""
    return f"<@{user_id}>"


def mentioned(library: Library, users: Iterable[int]) -> Words:
    """Several people in one sentence, each in Discord's own form of their name."""
    named = (library.text("buddies.mentioned", who=mention(user)) for user in users)
    return joined(named, library.text("buddies.and"))


# Passing words on


@dataclass(frozen=True)
class Line:
    """Where words to a buddy go. `place_id` is the receiver's own place, for an answer."""

    place_id: int
    user_id: int
    channel_id: int
    language: str


@dataclass(frozen=True)
class Post:
    """Whom somebody's words may be passed on to, at this moment. `lines` empty: nobody can be reached now."""

    network_id: int
    network: str
    buddies: tuple[int, ...]
    lines: tuple[Line, ...]


async def post(
    store: Store, desk: Desk, place_id: int, user_id: int, event_id: int, now: datetime
) -> Post | None:
    """Whom the words of this event may go to; None when they were passed on already. Nothing of them is kept.

    Raises `Refusal` when the place is not theirs, or the pair is over.
    """

    def act(session: Session) -> Post | None:
        found = _post(session, desk, place_id, user_id, now)
        return found if first_time(session, "interaction", event_id, now) else None

    return await store.write(act)


async def may_post(store: Store, desk: Desk, place_id: int, user_id: int, now: datetime) -> Post:
    """The same without any effect: whether somebody may write to their buddies at all, before they begin."""
    return await store.read(_post, desk, place_id, user_id, now)


def _post(session: Session, desk: Desk, place_id: int, user_id: int, now: datetime) -> Post:
    place = own_place(session, place_id, user_id)
    network = session.get_one(Network, place.network_id)
    if place.state != State.INTRODUCED:
        raise Refusal("buddies.over", network=network.name)
    lines: list[Line] = []
    others = [
        one
        for one in places_of(session, place.match_id)
        if one.id != place.id and one.state == State.INTRODUCED
    ]
    for other in others:
        if apart.together_forbidden(session, desk.keys, user_id, other.user_id):
            continue
        person = session.get(Person, other.user_id)
        if (
            person is not None
            and person.dm_channel_id is not None
            and person.dm_closed_at is None
            and (person.paused_until is None or person.paused_until <= now)
        ):
            lines.append(
                Line(other.id, other.user_id, person.dm_channel_id, person.language or network.language)
            )
    return Post(network.id, network.name, tuple(one.user_id for one in others), tuple(lines))
