"""A listener answers an offer of a talk: the first yes has it. One public function, one transaction's part."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from bot.db.keys import Keyring
from bot.db.store import wake
from bot.errors import Refusal
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Candidate
from bot.listeners.relay_posts import tell
from bot.listeners.talk_rules import Role, Step, Talk
from bot.listeners.talk_tables import Side, TalkRow, in_role, side_of
from bot.listeners.talks import candidate, go, withdraw_offers


class Answer(StrEnum):
    """What came of a listener's answer to an offer."""

    YOURS = "yours"
    TAKEN = "taken"  # somebody else has it
    NOT_NEEDED = "not-needed"
    DECLINED = "declined"


def accept(session: Session, desk: Desk, user_id: int, talk_id: int, now: datetime) -> Answer:
    """A listener says yes: the first one has it. Whoever may not be put together with the member is refused here too.

    The caller has just asked Discord that they are still there and a listener. Raises `Refusal` for somebody who was
    never asked, or holds as much as they said they would.
    """
    part = side_of(session, desk.keys, talk_id, user_id)
    talk = session.get(TalkRow, talk_id)
    if part is None or talk is None or part.role not in (Role.ASKED, Role.DECLINED, Role.LISTENER):
        raise Refusal("errors.old_button")
    if part.role == Role.LISTENER:
        return Answer.YOURS if talk.state == Talk.OPEN else Answer.NOT_NEEDED
    if talk.state != Talk.WAITING:
        return Answer.TAKEN if talk.state == Talk.OPEN else Answer.NOT_NEEDED
    (member,) = in_role(session, talk_id, Role.MEMBER)
    listener = duty.listener_of(session, talk.network_id, user_id)
    one = candidate(session, desk, talk, member.user_id(desk.keys), user_id, now)
    if one is None or listener is None or (one.unknown and not part.shown):
        return Answer.NOT_NEEDED
    if not duty.room(session, desk.keys, listener):
        raise Refusal("talks.enough", limit=listener.most_open)
    part.role, part.closed_at = Role.LISTENER, None
    part.call(desk.keys, one.name)
    session.add(part)
    go(talk, Talk.OPEN, None)
    talk.step, talk.opened_at = Step.FIRST, now
    session.add(talk)
    session.flush()
    withdraw_offers(session, talk_id)
    _introduce(session, desk, member, part, one, now)
    return Answer.YOURS


def _introduce(session: Session, desk: Desk, member: Side, part: Side, one: Candidate, now: datetime) -> None:
    keys, text = desk.keys, desk.library.text
    wishes = member.wishes(keys)
    said = {
        "name": member.name(keys),
        "want": str(text(f"talks.want.{wishes.want}", one.language)),
        "long": str(text(f"talks.long.{wishes.long}", one.language)),
        "avoid": wishes.avoid or str(text("talks.avoid.nothing", one.language)),
    }
    tell(session, keys, part, "talks.opened_listener", said, now)
    said = {"name": member.name(keys), "peer": one.name, "organisation": one.organisation}
    tell(session, keys, member, "talks.opened", said, now)


def decline(session: Session, keys: Keyring, user_id: int, talk_id: int, now: datetime) -> Answer:
    """A listener says not this time: the next is asked at once if nobody else has it before them."""
    part = side_of(session, keys, talk_id, user_id)
    talk = session.get(TalkRow, talk_id)
    if part is None or talk is None or part.role not in (Role.ASKED, Role.DECLINED):
        raise Refusal("errors.old_button")
    part.role = Role.DECLINED
    session.add(part)
    session.flush()
    if talk.state == Talk.WAITING and not in_role(session, talk_id, Role.ASKED, Role.SHOWN):
        talk.next_at = now
        session.add(talk)
        wake(session, "schedule")
    return Answer.DECLINED
