"""A person's own data: exported, erased and expired by what each column declares, and by nothing else.

There is no list of tables here. A table somebody adds tomorrow is exported, erased and expired because its columns say
how; a test fails on a column that says nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, or_, tuple_
from sqlalchemy import delete as delete_from
from sqlalchemy import select as select_from
from sqlalchemy import update as update_in
from sqlmodel import Session

from bot.db.columns import Erase, Keep, KeyedIndex, Sealed
from bot.db.keys import Keyring
from bot.tables import TABLES

log = logging.getLogger("reallyok.db")


@dataclass
class Erased:
    """What a forgetting did: rows gone by table, values cleared, parts that failed, and what stays with its reason."""

    gone: dict[str, int] = field(default_factory=dict[str, int])
    failed: list[str] = field(default_factory=list[str])
    stays: list[str] = field(default_factory=list[str])


def tables() -> list[Table]:
    """Every table, those that refer to others first."""
    return list(reversed(TABLES.sorted_tables))


def subject_of(table: Table) -> Column[Any] | None:
    """The column that says whose row it is, if rows of this table are somebody's."""
    return next((column for column in table.columns if column.info.get("subject")), None)


def theirs(table: Table, keys: Keyring, user_id: int) -> ColumnElement[bool] | None:
    """What makes a row of this table somebody's; None when its rows are nobody's.

    The column that says whose row it is holds an account, or a keyed index of one where even that would tell too
    much, or points to a row of another table whose owner is also theirs.
    """
    subject = subject_of(table)
    if subject is None:
        return None
    if isinstance(subject.type, KeyedIndex):
        return subject == keys.index(str(user_id), subject.type.purpose)
    for reference in subject.foreign_keys:
        owner = reference.column.table
        if owner is not table and subject_of(owner) is not reference.column:
            whose = theirs(owner, keys, user_id)
            return None if whose is None else subject.in_(select_from(reference.column).where(whose))
    return subject == user_id


def naming(table: Table) -> list[Column[Any]]:
    """The columns that may name somebody whose row it is not, and are cleared of them."""
    return [column for column in table.columns if column.info.get("erase") is Erase.CLEAR]


def erase_from(session: Session, keys: Keyring, table: Table, user_id: int) -> int:
    """Erase one person from one table, in the caller's transaction; returns how many rows changed.

    Rows that are theirs go, except for columns declared to stay; values that name them elsewhere are cleared. What
    was cleared in somebody else's row is not counted: that there was one is theirs to know.
    """
    connection = session.connection()
    cleared = sum(
        connection.execute(update_in(table).where(column == user_id).values({column.name: None})).rowcount
        for column in naming(table)
    )
    whose = theirs(table, keys, user_id)
    if whose is None:
        return cleared
    return connection.execute(delete_from(table).where(whose)).rowcount


def held(session: Session, keys: Keyring, user_id: int) -> dict[str, int]:
    """How many rows of each table are somebody's."""
    found: dict[str, int] = {}
    for table in tables():
        whose = theirs(table, keys, user_id)
        if whose is not None:
            count = (
                session.connection()
                .execute(select_from(func.count()).select_from(table).where(whose))
                .scalar()
            )
            found[table.name] = count or 0
    return found


def erase(session: Session, keys: Keyring, user_id: int) -> Erased:
    """Erase one person from every table in the caller's transaction, all or nothing: for restoring a backup."""
    erased = Erased()
    for table in tables():
        count = erase_from(session, keys, table, user_id)
        if count:
            erased.gone[table.name] = count
    return erased


def rows_of(session: Session, keys: Keyring, user_id: int) -> dict[str, list[dict[str, str]]]:
    """Everything kept of one person: table, rows, and of each row the exported columns as text, unsealed."""
    found: dict[str, list[dict[str, str]]] = {}
    for table in TABLES.sorted_tables:
        exported = [c for c in table.columns if c.info.get("export")]
        whose = theirs(table, keys, user_id)
        if whose is None and (named := naming(table)):
            whose = or_(*(column == user_id for column in named))
        if not exported or whose is None:
            continue
        statement = select_from(table).where(whose).order_by(*table.primary_key.columns)
        rows = [
            {c.name: said(table, c, row, keys) for c in exported if _is_theirs(c, row, user_id)}
            for row in session.connection().execute(statement).mappings()
        ]
        if rows:
            found[table.name] = rows
    return found


def _is_theirs(column: Column[Any], row: Any, user_id: int) -> bool:
    """A value there is, and not another person's who is named beside them."""
    value = row[column.name]
    return value is not None and (column.info["erase"] is not Erase.CLEAR or value == user_id)


def said(table: Table, column: Column[Any], row: Any, keys: Keyring) -> str:
    """One value as a person can read it."""
    value = row[column.name]
    if isinstance(column.type, Sealed):
        (key,) = (row[c.name] for c in table.primary_key.columns)
        return keys.open(value, table.name, column.name, key)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat(timespec="minutes") if not isinstance(value, date) else _dated(value)
    return str(value)


def _dated(value: date | datetime) -> str:
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def _kept(columns: Iterable[Column[Any]]) -> list[tuple[Column[Any], Keep]]:
    return [(column, column.info["keep"]) for column in columns if column.info.get("personal")]


def expires(table: Table) -> Keep | None:
    """For how long rows of a table are kept: as long as the longest-kept thing in them; None: no clock ends them."""
    keeps = [keep for column, keep in _kept(table.columns) if column.info["erase"] is Erase.ROW]
    if not keeps or any(keep.days is None for keep in keeps):
        return None
    return max(keeps, key=lambda keep: keep.days or 0)


def expire(session: Session, now: datetime, most: int = 200) -> int:
    """Let go of what was kept long enough, at most `most` rows of each table; returns how many went."""
    return sum(_expire_in(session, table, now, most) for table in tables())


def _expire_in(session: Session, table: Table, now: datetime, most: int) -> int:
    row_keep = expires(table)
    if row_keep is None or row_keep.days is None or row_keep.since is None:
        return 0
    connection = session.connection()
    key = list(table.primary_key.columns)
    since = table.columns[row_keep.since]
    old = select_from(*key).where(since < now - timedelta(days=row_keep.days)).limit(most)
    which = key[0].in_(old) if len(key) == 1 else tuple_(*key).in_(old)
    return connection.execute(delete_from(table).where(which)).rowcount


def scrub(url: str) -> bool:
    """Write the log into the database and empty it, so that no erased byte lies on in it; says whether it could.

    Blocking, up to about two seconds: a reader in the middle of a long look holds it up.
    """
    import sqlite3
    from contextlib import closing

    from bot.db.store import sqlite_path

    with closing(sqlite3.connect(sqlite_path(url), timeout=2)) as connection:
        connection.execute("PRAGMA busy_timeout=2000")
        blocked, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not blocked
