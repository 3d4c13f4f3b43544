"""Bring the database to the newest form at start."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

from bot.db.store import sqlite_path
from bot.errors import OperatorError

log = logging.getLogger("reallyok.db")
MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The newest revision, read from the file names (`0001_first.py` is revision `0001`).

    Alembic would say the same but takes a third of a second to import, at every start.
    """
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def open_to_look(path: str) -> sqlite3.Connection:
    """A connection that cannot write and leaves no file behind; waits 1.5 s for a database that is held.

    Opened the ordinary way, even a reader makes the log's files. Made by another account (an operator who
    looks as root), they would keep the bot out. Without a log nobody is writing, so nothing need be shared.
    """
    # As an address, since a folder's name may hold # ? or %.
    how = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?{how}", uri=True, timeout=1.5)


def current(path: str) -> str | None:
    """The revision a database file is at; None when it is new or empty. Raises `OperatorError` if unreadable."""
    if not Path(path).is_file() or Path(path).stat().st_size == 0:
        return None
    try:
        with contextlib.closing(open_to_look(path)) as connection:
            if not connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone():
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise OperatorError(
            f"The database {Path(path).name} cannot be read ({error}).",
            "If another program holds it, end that; if it is damaged, put back a backup, or a copy from the copies folder.",
        ) from None
    return row[0] if row else None


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision. Blocking; call it off the event loop.

    The caller keeps a copy first (`backup.keep_before_upgrade`). Raises `OperatorError` when the database is newer
    than this program or cannot be read or changed; the file is then as it was.
    """
    path = sqlite_path(url)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    at, head = current(path), newest()
    if at == head:
        return
    if at is not None and at > head:
        raise OperatorError(
            f"The database is of a newer version ({at}) than this program ({head}).",
            "Start the newer program, or put back the copy made before the upgrade (`reallyok restore`).",
        )
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise OperatorError(
            f"The database could not be upgraded ({error.orig}).",
            "See that the disk has room and no other program holds the file, then start again.",
        ) from None
    log.info("The database is at revision %s.", head)
