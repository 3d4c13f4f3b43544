"""Statements made ready once do what SQLAlchemy does with the same ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from bot.db.prepared import Prepared
from bot.db.store import Store
from bot.db.tables import Seen
from bot.db.upgrade import upgrade
from bot.errors import StoreUnavailable
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority, State

NOW = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    url = f"sqlite:///{tmp_path / 'here.db'}"
    upgrade(url)
    one = Store(url)
    yield one
    one.close()


async def test_what_is_put_in_reads_back_as_the_tables_have_it(store: Store) -> None:
    def put(session: Session) -> int | None:
        return enqueue(session, "a:1", 5, "t.x#1", now=NOW, params={"name": "Siân — ‮ok"}, user_id=7)

    row_id = await store.write(put)
    row = await store.read(lambda session: session.get_one(Outbox, row_id))
    assert (row.params, row.not_before, row.expires_at) == ({"name": "Siân — ‮ok"}, NOW, None)
    assert (row.state, row.attempts, row.priority) == (State.PENDING, 0, Priority.ROUND)
    assert await store.write(put) is None, "the same key again"

    ready = Prepared(
        select(col(Outbox.not_before), col(Outbox.params), col(Outbox.expires_at)).where(
            col(Outbox.user_id) == bindparam("who"), col(Outbox.state) == State.PENDING
        )
    )
    assert await store.read(ready.rows, {"who": 7}) == [(NOW, {"name": "Siân — ‮ok"}, None)]
    assert await store.read(ready.rows, {"who": 8}) == []


async def test_a_value_forgotten_is_an_error_and_never_a_null(store: Store) -> None:
    with pytest.raises(KeyError):
        await store.write(Prepared(insert(Outbox), sets=("id", "dedupe_key")).run, {"id": 1})


async def test_a_failing_statement_undoes_its_own_change_alone_and_tells_no_values(store: Store) -> None:
    bare = Prepared(insert(Seen), sets=("source", "event_id"))  # and no time, which there must be

    def fails(session: Session) -> None:
        enqueue(session, "a:2", 5, "t.x#1", now=NOW)
        bare.run(session, {"source": "x", "event_id": "somebody's"})

    kept, failed = store.write(lambda s: enqueue(s, "a:3", 5, "t.x#1", now=NOW)), store.write(fails)
    assert await kept is not None
    with pytest.raises((DBAPIError, StoreUnavailable)) as told:
        await failed
    assert "somebody's" not in str(told.value)
    found = await store.read(lambda session: session.exec(select(col(Outbox.dedupe_key))).all())
    assert [key for (key,) in found] == ["a:3"]
