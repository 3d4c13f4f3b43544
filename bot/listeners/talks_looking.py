"""How talks stand, for whoever may know: read, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Wanted
from bot.listeners.relay_sending import told_since
from bot.listeners.talk_rules import PARTIES, UNDER_WAY, Role, Talk
from bot.listeners.talk_tables import (
    WHICH,
    WHO,
    Going,
    Post,
    Side,
    TalkRow,
    in_role,
    side_of,
    sides_of,
    talking,
)
from bot.members.tables import Network, Person, membership_of
from bot.outbox.tables import Outbox

Which = Literal["", "member", "listener"]


@dataclass(frozen=True)
class Standing:
    """A member's own talk. `other` is empty while nobody has said yes."""

    talk_id: int
    network_id: int
    name: str
    other: str


def standing(session: Session, keys: Keyring, user_id: int) -> Standing | None:
    """The talk somebody asked for and that is not over; None when there is none."""
    for part, talk in sides_of(session, keys, user_id):
        if part.role == Role.MEMBER and talk.state in UNDER_WAY:
            other = in_role(session, talk.id, Role.LISTENER)
            named = other[0].name(keys) if other and talk.state == Talk.OPEN else ""
            return Standing(talk.id, talk.network_id, part.name(keys), named)
    return None


@dataclass(frozen=True)
class Outlook:
    """Whether a listener a member could be put together with is on, and when the next one is."""

    on: bool
    next_on: datetime | None
    zone: str
    language: str


def outlook(session: Session, desk: Desk, network_id: int, name: str, user_id: int, now: datetime) -> Outlook:
    """Who is on for this member. `name` is what the server is called. Raises `Refusal` for somebody who is no member."""
    network = session.get(Network, network_id)
    if network is None:
        raise Refusal("errors.not_set_up", network=name)
    if membership_of(session, network_id, user_id) is None:
        raise Refusal("errors.not_member", network=network.name)
    every = duty.suitable(session, desk.keys, network_id, user_id, now, wanted=Wanted.TALK)
    return Outlook(any(one.on for one in every), duty.first_on(every), network.zone, network.language)


def whose(session: Session, keys: Keyring, user_id: int, talk_id: int) -> int:
    """The network of a talk somebody has a part in. Raises `Refusal` when they have none."""
    part, talk = side_of(session, keys, talk_id, user_id), session.get(TalkRow, talk_id)
    if part is None or talk is None:
        raise Refusal("errors.old_button")
    return talk.network_id


# For the relay and what stands around it


def concerns(session: Session, keys: Keyring, user_id: int) -> bool:
    """Whether what somebody writes may belong to a talk: one of theirs is open, waits, or is still kept."""
    index = keys.index(str(user_id), WHO)
    return session.exec(select(Side.id).where(Side.person_index == index).limit(1)).first() is not None


def parties(session: Session, keys: Keyring) -> dict[int, Which]:
    """Everybody in an open talk, and on which side; a member in both is a member."""
    found: dict[int, Which] = {}
    rows = session.exec(
        select(Side)
        .where(col(Side.role).in_(list(PARTIES)), Side.talk_id == TalkRow.id, TalkRow.state == Talk.OPEN)
        .order_by(col(Side.role))
    )
    for part in rows:
        who = part.user_id(keys)
        if found.get(who) != "member":
            found[who] = "member" if part.role == Role.MEMBER else "listener"
    return found


@dataclass(frozen=True, slots=True)
class Ear:
    """Where to look for what somebody wrote while nobody was listening: in their conversation, after a message."""

    user_id: int
    channel_id: int
    after_id: int


def ears(session: Session, keys: Keyring) -> list[Ear]:
    """Everybody in an open talk who was told that it is open, and since when there may be words that nobody heard."""
    found: dict[int, Ear] = {}
    rows = session.exec(
        select(Side, TalkRow).where(
            col(Side.role).in_(list(PARTIES)), Side.talk_id == TalkRow.id, TalkRow.state == Talk.OPEN
        )
    )
    for part, talk in rows:
        who = part.user_id(keys)
        person, since = session.get(Person, who), told_since(session, keys, part.id)
        if person is None or person.dm_channel_id is None or talk.opened_at is None or since is None:
            continue
        after = max(since or _number_at(talk.opened_at), _newest(session, keys, part.id))
        known = found.get(who)
        found[who] = Ear(who, person.dm_channel_id, min(after, known.after_id) if known else after)
    return list(found.values())


def _newest(session: Session, keys: Keyring, side_id: int) -> int:
    """The newest message of somebody's that was taken in for a talk."""
    taken = session.exec(
        select(Post)
        .where(Post.from_id == side_id, col(Post.source_sealed).is_not(None))
        .order_by(col(Post.seq).desc())
        .limit(20)
    )
    return max((post.source_id(keys) or 0 for post in taken), default=0)


def _number_at(at: datetime) -> int:
    """The first number Discord gives to anything made at an instant."""
    return (int(at.timestamp() * 1000) - _EPOCH_MS) << 22


_EPOCH_MS = 1_420_070_400_000  # Discord counts from the first second of 2015


def taken_away(session: Session, keys: Keyring, user_id: int, oldest: int, there: Iterable[int]) -> list[int]:
    """Which of the messages somebody wrote since `oldest`, and that were passed on, are no longer `there`."""
    index, present = keys.index(str(user_id), WHO), set(there)
    rows = session.exec(
        select(Post)
        .where(
            Post.from_id == Side.id,
            Side.person_index == index,
            col(Post.state) == Going.SENT,
            col(Post.source_sealed).is_not(None),
        )
        .order_by(col(Post.seq).desc())
        .limit(100)
    )
    sources = {source for post in rows if (source := post.source_id(keys)) is not None}
    return sorted(source for source in sources if source > oldest and source not in present)


def passed_on(session: Session, keys: Keyring, message_id: int) -> bool:
    """Whether a message was taken in for a talk."""
    index = keys.index(str(message_id), WHICH)
    return session.exec(select(Post.id).where(Post.source_index == index)).first() is not None


def channel_of(session: Session, user_id: int) -> int | None:
    """Somebody's direct messages with the bot."""
    person = session.get(Person, user_id)
    return person.dm_channel_id if person else None


CHECKINS_WAIT = frozenset({"checkins", "follow"})
"""Topics of messages that wait while their reader is in a talk."""


def wait(keys: Keyring, session: Session, rows: list[Outbox]) -> set[int]:
    """Which of these messages wait, by their ids: questions to people who are in an open talk."""
    asked = {row.user_id for row in rows if row.topic in CHECKINS_WAIT and row.user_id is not None}
    busy = talking(session, keys, asked) if asked else set[int]()
    return {row.id for row in rows if row.topic in CHECKINS_WAIT and row.user_id in busy}
