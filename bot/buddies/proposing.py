"""Suggesting people to one another, without names, and what becomes of that. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from sqlmodel import Session, col, select

from bot.buddies.desk import Desk, spoken
from bot.buddies.gathering import Ready, may_meet, people_of, ready
from bot.buddies.life_rules import ANSWER_WITHIN, IGNORED_MOST, Looking, Said, State, remind_at, welcome
from bot.buddies.rules import Field
from bot.buddies.scoring import reason
from bot.buddies.tables import Place, places_of, request_of
from bot.db.columns import new_id
from bot.db.store import Store, wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.tables import Network, Person, Purpose, open_consent
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority

TOPIC = "buddies"


def tell(
    session: Session,
    desk: Desk,
    network: Network,
    person: Person,
    key: str,
    template: str,
    now: datetime,
    *,
    params: dict[str, str] | None = None,
    subject_id: int = 0,
    expires_at: datetime | None = None,
    priority: Priority = Priority.REMINDER,
) -> int | None:
    """Write to a member once, at an hour they welcome by their own clock, in the caller's transaction; nothing to
    somebody on a pause, or from a network the bot was removed from.

    `key` is what makes it once. Returns the message's row, None when there is none.
    """
    paused = person.paused_until is not None and person.paused_until > now
    if person.dm_channel_id is None or paused or network.removed_at is not None:
        return None
    return enqueue(
        session,
        f"{TOPIC}:{key}",
        person.dm_channel_id,
        f"{template}#{crc32(key.encode()) % 97}",
        now=now,
        params={"network": network.name, **(params or {})},
        subject_id=subject_id,
        user_id=person.user_id,
        network_id=network.id,
        language=spoken(person, network),
        priority=priority,
        not_before=welcome(now, *desk.hours(session, network, person.user_id)),
        expires_at=expires_at,
    )


async def propose(store: Store, desk: Desk, network_id: int, user_ids: Sequence[int], now: datetime) -> bool:
    """Suggest two or three people to one another; says whether it was done.

    Not unless all of them are looking, reachable and on no pause, and each may meet each at this moment: whoever
    thought of them, the weekly round, a request met at once, a rematch or an organiser.
    """
    return await store.write(propose_in, desk, network_id, user_ids, now)


def propose_in(session: Session, desk: Desk, network_id: int, user_ids: Sequence[int], now: datetime) -> bool:
    """The same in the caller's transaction."""
    found = ready(session, network_id, now, Looking.WAITING, only=user_ids)
    if len(found) != len(set(user_ids)) or len(found) not in (2, 3):
        return False
    requests = [one.request for one in found]
    if len(found) == 3 and not all(one.told(desk.keys).trios for one in requests):
        return False
    if not may_meet(session, desk, network_id, requests, now):
        return False
    network = session.get_one(Network, network_id)
    match_id = new_id()
    for one in found:
        place = Place(
            match_id=match_id,
            membership_id=one.request.membership_id,
            user_id=one.request.user_id,
            network_id=network_id,
            made_at=now,
            expires_at=now + ANSWER_WITHIN,
            due_at=remind_at(now, *desk.hours(session, network, one.request.user_id)),
        )
        session.add(place)
        one.request.turn(Looking.PROPOSED, now)
        session.add(one.request)
        template = "buddies.proposal" if len(found) == 2 else "buddies.proposal_trio"
        tell(
            session,
            desk,
            network,
            one.person,
            f"proposal:{place.id}",
            template,
            now,
            params=shown_to(session, desk, network, one, [other for other in found if other is not one]),
            subject_id=place.id,
            expires_at=place.expires_at,
        )
    wake(session, "schedule")
    return True


def shown_to(
    session: Session, desk: Desk, network: Network, one: Ready, others: Sequence[Ready]
) -> dict[str, str]:
    """What somebody is shown of those suggested to them: only what both sides chose to share, and no name."""
    language = spoken(one.person, network)
    lists = desk.lists(session, network)
    mine = one.request.told(desk.keys)
    people = people_of(session, desk, network.id, [one.request, *(other.request for other in others)])
    said: list[str] = []
    common: list[Field] = list(Field)
    for other, person in zip(others, people[1:], strict=True):
        told = other.request.told(desk.keys)
        said.append(desk.describe(told, told.shares & mine.shares, lists, language))
        alike = reason(people[0], person)
        common = [which for which in common if which in alike]
    text = desk.library.text
    who = said[0] if len(said) == 1 else text("buddies.who.two", language, first=said[0], second=said[1])
    return {"who": who, "reason": desk.in_common(mine, common, lists, language, who)}


async def shown_again(store: Store, desk: Desk, place_id: int, now: datetime) -> dict[str, str] | None:
    """What a suggestion that is still open shows to the one whose place it is; None once it is not."""

    def look(session: Session) -> dict[str, str] | None:
        place = session.get(Place, place_id)
        if place is None or place.state != State.PROPOSED:
            return None
        match = [one.user_id for one in places_of(session, place.match_id)]
        found = ready(session, place.network_id, now, *Looking, only=match)
        mine = next((one for one in found if one.request.user_id == place.user_id), None)
        others = [one for one in found if one is not mine]
        if mine is None or not others:
            return None
        return shown_to(session, desk, session.get_one(Network, place.network_id), mine, others)

    return await store.read(look)


