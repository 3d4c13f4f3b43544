"""Joining, leaving, and being reachable. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, func, select

from bot.db.store import Parting, Store, wake
from bot.errors import Refusal
from bot.members.tables import (
    Consent,
    Membership,
    Network,
    Person,
    Purpose,
    membership_of,
    memberships_of,
    open_consent,
)
from bot.outbox.queue import enqueue, withdraw
from bot.outbox.tables import Outbox, Priority, State

TOPIC = "members"


@dataclass(frozen=True)
class Joined:
    """A membership, whether it is new, and the DM channel if one was opened before."""

    membership: Membership
    network: Network
    fresh: bool
    dm_channel_id: int | None


async def join(store: Store, network_id: int, name: str, user_id: int, now: datetime) -> Joined:
    """Make somebody a member, with a dated consent. Joining twice changes nothing.

    `name` is what the server is called. Raises `Refusal` when it has not been set up.
    """
    return await store.write(_join, network_id, name, user_id, now)


def _join(session: Session, network_id: int, name: str, user_id: int, now: datetime) -> Joined:
    network = session.get(Network, network_id)
    if network is None:
        raise Refusal("errors.not_set_up", network=name)
    person = session.get(Person, user_id)
    if person is None:
        person = Person(user_id=user_id)
        session.add(person)
        session.flush()
    membership = membership_of(session, network_id, user_id)
    fresh = membership is None
    if membership is None:
        membership = Membership(network_id=network_id, user_id=user_id, joined_at=now)
        session.add(membership)
    consent(session, network_id, user_id, Purpose.MEMBERSHIP, now)
    return Joined(membership, network, fresh, person.dm_channel_id)


def consent(session: Session, network_id: int, user_id: int, purpose: Purpose, now: datetime) -> None:
    """Note an agreement, in the caller's transaction; one that is in force already keeps its date."""
    if open_consent(session, network_id, user_id, purpose) is None:
        session.add(Consent(network_id=network_id, user_id=user_id, purpose=purpose, given_at=now))


def withdraw_consent(
    session: Session, network_id: int, user_id: int, purpose: Purpose, now: datetime
) -> None:
    """Note that an agreement was taken back, in the caller's transaction."""
    given = open_consent(session, network_id, user_id, purpose)
    if given is not None:
        given.withdrawn_at = now
        session.add(given)


async def pause(
    store: Store, user_id: int, until: datetime, params: Mapping[str, str], now: datetime
) -> None:
    """Start nothing for this member until then, in any network; `params` fill the words when it ends by itself.

    What was waiting is withdrawn. Raises `Refusal` for somebody who is a member nowhere.
    """
    await store.write(_pause, user_id, until, dict(params), now)


def _pause(session: Session, user_id: int, until: datetime, params: dict[str, str], now: datetime) -> None:
    person = session.get(Person, user_id)
    networks = memberships_of(session, user_id)
    if person is None or not networks:
        raise Refusal("errors.server_only")
    withdraw(session, user_id=user_id, network_id=None, answers=False)
    person.paused_until = until
    session.add(person)
    network = networks[0][1]
    if person.dm_channel_id is not None and "when" in params:
        enqueue(
            session,
            f"{TOPIC}:resumed:{user_id}:{int(until.timestamp())}:{int(now.timestamp())}",
            person.dm_channel_id,
            f"members.resumed#{user_id}",
            now=now,
            params={**params, "network": network.name},
            user_id=user_id,
            network_id=network.id,
            language=person.language or network.language,
            priority=Priority.REMINDER,
            not_before=until,
        )
    wake(session, "schedule")


async def unpause(store: Store, user_id: int, now: datetime) -> None:
    """End a pause now."""

    def act(session: Session) -> None:
        person = session.get(Person, user_id)
        if person is not None:
            withdraw(session, user_id=user_id, network_id=None, answers=False)
            person.paused_until = None
            session.add(person)
            wake(session, "schedule")

    await store.write(act)


async def opened_dm(
    store: Store,
    network_id: int,
    user_id: int,
    channel_id: int,
    template: str,
    params: Mapping[str, str],
    event_id: int,
    now: datetime,
) -> int | None:
    """Keep the DM channel a member's own click (`event_id`) opened, and send the first message there.

    How that message ends is the proof whether DMs arrive. Returns its outbox id, None if this click sent one already.
    """
    return await store.write(
        _opened_dm, network_id, user_id, channel_id, template, dict(params), event_id, now
    )


def _opened_dm(
    session: Session,
    network_id: int,
    user_id: int,
    channel_id: int,
    template: str,
    params: dict[str, str],
    event_id: int,
    now: datetime,
) -> int | None:
    membership = membership_of(session, network_id, user_id)
    if membership is None:
        raise Refusal("errors.not_member", network=session.get_one(Network, network_id).name)
    person = session.get_one(Person, user_id)
    network = session.get_one(Network, network_id)
    person.dm_channel_id = channel_id
    person.dm_closed_at = None
    session.add(person)
    if _just_greeted(session, membership.id, now):
        return None  # a double click
    return enqueue(
        session,
        f"{TOPIC}:welcome:{membership.id}:{event_id}",
        channel_id,
        template,
        now=now,
        params=params,
        user_id=user_id,
        network_id=network_id,
        language=person.language or network.language,
        priority=Priority.ANSWER,
    )


