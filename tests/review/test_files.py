"""What the bot writes tells how people are: nobody else with an account on the machine may read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import cli


@pytest.fixture
def open_to_all() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_everything_a_start_makes_is_for_its_own_account_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.logs.start", lambda _level: None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["db", "upgrade"])
    assert ended.value.code == 0
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in made)
    for path in made:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
