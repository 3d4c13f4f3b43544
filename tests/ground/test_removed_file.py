"""A database file that is deleted while the bot runs is not passed over in silence."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.opening import mind_the_file
from bot.settings import Settings


async def test_a_file_that_is_gone_is_told_each_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "reallyok.db"
    settings = Settings(token="x", data=tmp_path, database_url=f"sqlite:///{database.as_posix()}")
    database.touch()
    mind_the_file(settings)
    assert "restore" not in caplog.text
    database.unlink()
    with caplog.at_level(logging.ERROR):
        mind_the_file(settings)
    assert "restore" in caplog.text
