"""What is next of calls and unnamed talks, by name: for a rehearsal's clock, which says what it is waiting for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from bot.listeners.rules import State
from bot.listeners.tables import Call
from bot.listeners.talk_rules import Step, Talk
from bot.listeners.talk_tables import TalkRow

_CALL = {
    State.DRAFT: "call_unsent",
    State.ASKING: "call_next",
    State.ASKING_ALL: "call_next",
    State.NOBODY: "call_again",
    State.HELD: "call_promised",
}


def upcoming(session: Session) -> Iterator[tuple[datetime, str]]:
    """The first step that a call, and a talk, is to take: when, and the name of its words."""
    call = session.exec(
        select(Call).where(col(Call.step_at).is_not(None)).order_by(col(Call.step_at)).limit(1)
    ).first()
    if call is not None and call.step_at is not None:
        yield call.step_at, _CALL.get(State(call.state), "call_looked_at")
    talk = session.exec(
        select(TalkRow).where(col(TalkRow.next_at).is_not(None)).order_by(col(TalkRow.next_at)).limit(1)
    ).first()
    if talk is not None and talk.next_at is not None:
        yield talk.next_at, _talk(talk)


def _talk(talk: TalkRow) -> str:
    if talk.state == Talk.DRAFT:
        return "talk_unsent"
    if talk.state == Talk.CLOSED:
        return "talk_deleted"
    return "talk_again" if talk.step == Step.NOBODY else "talk_next"
