"""Somebody sets the machine's clock while the bot runs: what is due is noticed by the sweep, and nothing comes twice.

A small library is compiled here and loaded into the bot's process, and shifts the wall clock alone; the monotonic clock,
by which everything waits, goes on. The bot is otherwise `reallyok run`, with a sweep every half second.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from tests.launch.scene import SUNDAY, Scene, says, until
from tests.launch.start import Start

COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux", reason="the clock of one process is moved by Linux's preloading"
    ),
    pytest.mark.skipif(
        COMPILER is None, reason="there is no C compiler to make the library that moves the clock"
    ),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clock") / "moved_clock.so"
    source = Path(__file__).with_name("moved_clock.c")
    subprocess.run([COMPILER or "", "-shared", "-fPIC", "-O1", "-Wall", "-o", made, source], check=True)
    return made


class Moved:
    """A scene whose bot goes by a wall clock in our hands."""

    def __init__(self, scene: Scene, library: Path) -> None:
        self._scene = scene
        self._file = scene.folder / "shift"
        self.to(SUNDAY)  # so that nothing depends on the day this runs
        start = Start(scene.environ, sweep_s=0.5)
        self.program = scene.program(
            json.dumps(asdict(start)),
            module="tests.launch.launcher",
            LD_PRELOAD=str(library),
            CLOCK_SHIFT=str(self._file),
        )

    def _set(self, seconds: int) -> None:
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("=q", seconds))

    def to(self, instant: datetime) -> None:
        """Set the bot's wall clock, and the world's."""
        self._scene.clock.move_to(instant)
        self._set(int((instant - SystemClock().now()).total_seconds()))

    def due(self) -> datetime:
        """When the first plan is due, as the database has it."""
        with closing(sqlite3.connect(self._scene.database, timeout=60)) as connection:
            (text,) = connection.execute("SELECT min(next_at) FROM checkin_plan").fetchone()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    async def joined(self) -> None:
        """Set up as soon as the database is open, and join."""
        await self._scene.known()
        shown = await self._scene.set_up()
        while not says(shown.messages[0], "networks.setup_done"):  # the database is not open yet
            await asyncio.sleep(0.1)
            shown = await self._scene.set_up()
        await self._scene.join(self._scene.you)

    async def some_sweeps(self) -> None:
        """Long enough for three sweeps; what must not happen has had its chance."""
        await asyncio.sleep(1.6)


async def test_forward_over_a_question_and_back_and_forward_again(scene: Scene, library: Path) -> None:
    moved = Moved(scene, library)
    await moved.joined()
    due = moved.due()
    await moved.some_sweeps()
    assert scene.questions(scene.you) == []
    moved.to(due + timedelta(minutes=2))
    await until(lambda: scene.questions(scene.you) and moved.due() > due, "the sweep noticing")
    following = moved.due()
    assert following > due + timedelta(days=6)
    for instant in (
        SUNDAY + timedelta(minutes=10),
        due + timedelta(minutes=1),
        due - timedelta(days=3),
        SUNDAY - timedelta(days=2),
        due + timedelta(hours=1),
    ):
        moved.to(instant)
        await moved.some_sweeps()
        assert len(scene.questions(scene.you)) == 1, instant
    # A machine that is busy may not have come to the last of these yet, and would find a question far overdue.
    await until(lambda: moved.due() == following, "the plan being as it was")
    moved.to(following + timedelta(minutes=1))
    await until(lambda: len(scene.questions(scene.you)) == 2, "the next week's question")
    assert await moved.program.stop() == 0


async def test_far_forward_over_a_question_drops_it_and_keeps_the_next(scene: Scene, library: Path) -> None:
    moved = Moved(scene, library)
    await moved.joined()
    due = moved.due()
    moved.to(due + timedelta(hours=9))
    await until(lambda: moved.due() > due, "the plan moving on")
    await moved.some_sweeps()
    assert scene.questions(scene.you) == [], "nobody is asked in the middle of the night"
    moved.to(moved.due() + timedelta(seconds=5))
    await until(lambda: scene.questions(scene.you), "the next question")
