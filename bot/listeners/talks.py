"""Asking for an unnamed talk, offering it to listeners, and taking it. One public function, one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete as delete_from
from sqlmodel import Session, col, select

from bot.content.library import Words
from bot.db.keys import Keyring
from bot.db.store import wake
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Candidate, Wanted
from bot.listeners.relay_posts import tell
from bot.listeners.steps import answer_time
from bot.listeners.talk_rules import (
    AFTER,
    ASK_AGAIN,
    AT_ONCE,
    DRAFT_KEPT,
    LOOK_AGAIN,
    NAME_RESTS,
    NEXT,
    UNDER_WAY,
    Role,
    Step,
    Talk,
    Wishes,
    another_name,
)
from bot.listeners.talk_tables import Side, TalkName, TalkRow, held_by, in_role, side, side_of, sides_of
from bot.members.tables import Network, Person, membership_of
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.outbox.tables import State as Sending

TOPIC = "talks"
OFFER = "talks.offer"
duty.LOADS.append(held_by)


def go(talk: TalkRow, state: Talk, next_at: datetime | None) -> None:
    """Take a talk a step further. Raises `ValueError` for a step there is not."""
    if state not in NEXT[Talk(talk.state)]:
        raise ValueError(f"a talk cannot go from {talk.state} to {state}")
    talk.state, talk.next_at = state, next_at


# The member asks


@dataclass(frozen=True)
class Draft:
    """A talk that is written and not asked for yet, as its listener would see it."""

    talk_id: int
    network_id: int
    network: str
    name: str
    wishes: Wishes
    on_now: bool
    """Whether a listener is on who could be asked."""
    next_on: datetime | None
    zone: str


Names = tuple[Sequence[str], Sequence[str]]
"""The two lists of words that made-up names are put together from."""


def draft(
    session: Session,
    desk: Desk,
    names: Names,
    network_id: int,
    network: str,
    user_id: int,
    wishes: Wishes,
    now: datetime,
    event_id: int = 0,
) -> Draft:
    """Keep a member's three answers and make up a name; no listener hears of it. One not sent yet is replaced.

    The same event twice makes one. `network` is what the server is called. Raises `Refusal` for somebody who is not a
    member, or who has a talk already.
    """
    person = session.get(Person, user_id)
    if person is None or membership_of(session, network_id, user_id) is None:
        raise Refusal("errors.not_member", network=network)
    again = bool(event_id) and not first_time(session, "interaction", event_id, now)
    for part, talk in sides_of(session, desk.keys, user_id):
        if part.role == Role.MEMBER and talk.state in UNDER_WAY:
            raise Refusal("talks.already")
        if part.role == Role.MEMBER and talk.state == Talk.DRAFT:
            if again:
                return _as_seen(session, desk, talk, part, now)
            let_go(session, desk.keys, talk)
    session.flush()
    talk = TalkRow(network_id=network_id, made_at=now, next_at=now + DRAFT_KEPT)
    session.add(talk)
    session.flush()
    member = side(desk.keys, talk.id, user_id, Role.MEMBER, _name(session, names, now), now)
    member.wish(desk.keys, wishes)
    session.add(member)
    session.flush()
    wake(session, "schedule")
    return _as_seen(session, desk, talk, member, now)


def _name(session: Session, names: Names, now: datetime) -> str:
    session.connection().execute(delete_from(TalkName).where(col(TalkName.used_at) < now - NAME_RESTS))
    resting = set(session.exec(select(TalkName.name)))
    try:
        made = another_name(*names, resting, secrets.randbelow(1 << 30))
    except ValueError:  # thousands in a month: somebody is playing
        raise Refusal("errors.slow_down") from None
    session.add(TalkName(name=made, used_at=now))
    return made


def _as_seen(session: Session, desk: Desk, talk: TalkRow, member: Side, now: datetime) -> Draft:
    who = member.user_id(desk.keys)
    network = session.get_one(Network, talk.network_id)
    every = duty.suitable(session, desk.keys, talk.network_id, who, now, wanted=Wanted.TALK)
    return Draft(
        talk.id,
        network.id,
        network.name,
        member.name(desk.keys),
        member.wishes(desk.keys),
        any(one.on for one in every),
        min((one.next_on for one in every if one.next_on is not None), default=None),
        network.zone,
    )


def let_go(session: Session, keys: Keyring, talk: TalkRow) -> None:
    """Let go of a talk nobody was asked for, and of its name, which nobody has seen."""
    for member in in_role(session, talk.id, Role.MEMBER):
        _unname(session, member.name(keys))
    session.delete(talk)


def _unname(session: Session, name: str) -> None:
    session.connection().execute(delete_from(TalkName).where(col(TalkName.name) == name))


def rename(session: Session, desk: Desk, names: Names, user_id: int, talk_id: int, now: datetime) -> Draft:
    """Another made-up name for a talk that is not asked for yet. Raises `Refusal` when it is not theirs, or is."""
    talk, member = _own(session, desk.keys, user_id, talk_id)
    if talk.state != Talk.DRAFT:
        raise Refusal("errors.old_button")
    before = member.name(desk.keys)
    member.call(desk.keys, _name(session, names, now))
    _unname(session, before)
    session.add(member)
    return _as_seen(session, desk, talk, member, now)


def drop_draft(session: Session, keys: Keyring, user_id: int, talk_id: int) -> None:
    """Let go of a talk that was not asked for. Raises `Refusal` when it is not theirs, or was."""
    talk, _ = _own(session, keys, user_id, talk_id)
    if talk.state != Talk.DRAFT:
        raise Refusal("errors.old_button")
    let_go(session, keys, talk)


def _own(session: Session, keys: Keyring, user_id: int, talk_id: int) -> tuple[TalkRow, Side]:
    talk, part = session.get(TalkRow, talk_id), side_of(session, keys, talk_id, user_id)
    if talk is None or part is None or part.role != Role.MEMBER:
        raise Refusal("errors.old_button")
    return talk, part


def ask(session: Session, desk: Desk, user_id: int, talk_id: int, channel_id: int, now: datetime) -> Draft:
    """Ask for a listener: the member has seen what will be seen of them and said yes. Asking twice changes nothing.

    `channel_id` are the direct messages that click opened. Raises `Refusal` when the talk is not theirs, or over.
    """
    talk, member = _own(session, desk.keys, user_id, talk_id)
    if talk.state == Talk.CLOSED:
        raise Refusal("errors.old_button")
    if talk.state == Talk.DRAFT:
        person = session.get_one(Person, user_id)
        person.dm_channel_id, person.dm_closed_at = channel_id, None
        session.add(person)
        go(talk, Talk.WAITING, now)
        session.add(talk)
        tell(session, desk.keys, member, "talks.asked", {"name": member.name(desk.keys)}, now)
        offer(session, desk, talk, now)
    return _as_seen(session, desk, talk, member, now)


# Offering


def offer(session: Session, desk: Desk, talk: TalkRow, now: datetime, step: Step | None = None) -> None:
    """Put a waiting talk before whoever is to be asked at `step`, or at its present one; in the caller's transaction.

    Where nobody is left for a step the next one is taken at once; after the last the member is told, with numbers.
    """
    keys = desk.keys
    (member,) = in_role(session, talk.id, Role.MEMBER)
    who, was = member.user_id(keys), Step(talk.step)
    if was is Step.NOBODY:
        for part in in_role(session, talk.id, Role.SHOWN, Role.ASKED, Role.DECLINED):
            if now - part.made_at > ASK_AGAIN:
                session.delete(part)
        session.flush()
    before = {part.user_id(keys) for part in in_role(session, talk.id, *_NOT_AGAIN)}
    every = duty.suitable(session, keys, talk.network_id, who, now, wanted=Wanted.TALK)
    free = [one for one in every if one.on and one.user_id not in before]
    step = step or was
    if step is Step.NOBODY and free:
        step = Step.FIRST
    while step is not Step.NOBODY and not free:
        step = AFTER[step]
    talk.step = step
    if step is Step.NOBODY:
        upcoming = duty.first_on(every)
        if was is not Step.NOBODY:
            _tell_nobody(session, desk, talk, member, upcoming, now)
        talk.next_at = min(now + LOOK_AGAIN, upcoming or now + LOOK_AGAIN)
        session.add(talk)
        wake(session, "schedule")
        return
    for one in free[: AT_ONCE[step]]:
        if one.unknown:
            _show(session, desk, talk, member, one, now)
        else:
            _put_before(session, desk, talk, one, now)
    talk.next_at = now + answer_time(session, talk.network_id)
    session.add(talk)
    wake(session, "schedule")


_NOT_AGAIN = (Role.SHOWN, Role.ASKED, Role.DECLINED, Role.FORMER)


def _show(session: Session, desk: Desk, talk: TalkRow, member: Side, one: Candidate, now: datetime) -> None:
    """Nobody can tell whether these two share an employer: the member sees who it would be, and chooses."""
    row = side(desk.keys, talk.id, one.user_id, Role.SHOWN, one.name, now)
    row.shown = True
    session.add(row)
    session.flush()
    params = {"name": one.name, "organisation": one.organisation}
    tell(session, desk.keys, member, "talks.may_i_ask", params, now, row.id)


def _put_before(session: Session, desk: Desk, talk: TalkRow, one: Candidate, now: datetime) -> None:
    part = side_of(session, desk.keys, talk.id, one.user_id)
    if part is None:
        part = side(desk.keys, talk.id, one.user_id, Role.ASKED, one.name, now)
    part.role = Role.ASKED
    session.add(part)
    network = session.get_one(Network, talk.network_id)
    wishes = in_role(session, talk.id, Role.MEMBER)[0].wishes(desk.keys)
    duty.asked(session, one.user_id, talk.network_id, now)
    enqueue(
        session,
        f"{TOPIC}:offer:{talk.id}:{part.id}:{talk.turns}",
        one.channel_id,
        f"{OFFER}#{talk.id % 7}",
        now=now,
        params={"network": network.name, "seen": seen(desk, network.name, wishes, one.language)},
        subject_id=talk.id,
        user_id=one.user_id,
        network_id=talk.network_id,
        language=one.language,
        priority=Priority.ANSWER,
        expires_at=now + answer_time(session, talk.network_id),
    )


def seen(desk: Desk, network: str, wishes: Wishes, language: str) -> Words:
    """What listeners who are asked see of a talk, word for word; the member reads the same before."""
    text = desk.library.text
    want, long = text(f"talks.want.{wishes.want}", language), text(f"talks.long.{wishes.long}", language)
    return text("talks.seen", language, network=network, want=want, long=long)


def may_ask(session: Session, desk: Desk, user_id: int, side_id: int, yes: bool, now: datetime) -> str:
    """The member saw who it would be, and says whether to ask them; the name. A no after a yes takes it back.

    Raises `Refusal` when it is not theirs to say, or somebody has it by now.
    """
    shown = session.get(Side, side_id)
    if shown is None:
        raise Refusal("errors.old_button")
    talk, _ = _own(session, desk.keys, user_id, shown.talk_id)
    if talk.state != Talk.WAITING or shown.role not in (Role.SHOWN, Role.ASKED, Role.DECLINED):
        raise Refusal("errors.old_button")
    name = shown.name(desk.keys)
    if yes and shown.role != Role.SHOWN:
        return name
    one = candidate(session, desk, talk, user_id, shown.user_id(desk.keys), now)
    if not yes:
        withdraw_offers(session, talk.id, shown.id)
        shown.role = Role.FORMER
        session.add(shown)
        talk.next_at = now
    elif one is not None and one.on:
        _put_before(session, desk, talk, one, now)
        talk.next_at = now + answer_time(session, talk.network_id)
    else:
        shown.role = Role.DECLINED
        session.add(shown)
        talk.next_at = now
    session.add(talk)
    wake(session, "schedule")
    return name


def candidate(
    session: Session, desk: Desk, talk: TalkRow, member_id: int, user_id: int, now: datetime
) -> Candidate | None:
    """Somebody as a listener for this member, if they may ever be put together; on or not."""
    every = duty.suitable(session, desk.keys, talk.network_id, member_id, now, wanted=Wanted.TALK)
    return next((one for one in every if one.user_id == user_id), None)


def _tell_nobody(
    session: Session, desk: Desk, talk: TalkRow, member: Side, upcoming: datetime | None, now: datetime
) -> None:
    """Tell the member honestly, with numbers; the talk goes on waiting, for as long as they like."""
    who = member.user_id(desk.keys)
    network, person = session.get_one(Network, talk.network_id), session.get_one(Person, who)
    language = person.language or network.language
    asked = in_role(session, talk.id, Role.ASKED, Role.DECLINED, Role.SHOWN)
    params = {
        "line": desk.line(network.id, language),
        "later": desk.later(upcoming, network.zone, now, language),
    }
    tell(session, desk.keys, member, "talks.nobody" if asked else "talks.nobody_on", params, now)


def withdraw_offers(session: Session, talk_id: int, side_id: int | None = None) -> None:
    """Take back, without a trace, offers of a talk (to all, or to one) that have not gone out; in the caller's transaction."""
    first = f"{TOPIC}:offer:{talk_id}:" + (f"{side_id}:" if side_id else "")
    session.connection().execute(
        delete_from(Outbox).where(
            col(Outbox.dedupe_key).between(first, first[:-1] + ";"), col(Outbox.state) == Sending.PENDING
        )
    )


def offered(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how an offer ended: one that did not arrive does not use up the time there is to answer."""
    if row.state is Sending.SENT:
        return
    talk = session.get(TalkRow, row.subject_id)
    if talk is not None and talk.state == Talk.WAITING:
        talk.next_at = now
        session.add(talk)
        wake(session, "schedule")
