"""SIGKILL at every step there is: the old state or the new one, whole, and no key and no forgetting lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.db import keys, restore, rotation, sealed_file
from bot.db.rotation import sealed_with, settle
from bot.members.tables import Network
from tests.copies.house import AMIR, BEA, NOW, PEOPLE, RUTH, House

ROOT = Path(__file__).parents[2]
LEFT = {user_id: PEOPLE[user_id] for user_id in (AMIR, BEA)}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")


def _kill(deed: str, house: House, folder: Path) -> list[tuple[str, House]]:
    """Every step at which it was killed, and the house as it was left."""
    house.copy(folder / "0")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.copies.killed", deed, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [(step, House(folder / str(at))) for at, step in enumerate(json.loads(ended.stdout), 1)]


def test_a_rotation_killed_at_any_step_loses_no_key(house: House, tmp_path: Path) -> None:
    house.forget(RUTH)
    old, tag = house.keyring, house.ledger.tag(RUTH)
    file = house.backup()
    killed = _kill("rotate", house, tmp_path / "killed")
    finished: set[bool] = set()
    adopted = 0
    for step, left in killed:
        interrupted = left.keyring == old and sealed_with(left.url) != old.fingerprint()
        adopted += interrupted
        keyring = settle(left.place)  # as the next start does
        assert keyring == keys.read(left.place.key_file), step
        assert sealed_with(left.url) == keyring.fingerprint(), step
        assert left.levels(keyring) == LEFT, step
        assert left.ledger.all_noted() == {tag}, step
        finished.add(keyring != old)
        if keyring != old:
            assert left.place.old_key(old.fingerprint()) == old, step
            assert not left.place.new_file.exists(), step
            assert old.fingerprint() not in left.place.ledger_file.read_text(), step
        # Whatever happened, it can be done again, and the backup of before still comes back.
        rotation.rotate(left.place)
        assert left.levels() == LEFT, step
        left.restore(left.folder / "elsewhere" / file.name, NOW + timedelta(days=1))
        assert left.levels() == LEFT, step
    steps = [step for step, _ in killed]
    assert finished == {False, True}, steps
    assert adopted >= 3, steps
    assert "COMMIT" in steps
    assert any(step.startswith("UPDATE checkin") for step in steps), steps


def test_a_restore_killed_at_any_step_leaves_the_old_or_the_new(house: House, tmp_path: Path) -> None:
    house.backup()
    house.forget(RUTH)
    house.rename_and_die("changed since")
    killed = _kill("restore", house, tmp_path / "killed")
    names: set[str] = set()
    littered = 0
    for step, left in killed:
        littered += bool(list(left.database.parent.glob("*.restoring*")))
        restore.clear(left.url)  # as the next start does
        for path in left.database.parent.rglob("*"):
            assert not path.is_file() or RUTH.to_bytes(8, "big") not in path.read_bytes(), (step, path.name)
        assert left.levels() == LEFT, step
        with left.session() as session:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").fetchall() == [("ok",)], (
                step
            )
            names.add(session.exec(select(Network.name)).one())
        left.restore(left.folder / "elsewhere" / "one.ok", NOW + timedelta(days=2))
        assert left.levels() == LEFT, step
    assert names == {"changed since", "Saturday Coffee"}
    assert littered >= 3, "it was never killed while the copy lay beside the database"


def test_a_backup_killed_at_any_step_is_whole_or_not_there(house: House, tmp_path: Path) -> None:
    before = house.levels()
    found: set[bool] = set()
    for step, left in _kill("backup", house, tmp_path / "killed"):
        file = left.folder / "elsewhere" / "two.ok"
        found.add(file.exists())
        if file.exists():
            content = b"".join(sealed_file.read(file, left.keyring))
            assert content.startswith(b"SQLite format 3"), step
        assert left.levels() == before, step
        left.forget(RUTH)
        left.backup("three.ok")
    assert found == {False, True}