def _just_greeted(session: Session, membership_id: int, now: datetime) -> bool:
    """Whether a first message is on its way to this member, or reached them within the last minute."""
    for row in session.exec(
        select(Outbox).where(col(Outbox.dedupe_key).like(f"{TOPIC}:welcome:{membership_id}:%"))
    ):
        if row.state in (State.PENDING, State.SENDING):
            return True
        if row.state == State.SENT and row.ended_at is not None and now - row.ended_at < timedelta(minutes=1):
            return True
    return False


def reached(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a DM to a member ended: whether their DMs are open.

    Features that send DMs call this from their own consequence.
    """
    if row.user_id is None:
        return
    person = session.get(Person, row.user_id)
    if person is None:
        return
    if row.state in (State.UNDELIVERABLE, State.GONE, State.FORBIDDEN):
        person.dm_closed_at = now
    elif row.state is State.SENT:
        person.dm_closed_at = None
    session.add(person)


async def dm_closed(store: Store, user_id: int, now: datetime) -> None:
    """Note that Discord would not even open a DM with this member."""

    def note(session: Session) -> None:
        person = session.get(Person, user_id)
        if person is not None:
            person.dm_closed_at = now
            session.add(person)

    await store.write(note)


async def networks_of(store: Store, user_id: int) -> list[Network]:
    """The networks somebody belongs to, the oldest membership first."""

    def look(session: Session) -> list[Network]:
        return [network for _, network in memberships_of(session, user_id)]

    return await store.read(look)


async def leave(store: Store, network_id: int, user_id: int, now: datetime) -> bool:
    """End a membership at once: everything waiting is withdrawn and the rows go. Says whether there was one.

    What other features keep hangs on the membership and goes with it; what they do first stands in `store.partings`.
    """
    return await store.write(_leave, store.partings, network_id, user_id, now)


def _leave(
    session: Session, partings: Sequence[Parting], network_id: int, user_id: int, now: datetime
) -> bool:
    membership = membership_of(session, network_id, user_id)
    for parting in partings:
        parting(session, network_id, user_id, now)
    withdraw(session, user_id=user_id, network_id=network_id, ended=True)
    for purpose in Purpose:
        withdraw_consent(session, network_id, user_id, purpose, now)
    if membership is None:
        return False
    session.delete(membership)
    session.flush()
    if not memberships_of(session, user_id):
        session.connection().execute(delete(Person).where(col(Person.user_id) == user_id))
    return True


@dataclass(frozen=True)
class Standing:
    """How somebody stands in a network: what the next step for them is."""

    network: Network | None
    member: bool
    checkins: bool
    dm_closed: bool
    dm_opened: bool


async def standing(store: Store, network_id: int, user_id: int) -> Standing:
    """How somebody stands in a network; every part false for a stranger, no network if it is not set up."""

    def look(session: Session) -> Standing:
        person = session.get(Person, user_id)
        return Standing(
            network=session.get(Network, network_id),
            member=membership_of(session, network_id, user_id) is not None,
            checkins=open_consent(session, network_id, user_id, Purpose.CHECKINS) is not None,
            dm_closed=person is not None and person.dm_closed_at is not None,
            dm_opened=person is not None and person.dm_channel_id is not None,
        )

    return await store.read(look)


# A member asked once a month is asked within this, and may answer on any day of it.
ACTIVE = timedelta(days=35)


async def recent_channels(store: Store, now: datetime) -> list[int]:
    """The DM channels of people who joined, or were asked something, of late; the latest first."""

    def look(session: Session) -> list[int]:
        found = session.exec(
            select(Person.dm_channel_id, Person.last_asked_at, func.max(Membership.joined_at))
            .where(
                Membership.user_id == Person.user_id,
                col(Person.dm_channel_id).is_not(None),
                col(Person.dm_closed_at).is_(None),
            )
            .group_by(col(Person.user_id))
        )
        last = {
            channel: max(asked or joined, joined) for channel, asked, joined in found if channel is not None
        }
        return sorted(
            (one for one, at in last.items() if at > now - ACTIVE), key=lambda one: last[one], reverse=True
        )

    return await store.read(look)


async def conversations(store: Store) -> dict[int, tuple[int, str]]:
    """Every member's DM channel with a network it may speak of, the one they joined last, and the language for it."""

    def look(session: Session) -> dict[int, tuple[int, str]]:
        rows = session.exec(
            select(Person.dm_channel_id, Network.id, Network.language, Person.language)
            .where(Membership.user_id == Person.user_id, Membership.network_id == Network.id)
            .where(col(Person.dm_channel_id).is_not(None), col(Network.removed_at).is_(None))
            .order_by(col(Membership.joined_at))
        )
        return {
            channel: (network_id, own or language)
            for channel, network_id, language, own in rows
            if channel is not None
        }

    return await store.read(look)


async def roll(store: Store) -> list[tuple[int, int]]:
    """Every membership as (network, user), for asking Discord who is still there."""

    def look(session: Session) -> list[tuple[int, int]]:
        return list(session.exec(select(Membership.network_id, Membership.user_id)).all())

    return await store.read(look)
