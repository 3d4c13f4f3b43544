"""The process that puts rounds together: real ones, started, killed and outlived."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buddies import frames
from bot.buddies.matching import match
from bot.buddies.matchmaker import Matchmaker, RoundFailed
from bot.buddies.rules import Forbidden, Left, Round
from tests.buddies.networks import Some, modest, networks
from tests.buddies.people import history, network
from tests.launch.scene import PATIENCE_S, until

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def matchmaker(longest_s: float = 60.0) -> AsyncIterator[Matchmaker]:
    maker = Matchmaker(longest_s)
    try:
        yield maker
    finally:
        await maker.close()


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


Start = Callable[[psutil.Process], None]


@pytest.fixture
def at_start(monkeypatch: pytest.MonkeyPatch) -> Callable[[Start], None]:
    """Have something done with each process before it is asked for anything, and so before it can end."""
    begin = asyncio.create_subprocess_exec

    def when_started(does: Start) -> None:
        async def start(*command: Any, **how: Any) -> Any:
            process = await begin(*command, **how)
            does(psutil.Process(process.pid))
            return process

        monkeypatch.setattr(asyncio, "create_subprocess_exec", start)

    return when_started


async def at_work(maker: Matchmaker) -> int:
    """The process, when it has started on what it was asked: it has read it, and uses the processor."""
    pid = await until(lambda: maker.pid, "the process starting")
    await until(lambda: psutil.Process(pid).memory_info().rss > 25 * 2**20, "the process being at work")
    return pid


async def test_a_round_is_the_same_in_another_process_and_the_process_ends_with_it(
    monkeypatch: pytest.MonkeyPatch, at_start: Callable[[Start], None]
) -> None:
    """Also under other hashes, which decide the order of sets; and it is given none of the bot's secrets."""
    monkeypatch.setenv("DISCORD_TOKEN", "a secret")
    given: dict[int, dict[str, str]] = {}
    at_start(lambda process: given.update({process.pid: process.environ()}))
    people = network(301)
    forbidden = history(people)
    async with matchmaker() as maker:
        first = asyncio.create_task(maker.match(people, forbidden, 7))
        second = asyncio.create_task(maker.match(people[::-1], forbidden, 7))
        assert await first == await second == match(people, forbidden, 7)
        assert maker.pid is None
        ((pid, environ),) = given.items()
        assert "PATH" in environ
        assert "DISCORD_TOKEN" not in environ
        assert not is_running(pid)
        assert await maker.match([], Forbidden(), 1) == Round()
        with pytest.raises(ValueError, match="twice"):
            await maker.match(people * 2, forbidden, 7)


async def test_a_process_that_dies_fails_its_round_and_no_other() -> None:
    people = network(3000)
    async with matchmaker() as maker:
        failing = asyncio.create_task(maker.match(people, Forbidden(), 1))
        waiting = asyncio.create_task(maker.match(people[:20], Forbidden(), 2))
        os.kill(await at_work(maker), signal.SIGKILL)
        with pytest.raises(RoundFailed):
            await failing
        assert await waiting == match(people[:20], Forbidden(), 2)


async def test_a_round_that_does_not_end_is_ended(at_start: Callable[[Start], None]) -> None:
    stopped: list[int] = []

    def stop(process: psutil.Process) -> None:
        process.suspend()
        stopped.append(process.pid)

    at_start(stop)
    async with matchmaker(longest_s=2.0) as maker:
        with pytest.raises(RoundFailed):
            await maker.match(network(300), Forbidden(), 1)
        (pid,) = stopped
        assert not is_running(pid)


async def test_ending_the_bot_ends_a_round_and_giving_up_on_one_ends_its_process() -> None:
    async with matchmaker() as maker:
        given_up = asyncio.create_task(maker.match(network(3000), Forbidden(), 1))
        pid = await at_work(maker)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert given_up.cancelled()
        assert not is_running(pid)
        cut_short = asyncio.create_task(maker.match(network(3000), Forbidden(), 1))
        pid = await at_work(maker)
        await maker.close()
        assert not is_running(pid)
        for asked in (cut_short, maker.match(network(10), Forbidden(), 1)):
            with pytest.raises(RoundFailed):
                await asked


BOT = """
import asyncio
from bot.buddies.matchmaker import Matchmaker
from bot.buddies.rules import Forbidden
from tests.buddies.people import network

async def main():
    maker = Matchmaker()
    round = asyncio.create_task(maker.match(network(30000), Forbidden(), 1))
    while maker.pid is None:
        await asyncio.sleep(0.01)
    print(maker.pid, flush=True)
    await round

asyncio.run(main())
"""


async def test_it_never_outlives_a_bot_that_is_killed() -> None:
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    pid = int(await bot.stdout.readline())
    assert is_running(pid)
    bot.kill()
    await bot.wait()
    await until(lambda: not is_running(pid), "the matching process ending by itself")


async def test_it_ends_with_its_input_in_the_middle_of_being_asked() -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.buddies.worker", cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    assert worker.stdin is not None
    first, second, *rest = frames.asked(network(300), Forbidden(), 1)
    for frame in (first, second):
        worker.stdin.write(len(frame).to_bytes(frames.LENGTH) + frame)
    assert rest, "there is more to come"
    worker.stdin.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await worker.wait() == 0


def test_the_bot_itself_never_loads_what_only_the_process_needs() -> None:
    """15 MB and a tenth of a second that no check-in should wait for."""
    import subprocess

    code = "import bot.app, sys; print(*{'numpy', 'rustworkx'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@modest(40)
@given(networks(most=12), st.integers(-(2**60), 2**60))
def test_what_is_asked_arrives_as_it_was(some: Some, seed: int) -> None:
    people, forbidden, arrived = frames.read_asked(frames.asked(some.people, some.forbidden, seed))
    assert (people, set(forbidden.pairs()), arrived) == (some.people, set(some.forbidden.pairs()), seed)


def test_those_kept_for_a_round_are_nothing_to_the_collector_and_the_same_people() -> None:
    some = network(3 * frames.PEOPLE + 1)
    kept = frames.Packed()
    for first in range(0, len(some), 30):
        kept.extend(frames.Packed(some[first : first + 30]))
    assert ([*kept], [*kept], len(kept), kept.ids) == (some, some, len(some), [one.id for one in some])
    held = {id(thing) for part in vars(kept).values() for thing in part}
    assert not [thing for thing in gc.get_objects() if id(thing) in held]


def test_an_answer_of_many_frames_arrives_as_it_was() -> None:
    many = frames.NUMBERS
    told = Round(
        tuple((n, n + 1) for n in range(0, many, 2)),
        ((5, 6, 2**63 - 1),),
        tuple((n, list(Left)[n % 3]) for n in range(many)),
    )
    head, *rest = frames.answered(told)
    answer = frames.Answer(head)
    assert len(answer) == len(rest) > 3
    for number, frame in enumerate(rest):
        answer.take(number, frame)
    assert answer.round() == told
