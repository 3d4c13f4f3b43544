"""Messages in doubt belong to somebody who may leave meanwhile; and nothing that goes wrong may end the post."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import Session, col, delete

from bot.outbox import pump as pumps
from bot.outbox import queue
from bot.outbox.tables import Outbox, State
from tests.launch.waiting import until
from tests.outbox.conftest import office, session, store, url
from tests.outbox.office import IN_DOUBT, Office

__all__ = ["office", "session", "store", "url"]


async def test_a_message_in_doubt_is_not_sent_to_somebody_who_left_meanwhile(office: Office) -> None:
    tried = asyncio.Event()

    async def refuse(_row: Outbox) -> queue.Ending:
        tried.set()
        return IN_DOUBT

    office.post.next("a:1", refuse)
    await office.put("a:1", user_id=7)
    office.start()
    await tried.wait()
    await office.store.write(_erase, "a:1")
    await office.put("a:2", user_id=8)
    await office.until(a_2=State.SENT)
    await until(lambda: not office.pump._doubtful and not office.pump._tasks)
    assert "a:1" not in office.post.posted[1]


async def test_a_change_nobody_foresaw_does_not_end_the_post(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, times = queue.claim, 0

    def once_wrong(*arguments: Any) -> list[Outbox]:
        nonlocal times
        times += 1
        if times == 1:
            raise LookupError("something nobody thought of")
        return claim(*arguments)

    monkeypatch.setattr(pumps.queue, "claim", once_wrong)
    await office.put("a:1")
    office.start()
    await office.until(a_1=State.SENT)


def _erase(session: Session, key: str) -> None:
    session.connection().execute(delete(Outbox).where(col(Outbox.dedupe_key) == key))
