"""Handles on bots in other processes: forked ones with a movable clock, and `reallyok run` exactly as operators have it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.launch.start import Start
from tests.launch.waiting import until

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0  # an interpreter that starts on a busy machine takes its time


class Nursery:
    """The fork server (see `nursery.py`). One serves a whole test run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.launch.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def fork(self, start: Start, log: Path) -> int:
        """A new bot; its process id."""
        return self._ask({"start": asdict(start), "log": str(log)})["pid"]

    def poll(self, pid: int) -> int | None:
        """The exit code of a bot that has ended."""
        return self._ask({"poll": pid})["code"]

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            assert self._process.poll() is None, "the fork server could not start; standard error says why"
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        assert answer, "the fork server has ended; standard error says why"
        return json.loads(answer)

    def close(self) -> None:
        """End the fork server; the bots it made must have ended before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


class Bot:
    """A forked bot. Every wait has a generous limit, which is never the measure of anything."""

    def __init__(self, nursery: Nursery, log: Path) -> None:
        self._nursery = nursery
        self.log = log
        self.pid = 0
        self.code: int | None = None
        self._door: socket.socket | None = None
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self, environ: Mapping[str, str], clock: datetime | None, **how: Any) -> None:
        """Fork; returns before the bot has done anything. For `how` see `Start`."""
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.setblocking(False)
        port = self._door.getsockname()[1]
        start = Start(dict(environ), port, clock.isoformat() if clock else None, **how)
        try:
            self.pid = self._nursery.fork(start, self.log)
        except AssertionError:
            await self._hang_up()
            raise

    async def do(self, what: str, patience: float = PATIENCE_S, **fields: str) -> dict[str, Any]:
        """Give an order (see `launcher.py`) and wait until it is carried out."""
        async with asyncio.timeout(patience):
            if self._line is None:
                assert self._door is not None, "it has not begun, or has ended"
                line, _ = await asyncio.get_running_loop().sock_accept(self._door)
                self._line = await asyncio.open_connection(sock=line)
            reader, writer = self._line
            writer.write(json.dumps({"do": what, **fields}).encode() + b"\n")
            answer = json.loads(await reader.readline() or '{"failed": "the bot has ended"}')
        assert "failed" not in answer, answer["failed"]
        return answer

    async def opened(self) -> None:
        """Until the database is open and messages go out."""
        await self.do("opened")

    async def advance_to(self, instant: datetime) -> None:
        """Move the bot's clock on, playing what is due on the way in order."""
        await self.do("advance_to", at=instant.isoformat())

    async def jump_to(self, instant: datetime) -> None:
        """Set the bot's clock without a word to anybody."""
        await self.do("jump_to", at=instant.isoformat())

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    async def ended(self, patience: float = PATIENCE_S) -> int:
        """Wait for its end; the exit code (minus the number of the signal that killed it)."""
        async with asyncio.timeout(patience):
            while self.code is None:
                self.code = self._nursery.poll(self.pid)
                if self.code is None:
                    await asyncio.sleep(0.005)
        await self._hang_up()
        return self.code

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    async def stop(self) -> int:
        """SIGTERM, and wait for the end."""
        if self.code is None:
            self.terminate()
        return await self.ended()

    async def _hang_up(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._line is not None:
            writer, self._line = self._line[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Program:
    """`reallyok` with arguments in a process of its own, as an operator starts it; or another `module`."""

    def __init__(
        self, environ: Mapping[str, str], log: Path, *arguments: str, cwd: Path, module: str = "bot"
    ) -> None:
        self.log = log
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("REALLYOK_", "DISCORD_", "DATABASE_"))
        }
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env={**clean, "PYTHONPATH": str(ROOT), **environ},
                stdout=stream,
                stderr=stream,
                cwd=cwd,
            )
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, once it has ended."""
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    async def ended(self, patience: float = PATIENCE_S) -> int:
        """Wait for its end; the exit code."""
        await until(lambda: self._process.poll() is not None, "its end", patience)
        return self._process.returncode

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    async def stop(self) -> int:
        """SIGTERM, and wait for the end."""
        if self._process.poll() is None:
            self.terminate()
        return await self.ended()
