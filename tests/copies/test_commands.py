"""What the operator types, in processes of its own."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from bot.app import build
from bot.clock import MovableClock
from bot.db import keys, rotation
from bot.settings import Settings
from tests.copies.house import AMIR, BEA, NOW, PEOPLE, RUTH, House

ROOT = Path(__file__).parents[2]
LEFT = {user_id: PEOPLE[user_id] for user_id in (AMIR, BEA)}


@pytest.fixture
def home(tmp_path: Path) -> House:
    """A house laid out as the settings have it by themselves."""
    house = House(tmp_path)
    house.place = replace(
        house.place, key_file=tmp_path / "reallyok.key", ledger_file=tmp_path / "reallyok.erased"
    )
    house.fill()
    return house


def _reallyok(house: House, *words: str, fails: bool = False, **settings: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=house.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == (1 if fails else 0), said
    assert "Traceback" not in said
    for person in PEOPLE:
        assert str(person) not in said
    return said


def test_back_up_rotate_forget_and_put_back(home: House) -> None:
    old = home.keyring.fingerprint()
    assert _reallyok(home, "key", "show-fingerprint").strip() == old
    said = _reallyok(home, "backup")
    (file,) = (home.folder / "data" / "backups").glob("reallyok-*.ok")
    assert str(file.relative_to(home.folder)) in said

    said = _reallyok(home, "key", "rotate")
    assert "3 value(s)" in said
    assert f"reallyok.key.{old}.old" in said
    new = _reallyok(home, "key", "show-fingerprint").strip()
    assert new == home.keyring.fingerprint() != old

    home.forget(RUTH)
    said = _reallyok(home, "restore", str(file.relative_to(home.folder)))
    assert "1 person(s) who asked to be forgotten" in said
    assert re.search(r"sealed in data/copies/reallyok-\d{8}-\d{6}-before-restore\.ok", said)
    assert home.levels() == LEFT


def test_a_backup_is_made_beside_a_running_bot_and_nothing_else_is(home: House) -> None:
    with FileLock(home.database.with_name("reallyok.db.lock")):
        _reallyok(home, "backup", "elsewhere/mine.ok")
        before = home.bytes()
        for words in (("restore", "elsewhere/mine.ok"), ("key", "rotate")):
            assert "Another copy of Really OK is running" in _reallyok(home, *words, fails=True)
        assert home.bytes() == before
        assert "already" in _reallyok(home, "backup", "elsewhere/mine.ok", fails=True)
    assert home.bytes() == before
    assert "as it was on" in _reallyok(home, "restore", "elsewhere/mine.ok")


def test_a_key_in_the_environment_is_rotated_in_two_steps(home: House) -> None:
    def text(keyring: keys.Keyring) -> str:
        return base64.b64encode(keyring.key).decode()

    old = home.keyring
    home.place.key_file.unlink()
    said = _reallyok(home, "key", "rotate", REALLYOK_KEY=text(old))
    assert "Set REALLYOK_KEY to the line in reallyok.key.new" in said
    assert "Delete reallyok.key.new" in said
    new = keys.read(home.place.new_file)
    for ring in (old, new):
        assert text(ring) not in said
    said = _reallyok(home, "key", "show-fingerprint", fails=True, REALLYOK_KEY=text(old))
    assert new.fingerprint() in said
    assert "still holds the old one" in _reallyok(home, "key", "rotate", fails=True, REALLYOK_KEY=text(old))
    assert _reallyok(home, "key", "show-fingerprint", REALLYOK_KEY=text(new)).strip() == new.fingerprint()
    _reallyok(home, "backup", "one.ok", REALLYOK_KEY=text(new))


def test_without_a_key_nothing_is_made(home: House) -> None:
    home.place.key_file.unlink()
    before = home.bytes()
    for words in (("key", "show-fingerprint"), ("key", "rotate"), ("backup",), ("restore", "x.ok")):
        assert _reallyok(home, *words, fails=True)
    assert home.bytes() == before


def test_the_start_of_the_bot_finishes_what_was_interrupted(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything was sealed anew and the process died before the new key took its place; a restore died as well."""
    home.ledger.mark()
    old = home.keyring

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rotation, "_adopt", die)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(home.place)
    left = Path(f"{home.database}.restoring")
    left.write_bytes(b"somebody who was forgotten")
    assert home.keyring == old
    settings = Settings(
        token="not-used",
        data=home.database.parent,
        database_url=home.url,
        key_file=home.place.key_file,
    )

    async def start() -> keys.Keyring:
        app = build(settings, clock=MovableClock(NOW))
        store = await app._open_once()
        store.close()
        return app.keyring

    keyring = asyncio.run(start())
    assert keyring == home.keyring != old
    assert home.levels(keyring) == PEOPLE
    assert not left.exists()
    assert home.place.old_key(old.fingerprint()) == old
