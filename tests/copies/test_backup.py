"""A backup is one moment of the database, sealed, whatever the bot does meanwhile."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.db import backup as backups
from bot.db import sealed_file
from bot.db.backup import backup, default_target, newest
from bot.db.keys import Keyring
from bot.db.own import erase
from bot.errors import OperatorError
from tests.copies.house import AMIR, NOW, PEOPLE, RUTH, House
from tests.launch.scene import PATIENCE_S

# Moves amounts between a hundred rows, in one transaction each, until it is killed; the sum stays the same.
MOVER = """
import random, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
c.execute("PRAGMA secure_delete=ON")
n = 0
while True:
    a, b = random.sample(range(100), 2)
    c.execute("BEGIN IMMEDIATE")
    c.execute("UPDATE tally SET count = count - 1, words = ? WHERE id = ?", ("x" * random.randrange(900), a))
    c.execute("UPDATE tally SET count = count + 1 WHERE id = ?", (b,))
    c.execute("COMMIT")
    n += 1
    if n == 50:
        print("moving", flush=True)
"""


def _opened(file: Path, house: House) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    content = b"".join(sealed_file.read(file, house.keyring))
    # A database in memory has no log beside it; the two bytes that say "with a log" would keep it from opening.
    connection.deserialize(content[:18] + b"\1\1" + content[20:])
    return connection


def _until_moved(house: House) -> None:
    """Until the other process has had a turn; one processor may not give it any for a while."""
    with contextlib.closing(sqlite3.connect(house.database)) as own:
        (before,) = own.execute("PRAGMA data_version").fetchone()
        ends = time.monotonic() + PATIENCE_S
        while own.execute("PRAGMA data_version").fetchone() == (before,):
            assert time.monotonic() < ends, "the writer does nothing more"
            time.sleep(0.001)


def test_a_backup_holds_everything(house: House) -> None:
    file = house.backup()
    with (
        contextlib.closing(_opened(file, house)) as copy,
        contextlib.closing(sqlite3.connect(house.database)) as own,
    ):
        assert list(copy.iterdump()) == list(own.iterdump())
    header = sealed_file.read_header(file)
    assert header.made == NOW
    assert header.key == house.keyring.fingerprint()
    assert header.position == 0


def test_it_holds_what_only_the_log_has_yet(house: House) -> None:
    with house.session() as session:
        session.connection().exec_driver_sql("UPDATE network SET name = 'only in the log'")
        session.commit()
        assert Path(f"{house.database}-wal").stat().st_size > 0
        file = house.backup()
    with contextlib.closing(_opened(file, house)) as copy:
        assert copy.execute("SELECT name FROM network").fetchone() == ("only in the log",)


def test_every_backup_made_while_another_process_writes_is_one_moment(house: House) -> None:
    house.execute("CREATE TABLE tally (id INTEGER PRIMARY KEY, count INTEGER, words TEXT)")
    for number in range(100):
        house.execute("INSERT INTO tally VALUES (?, 10, '')", number)
    with subprocess.Popen(
        [sys.executable, "-c", MOVER, str(house.database)], stdout=subprocess.PIPE, text=True
    ) as mover:
        assert mover.stdout
        assert mover.stdout.readline() == "moving\n"
        try:
            files = []
            for number in range(10):
                files.append(house.backup(f"{number}.ok"))
                _until_moved(house)
            assert mover.poll() is None, "the writer gave up: a backup kept it waiting"
        finally:
            mover.kill()
    states = set()
    for file in files:
        with contextlib.closing(_opened(file, house)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert copy.execute("SELECT sum(count) FROM tally").fetchone() == (1000,)
            states.add(tuple(copy.execute("SELECT count FROM tally ORDER BY id")))
    assert len(states) > 1, "nothing moved: this proves nothing"


def test_an_erasure_under_way_is_waited_for(house: House) -> None:
    """Between the note in the ledger and the commit, a backup would hold somebody and believe them erased."""
    noted, made = threading.Event(), threading.Event()

    def erase_slowly() -> None:
        with house.session() as session:
            erase(session, house.keyring, AMIR)
            house.ledger.note(AMIR, NOW.date())
            noted.set()
            assert not made.wait(0.5), "the backup did not wait"
            session.commit()

    forgetting = threading.Thread(target=erase_slowly)
    forgetting.start()
    assert noted.wait(PATIENCE_S)
    file = house.backup()
    made.set()
    forgetting.join()
    with contextlib.closing(_opened(file, house)) as copy:
        assert {row[0] for row in copy.execute("SELECT user_id FROM person")} == set(PEOPLE) - {AMIR}
    assert sealed_file.read_header(file).position == 1


def test_nothing_of_anybody_and_no_key_is_in_the_file(house: House) -> None:
    house.forget(RUTH)
    content = house.backup().read_bytes()
    raw = house.database.read_bytes()
    wanted = [str(AMIR).encode(), AMIR.to_bytes(8, "big"), b"Saturday Coffee", b"SQLite format 3", b"checkin"]
    assert AMIR.to_bytes(8, "big") in raw
    assert b"Saturday Coffee" in raw
    for secret in (*wanted, house.keyring.key, house.place.key_file.read_bytes().strip()):
        assert secret not in content
    assert house.ledger.tag(RUTH).encode() not in content


def test_no_copy_touches_the_disk_on_the_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is opened for writing while a backup is made is sealed, or not about anybody."""
    written: set[str] = set()
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching or event != "open" or isinstance(arguments[0], int):
            return  # an int is a file that was opened before
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            written.add(Path(os.fsdecode(arguments[0])).name)

    connected: set[str] = set()
    original = sqlite3.connect
    monkeypatch.setattr(
        backups.sqlite3, "connect", lambda where, **more: connected.add(where) or original(where, **more)
    )
    sys.addaudithook(watch)
    try:
        house.backup()
    finally:
        watching = False
    assert written <= {"one.ok.part", "reallyok.erased.part", "reallyok.erased.lock"}
    assert "one.ok.part" in written
    assert connected == {f"{house.database.as_uri()}?mode=rw", ":memory:"}


