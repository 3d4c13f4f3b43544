"""A new key for an old database, without a moment at which a crash would lose either.

Beside the key file lie, at times:

    reallyok.key.new                 a key made by a rotation that has not ended yet
    reallyok.key.<fingerprint>.old   a key that was in use before; backups of its time open with it

The steps: make the new key; let the ledger open with both; seal everything anew in one transaction, which also
says which key fits; let the ledger open with the new one alone; keep the old key; let the new one take its place.
The commit decides. Whatever the process dies at, the database says which key fits, and `settle` does the rest.
No key is ever deleted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, or_, select, update
from sqlalchemy.exc import DBAPIError

from bot.db import keys, upgrade
from bot.db.columns import KeyedIndex, Sealed
from bot.db.keys import Keyring
from bot.db.ledger import Ledger
from bot.db.store import engine_for, sqlite_path
from bot.errors import OperatorError
from bot.settings import Settings
from bot.tables import TABLES

log = logging.getLogger("reallyok.db")
_AT_ONCE = 500


@dataclass(frozen=True)
class KeyPlace:
    """Where the key comes from: the settings themselves (`key`) or a file; and what it has to fit."""

    key: str | None
    key_file: Path
    database_url: str
    ledger_file: Path

    @classmethod
    def of(cls, settings: Settings) -> KeyPlace:
        """As the operator chose."""
        return cls(settings.key, settings.key_file, settings.database_url, settings.ledger_file)

    @property
    def new_file(self) -> Path:
        """Where a rotation keeps the key that is to come."""
        return self.key_file.with_name(self.key_file.name + ".new")

    def old_file(self, fingerprint: str) -> Path:
        """Where a key that is no longer in use is kept."""
        return self.key_file.with_name(f"{self.key_file.name}.{fingerprint}.old")

    def old_key(self, fingerprint: str) -> Keyring | None:
        """An earlier key by its fingerprint, if it was kept."""
        with contextlib.suppress(OSError):
            keyring = keys.read(self.old_file(fingerprint))
            return keyring if keyring.fingerprint() == fingerprint else None
        return None


@dataclass(frozen=True)
class Rotated:
    """What a rotation did, and what is left to do when the key is not ours to put in place."""

    old: str
    new: str
    values: int
    old_file: Path
    new_file: Path | None


def settle(place: KeyPlace) -> Keyring:
    """The key this database is to be opened with, after finishing a rotation that was interrupted.

    For the start of the bot, which holds the lock. Without a rotation under way it is `keys.load`. Raises
    `OperatorError` when the key comes from the settings and the database has the new one already.
    """
    with _files(place):
        if not place.new_file.exists():
            return keys.load(place.key, place.key_file)
        waiting = keys.read(place.new_file)
        if sealed_with(place.database_url) != waiting.fingerprint():
            log.warning(
                "A key rotation was interrupted before it changed anything. Run `reallyok key rotate` again."
            )
            return keys.load(place.key, place.key_file)
        if place.key:
            _expect(place, waiting)
            log.warning(
                "The new key is in the settings: delete %s, which holds it in the open.", place.new_file
            )
            Ledger(place.ledger_file, waiting).seal_for(waiting)
            return keys.load(place.key, place.key_file)
        _adopt(place, waiting)
        log.warning(
            "An interrupted key rotation was finished. Save a copy of the new key in %s.", place.key_file
        )
        return waiting


def existing(place: KeyPlace) -> Keyring:
    """The key there is. Raises `OperatorError` instead of making one."""
    if not place.key and not place.key_file.exists():
        raise OperatorError(
            f"There is no key at {place.key_file}.",
            "Put your saved copy of it there, or set REALLYOK_KEY or REALLYOK_KEY_FILE.",
        )
    with _files(place):
        return keys.load(place.key, place.key_file)


def _expect(place: KeyPlace, waiting: Keyring) -> None:
    given = keys.load(place.key, place.key_file)
    if given.fingerprint() != waiting.fingerprint():
        raise OperatorError(
            f"The key was rotated, and REALLYOK_KEY still holds the old one ({given.fingerprint()}).",
            f"Set REALLYOK_KEY to the key in {place.new_file}, start again, then delete that file.",
        )


def rotate(place: KeyPlace) -> Rotated:
    """Give the database a new key. The caller holds the lock: no bot may run.

    Blocking, seconds for a large database. Raises `OperatorError`; then the old key still fits everything,
    unless the message says otherwise.
    """
    existing(place)
    old = settle(place)
    path = sqlite_path(place.database_url)
    if upgrade.current(path) != upgrade.newest():
        raise OperatorError(
            f"The database {Path(path).name} is not there yet or not at this program's revision.",
            "Run `reallyok db upgrade` with the program you mean to go on with, then rotate.",
        )
    if sealed_with(place.database_url) not in (None, old.fingerprint()):
        raise OperatorError(
            "This database was sealed with another key.",
            "Put back the key it was made with (REALLYOK_KEY or REALLYOK_KEY_FILE).",
        )
    ledger = Ledger(place.ledger_file, old)
    with _files(place):
        if place.new_file.exists():  # of an earlier try, or of a database that is no longer this one
            os.replace(place.new_file, place.old_file(keys.read(place.new_file).fingerprint()))
        new = keys.make(place.new_file)
        ledger.seal_for(old, new)
        values = reseal(place.database_url, old, new)
        if place.key:
            ledger.seal_for(new)
            return Rotated(old.fingerprint(), new.fingerprint(), values, place.key_file, place.new_file)
        _adopt(place, new)
    return Rotated(old.fingerprint(), new.fingerprint(), values, place.old_file(old.fingerprint()), None)


def _adopt(place: KeyPlace, new: Keyring) -> None:
    Ledger(place.ledger_file, new).seal_for(new)
    with contextlib.suppress(FileNotFoundError):
        old = keys.read(place.key_file)
        keys.write(place.old_file(old.fingerprint()), old)
    keys.move(place.new_file, place.key_file)


def sealed_with(database_url: str) -> str | None:
    """The fingerprint of the key a database was sealed with, as it says itself; None when it has none yet."""
    path = sqlite_path(database_url)
    if upgrade.current(path) is None:
        return None
    try:
        with contextlib.closing(upgrade.open_to_look(path)) as connection:
            row = connection.execute("SELECT key_fingerprint FROM install").fetchone()
    except sqlite3.DatabaseError as error:
        raise OperatorError(
            f"The database {Path(path).name} cannot be read ({error}).",
            "If another program holds it, end that; if it is damaged, put back your newest backup.",
        ) from None
    return row[0] if row else None


def reseal(database_url: str, old: Keyring, new: Keyring) -> int:
    """Seal every sealed value with `new` and make every keyed index anew, in one transaction; returns how many.

    Which columns there are is read from the tables. Afterwards the log is emptied, so that nothing sealed with
    the old key lies on in it. Raises `OperatorError`; the database is then as it was.
    """
    engine = engine_for(database_url, writing=True)
    try:
        with engine.begin() as connection:
            values = sum(_reseal(connection, table, old, new) for table in TABLES.sorted_tables)
            install = TABLES.tables["install"]
            connection.execute(update(install).values(key_fingerprint=new.fingerprint()))
        with engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except DBAPIError as error:
        raise OperatorError(
            f"The database could not be sealed anew ({error.orig}).",
            "See that the disk has room and no other program holds the file, then try again; the old key still fits.",
        ) from None
    finally:
        engine.dispose()
    return values


def _reseal(connection: Connection, table: Table, old: Keyring, new: Keyring) -> int:
    sealed = [column for column in table.columns if isinstance(column.type, Sealed)]
    if not sealed:
        return 0
    (row_id,) = table.primary_key.columns
    indexes = [(column, column.type) for column in table.columns if isinstance(column.type, KeyedIndex)]
    written = [*sealed, *(column for column, _ in indexes)]
    change = (
        update(table)
        .where(row_id == bindparam("this_row"))
        .values({column.name: bindparam(f"new_{column.name}") for column in written})
    )
    count = 0
    for rows in _batches(connection, table, row_id, sealed):
        changes: list[dict[str, Any]] = []
        for row in rows:
            key = row[row_id.name]
            texts = {
                column.name: old.open(row[column.name], table.name, column.name, key)
                for column in sealed
                if row[column.name] is not None
            }
            values: dict[str, Any] = {"this_row": key} | {f"new_{column.name}": None for column in written}
            for name, text in texts.items():
                values[f"new_{name}"] = new.seal(text, table.name, name, key)
            for column, index in indexes:
                if row[column.name] is not None and index.of in texts:
                    values[f"new_{column.name}"] = new.index(texts[index.of], index.purpose)
            changes.append(values)
            count += len(texts)
        connection.execute(change, changes)
    return count


def _batches(
    connection: Connection, table: Table, row_id: Column[Any], sealed: list[Column[Any]]
) -> Iterator[list[Any]]:
    filled = (
        select(table).where(or_(*(column.is_not(None) for column in sealed))).order_by(row_id).limit(_AT_ONCE)
    )
    rows = connection.execute(filled).mappings().all()
    while rows:
        yield list(rows)
        rows = connection.execute(filled.where(row_id > rows[-1][row_id.name])).mappings().all()


@contextlib.contextmanager
def _files(place: KeyPlace) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorError(
            f"The key files beside {place.key_file} cannot be read or written ({error.strerror}).",
            "Check the folder's permissions and the disk, then try again; no key was lost.",
        ) from None
