"""A table of the tests' own beside the real ones, and ordinary changes to it, importable by a second process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from sqlmodel import Session

from bot.db.store import Store, engine_for
from bot.errors import StoreUnavailable

TABLE = Table(
    "tally",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("count", Integer, nullable=False, default=0),
    Column("words", String, unique=True),
)


def made(path: Path) -> str:
    """The address of a new database with the table in it."""
    url = f"sqlite:///{path}"
    engine = engine_for(url, writing=True)
    TABLE.metadata.create_all(engine)
    engine.dispose()
    return url


def add(session: Session, row_id: int, words: str | None = None) -> int:
    session.connection().execute(insert(TABLE).values(id=row_id, count=0, words=words))
    return row_id


def increment(session: Session, row_id: int) -> int:
    """Read, then write what was read and one more: how an update is lost."""
    count = session.connection().execute(select(TABLE.c.count).where(TABLE.c.id == row_id)).scalar_one()
    session.connection().execute(update(TABLE).where(TABLE.c.id == row_id).values(count=count + 1))
    return count + 1


async def insist(store: Store, change: Callable[..., int], row_id: int) -> int:
    """Ask again for as long as the database is busy with somebody else: what was refused was not kept."""
    while True:
        with contextlib.suppress(StoreUnavailable):
            return await store.write(change, row_id)


def count(session: Session, row_id: int) -> int:
    return session.connection().execute(select(TABLE.c.count).where(TABLE.c.id == row_id)).scalar_one()


def ids(session: Session) -> list[int]:
    return list(session.connection().execute(select(TABLE.c.id).order_by(TABLE.c.id)).scalars())
