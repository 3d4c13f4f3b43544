"""How a talk ends, goes to somebody else, or loses one of the two. Each function is one transaction's part.

A listener ends a talk only once they listen; before that only the member does, and time never.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update as update_in
from sqlmodel import Session, col, select

from bot.db.keys import Keyring
from bot.db.store import wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.listeners.relay_posts import TALKS, tell
from bot.listeners.talk_rules import KEPT_FOR, PARTIES, UNDER_WAY, Role, Step, Talk, may_end
from bot.listeners.talk_tables import WAITING_TO_GO, Going, Post, Side, TalkRow, in_role, side_of, sides_of
from bot.listeners.talks import go, withdraw_offers
from bot.members.apart import separate
from bot.members.apart_tables import Apart

NOT_PASSED_ON = "talks.not_passed_on"


@dataclass(frozen=True)
class Ended:
    """What whoever ended it is told: their part, what the other side is called, and whether somebody was there at all."""

    role: Role
    other: str
    was_open: bool
    fresh: bool


def _mine(session: Session, keys: Keyring, user_id: int, talk_id: int) -> tuple[TalkRow, Side, Side | None]:
    talk, part = session.get(TalkRow, talk_id), side_of(session, keys, talk_id, user_id)
    if talk is None or part is None or part.role not in PARTIES:
        raise Refusal("errors.old_button")
    other = next((one for one in in_role(session, talk_id, *PARTIES) if one.id != part.id), None)
    return talk, part, other


def about(session: Session, keys: Keyring, user_id: int, talk_id: int) -> Ended:
    """How a talk stands for one of the two, before they decide anything. Raises `Refusal` when it is not theirs."""
    talk, part, other = _mine(session, keys, user_id, talk_id)
    name = other.name(keys) if other else ""
    return Ended(Role(part.role), name, talk.state == Talk.OPEN, talk.state in UNDER_WAY)


def close(session: Session, keys: Keyring, user_id: int, talk_id: int, now: datetime) -> Ended:
    """End a talk for both. The other side is told; ending it twice changes nothing.

    Raises `Refusal` when it is not theirs to end.
    """
    talk, part, other = _mine(session, keys, user_id, talk_id)
    name = other.name(keys) if other else ""
    if talk.state == Talk.CLOSED:
        return Ended(Role(part.role), name, other is not None, fresh=False)
    if not may_end(Role(part.role), Talk(talk.state)):
        raise Refusal("errors.old_button")
    was_open = talk.state == Talk.OPEN
    unsent = _shut(session, talk, now)
    session.flush()
    if other is not None:
        listening = other.role == Role.LISTENER
        template = "talks.ended_by_member" if listening else "talks.ended_by_listener"
        tell(session, keys, other, template, {"name": part.name(keys)}, now)
    _say_unsent(session, keys, unsent, [one for one in (part, other) if one is not None], now)
    return Ended(Role(part.role), name, was_open, True)


def _shut(session: Session, talk: TalkRow, now: datetime) -> dict[int, int]:
    """Close it: nothing waits any more, and everything is gone in seven days. How many each side wrote that goes nowhere."""
    if talk.state != Talk.CLOSED:
        go(talk, Talk.CLOSED, now + KEPT_FOR)
    talk.closed_at = now
    session.add(talk)
    session.flush()
    unsent = _let_go(session, talk.id)
    for table in (Side, Post):
        session.connection().execute(
            update_in(table)
            .where(col(table.talk_id) == talk.id, col(table.closed_at).is_(None))
            .values(closed_at=now)
        )
    session.expire_all()
    withdraw_offers(session, talk.id)
    wake(session, "schedule")
    wake(session, TALKS)
    return unsent


def _let_go(session: Session, talk_id: int) -> dict[int, int]:
    """Let go of words that have not set out yet; how many of each side's. Held ones wait for another open talk, if there is one."""
    waiting = session.exec(
        select(Post).where(
            Post.talk_id == talk_id,
            col(Post.notice).is_(False),
            col(Post.state).in_([Going.READY, Going.HELD]),
        )
    ).all()
    count: dict[int, int] = {}
    for post in waiting:
        elsewhere = _another_part(session, post) if post.state == Going.HELD else None
        if elsewhere is not None:
            post.from_id, post.talk_id = elsewhere.id, elsewhere.talk_id
        else:
            post.state, post.words_sealed = Going.DROPPED, None
            if post.from_id is not None:
                count[post.from_id] = count.get(post.from_id, 0) + 1
        session.add(post)
    session.flush()
    return count


def _another_part(session: Session, post: Post) -> Side | None:
    part = session.get(Side, post.from_id)
    if part is None:
        return None
    return session.exec(
        select(Side).where(
            Side.person_index == part.person_index,
            Side.talk_id != part.talk_id,
            Side.talk_id == TalkRow.id,
            TalkRow.state == Talk.OPEN,
            col(Side.role).in_(list(PARTIES)),
        )
    ).first()


def block(session: Session, keys: Keyring, user_id: int, talk_id: int, now: datetime) -> Ended:
    """End a talk and never let these two be put together again, in anything. Neither learns who the other is.

    What is kept is a code of the two; nobody has the other on a list, so nobody could undo it.
    """
    _, _, other = _mine(session, keys, user_id, talk_id)
    if other is None:
        raise Refusal("errors.old_button")
    separate(session, keys, user_id, other.user_id(keys), Apart.BLOCK, now)
    return close(session, keys, user_id, talk_id, now)


# To somebody else


