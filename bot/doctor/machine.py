"""What can be examined on this machine alone: the words, the database, the key, the disk, another copy."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from sqlmodel import Session, col, select

from bot.content.check import check
from bot.content.library import default_root
from bot.db import backup, keys, upgrade
from bot.db.rotation import KeyPlace
from bot.db.store import sqlite_path
from bot.db.tables import Install
from bot.doctor.findings import Findings
from bot.members.tables import Network
from bot.outbox.queue import lacking, troubles
from bot.outbox.tables import State
from bot.sessions.examining import Held, held
from bot.settings import Settings

_MB = 1 << 20
# An upgrade copies the whole file first, and a full disk stops every answer from being kept.
LEAST_FREE = 200 * _MB
# The log is folded into the database at about 4 MB; many times that means something holds an old view open.
LARGE_LOG = 64 * _MB
# A weekly backup, with a day for the week it was made late.
BACKUP_EVERY = timedelta(days=8)
_SHOWN = 5

Trouble = tuple[int, State, str | None, int]


@dataclass(frozen=True)
class Recorded:
    """What the database says about the networks it serves. None of it is about a person."""

    fingerprint: str | None = None
    networks: tuple[Network, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    sessions: Mapping[int, Held] = field(default_factory=dict[int, Held])
    """By network."""


def words(findings: Findings, today: date) -> None:
    """Whether every message the bot may send can be sent."""
    report = check(default_root(), today)
    for problem in report.errors[:_SHOWN]:
        findings.mend(f"The words in prompts/: {problem}", "change that file, then run `reallyok check`")
    if len(report.errors) > _SHOWN:
        findings.mend(f"The words have {len(report.errors) - _SHOWN} more faults", "run `reallyok check`")
    if report.ok:
        findings.ok("The words in prompts/ can all be used.")
    if report.warnings:
        findings.look(f"The words have {len(report.warnings)} warnings", "`reallyok check` lists them")


def database(findings: Findings, settings: Settings) -> Recorded:
    """Examine the database without writing to it; returns what it records.

    Raises `OperatorError` when it cannot be read at all.
    """
    path = Path(sqlite_path(settings.database_url))
    _running(findings, path)
    at = upgrade.current(str(path))
    if not path.exists():
        findings.look(f"There is no database at {path} yet", "it is made when the bot first starts")
        return Recorded()
    _sizes(findings, path)
    if (fault := _fault(path)) is not None:
        findings.mend(*fault)
        return Recorded()
    newest = upgrade.newest()
    if at is None:
        findings.look("The database is empty", "it is filled when the bot starts")
    elif at > newest:
        findings.mend(
            f"The database is of a newer version ({at}) than this program ({newest})",
            "install the newer program again, or put back a copy made before the upgrade",
        )
    elif at < newest:
        findings.look(
            f"The database is at revision {at}, this program wants {newest}",
            "nothing to do: the next start keeps a copy and upgrades it",
        )
    else:
        findings.ok(f"The database can be read, is whole, and is at the newest revision ({at}).")
    return _read(path) if at == newest else Recorded()


def _fault(path: Path) -> tuple[str, str] | None:
    try:
        with contextlib.closing(upgrade.open_to_look(str(path))) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                return None
    except sqlite3.DatabaseError as error:
        # The low byte is the kind of error; what stands above it only refines it.
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return "Another program holds the database", f"end what uses {path}, or try again in a minute"
    return (
        "The database is damaged",
        f"stop the bot, keep {path} aside, and put back your newest backup or a copy from {path.parent / 'copies'}",
    )


def _read(path: Path) -> Recorded:
    engine = create_engine("sqlite://", creator=lambda: upgrade.open_to_look(str(path)), poolclass=NullPool)
    with Session(engine) as session:
        install = session.get(Install, 1)
        here = select(Network).where(col(Network.removed_at).is_(None)).order_by(col(Network.made_at))
        return Recorded(
            install.key_fingerprint if install else None,
            tuple(session.exec(here).all()),
            tuple(troubles(session)),
            held(session),
        )


def _sizes(findings: Findings, path: Path) -> None:
    size = path.stat().st_size
    free = shutil.disk_usage(path.parent).free
    wanted = max(LEAST_FREE, 2 * size)
    if free < wanted:
        findings.mend(
            f"The disk has {free // _MB} MB free for a database of {size // _MB} MB",
            f"free at least {wanted // _MB} MB: when the disk is full, answers can no longer be kept",
        )
    else:
        findings.ok(f"The disk has {free // _MB} MB free; the database takes {size // _MB} MB.")
    log = Path(f"{path}-wal")
    with contextlib.suppress(FileNotFoundError):
        if (held := log.stat().st_size) > LARGE_LOG:
            findings.look(
                f"The database's log ({log.name}) has grown to {held // _MB} MB",
                "end other programs that read the database, or restart the bot: that folds it in",
            )


def _running(findings: Findings, path: Path) -> None:
    lock_file = path.with_name(path.name + ".lock")
    if not lock_file.exists():
        findings.look("No bot is running on this database.")
        return
    from filelock import FileLock, Timeout

    try:
        with FileLock(lock_file, timeout=0):
            findings.look("No bot is running on this database.")
    except Timeout:
        findings.look("A bot is running on this database.")
    except OSError:
        findings.look("Whether a bot is running on this database cannot be seen from this account.")


def key(findings: Findings, settings: Settings, sealed_with: str | None) -> None:
    """Whether the key is there, fits the database, and is kept from others. It is never made or shown.

    Raises `OperatorError` when it is there and cannot be used.
    """
    file = settings.key_file
    if not settings.key and not file.exists():
        if sealed_with:
            findings.mend(
                f"The key file {file} is gone, and the database was sealed with it ({sealed_with})",
                "put your saved copy back there before the bot starts: a new key cannot open the answers",
            )
        else:
            findings.look(
                f"There is no key at {file} yet", "it is made at the first start; save a copy of it then"
            )
        return
    if _rotating(findings, settings, sealed_with):
        return
    keyring = keys.load(settings.key, file)
    fingerprint = keyring.fingerprint()
    where = "in REALLYOK_KEY" if settings.key else f"in {file}"
    if sealed_with and sealed_with != fingerprint:
        findings.mend(
            f"The key {where} ({fingerprint}) is not the one this database was sealed with ({sealed_with})",
            "put back the saved key with that fingerprint",
        )
    elif sealed_with:
        findings.ok(f"The key {where} fits the database.")
    else:
        findings.ok(f"The key {where} can be used.")
    if not settings.key:
        _key_file(findings, settings, file)
    findings.look(
        f"The key's fingerprint is {fingerprint}",
        "see that a copy of the key is kept away from this machine and from the backups: "
        "without it nobody can read what members answered",
    )


def _rotating(findings: Findings, settings: Settings, sealed_with: str | None) -> bool:
    """Speak of a key rotation that is not over; whether the next start puts another key in place."""
    waiting = KeyPlace.of(settings).new_file
    if not waiting.exists():
        return False
    fits = keys.read(waiting).fingerprint() == sealed_with
    if fits and settings.key:
        findings.look(
            f"The key was rotated, and {waiting} holds the new one in the open",
            "see that REALLYOK_KEY is that key, start the bot once, then delete the file",
        )
    elif fits:
        findings.look("A key rotation was interrupted", "the next start of the bot finishes it")
    else:
        findings.look(
            "A key rotation was interrupted before it changed anything", "run `reallyok key rotate` again"
        )
    return fits and not settings.key


def backups(findings: Findings, settings: Settings, now: datetime) -> None:
    """Whether there is a backup of this week, and whether a damaged database was set aside and forgotten."""
    path = Path(sqlite_path(settings.database_url))
    if not path.exists():
        return
    made = backup.newest(path)
    if made is None:
        findings.look(
            f"There is no backup in {backup.folder(path)}", "make one with `reallyok backup`, every week"
        )
    elif now - made > BACKUP_EVERY:
        findings.look(
            f"The newest backup in {backup.folder(path)} is {(now - made).days} days old",
            "make one with `reallyok backup`, every week, and keep a copy of it elsewhere",
        )
    else:
        findings.ok(f"There is a backup of {made:%d %B} in {backup.folder(path)}.")
    for aside in sorted((path.parent / "copies").glob("*-damaged.db")):
        findings.look(
            f"{aside} is a damaged database that was replaced, and not sealed",
            "delete it when nobody needs it: people who were forgotten may still be in it",
        )


def _key_file(findings: Findings, settings: Settings, file: Path) -> None:
    mode = stat.S_IMODE(file.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        findings.mend(
            f"Others on this machine may read the key ({file} has mode {mode:o})", f"chmod 600 {file}"
        )
    folders = {settings.data.resolve(), Path(sqlite_path(settings.database_url)).resolve().parent}
    if any(file.resolve().is_relative_to(folder) for folder in folders):
        findings.look(
            f"The key {file} lies beside the database: whoever copies that folder has both",
            "move it elsewhere and set REALLYOK_KEY_FILE",
        )


def folder(findings: Findings, settings: Settings) -> None:
    """Whether the bot can write where it must."""
    for place in sorted({settings.data, Path(sqlite_path(settings.database_url)).parent}):
        if not place.exists():
            findings.look(f"There is no folder {place} yet", "it is made when the bot first starts")
        elif not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            findings.mend(
                f"Nothing can be written in {place}",
                "make it a folder writable for the bot's user, or set REALLYOK_DATA to another",
            )
        else:
            findings.ok(f"The folder {place} can be written in.")
    if any(settings.data.glob("support.json.torn-*")):
        findings.look(
            "A file of networks' own support lines could not be read and was set aside",
            "have organisers look at /network settings, then delete support.json.torn-* in the data folder",
        )


def trouble(findings: Findings, trouble: Trouble, channels: Mapping[int, str]) -> None:
    """Say in words what could not be posted in the last week. `channels` are the names that are known."""
    channel_id, state, error, count = trouble
    what = (
        f"In the last week {count} message(s) could not be posted in {channels.get(channel_id, 'a channel')}"
    )
    if state is State.FORBIDDEN:
        lacked = ", ".join(name.replace("_", " ").title() for name in lacking(error))
        findings.look(
            f"{what}: Discord did not allow it{f', for want of {lacked}' if lacked else ''}",
            "give the bot the permissions named above",
        )
    elif state is State.GONE:
        findings.look(f"{what}: it is no more", "run /network setup again there")
    else:
        findings.look(
            f"{what}: Discord refused the message itself (error {error})", "report this line as a fault"
        )
