from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel

import bot.tables  # noqa: F401 - every table must be known before they are made
from bot.db.store import Store, engine_for

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new database file with every table in it."""
    url = f"sqlite:///{tmp_path / 'reallyok.db'}"
    engine = engine_for(url, writing=True)
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    engine = engine_for(url, writing=True)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    yield store
    await asyncio.to_thread(store.close)
