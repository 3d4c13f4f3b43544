"""What is kept of a network when it is set up. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from bot.db import own
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.tables import Membership, Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority, State
from bot.schedule.closures import Closure
from bot.schedule.tables import closures_of, replace_closures

TOPIC = "networks"
PANELS = {"welcome": "members.panel", "checkin": "checkins.panel"}


@dataclass(frozen=True)
class Places:
    """Where in its server a network lives: channel and role ids."""

    welcome_channel_id: int
    checkin_channel_id: int
    organisers_channel_id: int
    organiser_role_id: int
    facilitator_role_id: int
    listener_role_id: int


async def find(store: Store, network_id: int) -> Network | None:
    """A network that has been set up."""

    def look(session: Session) -> Network | None:
        return session.get(Network, network_id)

    return await store.read(look)


async def set_up(
    store: Store,
    network_id: int,
    name: str,
    places: Places,
    *,
    zone: str,
    nation: str,
    safeguarding_id: int | None,
    post: Mapping[str, int | None],
    event_id: int,
    now: datetime,
) -> Network:
    """Keep a network's places and choices and have the panels in `post` ("welcome", "checkin") put up.

    `post` names with each panel the message that is no more (None: there never was one), so that a panel put up
    meanwhile is not put up again.
    Run again it changes only what it is given; `safeguarding_id` None keeps the contact there was.
    """
    return await store.write(
        _set_up, network_id, name, places, zone, nation, safeguarding_id, dict(post), event_id, now
    )


def _set_up(
    session: Session,
    network_id: int,
    name: str,
    places: Places,
    zone: str,
    nation: str,
    safeguarding_id: int | None,
    post: dict[str, int | None],
    event_id: int,
    now: datetime,
) -> Network:
    network = session.get(Network, network_id) or Network(id=network_id, name=name, made_at=now)
    network.name, network.zone, network.nation = name, zone, nation
    network.safeguarding_id = safeguarding_id or network.safeguarding_id
    if network.second_safeguarding_id == network.safeguarding_id:
        network.second_safeguarding_id = None  # a report about one must be able to go to the other
    network.removed_at = None
    before = {"welcome": network.welcome_channel_id, "checkin": network.checkin_channel_id}
    network.welcome_channel_id = places.welcome_channel_id
    network.checkin_channel_id = places.checkin_channel_id
    network.organisers_channel_id = places.organisers_channel_id
    network.organiser_role_id = places.organiser_role_id
    network.facilitator_role_id = places.facilitator_role_id
    network.listener_role_id = places.listener_role_id
    session.add(network)
    channels = {"welcome": places.welcome_channel_id, "checkin": places.checkin_channel_id}
    for panel, gone in post.items():
        # One put up meanwhile counts where it stands: in a channel that was deleted it helps nobody.
        meanwhile = getattr(network, f"{panel}_message_id") != gone and before[panel] == channels[panel]
        if meanwhile or _on_its_way(session, network_id, channels[panel], PANELS[panel]):
            continue
        enqueue(
            session,
            f"{TOPIC}:{panel}:{network_id}:{event_id}",
            channels[panel],
            PANELS[panel],
            now=now,
            params={"network": name},
            subject_id=network_id,
            network_id=network_id,
            language=network.language,
            priority=Priority.ANSWER,
        )
    return network


def _on_its_way(session: Session, network_id: int, channel_id: int, template: str) -> bool:
    waiting = select(Outbox.id).where(
        Outbox.network_id == network_id,
        Outbox.channel_id == channel_id,
        Outbox.template == template,
        col(Outbox.state).in_([State.PENDING, State.SENDING]),
    )
    return session.exec(waiting).first() is not None


def ended(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a panel's sending ended: the network knows its message."""
    if row.state is not State.SENT or row.network_id is None:
        return
    network = session.get(Network, row.network_id)
    if network is None:
        return
    panel = row.dedupe_key.split(":")[1]
    setattr(network, f"{panel}_message_id", row.message_id)
    session.add(network)


async def closures(store: Store, network_id: int) -> list[Closure]:
    """A network's holidays and closures, in order."""
    return await store.read(closures_of, network_id)


async def keep_closures(store: Store, network_id: int, name: str, kept: list[Closure]) -> None:
    """Keep exactly these closures. Raises `Refusal` when the network has not been set up."""

    def act(session: Session) -> None:
        if session.get(Network, network_id) is None:
            raise Refusal("errors.not_set_up", network=name)
        replace_closures(session, network_id, kept)

    await store.write(act)


async def removed(store: Store, network_id: int, now: datetime | None) -> None:
    """Note that the bot was removed from a server (`now`), or is back in it (None).

    Noted twice, the first time stands: from then on the days are counted.
    """

    def act(session: Session) -> None:
        network = session.get(Network, network_id)
        if network is not None:
            network.removed_at = None if now is None else network.removed_at or now
            session.add(network)

    await store.write(act)


async def known(store: Store) -> dict[int, bool]:
    """Every network that was set up, and whether the bot was removed from it."""

    def look(session: Session) -> dict[int, bool]:
        rows = session.exec(select(Network.id, Network.removed_at)).all()
        return {network_id: removed_at is not None for network_id, removed_at in rows}

    return await store.read(look)


GONE_AFTER = timedelta(days=30)


async def let_go(store: Store, now: datetime) -> list[int]:
    """Erase every network the bot was removed from thirty days ago and that has not come back; returns which.

    All that hangs on it goes, and every person who belongs to no other network.
    """

    def act(session: Session) -> list[int]:
        gone = session.exec(select(Network.id).where(col(Network.removed_at) < now - GONE_AFTER)).all()
        for network_id in gone:
            for table in own.tables():
                if "network_id" in table.columns:
                    session.connection().execute(
                        delete(table).where(table.columns["network_id"] == network_id)
                    )
            session.connection().execute(delete(Network).where(col(Network.id) == network_id))
        if gone:
            members = select(Membership.user_id)
            session.connection().execute(delete(Person).where(col(Person.user_id).not_in(members)))
        return list(gone)

    return await store.write(act)
