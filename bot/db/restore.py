"""Put a backup back in place of the database: everything is proved before anything is changed.

The content is written beside the database, looked over, brought to this program's revision and key, and whoever
asked to be forgotten since is erased from it. Only then is the present database sealed into `copies/` and
replaced. What is kept there is a backup like any other: it opens with the key, and put back it forgets again
whom the ledger names. A damaged database cannot be sealed as one; it is set aside as it is, and the doctor says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import BigInteger, select
from sqlmodel import Session

from bot.db import backup, keys, rotation, sealed_file, upgrade
from bot.db.keys import Keyring
from bot.db.ledger import KEEP, Ledger, Mark
from bot.db.rotation import KeyPlace
from bot.db.sealed_file import Header
from bot.db.store import engine_for, sqlite_path
from bot.errors import OperatorError
from bot.tables import TABLES

_STAGED = ".restoring"
# All SQLite may leave beside a file it works on.
_LOGS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Restored:
    """What was put back, who was forgotten again, and where the database it replaced is."""

    header: Header
    forgotten: int
    kept: Path | None
    damaged: Path | None


def clear(database_url: str) -> None:
    """Remove what an interrupted restore left beside the database: it may hold people who were forgotten."""
    database = sqlite_path(database_url)
    try:
        for end in (*_LOGS, ""):
            Path(f"{database}{_STAGED}{end}").unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError(
            f"What a restore left beside {database} cannot be removed ({error.strerror}).",
            f"Delete {database}{_STAGED} yourself: people who were forgotten may be in it.",
        ) from None


def restore(
    place: KeyPlace,
    file: Path,
    now: datetime,
    erase: Callable[[Session, Keyring, int], object],
    *,
    without_ledger: bool = False,
) -> Restored:
    """Put the backup `file` in place of the database. The caller holds the lock: no bot may run.

    `erase` erases one person in the caller's transaction. `without_ledger` goes on although this ledger does not
    know who was forgotten since the backup; those it does name are erased all the same. Blocking. Raises
    `OperatorError` with nothing changed. Killed at any moment it leaves the old database or the new one, whole.
    """
    database = Path(sqlite_path(place.database_url))
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        clear(place.database_url)
        try:
            return _restore(place, database, file, now, erase, without_ledger)
        finally:
            clear(place.database_url)
    except OSError as error:
        raise OperatorError(
            f"The database could not be put in place ({error.strerror or type(error).__name__}).",
            "Make room on the disk and check the folder's permissions; the old database is as it was.",
        ) from None


def _restore(
    place: KeyPlace,
    database: Path,
    file: Path,
    now: datetime,
    erase: Callable[[Session, Keyring, int], object],
    without_ledger: bool,
) -> Restored:
    header = sealed_file.read_header(file)
    rotation.existing(place)
    keyring = rotation.settle(place)
    sealing = keyring if header.key == keyring.fingerprint() else place.old_key(header.key) or keyring
    ledger = Ledger(place.ledger_file, keyring)
    if header.revision > upgrade.newest():
        raise OperatorError(
            f"The backup {file.name} is of a newer version ({header.revision}) than this program ({upgrade.newest()}).",
            "Install the newer program, then put it back.",
        )
    staged = Path(f"{database}{_STAGED}")
    _unseal(file, sealing, staged)
    # From here on the header is proved: it is bound to every piece that was opened.
    tags = _forgotten_since(header, file, ledger, without_ledger)
    _look_over(staged, file, header, sealing)
    url = f"sqlite:///{staged}"
    upgrade.upgrade(url)
    if sealing is not keyring:
        rotation.reseal(url, sealing, keyring)
    forgotten = _forget_again(url, ledger, keyring, tags, erase)
    _make_one_file(staged)
    kept, damaged = _keep_present(database, keyring, ledger, now)
    keys.move(staged, database)
    return Restored(header, forgotten, kept, damaged)


def _unseal(file: Path, keyring: Keyring, staged: Path) -> None:
    with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for piece in sealed_file.read(file, keyring):
            target.write(piece)


def _forgotten_since(header: Header, file: Path, ledger: Ledger, without_ledger: bool) -> frozenset[str]:
    tags = ledger.noted_since(Mark(header.ledger, header.position))
    if tags is not None:
        return tags
    if without_ledger:
        return ledger.all_noted()
    raise OperatorError(
        f"The ledger of erasures {ledger.path} does not know who was forgotten since {file.name} was made "
        f"({header.made_at[:10]}): it is missing, another one, or older, or the backup is over {KEEP.days} days old.",
        "Put your copy of the ledger there (REALLYOK_LEDGER). If it is lost, add --without-ledger: "
        "people who asked to be forgotten since then come back, and you owe it to them to ask again.",
    )


def _look_over(staged: Path, file: Path, header: Header, sealing: Keyring) -> None:
    try:
        with contextlib.closing(upgrade.open_to_look(str(staged))) as connection:
            whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            whole = whole and not connection.execute("PRAGMA foreign_key_check").fetchall()
            install = connection.execute("SELECT key_fingerprint FROM install").fetchone()
    except (sqlite3.DatabaseError, TypeError):
        whole, install = False, None
    if not whole or upgrade.current(str(staged)) != header.revision:
        raise OperatorError(f"The database in {file.name} is damaged.", "Use another backup.")
    if install and install[0] != sealing.fingerprint():
        raise OperatorError(
            f"The database in {file.name} was sealed with another key ({install[0]}) than the backup itself.",
            "Use another backup.",
        )


def _forget_again(
    url: str,
    ledger: Ledger,
    keyring: Keyring,
    tags: frozenset[str],
    erase: Callable[[Session, Keyring, int], object],
) -> int:
    if not tags:
        return 0
    engine = engine_for(url, writing=True)
    try:
        with Session(engine) as session, session.begin():
            found = ledger.erased_among(tags, _everybody(session))
            for user_id in sorted(found):
                erase(session, keyring, user_id)
        return len(found)
    finally:
        engine.dispose()


def _everybody(session: Session) -> set[int]:
    """Every number that may be a person. One that is not has no tag in the ledger, so too many do no harm."""
    people: set[int] = set()
    for table in TABLES.sorted_tables:
        for column in table.columns:
            if column.info.get("personal") and isinstance(column.type, BigInteger):
                known = select(column).where(column.is_not(None)).distinct()
                people.update(session.connection().execute(known).scalars())
    return people


def _make_one_file(database: Path) -> None:
    """Fold the log in and let go of it: a log left behind would be taken for that of the next file of this name."""
    with contextlib.closing(sqlite3.connect(database, timeout=1.5, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        try:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "held"
    if mode != "delete" or Path(f"{database}-wal").exists():
        raise OperatorError(
            f"Another program holds the database {database.name}.", "End that program, then try again."
        )
    with open(database, "rb+") as file:
        os.fsync(file.fileno())


def _keep_present(
    database: Path, keyring: Keyring, ledger: Ledger, now: datetime
) -> tuple[Path | None, Path | None]:
    """Keep the database that is to be replaced: sealed if it can be read, else set aside as it is."""
    if not database.exists() or database.stat().st_size == 0:
        for end in _LOGS:
            Path(f"{database}{end}").unlink(missing_ok=True)
        return None, None
    stem = f"{database.stem}-{now.astimezone(UTC):%Y%m%d-%H%M%S}"
    copies = database.parent / "copies"
    if _readable(database):
        kept = copies / f"{stem}-before-restore.ok"
        backup.keep(backup.hold_still(database, ledger), kept, keyring, now)
        try:
            _make_one_file(database)
        except BaseException:
            kept.unlink()
            raise
        return kept, None
    copies.mkdir(exist_ok=True)
    aside = copies / f"{stem}-damaged.db"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        with open(database, "rb") as source:
            shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    for end in _LOGS:  # left there they would be taken for the new file's
        with contextlib.suppress(FileNotFoundError):
            keys.move(Path(f"{database}{end}"), Path(f"{aside}{end}"))
    return None, aside


def _readable(database: Path) -> bool:
    """Whether it is a whole database of ours. One that is held by another program is not damaged: that is said."""
    try:
        with contextlib.closing(upgrade.open_to_look(str(database))) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OperatorError(
                f"Another program holds the database {database.name}.", "End that program, then try again."
            ) from None
        return False
