"""Who gets what members report: a first contact, and a second for what is about the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.db.store import Store
from bot.errors import Refusal
from bot.members.service import TOPIC
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority


class Which(StrEnum):
    """Which of the two contacts."""

    FIRST = "first"
    SECOND = "second"


MISSING = "no-contact"  # a message nothing hangs on
_WORDS = {Which.FIRST: "networks.contact", Which.SECOND: "networks.second"}


@dataclass(frozen=True)
class Held:
    """A network that has somebody as its first or second contact."""

    network_id: int
    name: str
    which: Which


async def held_by(store: Store, user_id: int) -> list[Held]:
    """Everywhere somebody is a contact."""

    def look(session: Session) -> list[Held]:
        columns = {Which.FIRST: Network.safeguarding_id, Which.SECOND: Network.second_safeguarding_id}
        return [
            Held(network_id, name, which)
            for which, column in columns.items()
            for network_id, name in session.exec(
                select(Network.id, Network.name).where(col(column) == user_id)
            )
        ]

    return await store.read(look)


async def missing(store: Store, network_ids: Iterable[int], event_id: int, now: datetime) -> None:
    """Tell the organisers of networks that have lost their first contact, in their own channel, to name another."""

    def act(session: Session) -> None:
        for network_id in network_ids:
            network = session.get(Network, network_id)
            if (
                network is None
                or network.safeguarding_id is not None
                or network.organisers_channel_id is None
            ):
                continue
            enqueue(
                session,
                f"{MISSING}:{network_id}:{event_id}",
                network.organisers_channel_id,
                "networks.contact_missing",
                now=now,
                params={"network": network.name},
                network_id=network_id,
                language=network.language,
                priority=Priority.REMINDER,
            )

    await store.write(act)


async def name_contact(
    store: Store, network_id: int, which: Which, user_id: int, organiser: str, event_id: int, now: datetime
) -> None:
    """Name a contact. Somebody whose direct messages we know hears it from us; nobody's are opened for it.

    `organiser` is what whoever names them is called; `event_id` is their press. Raises `Refusal` when the network
    has not been set up, and when this is the other contact already.
    """
    await store.write(_name, network_id, which, user_id, organiser, event_id, now)


def _name(
    session: Session,
    network_id: int,
    which: Which,
    user_id: int,
    organiser: str,
    event_id: int,
    now: datetime,
) -> None:
    network = session.get(Network, network_id)
    if network is None:
        raise Refusal("errors.old_button")
    first, second = network.safeguarding_id, network.second_safeguarding_id
    if user_id == (second if which is Which.FIRST else first):
        raise Refusal("networks.contact_same", contact=f"<@{user_id}>")
    if user_id == (first if which is Which.FIRST else second):
        return
    if which is Which.FIRST:
        network.safeguarding_id = user_id
    else:
        network.second_safeguarding_id = user_id
    session.add(network)
    person = session.get(Person, user_id)
    if person is None or person.dm_channel_id is None:
        return
    enqueue(
        session,
        f"{TOPIC}:contact:{which}:{network_id}:{event_id}",
        person.dm_channel_id,
        f"{_WORDS[which]}#{event_id}",
        now=now,
        params={"organiser": organiser, "network": network.name},
        user_id=user_id,
        network_id=network_id,
        language=person.language or network.language,
        priority=Priority.ANSWER,
    )


async def without_second(store: Store, network_id: int) -> None:
    """Have no second contact any more."""

    def act(session: Session) -> None:
        network = session.get(Network, network_id)
        if network is not None:
            network.second_safeguarding_id = None
            session.add(network)

    await store.write(act)
