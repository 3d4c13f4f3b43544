"""Something that cannot be done for one member holds up nothing of anybody else's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot import features
from bot.db.keys import Keyring
from bot.db.store import Store
from bot.listeners import due
from bot.listeners.desk import Desk
from bot.listeners.rules import Promise, State
from bot.listeners.tables import Call, Listener
from bot.listeners.talk_rules import LOOK_AGAIN
from bot.members.tables import Membership
from bot.sessions.tables import Occurrence
from tests.checkins.evening import library
from tests.sessions.test_places import NETWORK, NOW, STARTS, filled

KEYS = Keyring(b"k" * 32)
UNREADABLE = b"\x01" + b"sealed with a key nobody has any more"


async def _here(network_id: int, user_id: int) -> tuple[bool | None, str]:
    return True, "Somebody"


def _call_that_cannot_be_read(session: Session) -> None:
    listener, member = session.exec(select(Membership).limit(2)).all()
    session.add(
        Listener(
            membership_id=listener.id,
            user_id=listener.user_id,
            network_id=NETWORK,
            name_sealed=UNREADABLE,
            organisation_sealed=UNREADABLE,
            zone="Europe/London",
        )
    )
    session.add(
        Call(
            membership_id=member.id,
            user_id=member.user_id,
            network_id=NETWORK,
            zone="Europe/London",
            state=State.HELD,
            holder_id=listener.user_id,
            name_sealed=UNREADABLE,
            reach_sealed=UNREADABLE,
            made_at=NOW,
            promise=Promise.HALF_HOUR,
            promised_at=NOW,
            step_at=NOW + timedelta(minutes=15),
        )
    )


def _ring(store: Store, *, with_call: bool, asked: Callable[[], None] = lambda: None) -> None:
    desk, buddy_desk = Desk(KEYS, library(), lambda *_: ""), features.buddy_desk(KEYS, library())
    hands = features.Hands(_here, lambda *_: (), asked)

    async def ring() -> None:
        if with_call:
            await store.write(_call_that_cannot_be_read)
        await features.do_due(store, desk, buddy_desk, hands, STARTS, openings=1)

    asyncio.run(ring())


def _opened(store: Store, meeting_id: int) -> bool:
    meeting = asyncio.run(store.read(lambda session: session.get_one(Occurrence, meeting_id)))
    return meeting.door_at is None


def test_a_call_nobody_can_read_holds_up_no_session(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, meeting_id = filled(tmp_path)
    try:
        with caplog.at_level(logging.ERROR, "reallyok.calls"):
            _ring(store, with_call=True)
        assert [record.getMessage() for record in caplog.records] == [
            "A call's next step failed; it is tried again later."
        ]
        (call,) = asyncio.run(store.read(lambda session: session.exec(select(Call)).all()))
        assert call.state == State.HELD
        assert call.step_at == STARTS + LOOK_AGAIN
        assert _opened(store, meeting_id)
    finally:
        store.close()


def test_a_whole_feature_that_fails_holds_up_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> int:
        raise LookupError

    monkeypatch.setattr(due, "calls_due", fails)
    store, meeting_id = filled(tmp_path)
    asked: list[bool] = []
    try:
        with pytest.raises(ExceptionGroup) as failed:
            _ring(store, with_call=False, asked=lambda: asked.append(True))
        assert len(failed.value.exceptions) == 1, "the alarm is to know, and tries again at its next sweep"
        assert asked, "and what is asked of Discord follows"
        assert _opened(store, meeting_id)
    finally:
        store.close()