def test_a_failed_backup_leaves_no_file_and_changes_nothing(house: House, tmp_path: Path) -> None:
    house.ledger.mark()
    before = house.bytes()
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="could not be written"):
        backup(house.database, tmp_path / "file" / "x.ok", house.keyring, house.ledger, NOW)
    other = Keyring(os.urandom(32))
    with pytest.raises(OperatorError, match="another key"):
        backup(house.database, tmp_path / "x.ok", other, house.ledger, NOW)
    assert house.bytes() == before
    assert not (tmp_path / "x.ok").exists()


def test_a_damaged_database_is_not_backed_up_as_if_nothing_were(house: House) -> None:
    content = bytearray(house.database.read_bytes())
    content[-4096:-4032] = b"\xff" * 64
    house.database.write_bytes(content)
    with pytest.raises(OperatorError, match=r"damaged|malformed"):
        house.backup()
    assert not (house.folder / "elsewhere").exists()


@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 1000])
def test_without_a_database_it_says_so(house: House, content: bytes | None) -> None:
    house.database.unlink()
    if content is not None:
        house.database.write_bytes(content)
    with pytest.raises(OperatorError, match=r"no database|cannot be read"):
        house.backup()
    assert not (house.folder / "elsewhere").exists()


def test_the_newest_is_told_by_what_the_files_say_not_by_their_dates(house: House) -> None:
    assert newest(house.database) is None
    for days in (3, 9, 1):
        now = NOW - timedelta(days=days)
        backup(house.database, default_target(house.database, now), house.keyring, house.ledger, now)
    (house.database.parent / "backups" / "torn.ok").write_bytes(b"Really OK backup 1\n{")
    assert newest(house.database) == NOW - timedelta(days=1)
    assert default_target(house.database, NOW).name == "reallyok-20260304-170000.ok"