def suggest_other(
    session: Session, keys: Keyring, user_id: int, talk_id: int, event_id: int, now: datetime
) -> Ended:
    """A listener would rather somebody else went on: the member is asked, once for each press, and must say yes.

    Raises `Refusal` when they are not the listener of an open talk.
    """
    talk, part, other = _mine(session, keys, user_id, talk_id)
    if part.role != Role.LISTENER or talk.state != Talk.OPEN or other is None:
        raise Refusal("errors.old_button")
    if first_time(session, "interaction", event_id, now):
        named = {"peer": part.name(keys), "name": other.name(keys)}
        tell(session, keys, other, "talks.over_asked", named, now)
    return Ended(Role.LISTENER, other.name(keys), True, True)


def hand_over(
    session: Session, keys: Keyring, user_id: int, talk_id: int, event_id: int, now: datetime
) -> Ended:
    """The member wants another listener: this one is thanked, and others are asked. Nothing said so far goes with it.

    The caller offers it at once (`talks_due.advance`). Raises `Refusal` when it is not the member's open talk.
    """
    talk, part, other = _mine(session, keys, user_id, talk_id)
    if part.role != Role.MEMBER or talk.state != Talk.OPEN or other is None:
        raise Refusal("errors.old_button")
    name = other.name(keys)
    if not first_time(session, "interaction", event_id, now):
        return Ended(Role.MEMBER, name, True, fresh=False)
    unsent = _release(session, talk, other, now)
    tell(session, keys, other, "talks.handed_over", {"name": part.name(keys)}, now)
    _say_unsent(session, keys, unsent, (part, other), now)
    return Ended(Role.MEMBER, name, True, True)


def another_instead(session: Session, keys: Keyring, talk: TalkRow, now: datetime) -> None:
    """Have an open talk go on with another listener, in the caller's transaction, by nobody's wish that either hears of.

    Each is told what whoever is in a talk is told now and then, and neither is told a reason.
    """
    parts = {Role(part.role): part for part in in_role(session, talk.id, *PARTIES)}
    member, listener = parts[Role.MEMBER], parts[Role.LISTENER]
    unsent = _release(session, talk, listener, now)
    tell(session, keys, listener, "talks.handed_over", {"name": member.name(keys)}, now)
    tell(session, keys, member, "talks.listener_gone", {"peer": listener.name(keys)}, now)
    _say_unsent(session, keys, unsent, (member, listener), now)


def _say_unsent(
    session: Session, keys: Keyring, unsent: Mapping[int, int], parts: Collection[Side], now: datetime
) -> None:
    for one in parts:
        if unsent.get(one.id):
            tell(session, keys, one, NOT_PASSED_ON, {}, now)


def _release(session: Session, talk: TalkRow, listener: Side, now: datetime) -> dict[int, int]:
    """Take a talk from its listener: it waits for another, and the silent may be asked again. Says what `_let_go` does."""
    unsent = _let_go(session, talk.id)
    listener.role, listener.closed_at = Role.FORMER, now
    session.add(listener)
    for silent in in_role(session, talk.id, Role.ASKED):
        session.delete(silent)
    go(talk, Talk.WAITING, now)
    talk.step, talk.turns = Step.FIRST, talk.turns + 1
    session.add(talk)
    session.flush()
    wake(session, "schedule")
    wake(session, TALKS)
    return unsent


# When one of the two is gone


def gone(session: Session, keys: Keyring, to_id: int, user_id: int, now: datetime) -> None:
    """Discord says that one of the two left the server, or listens no more: the other is told, and the talk goes on or ends."""
    reader = session.get(Side, to_id)
    talk = session.get(TalkRow, reader.talk_id) if reader is not None else None
    if talk is None or talk.state != Talk.OPEN:
        return
    part = side_of(session, keys, talk.id, user_id)
    if part is not None and part.role in PARTIES:
        _without(session, keys, talk, part, now)


def _without(session: Session, keys: Keyring, talk: TalkRow, part: Side, now: datetime) -> None:
    other = next((one for one in in_role(session, talk.id, *PARTIES) if one.id != part.id), None)
    if part.role == Role.LISTENER:
        unsent = _release(session, talk, part, now)
        if other is not None:
            tell(session, keys, other, "talks.listener_gone", {"peer": part.name(keys)}, now)
            _say_unsent(session, keys, unsent, (other,), now)
        return
    name = part.name(keys)
    _shut(session, talk, now)
    if other is not None:
        tell(session, keys, other, "talks.member_gone", {"name": name}, now)


def parted(keys: Keyring, session: Session, network_id: int | None, user_id: int, now: datetime) -> None:
    """Somebody leaves a network, or (None) is forgotten: their part and their words go at once, and the other is told."""
    for part, talk in sides_of(session, keys, user_id):
        if network_id not in (None, talk.network_id):
            continue
        if part.role == Role.MEMBER and talk.state == Talk.DRAFT:
            session.delete(talk)
            continue
        if part.role == Role.MEMBER and talk.state in UNDER_WAY:
            _without(session, keys, talk, part, now)
            withdraw_offers(session, talk.id)
        elif part.role == Role.LISTENER and talk.state == Talk.OPEN:
            _without(session, keys, talk, part, now)
        session.flush()
        if part.role == Role.MEMBER:
            _empty(session, talk)
        session.delete(part)  # and with it what they wrote, and what was said to them
        session.flush()


def _empty(session: Session, talk: TalkRow) -> None:
    """A member who goes takes the whole conversation with them; only what the other is still to be told stays."""
    for post in session.exec(select(Post).where(Post.talk_id == talk.id, col(Post.notice).is_(False))).all():
        session.delete(post)
    for part in in_role(session, talk.id, Role.SHOWN, Role.ASKED, Role.DECLINED, Role.FORMER):
        session.delete(part)
    said = select(Post).where(Post.talk_id == talk.id, col(Post.state).not_in(list(WAITING_TO_GO)))
    for post in session.exec(said).all():
        session.delete(post)
    session.flush()
