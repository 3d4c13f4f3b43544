"""What is to mend on the machine itself: the database, the key, the disk, the words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.db import keys
from bot.db.store import Store
from bot.doctor import machine
from bot.outbox import queue
from tests.doctor.conftest import NOW, Surgery, mend


async def test_a_database_held_by_another_program(surgery: Surgery) -> None:
    held = sqlite3.connect(surgery.database)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    try:
        assert await surgery.examine() == 1
        mend(surgery, "locked")
        assert surgery.line("accepts the token")
    finally:
        held.close()


async def test_a_damaged_database(surgery: Surgery) -> None:
    with contextlib.closing(sqlite3.connect(surgery.database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'consent'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(surgery.database.read_bytes())
    start = (page - 1) * size  # one table's own page: the rest, the revision among it, can still be read
    content[start : start + 64] = b"\xff" * 64
    surgery.database.write_bytes(content)
    assert await surgery.examine() == 1
    assert "copies" in mend(surgery, "The database is damaged")
    assert surgery.line("accepts the token")


async def test_a_file_that_is_no_database(surgery: Surgery) -> None:
    surgery.database.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    assert await surgery.examine() == 1
    mend(surgery, "cannot be read")
    assert surgery.line("accepts the token")


async def test_a_database_of_a_newer_version(surgery: Surgery) -> None:
    with contextlib.closing(sqlite3.connect(surgery.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert await surgery.examine() == 1
    assert "newer program" in mend(surgery, "newer version (9999)")


async def test_a_database_of_an_older_version_is_no_fault(surgery: Surgery) -> None:
    with contextlib.closing(sqlite3.connect(surgery.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert await surgery.examine() == 0
    assert surgery.line("revision 0000").startswith("look")


async def test_another_kind_of_database(surgery: Surgery) -> None:
    assert await surgery.examine(database_url="postgresql://db/reallyok") == 1
    assert any("does not name a SQLite file" in line for line in surgery.lines("mend"))


async def test_a_full_disk(surgery: Surgery, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 3 << 20))
    assert await surgery.examine() == 1
    mend(surgery, "The disk has 3 MB free")


async def test_a_log_that_grew(surgery: Surgery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LARGE_LOG", 1)
    store = Store(surgery.settings.database_url)
    await store.write(_note, 1)
    assert await surgery.examine() == 0
    assert surgery.line("has grown").startswith("look")
    store.close()


async def test_the_key_is_gone(surgery: Surgery) -> None:
    surgery.settings.key_file.unlink()
    assert await surgery.examine() == 1
    assert "saved copy" in mend(surgery, surgery.keyring.fingerprint())
    assert not surgery.settings.key_file.exists()


async def test_the_key_of_another_database(surgery: Surgery, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    keys.load(None, other)
    assert await surgery.examine(key_file=other) == 1
    mend(surgery, "is not the one this database was sealed with")


async def test_a_key_that_is_no_key(surgery: Surgery) -> None:
    assert await surgery.examine(key="not a key") == 1
    mend(surgery, "not 32 bytes in base64")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
async def test_a_key_others_may_read(surgery: Surgery) -> None:
    surgery.settings.key_file.chmod(0o640)
    assert await surgery.examine() == 1
    assert "chmod 600" in mend(surgery, "Others on this machine may read the key")


async def test_a_key_beside_the_database(surgery: Surgery) -> None:
    beside = surgery.data / "reallyok.key"
    beside.write_bytes(surgery.settings.key_file.read_bytes())
    beside.chmod(0o600)
    assert await surgery.examine(key_file=beside) == 0
    assert surgery.line("lies beside the database").startswith("look")


async def test_a_data_folder_that_is_a_file(surgery: Surgery, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert await surgery.examine(data=file) == 1
    mend(surgery, "Nothing can be written")


async def test_support_lines_that_were_set_aside(surgery: Surgery) -> None:
    (surgery.data / "support.json.torn-1").write_text("{")
    assert await surgery.examine() == 0
    assert "/network settings" in surgery.line("look  A file of networks' own support lines")


async def test_words_that_cannot_be_used(
    surgery: Surgery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "default_root", lambda: tmp_path / "no-prompts")
    assert await surgery.examine() == 1
    assert any("words" in line for line in surgery.lines("mend"))
    assert surgery.line("accepts the token")


def _note(session: Session, number: int) -> None:
    queue.enqueue(session, f"test:{number}", 1, "a.b", now=NOW)