@dataclass(frozen=True)
class Answered:
    """What somebody's answer came to."""

    said: Said
    fresh: bool
    network: str
    place_id: int


async def answer(
    store: Store, place_id: int, user_id: int, said: Said, event_id: int, now: datetime
) -> Answered:
    """Keep what somebody said to a suggestion. When everybody said yes they are introduced, once Discord says that
    all are still there. A no is told to nobody: for the others it goes by like any other.

    A yes can still become a no until they are introduced, and the other way round until it ran out. Raises `Refusal`
    when it is not theirs, or over.
    """

    def act(session: Session) -> Answered:
        place = own_place(session, place_id, user_id)
        network = session.get_one(Network, place.network_id)
        open_still = place.state == State.PROPOSED and now < place.expires_at
        consents = open_consent(session, place.network_id, user_id, Purpose.BUDDIES) is not None
        fresh = first_time(session, "interaction", event_id, now)
        if place.said == said and place.state != State.ENDED:
            return Answered(said, False, network.name, place.id)
        if not (fresh and open_still and consents):
            raise Refusal("buddies.over", network=network.name)
        place.said = said
        place.due_at = place.expires_at
        session.add(place)
        request = request_of(session, place.network_id, user_id)
        if request is not None:
            request.ignored = 0
            session.add(request)
        places = places_of(session, place.match_id)
        if len(places) > 1 and all(one.said == Said.YES and one.state == State.PROPOSED for one in places):
            _agree(session, places, now)
        wake(session, "schedule")
        return Answered(said, True, network.name, place.id)

    return await store.write(act)


def _agree(session: Session, places: Sequence[Place], now: datetime) -> None:
    for place in places:
        place.turn(State.AGREED)
        place.due_at = now
        session.add(place)


def own_place(session: Session, place_id: int, user_id: int) -> Place:
    """A member's own place. Raises `Refusal` for one that is gone, or somebody else's."""
    place = session.get(Place, place_id)
    if place is None:
        raise Refusal("errors.old_button")
    if place.user_id != user_id:
        raise Refusal("errors.not_yours")
    return place


def proposal_due(session: Session, desk: Desk, place: Place, now: datetime) -> None:
    """A suggestion's next moment has come: mention it once more, or let it run out. In the caller's transaction."""
    if now >= place.expires_at:
        _run_out(session, desk, places_of(session, place.match_id), now)
        return
    place.due_at = place.expires_at
    session.add(place)
    if place.said != Said.NOTHING or place.reminded:
        return
    others = [one for one in places_of(session, place.match_id) if one.id != place.id]
    if not others or any(one.said == Said.NO for one in others) or place.expires_at <= now:
        return  # nothing would come of a yes
    person, network = session.get_one(Person, place.user_id), session.get_one(Network, place.network_id)
    sent = tell(
        session,
        desk,
        network,
        person,
        f"reminder:{place.id}",
        "buddies.reminder",
        now,
        subject_id=place.id,
        expires_at=place.expires_at,
    )
    place.reminded = sent is not None


def _run_out(session: Session, desk: Desk, places: Sequence[Place], now: datetime) -> None:
    """Nobody is told of a no or of silence. Of three, the two who said yes are introduced."""
    willing = [place for place in places if place.said == Said.YES and place.state == State.PROPOSED]
    if len(willing) > 1:
        _agree(session, willing, now)
    for place in places:
        if place.state == State.PROPOSED:
            _let_go(session, desk, place, now)
    wake(session, "schedule")


def _let_go(session: Session, desk: Desk, place: Place, now: datetime) -> None:
    """One place of a suggestion that came to nothing: its member goes on waiting."""
    place.end(now)
    session.add(place)
    request = request_of(session, place.network_id, place.user_id)
    if request is None or request.state != Looking.PROPOSED:
        return
    person, network = session.get_one(Person, place.user_id), session.get_one(Network, place.network_id)
    if place.said == Said.NOTHING and place.reminded:
        request.ignored += 1
    if request.ignored >= IGNORED_MOST:
        request.ignored = 0
        request.turn(Looking.RESTING, now)
        tell(
            session,
            desk,
            network,
            person,
            f"resting:{place.id}",
            "buddies.resting",
            now,
            subject_id=network.id,
        )
    else:
        request.turn(Looking.WAITING, now)
    if place.said == Said.YES:
        request.waiting_rounds += 1
        tell(
            session,
            desk,
            network,
            person,
            f"looking:{place.id}",
            "buddies.still_looking",
            now,
            subject_id=network.id,
        )
    session.add(request)


def dissolve(session: Session, desk: Desk, match_id: int, now: datetime) -> None:
    """End a suggestion, or an agreement, that must not come about; those in it go on waiting and hear no reason."""
    for place in places_of(session, match_id):
        if place.state in (State.PROPOSED, State.AGREED):
            _let_go(session, desk, place, now)


def due_places(session: Session, now: datetime, most: int, *states: State) -> list[Place]:
    """Places whose next moment has come, the earliest first."""
    return list(
        session.exec(
            select(Place)
            .where(col(Place.due_at) <= now, col(Place.state).in_(states))
            .order_by(col(Place.due_at), col(Place.id))
            .limit(most)
        )
    )
