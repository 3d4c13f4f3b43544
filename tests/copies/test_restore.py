"""Put back whole or not at all; and nobody who asked to be forgotten comes back."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.db import backup, keys, restore, rotation, sealed_file, upgrade
from bot.db.keys import Keyring
from bot.db.ledger import KEEP
from bot.db.rotation import KeyPlace
from bot.db.tables import Install
from bot.errors import OperatorError
from bot.members.tables import Network
from tests.copies.house import AMIR, BEA, NOW, PEOPLE, RUTH, House, forget_everybody
from tests.ground.test_upgrade import NEXT

LATER = NOW + timedelta(days=2)


def _refused(house: House, file: Path, words: str, **how: bool) -> OperatorError:
    """The restore is refused, and not one byte is other than before."""
    before = house.bytes()
    with pytest.raises(OperatorError, match=words) as caught:
        house.restore(file, LATER, **how)
    assert house.bytes() == before
    assert caught.value.mend
    return caught.value


def test_it_is_all_as_it_was(house: House) -> None:
    file = house.backup()
    forget_everybody(house)
    house.execute("UPDATE network SET name = 'changed since'")
    done = house.restore(file, LATER, without_ledger=True)
    assert done.header.made == NOW
    assert house.levels() == PEOPLE
    with house.session() as session:
        assert session.exec(select(Network.name)).all() == ["Saturday Coffee"]
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
    if os.name == "posix":
        assert stat.S_IMODE(house.database.stat().st_mode) == 0o600


def test_who_was_forgotten_since_is_forgotten_again_in_every_byte(house: House) -> None:
    house.forget(BEA)  # before the backup: not in it, and nothing to do
    file = house.backup()
    house.forget(RUTH)  # she is the safeguarding contact as well: another row names her
    done = house.restore(file, LATER)
    assert done.forgotten == 1
    assert house.levels() == {AMIR: PEOPLE[AMIR]}
    with house.session() as session:
        assert session.exec(select(Network.safeguarding_id)).one() is None
    for name, content in house.bytes().items():
        for person in (RUTH, RUTH + 10, BEA):
            assert str(person).encode() not in content, name
            assert person.to_bytes(8, "big") not in content, name
    assert AMIR.to_bytes(8, "big") in house.database.read_bytes()


def test_who_came_back_after_being_forgotten_stays(house: House) -> None:
    """Forgotten, back again, then the backup; and the clock was two days ahead when it was noted."""
    house.ledger.note(AMIR, LATER.date())
    file = house.backup()
    house.forget(RUTH)
    assert house.restore(file, LATER).forgotten == 1
    assert house.people() == {AMIR, BEA}


def test_it_may_be_done_twice_and_on_another_machine(house: House, tmp_path: Path) -> None:
    file = house.backup()
    house.forget(RUTH)
    house.restore(file, LATER)
    house.restore(file, LATER + timedelta(hours=1))
    assert house.people() == {AMIR, BEA}
    there = House(tmp_path / "another machine")
    shutil.copytree(house.folder / "keys", there.folder / "keys")
    done = there.restore(file, LATER)
    assert there.levels() == {user_id: PEOPLE[user_id] for user_id in (AMIR, BEA)}
    assert done.kept is None


# What was there before


def test_the_database_it_replaces_is_sealed_and_comes_back_without_the_forgotten(house: House) -> None:
    file = house.backup()
    house.execute("UPDATE network SET name = 'changed since'")
    done = house.restore(file, LATER)
    assert done.kept == house.database.parent / "copies" / "reallyok-20260306-170000-before-restore.ok"
    content = done.kept.read_bytes()
    assert AMIR.to_bytes(8, "big") not in content
    assert b"changed since" not in content
    house.forget(AMIR)
    house.restore(done.kept, LATER + timedelta(hours=1))
    with house.session() as session:
        assert session.exec(select(Network.name)).all() == ["changed since"]
    assert house.people() == {RUTH, BEA}


def test_a_log_of_the_old_database_is_never_taken_for_the_new_ones(house: House) -> None:
    """A killed bot leaves a log of committed changes beside its file; it belongs to that file alone."""
    file = house.backup()
    house.rename_and_die("only in the log")
    done = house.restore(file, LATER)
    assert [path.name for path in house.database.parent.iterdir() if "reallyok.db" in path.name] == [
        "reallyok.db"
    ]
    with house.session() as session:
        assert session.exec(select(Network.name)).all() == ["Saturday Coffee"]
    assert done.kept
    house.restore(done.kept, LATER + timedelta(hours=1))
    with house.session() as session:
        assert session.exec(select(Network.name)).all() == ["only in the log"]


@pytest.mark.parametrize("damage", ["a page", "all of it", "the log"])
def test_a_damaged_database_is_set_aside_as_it_is(house: House, damage: str) -> None:
    file = house.backup()
    content = bytearray(house.database.read_bytes())
    if damage == "a page":
        content[-4096:-4032] = b"\xff" * 64
    elif damage == "all of it":
        content[:] = b"not a database any more. " * 400
    else:
        content[:100] = b"\xff" * 100
        Path(f"{house.database}-wal").write_bytes(b"left over")
    house.database.write_bytes(content)
    done = house.restore(file, LATER)
    assert house.levels() == PEOPLE
    assert done.kept is None
    assert done.damaged
    assert done.damaged.read_bytes() == content
    assert not Path(f"{house.database}-wal").exists()
    if damage == "the log":
        assert Path(f"{done.damaged}-wal").read_bytes() == b"left over"
    if os.name == "posix":
        assert stat.S_IMODE(done.damaged.stat().st_mode) == 0o600


def test_a_database_held_by_another_program_is_left_to_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.backup()
    monkeypatch.setattr(backup, "_PATIENCE_S", 0)
    with contextlib.closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        for hold in ("BEGIN", "BEGIN IMMEDIATE"):
            other.execute(hold)
            other.execute("SELECT * FROM network").fetchall()
            assert "nd that" in _refused(house, file, "Another program|database is locked").mend
            other.execute("ROLLBACK")
    assert house.restore(file, LATER).kept


# Refusals


def test_a_torn_file(house: House) -> None:
    file = house.backup()
    file.write_bytes(file.read_bytes()[:-1000])
    _refused(house, file, "torn or damaged")


def test_a_file_that_is_no_backup(house: House) -> None:
    _refused(house, house.database, "not a backup")
    _refused(house, house.folder / "nothing.ok", "cannot be read")


def test_another_key(house: House, tmp_path: Path) -> None:
    file = house.backup()
    own = house.keyring
    keys.write(house.place.key_file, Keyring(os.urandom(32)))
    house.place.ledger_file.unlink()
    error = _refused(house, file, f"another key \\({own.fingerprint()}\\)")
    assert "REALLYOK_KEY" in error.mend


def test_no_key_at_all_makes_none(house: House) -> None:
    file = house.backup()
    house.place.key_file.unlink()
    assert "saved copy" in _refused(house, file, "no key").mend


def test_a_newer_version(house: House) -> None:
    house.execute("UPDATE alembic_version SET version_num = '9999'")
    file = house.backup()
    house.execute("UPDATE alembic_version SET version_num = ?", upgrade.newest())
    assert "newer program" in _refused(house, file, "newer version \\(9999\\)").mend


def test_a_damaged_database_in_a_whole_backup(house: House) -> None:
    still = backup.hold_still(house.database, house.ledger)
    damaged = still.content[:-4096] + b"\xff" * 64 + still.content[-4032:]
    file = house.folder / "x.ok"
    backup.keep(replace(still, content=damaged), file, house.keyring, NOW)
    _refused(house, file, "is damaged")


def test_a_database_sealed_with_another_key_than_its_backup(house: House) -> None:
    own = house.keyring.fingerprint()
    house.execute("UPDATE install SET key_fingerprint = 'somebodyelse'")
    file = house.folder / "x.ok"
    backup.keep(backup.hold_still(house.database, house.ledger), file, house.keyring, NOW)
    house.execute("UPDATE install SET key_fingerprint = ?", own)
    _refused(house, file, "sealed with another key \\(somebodyelse\\)")


@pytest.mark.parametrize("how", ["lost", "another", "older"])
def test_without_the_ledger_that_knows_it_is_refused_unless_told(house: House, how: str) -> None:
    house.ledger.note(1, NOW.date())
    older = house.place.ledger_file.read_bytes()
    house.ledger.note(2, NOW.date())
    file = house.backup()
    if how == "older":
        house.place.ledger_file.write_bytes(older)
    else:
        house.place.ledger_file.unlink()
        if how == "another":
            house.forget(RUTH)
    assert "--without-ledger" in _refused(house, file, "does not know who was forgotten").mend
    house.restore(file, LATER, without_ledger=True)
    assert house.people() == set(PEOPLE) - ({RUTH} if how == "another" else set())


def test_a_backup_older_than_the_ledger_remembers_is_refused(house: House) -> None:
    file = house.backup()
    house.ledger.note(AMIR, (NOW - KEEP - timedelta(days=1)).date())
    house.ledger.tidy(NOW.date())
    _refused(house, file, "over 400 days old")


@pytest.mark.parametrize("room", [0, 50_000])
def test_a_disk_without_room_changes_nothing(house: House, room: int) -> None:
    """The kernel refuses the write, as a full disk would."""
    resource = pytest.importorskip("resource")
    file = house.backup()
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    try:
        _refused(house, file, "could not be put in place")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(house.database.parent.glob("*.restoring*"))


def test_when_it_cannot_take_its_place_the_old_one_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.backup()
    house.execute("UPDATE network SET name = 'changed since'")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(restore.keys, "move", refuse)
    with pytest.raises(OperatorError, match="Permission denied"):
        house.restore(file, LATER)
    assert not list(house.database.parent.glob("*.restoring*"))
    assert house.levels() == PEOPLE
    with house.session() as session:
        assert session.exec(select(Network.name)).all() == ["changed since"]


# Versions and keys


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of the next release."""
    folder = tmp_path / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9000_next.py").write_text(NEXT.format(before=upgrade.newest()))
    return folder


