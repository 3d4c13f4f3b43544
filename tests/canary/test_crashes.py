"""Errors that carry everything about a member, crashes, and the memory of another command: nobody is in what they leave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canary.bird import LET_GO, found, hatch, kept_by, sentences
from tests.launch.mail import Mail
from tests.launch.processes import ROOT
from tests.launch.scene import PATIENCE_S, Scene, until


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what Linux says of a process")
async def test_no_error_at_any_level_tells_of_anybody(scene: Scene) -> None:
    scene.today()
    mail = Mail(scene.database, scene.world, "members.panel")
    mail.put([scene.welcome], scene.clock.now())
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    program = scene.program("run", module="tests.canary.breaking", REALLYOK_LOG_LEVEL="DEBUG")
    await until(lambda: not mail.unsent(), "the database being open")
    bird = await hatch(scene)
    await scene.join(bird.person)
    question = await bird.slash("checkin now")
    await bird.press(question, "checkins.level=wobbly")
    await bird.person.send(bird.dm, LET_GO["dm"])
    for trace in (
        "An interaction failed",
        "as it should have been",
        "RuntimeError",
        "breaking.py",
        "An error nobody",
    ):
        # What was written is met with a card before anything of it can fail, so a message says nothing of the log.
        await until(lambda trace=trace: trace in scene.log.read_text(), f"the log telling {trace!r}")
    limit = core_limit(program.pid)
    os.kill(program.pid, signal.SIGUSR1)
    await until(lambda: "most recent call first" in scene.log.read_text(), "faulthandler's lines")
    os.kill(program.pid, signal.SIGABRT)
    assert await program.ended() == -signal.SIGABRT
    assert "Fatal Python error" in scene.log.read_text()
    assert found(kept_by(scene), sentences()) == []
    assert found([scene.log], bird.ids) == []
    assert limit == "0", "a dump of the memory would hold what was just written"


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux shows a process's memory as a file"
)
async def test_a_check_of_the_words_has_nobody_in_its_memory(scene: Scene) -> None:
    bot = await scene.bot()
    bird = await hatch(scene)
    await scene.join(bird.person)
    await bot.stop()
    assert found([scene.database], bird.ids)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("REALLYOK_", "DISCORD_", "DATABASE_"))}
    check = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.canary.remembering",
        env={**clean, **scene.environ, "PYTHONPATH": str(ROOT)},
        cwd=scene.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 22,
    )
    assert check.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while (line := await check.stdout.readline()) != b"checked\n":
            assert line, "the check ended before it was looked into"
    remembered = scene.folder / "remembered"
    remembered.write_bytes(b"".join(memory(check.pid)))
    await check.communicate(b"")
    assert found([remembered], [b"nobody has verified this line yet"]), "its memory was read"
    assert found([remembered], [*bird.ids, *sentences()]) == []


def memory(pid: int) -> Iterator[bytes]:
    """Every part of a process's memory that can be written."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as process:
        parts = [re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line) for line in maps]
        for part in filter(None, parts):
            first, end = (int(number, 16) for number in part.groups())
            with contextlib.suppress(OSError, OverflowError):
                process.seek(first)
                yield process.read(end - first)


def core_limit(pid: int) -> str:
    """How large a file of its memory a process may leave when it crashes."""
    limits = Path(f"/proc/{pid}/limits").read_text()
    return next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4]
