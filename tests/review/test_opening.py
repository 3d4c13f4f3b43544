"""The database that will not open is tried again, whatever is wrong with it, and each try leaves nothing behind."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import opening
from bot.app import build
from bot.clock import MovableClock, night_of
from bot.db.upgrade import upgrade
from bot.errors import StoreUnavailable
from bot.settings import Settings
from tests.launch.scene import until

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def settings(folder: Path) -> Settings:
    data = folder / "data"
    return Settings(data=data, database_url=f"sqlite:///{data / 'reallyok.db'}", key_file=folder / "key")


def writers() -> int:
    return sum(thread.name == "db-write" for thread in threading.enumerate())


async def test_a_try_with_the_database_held_leaves_no_thread_behind(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    upgrade(chosen.database_url)
    app = build(chosen, clock=MovableClock(NOON))
    before = writers()
    with contextlib.closing(sqlite3.connect(chosen.data / "reallyok.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            await app._open_once()
        other.execute("ROLLBACK")
    assert writers() == before


async def test_an_error_nobody_foresaw_is_not_the_last_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "REOPEN_S", 0.01)
    chosen = settings(tmp_path)
    chosen.data.write_text("a file where the folder should be")
    app = build(chosen, clock=MovableClock(NOON))
    app._spawn(app._open())
    await until(lambda: not app._work or chosen.key_file.exists(), "a first try")
    await until(lambda: (tmp_path / "key").exists(), "a key")
    chosen.data.unlink()
    try:
        await until(app._opened.is_set, "the database being opened once there is room for it")
    finally:
        for task in list(app._work):
            task.cancel()
        if app._store is not None:
            await app.alarm.stop()
            app._store.close()


@pytest.mark.parametrize("hour", [0, 2, 3, 12, 23])
async def test_started_at_any_hour_members_are_counted_once_a_day(tmp_path: Path, hour: int) -> None:
    started = NOON.replace(hour=hour)
    app = build(settings(tmp_path), clock=MovableClock(started))
    next_night = NOON.replace(day=5 if hour >= 3 else 4, hour=3, minute=1)
    assert night_of(next_night) > app._counted_on
    assert night_of(started) == app._counted_on