def test_an_older_version_is_upgraded_with_no_copy_of_it_left(
    house: House, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.backup()
    house.forget(RUTH)
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    done = house.restore(file, LATER)
    assert upgrade.current(str(house.database)) == "9000"
    assert house.levels() == {user_id: PEOPLE[user_id] for user_id in (AMIR, BEA)}
    assert [path.name for path in (house.database.parent / "copies").iterdir()] == [done.kept.name]


def test_an_upgrade_that_fails_changes_nothing(
    house: House, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.execute("UPDATE network SET name = 'fails'")
    file = house.backup()
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    _refused(house, file, "could not be upgraded")


def test_a_backup_of_before_the_key_changed_is_sealed_with_the_new_one(house: House) -> None:
    file = house.backup()
    old = house.keyring
    rotation.rotate(house.place)
    new = house.keyring
    house.forget(RUTH)
    house.restore(file, LATER)
    assert sealed_file.read_header(file).key == old.fingerprint()
    assert house.keyring == new
    assert house.levels(new) == {user_id: PEOPLE[user_id] for user_id in (AMIR, BEA)}
    with house.session() as session:
        assert session.exec(select(Install.key_fingerprint)).one() == new.fingerprint()


def test_without_the_old_key_such_a_backup_is_refused_by_name(house: House) -> None:
    file = house.backup()
    old = house.keyring.fingerprint()
    rotation.rotate(house.place)
    house.place.old_file(old).unlink()
    _refused(house, file, f"another key \\({old}\\)")


def test_a_key_from_the_settings_serves_as_well(house: House) -> None:
    file = house.backup()
    key = base64.b64encode(house.keyring.key).decode()
    house.place.key_file.unlink()
    house.place = KeyPlace(key, house.place.key_file, house.url, house.place.ledger_file)
    house.restore(file, LATER)
    assert house.levels() == PEOPLE
    assert not house.place.key_file.exists()
