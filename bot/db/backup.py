"""A sealed copy of the database, made while the bot runs."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.db import sealed_file, upgrade
from bot.db.keys import Keyring
from bot.db.ledger import Ledger, Mark
from bot.db.sealed_file import Header
from bot.errors import OperatorError

log = logging.getLogger("reallyok.db")

# The bot holds the write lock for milliseconds at a time; longer than this, something else does.
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Still:
    """One state of a database: its bytes, and what stood in it and in the ledger at that moment."""

    content: bytes
    revision: str
    key: str | None
    mark: Mark


def default_target(database: Path, now: datetime) -> Path:
    """The name a backup gets when nobody says: in `backups` beside the database."""
    return folder(database) / f"{database.stem}-{now.astimezone(UTC):%Y%m%d-%H%M%S}.ok"


def folder(database: Path) -> Path:
    """Where backups go when nobody says."""
    return database.parent / "backups"


def newest(database: Path) -> datetime | None:
    """When the newest backup in that folder was made; None when there is none that can be read."""
    made: list[datetime] = []
    for path in folder(database).glob("*.ok"):
        with contextlib.suppress(OperatorError):
            made.append(sealed_file.read_header(path).made)
    return max(made, default=None)


def backup(database: Path, target: Path, keyring: Keyring, ledger: Ledger, now: datetime) -> Header:
    """Make a backup of `database` in `target` and read it once through. The bot may go on writing meanwhile.

    Blocking: about a second for 200 MB, and up to three times the database's size in memory. Raises `OperatorError` when the
    database, the key, the ledger or the disk does not allow it; no file is made then.
    """
    still = hold_still(database, ledger)
    if still.key is not None and still.key != keyring.fingerprint():
        raise OperatorError(
            f"The database was sealed with another key ({still.key}) than this ({keyring.fingerprint()}).",
            "Put back the key it was made with (REALLYOK_KEY or REALLYOK_KEY_FILE) and try again.",
        )
    return keep(still, target, keyring, now)


def keep_before_upgrade(database: Path, keyring: Keyring, ledger: Ledger, now: datetime) -> Path | None:
    """Seal what the next upgrade would change into `copies`, or do nothing when it would change nothing.

    Sealed, and a backup like any other: put back, it forgets again whom the ledger names. A plain copy would be
    one more place where they live on. Raises `OperatorError`; nothing was changed then.
    """
    at = upgrade.current(str(database))
    if at is None or at >= upgrade.newest():
        return None
    target = database.parent / "copies" / f"{database.stem}-{at}-{now.astimezone(UTC):%Y%m%d-%H%M%S}.ok"
    backup(database, target, keyring, ledger, now)
    log.info("Before the upgrade the database was sealed into %s.", target)
    return target


def keep(still: Still, target: Path, keyring: Keyring, now: datetime) -> Header:
    """Seal one state of a database in `target` and read it once through. Raises `OperatorError`."""
    header = Header(
        made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        revision=still.revision,
        key=keyring.fingerprint(),
        ledger=still.mark.ledger,
        position=still.mark.position,
        size=len(still.content),
        salt=sealed_file.new_salt(),
    )
    try:
        sealed_file.write(target, header, still.content, keyring)
    except OSError as error:
        raise OperatorError(
            f"The backup {target} could not be written ({error.strerror or type(error).__name__}).",
            "Make room on the disk, check the folder's permissions, or give another name.",
        ) from None
    try:
        for _ in sealed_file.read(target, keyring):
            pass  # a backup nobody ever read is a hope
    except OperatorError:
        target.unlink(missing_ok=True)
        raise
    return header


def hold_still(database: Path, ledger: Ledger) -> Still:
    """The whole database as it is at one moment, in memory. Raises `OperatorError`.

    In memory, because a copy on the disk would be one more place for what a member asked us to forget. The
    writer is held up for a millisecond, so that no erasure is half done when the ledger is asked how far it is.
    """
    if not database.is_file() or database.stat().st_size == 0:
        raise OperatorError(
            f"There is no database at {database} yet.", "It is made when the bot first starts."
        )
    try:
        with (
            contextlib.closing(_connected(database)) as reader,
            contextlib.closing(_connected(database, 0)) as writer,
        ):
            _alone(writer)
            mark = ledger.mark()
            reader.execute("BEGIN")
            at = reader.execute("SELECT version_num FROM alembic_version").fetchone()
            install = reader.execute("SELECT key_fingerprint FROM install").fetchone()
            writer.execute("ROLLBACK")
            if at is None:
                raise sqlite3.DatabaseError("it says no revision")
            if reader.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("it is damaged")  # a backup of it would be false comfort
            return Still(_compacted(reader.serialize()), at[0], install[0] if install else None, mark)
    except sqlite3.DatabaseError as error:
        raise OperatorError(
            f"The database {database.name} cannot be read ({error}).",
            "If another program holds it, end that; if it is damaged, put back your newest backup.",
        ) from None
    except MemoryError:
        raise OperatorError(
            "There is not enough memory to copy the database.",
            f"It takes {2 * database.stat().st_size >> 20} MB for a second: end other programs, or add swap.",
        ) from None


def _compacted(content: bytes) -> bytes:
    """The same database without the older copies of rows that SQLite leaves between those of a page.

    In a file that is kept for years they would be what a member asked us to forget. All in memory.
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        # Two bytes say how a file keeps its log; memory has none, and the rest is the same.
        copy.deserialize(content[:18] + b"\1\1" + content[20:])
        copy.execute("PRAGMA temp_store=MEMORY")
        copy.execute("VACUUM")
        compacted = copy.serialize()
    return compacted[:18] + content[18:20] + compacted[20:]


def _alone(writer: sqlite3.Connection) -> None:
    """Take the write lock. SQLite's own waiting looks every tenth of a second: a busy bot would never let it in."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            writer.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.001)


def _connected(database: Path, timeout: float = _PATIENCE_S) -> sqlite3.Connection:
    uri = f"{database.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection
