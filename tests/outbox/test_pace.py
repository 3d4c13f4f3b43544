"""The pace, on a loop whose time is ours: exact instants, late timers, and no waiting."""

from __future__ import annotations

import asyncio
import itertools
import random
import selectors
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from bot.outbox.pace import PER_SECOND, Pace, urgency
from bot.outbox.tables import Priority

Late = Callable[[], float]


class Clockwork(asyncio.SelectorEventLoop):
    """Instead of waiting it moves its own time on, by as much as was asked and as much as `late` adds."""

    def __init__(self, late: Late = lambda: 0.0) -> None:
        self.at = 1000.0
        self._late = late
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> list[Any]:
                if timeout is not None and timeout > 0:
                    loop.at += timeout + loop._late()
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return self.at


def _run(work: Callable[[Clockwork], Awaitable[None]], late: Late = lambda: 0.0) -> None:
    loop = Clockwork(late)
    try:
        loop.run_until_complete(work(loop))
    finally:
        loop.close()


def _most_in(seconds: float, instants: list[float]) -> int:
    """The most turns in any window of so many seconds, wherever it begins."""
    most = first = 0
    for last, at in enumerate(instants):
        while at - instants[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _instants(turns: int, late: Late, per_second: float = PER_SECOND) -> list[float]:
    instants: list[float] = []

    async def work(loop: Clockwork) -> None:
        pace = Pace(per_second)

        async def one() -> None:
            await pace.turn()
            instants.append(loop.time())

        await asyncio.gather(*(one() for _ in range(turns)))

    _run(work, late)
    assert len(instants) == turns
    return instants


async def _use_up(pace: Pace) -> None:
    """Take what is free at once, so that whoever comes now has to wait."""
    await pace.turn()
    await pace.turn()


def _lateness(kind: str, seed: int) -> Late:
    dice = random.Random(seed)
    if kind == "never":
        return lambda: 0.0
    if kind == "little":
        return lambda: dice.uniform(0, 0.005)
    if kind == "about a slot":
        return lambda: dice.uniform(0, 2 / PER_SECOND)
    if kind == "sometimes very":
        return lambda: dice.choice([0.0] * 20 + [0.3, 1.0, 2.5])
    pattern: Iterator[float] = itertools.cycle([0.99 / PER_SECOND] + [0.0] * dice.randrange(1, 60))
    return lambda: next(pattern)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["never", "little", "about a slot", "sometimes very", "just under a slot"])
def test_never_more_than_fifty_in_any_second_however_late_timers_are(kind: str, seed: int) -> None:
    """With room for requests that arrive up to 49 ms late and all together."""
    assert _most_in(1.049, _instants(1000, _lateness(kind, seed))) <= 50


def test_the_check_would_notice_a_faster_pace() -> None:
    assert _most_in(1.0, _instants(500, _lateness("never", 0), per_second=52)) > 50


def test_with_timers_in_time_no_slot_is_given_away() -> None:
    instants = _instants(1000, _lateness("never", 0))
    assert instants[-1] - instants[0] == pytest.approx(999 / PER_SECOND)


def test_small_lateness_does_not_add_up() -> None:
    instants = _instants(1000, _lateness("little", 1))
    assert instants[-1] - instants[0] == pytest.approx(999 / PER_SECOND, rel=0.01)


def test_turns_not_taken_are_not_saved_up() -> None:
    instants: list[float] = []

    async def work(loop: Clockwork) -> None:
        pace = Pace()

        async def one() -> None:
            await pace.turn()
            instants.append(loop.time())

        for _ in range(5):
            await asyncio.gather(*(one() for _ in range(120)))
            await asyncio.sleep(10)

    _run(work)
    assert _most_in(1.0, instants) <= 50


def test_alone_nobody_waits() -> None:
    async def work(loop: Clockwork) -> None:
        pace = Pace()
        for _ in range(5):
            before = loop.time()
            await pace.turn()
            assert loop.time() == before
            await asyncio.sleep(1)

    _run(work)


def test_the_most_urgent_go_first_and_those_alike_in_order() -> None:
    order: list[tuple[int, int]] = []

    async def work(loop: Clockwork) -> None:
        pace = Pace()

        async def one(priority: int, number: int) -> None:
            urgency.set(priority)
            await pace.turn()
            order.append((priority, number))

        await _use_up(pace)
        jobs = [(p, n) for n in range(10) for p in reversed(Priority)]
        await asyncio.gather(*(one(p, n) for p, n in jobs))

    _run(work)
    assert order == sorted(order)
    assert len(order) == 10 * len(Priority)


def test_an_answer_overtakes_a_round_that_is_waiting() -> None:
    order: list[str] = []

    async def work(loop: Clockwork) -> None:
        pace = Pace()

        async def one(name: str, priority: int) -> None:
            urgency.set(priority)
            await pace.turn()
            order.append(name)

        round_ = [asyncio.create_task(one("round", Priority.ROUND)) for _ in range(500)]
        await asyncio.sleep(1)
        sent = len(order)
        await asyncio.create_task(one("answer", Priority.ANSWER))
        assert order.index("answer") - sent <= 1
        await asyncio.gather(*round_)

    _run(work)
    assert len(order) == 501


def test_without_being_told_a_request_is_as_urgent_as_an_answer() -> None:
    assert urgency.get() == Priority.ANSWER


def test_who_is_cancelled_gives_the_turn_up() -> None:
    instants: dict[int, float] = {}

    async def work(loop: Clockwork) -> None:
        pace = Pace()

        async def one(number: int) -> None:
            await pace.turn()
            instants[number] = loop.time()

        await _use_up(pace)
        tasks = [asyncio.create_task(one(n)) for n in range(100)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    _run(work)
    assert sorted(instants) == list(range(1, 100, 2))
    spread = max(instants.values()) - min(instants.values())
    assert spread == pytest.approx(49 / PER_SECOND), "the turns of those who left went to the others at once"


def test_when_everybody_gave_up_the_next_is_served() -> None:
    async def work(loop: Clockwork) -> None:
        pace = Pace()
        await _use_up(pace)
        tasks = [asyncio.create_task(pace.turn()) for _ in range(5)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(5)
        await asyncio.wait_for(pace.turn(), 5)
        await asyncio.wait_for(pace.turn(), 5)

    _run(work)
