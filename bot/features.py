"""Where features meet, apart from the cogs: what each does as time passes, when a message ended, and when somebody goes.

A new feature adds its functions here; none of them knows another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from bot.buddies import due as buddies
from bot.buddies import introducing
from bot.buddies.desk import Desk as BuddyDesk
from bot.buddies.upcoming import upcoming as buddies_upcoming
from bot.checkins import answering, asking, plans
from bot.checkins.habits import habits
from bot.content.library import Library
from bot.db.keys import Keyring
from bot.db.store import Parting, Store
from bot.errors import StoreUnavailable
from bot.listeners import due, parted, steps, talks, talks_due, talks_ending, talks_looking
from bot.listeners.desk import Desk
from bot.listeners.upcoming import upcoming as calls_upcoming
from bot.members import service as members
from bot.networks import service as networks
from bot.outbox import queue
from bot.sessions import due as sessions_due
from bot.sessions import ended as sessions
from bot.sessions import leaving
from bot.sessions.upcoming import upcoming as sessions_upcoming

CONSEQUENCES: dict[str, queue.Consequence] = {
    asking.TOPIC: asking.ended,
    answering.FOLLOW: answering.followed,
    members.TOPIC: members.reached,
    talks.TOPIC: talks.offered,
    networks.TOPIC: networks.ended,
    buddies.TOPIC: buddies.ended,
    **sessions.CONSEQUENCES,
}

# A message that waits in the outbox for its time, by its words or by whose they are: what a rehearsal calls it.
_MESSAGES = {
    asking.OPENING: "question",
    "checkins.follow_up": "follow_up",
    "members.resumed": "resumed",
    "listeners.debrief": "debrief",
    "buddies": "buddy_note",
    "sessions": "session_note",
}


def buddy_desk(keys: Keyring, library: Library) -> BuddyDesk:
    """What services of buddies work with: members' hours are those they gave with their check-ins."""
    return BuddyDesk(keys, library, habits)


def consequences(desk: Desk) -> Mapping[str, queue.Consequence]:
    """What follows when a message ended, by its topic."""
    return CONSEQUENCES | {steps.TOPIC: partial(due.ended, desk)}


def partings(desk: Desk, buddy_desk: BuddyDesk) -> list[Parting]:
    """What is done before somebody's rows go."""
    return [
        partial(due.parting, desk),
        partial(talks_ending.parted, desk.keys),
        partial(buddies.parting, buddy_desk),
        leaving.parting(habits),
    ]


def waits(desk: Desk) -> queue.Waits:
    """What must not be sent just now: while somebody is in a talk nothing asks them how they are."""
    return partial(talks_looking.wait, desk.keys)


@dataclass(frozen=True)
class Hands:
    """What no transaction can do: asking Discord."""

    here: introducing.Here
    in_room: sessions_due.InRoom
    afterwards: Callable[[], None] = lambda: None
    """What follows, whatever of the features failed."""


async def do_due(
    store: Store, desk: Desk, buddy_desk: BuddyDesk, hands: Hands, now: datetime, openings: int
) -> None:
    """Everything that is due, but rounds of buddies. `openings` is how many wordings a check-in has.

    A feature that fails holds up no other. Raises `StoreUnavailable`, and at the end whatever failed, together.
    """
    failed: list[Exception] = []
    for begin in (
        partial(asking.ask_due, store, now, openings),
        partial(due.calls_due, store, desk, now),
        partial(talks_due.advance_due, store, desk, now),
        partial(sessions_due.sessions_due, store, habits, now, hands.in_room),
        partial(buddies.see_to, store, buddy_desk, hands.here, now),
        partial(parted.part_due, store, desk, now),
    ):
        try:
            await begin()
        except StoreUnavailable:
            raise
        except Exception as error:
            failed.append(error)
    hands.afterwards()
    if failed:
        raise ExceptionGroup("what is due", failed)


async def seen(
    store: Store, desk: Desk, network_id: int, user_id: int, role_ids: Collection[int], now: datetime
) -> None:
    """A member has these roles, Discord says: who has not the listeners' any more is one no longer."""
    network = await networks.find(store, network_id)
    if network is not None and network.listener_role_id not in role_ids:
        await due.stand_down(store, desk, network_id, user_id, now)


async def recount(store: Store, now: datetime) -> None:
    """The clock was set back: what it had put off is reckoned anew."""
    for network_id in await networks.known(store):
        await plans.recount(store, network_id, now)
    await due.recount(store, now)


def earliest(session: Session, desk: Desk, now: datetime, rounds_aside: bool = False) -> datetime | None:
    """When something is next due. `rounds_aside`: the rounds of buddies that are due are seen to already."""
    times = (
        asking.next_due(session),
        due.next_due(session),
        talks_due.next_due(session),
        parted.next_due(session, desk.keys),
        buddies.next_due(session, now, aside=rounds_aside),
        sessions_due.next_due(session),
        queue.next_due(session, after=now),
    )
    return min((at for at in times if at is not None), default=None)


def upcoming(
    session: Session, desk: Desk, now: datetime, rounds_aside: bool = False
) -> tuple[datetime, str] | None:
    """What is next due: when, and the name of the words for it under `sandbox.due`. For a rehearsal's clock."""
    at = earliest(session, desk, now, rounds_aside)
    if at is None:
        return None
    return at, next((name for due_at, name in _named(session, now) if due_at == at), "other")


def _named(session: Session, now: datetime) -> Iterator[tuple[datetime, str]]:
    question, message = asking.next_due(session), queue.next_due(session, after=now)
    if question is not None:
        yield question, "question"
    yield from calls_upcoming(session)
    yield from sessions_upcoming(session)
    yield from buddies_upcoming(session)
    if message is not None:
        template = queue.next_template(session, after=now) or ""
        yield message, _MESSAGES.get(template) or _MESSAGES.get(template.partition(".")[0], "other")
