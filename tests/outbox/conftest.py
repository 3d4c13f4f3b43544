from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel

import bot.tables  # noqa: F401 - every table must be known before they are made
from bot.db.store import Store, engine_for
from bot.outbox import pump as pumps
from tests.launch.scene import PATIENCE_S
from tests.outbox.office import Office


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


@pytest.fixture
async def office(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(pumps, "FIRST_RETRY_S", 0.01)
    office = Office(store, url)
    yield office
    await office.pump.stop()
    if office.task is not None:
        await asyncio.wait_for(office.task, PATIENCE_S)
