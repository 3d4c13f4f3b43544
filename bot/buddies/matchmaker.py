"""Rounds put together in a process of their own, so that nobody who presses a button waits for one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from bot.buddies import frames
from bot.buddies.rules import Forbidden, Person, Round

# Fifty thousand people take about fifteen seconds; a round that takes longer than this is not going to end.
LONGEST_S = 600.0
_ROOT = Path(__file__).parents[2]


class RoundFailed(Exception):
    """The round was not put together: the process died, took too long, or is being ended. Try again later."""


class Matchmaker:
    """Puts rounds together one after another, in a process that is there while there is something to do."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._turn = asyncio.Lock()
        self._wanted = 0
        self._process: Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that is at work, if one is."""
        return None if self._process is None else self._process.pid

    async def match(self, people: Iterable[Person], forbidden: Forbidden, seed: int) -> Round:
        """As `matching.match`, without holding up the event loop. Whoever calls at the same time waits their turn.

        Raises `RoundFailed`, and `ValueError` when somebody is there twice; nothing is kept of it either way.
        """
        self._wanted += 1
        try:
            async with self._turn:
                return await self._match(people, forbidden, seed)
        finally:
            self._wanted -= 1
            if not self._wanted:
                await self._end()

    async def _match(self, people: Iterable[Person], forbidden: Forbidden, seed: int) -> Round:
        try:
            async with asyncio.timeout(self._longest_s):
                process = await self._running()
                _, result = await asyncio.gather(
                    _ask(process, people, forbidden, seed),
                    _answer(process),
                )
                return result
        except (OSError, EOFError, TimeoutError) as error:
            await self._end()
            raise RoundFailed(type(error).__name__) from error
        except BaseException:
            await self._end()
            raise

    async def _running(self) -> Process:
        if self._closed:
            raise RoundFailed("closed")
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.buddies.worker",
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=_environ(),
            )
        return self._process

    async def close(self) -> None:
        """End the process, whatever it is at; a round that is waited for fails, and so does every later one."""
        self._closed = True
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environ() -> dict[str, str]:
    """What the process needs to find itself: none of the bot's secrets. And one thread: it has not all cores to take."""
    kept = {name: value for name in ("PATH", "SYSTEMROOT") if (value := os.environ.get(name))}
    search = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def _ask(process: Process, people: Iterable[Person], forbidden: Forbidden, seed: int) -> None:
    pipe = process.stdin
    assert pipe is not None
    for frame in frames.asked(people, forbidden, seed):
        pipe.write(len(frame).to_bytes(frames.LENGTH) + frame)
        await pipe.drain()
        await asyncio.sleep(0)  # draining gives way only when the pipe is full


async def _answer(process: Process) -> Round:
    coming = _frames(process)
    answer = frames.Answer(await anext(coming))
    for number in range(len(answer)):
        answer.take(number, await anext(coming))
        await asyncio.sleep(0)
    return answer.round()


async def _frames(process: Process) -> AsyncIterator[bytes]:
    pipe = process.stdout
    assert pipe is not None
    while True:
        length = await pipe.readexactly(frames.LENGTH)
        yield await pipe.readexactly(int.from_bytes(length))
