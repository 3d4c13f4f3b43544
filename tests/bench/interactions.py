"""The support button against the least a discord.py program can do, side by side, and a thousand in one second.

Two worlds with a wire each stand in this process; in one the bot answers, in the other a bare handler that sends the
same words with one button. Presses go to both in turn, and each is timed from the person's tap to the moment the
server has the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from bot.sandbox.exchange import Exchange
from tests.launch.processes import Nursery
from tests.launch.scene import PATIENCE_S, Scene, answered, button, until

DEADLINE_S = 3.0
Tap = Callable[[], Awaitable[Exchange]]


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--burst", type=int, default=1000)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    nursery = Nursery()
    ours, theirs = Scene(folder / "ours", nursery), Scene(folder / "bare", nursery)
    await ours.open()
    await theirs.open()
    try:
        await ours.bot()
        card = (await answered(await ours.you.slash(ours.welcome, "support"))).messages[0]
        custom_id = button(card, "support")
        theirs.program("answer", module="tests.bench.bare", BARE_TEXT=card["content"])
        await until(lambda: theirs.wire.gateway.connections, "the bare bot connecting")
        our_watch, their_watch = _Watch(ours), _Watch(theirs)

        async def tap_ours() -> Exchange:
            return await ours.you.press_raw(ours.welcome, int(card["id"]), custom_id)

        async def tap_theirs() -> Exchange:
            return await theirs.you.press_raw(theirs.welcome, 1, "support")

        await _steadily([tap_ours, tap_theirs], 1.0, chosen.per_second)  # warm both
        our_watch.times.clear()
        their_watch.times.clear()
        await _steadily([tap_ours, tap_theirs], chosen.seconds, chosen.per_second)
        steady_ours, steady_theirs = our_watch.seconds(), their_watch.seconds()
        ours.world.backend.answer_within = theirs.world.backend.answer_within = DEADLINE_S
        within_ours = await _burst(tap_ours, chosen.burst)
        within_theirs = await _burst(tap_theirs, chosen.burst)
    finally:
        await ours.close()
        await theirs.close()
        nursery.close()
    p50, bare_p50 = statistics.median(steady_ours), statistics.median(steady_theirs)
    return {
        "support_p50_ratio": round(p50 / bare_p50, 2),
        "support_p50_ms": round(p50 * 1000, 2),
        "bare_p50_ms": round(bare_p50 * 1000, 2),
        "answers": len(steady_ours),
        "burst_within_3s": within_ours,
        "bare_burst_within_3s": within_theirs,
    }


class _Watch:
    """Times every exchange of a scene to its first answer."""

    def __init__(self, scene: Scene) -> None:
        self._exchanges = scene.world.backend.exchanges
        self.times: dict[int, float] = {}
        scene.world.subscribe(self._heard)

    def _heard(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "EXCHANGE" and payload["error"] is None:
            exchange = self._exchanges[int(payload["id"])]
            self.times.setdefault(exchange.id, exchange.age)

    def seconds(self) -> list[float]:
        return list(self.times.values())


async def _steadily(taps: list[Tap], seconds: float, per_second: int) -> None:
    """Each of `taps` so often a second, in turn, on an even beat."""
    loop = asyncio.get_running_loop()
    begun, pending = loop.time(), list[Exchange]()
    for number in range(int(seconds * per_second) * len(taps)):
        await asyncio.sleep(max(0.0, begun + number / (per_second * len(taps)) - loop.time()))
        pending.append(await taps[number % len(taps)]())
    await asyncio.gather(*(exchange.wait(PATIENCE_S) for exchange in pending))


async def _burst(tap: Tap, many: int) -> float:
    """The share of so many taps within one second that were answered before Discord gave up on them."""
    begun, exchanges = time.monotonic(), list[Exchange]()
    for number in range(many):
        exchanges.append(await tap())
        if number % 10 == 9:
            await asyncio.sleep(max(0.0, begun + number / many - time.monotonic()))
    print(f"{many} taps in {time.monotonic() - begun:.2f} s", end="")
    await asyncio.gather(*(exchange.wait(PATIENCE_S) for exchange in exchanges))
    print(f", all ended after {time.monotonic() - begun:.2f} s")
    return sum(exchange.error is None for exchange in exchanges) / many
