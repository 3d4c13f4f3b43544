"""What the doctor says of backups and of a key that is being changed; it changes nothing itself."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest

from bot.db import backup, keys, rotation
from bot.doctor import machine
from bot.doctor.findings import Findings
from bot.settings import Settings
from tests.copies.house import NOW, House


class Doctor:
    def __init__(self, house: House) -> None:
        self.house = house
        self.settings = Settings(
            data=house.database.parent, database_url=house.url, key_file=house.place.key_file
        )

    def of_backups(self) -> list[str]:
        said: list[str] = []
        machine.backups(Findings(said.append), self.settings, NOW)
        return said

    def of_the_key(self, settings: Settings | None = None) -> list[str]:
        said: list[str] = []
        before = self.house.bytes()
        fingerprint = rotation.sealed_with(self.house.url)
        machine.key(Findings(said.append), settings or self.settings, fingerprint)
        assert self.house.bytes() == before
        return said


@pytest.fixture
def doctor(house: House) -> Doctor:
    return Doctor(house)


@pytest.mark.parametrize(
    ("days", "word"), [(None, "look  There is no backup"), (8, "ok "), (9, "look  The newest backup")]
)
def test_it_looks_for_a_backup_of_this_week(doctor: Doctor, days: int | None, word: str) -> None:
    house = doctor.house
    if days is not None:
        for ago in (days, days + 30):
            made = NOW - timedelta(days=ago)
            backup.backup(
                house.database, backup.default_target(house.database, made), house.keyring, house.ledger, made
            )
    (line,) = doctor.of_backups()
    assert line.startswith(word)
    assert days != 9 or "9 days old" in line


def test_without_a_database_there_is_nothing_to_back_up(doctor: Doctor) -> None:
    doctor.house.database.unlink()
    assert doctor.of_backups() == []


def test_it_reminds_of_a_damaged_database_that_was_set_aside(doctor: Doctor) -> None:
    file = doctor.house.backup()
    doctor.house.database.write_bytes(b"not a database any more" * 400)
    done = doctor.house.restore(file)
    assert any(str(done.damaged) in line and "delete it" in line for line in doctor.of_backups())


def test_a_rotation_interrupted_after_the_commit(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    _interrupt(doctor.house, monkeypatch, "_adopt")
    assert doctor.of_the_key() == [
        "look  A key rotation was interrupted -> the next start of the bot finishes it"
    ]
    given = Settings(
        key=base64.b64encode(keys.read(doctor.house.place.new_file).key).decode(),
        key_file=doctor.house.place.key_file,
        database_url=doctor.house.url,
    )
    assert any("delete the file" in line for line in doctor.of_the_key(given))


def test_a_rotation_interrupted_before_the_commit(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    _interrupt(doctor.house, monkeypatch, "reseal")
    said = doctor.of_the_key()
    assert "look  A key rotation was interrupted before it changed anything" in said[0]
    assert any("fits the database" in line for line in said)


def _interrupt(house: House, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rotation, at, die)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(house.place)
    assert Path(house.place.new_file).exists()
