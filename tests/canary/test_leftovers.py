"""What SQLite leaves behind when it deletes: older copies of rows between those of a page. A rewritten file has none."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from bot.checkins.tables import Checkin
from bot.db import sealed_file, tables, upgrade
from bot.db.backup import backup
from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.ledger import Ledger
from bot.db.store import Store
from bot.errors import StoreUnavailable
from bot.members.tables import Membership, Network, Person
from bot.own import service

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Keyring(b"k" * 32)
PEOPLE = [7_100_000_000_000_000_001 + n * 7_919_000_003 for n in range(150)]
FORGOTTEN = PEOPLE[::5]


def traces(content: bytes) -> int:
    return sum(
        content.count(form) for who in FORGOTTEN for form in (str(who).encode(), who.to_bytes(8, "big"))
    )


@pytest.fixture
async def place(tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    database = tmp_path / "ok.db"
    url = f"sqlite:///{database.as_posix()}"
    upgrade.upgrade(url)
    store = Store(url)
    await store.write(tables.check_key, KEYS.fingerprint(), NOW)
    await store.write(_fill)
    for week in range(60):
        await store.write(_ask, NOW - timedelta(weeks=week))
    yield store, database
    store.close()


def _fill(session: Session) -> None:
    session.add(Network(id=1, name="Saturday Coffee", made_at=NOW))
    session.flush()
    for who in PEOPLE:
        session.add(Person(user_id=who))
        session.flush()
        session.add(Membership(id=who, network_id=1, user_id=who, joined_at=NOW))


def _ask(session: Session, due_at: datetime) -> None:
    rows = [
        {"id": new_id(), "membership_id": who, "user_id": who, "network_id": 1, "due_at": due_at}
        for who in PEOPLE
    ]
    session.connection().execute(insert(Checkin), rows)


async def _forget(store: Store, database: Path, ledger: Ledger) -> None:
    for who in FORGOTTEN:
        erased = await service.forget(store, KEYS, f"sqlite:///{database.as_posix()}", who, ledger.note, NOW)
        assert erased.gone["checkin"] == 60
        assert not erased.failed


async def test_nothing_of_the_forgotten_lies_in_the_file(place: tuple[Store, Path], tmp_path: Path) -> None:
    store, database = place
    assert traces(database.read_bytes()) > 0, "the search finds what is there"
    await _forget(store, database, Ledger(tmp_path / "erased", KEYS))
    assert traces(database.read_bytes()) > 0, (
        "without a rewriting there are leftovers, or this test shows nothing"
    )
    assert store.leftovers
    store.compact()
    await store.write(lambda _: None)
    assert traces(database.read_bytes()) == 0
    assert traces(database.with_name("ok.db-wal").read_bytes()) == 0
    assert not store.leftovers


async def test_a_backup_made_before_that_holds_no_leftovers(
    place: tuple[Store, Path], tmp_path: Path
) -> None:
    store, database = place
    ledger = Ledger(tmp_path / "erased", KEYS)
    await _forget(store, database, ledger)
    assert traces(database.read_bytes()) > 0, "without leftovers this test shows nothing"
    backup(database, tmp_path / "copy.ok", KEYS, ledger, NOW)
    content = b"".join(sealed_file.read(tmp_path / "copy.ok", KEYS))
    assert content.startswith(b"SQLite format 3")
    assert traces(content) == 0
    assert traces((tmp_path / "copy.ok").read_bytes()) == 0


async def test_a_rewriting_that_cannot_be_loses_nothing(
    place: tuple[Store, Path], caplog: pytest.LogCaptureFixture
) -> None:
    store, database = place
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.compact()
        with pytest.raises(StoreUnavailable):
            await store.write(_count)
        other.execute("ROLLBACK")
    assert "could not be rewritten" in caplog.text
    assert store.leftovers, "the next sweep tries again"
    assert await store.write(_count) == 60 * len(PEOPLE)


def _count(session: Session) -> int:
    return session.connection().exec_driver_sql("SELECT count(*) FROM checkin").scalar_one()
