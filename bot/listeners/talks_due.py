"""What time brings to talks: the next listener, all of them, the member told; and letting go of what was kept long enough."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from bot.db.store import Store
from bot.listeners.desk import Desk
from bot.listeners.talk_rules import AFTER, LOOK_AGAIN, Role, Step, Talk
from bot.listeners.talk_tables import TalkRow, in_role
from bot.listeners.talks import let_go, offer

log = logging.getLogger("reallyok.talks")

AT_ONCE = 50


def next_due(session: Session) -> datetime | None:
    """When the next step of a talk is due."""
    return session.exec(select(func.min(TalkRow.next_at))).one()


async def advance_due(store: Store, desk: Desk, now: datetime) -> None:
    """Take every talk that is due a step further. Mostly none is, and then this is a read and no lock."""
    while (earliest := await store.read(next_due)) is not None and earliest <= now:
        await store.write(advance, desk, now)


def advance(session: Session, desk: Desk, now: datetime) -> None:
    """Take some of the talks that are due a step further. One that cannot be holds up no other."""
    due = session.exec(
        select(TalkRow).where(col(TalkRow.next_at) <= now).order_by(col(TalkRow.next_at)).limit(AT_ONCE)
    ).all()
    for talk in due:
        try:
            with session.begin_nested():
                _advance(session, desk, talk, now)
        except DBAPIError:
            raise  # the database's own trouble: nothing of this is kept, and it is tried again
        except Exception as error:
            log.error("A talk's next step failed; it is tried again later.", exc_info=error)
            talk.next_at = now + LOOK_AGAIN
            session.add(talk)


def _advance(session: Session, desk: Desk, talk: TalkRow, now: datetime) -> None:
    if talk.state == Talk.DRAFT:
        let_go(session, desk.keys, talk)
    elif talk.state == Talk.CLOSED or not in_role(session, talk.id, Role.MEMBER):
        # Over for as long as it is kept; or of somebody an older backup had forgotten.
        session.delete(talk)
    elif talk.state == Talk.WAITING:
        tried = in_role(session, talk.id, Role.ASKED, Role.SHOWN, Role.DECLINED)
        offer(session, desk, talk, now, AFTER[Step(talk.step)] if tried else None)
    else:
        talk.next_at = None
        session.add(talk)
