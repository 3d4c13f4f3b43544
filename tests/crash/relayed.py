"""Kills the bot again and again while it passes words on between people in talks, and counts what became of each.

At each of the three moments a message passes (see `matrix.py`), with Discord still remembering nonces or not, and with
words written while the bot lives and while it is dead. Everything random comes from the seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from tests.crash.matrix import MOMENTS
from tests.crash.pairs import Counted, Pair, count, heard, pairs
from tests.launch.processes import Bot
from tests.launch.scene import Scene, until

MOST_IN_A_LIFE = 30
STAGES: tuple[Stage, ...] = tuple(MOMENTS)


class Relayed:
    """Rounds of words between pairs, with a kill in each."""

    def __init__(self, scene: Scene, seed: int, *, many: int = 6, blind: bool = False) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._many = many
        self._blind = blind
        self._aim: tuple[Stage, int] | None = None
        self._killed = asyncio.Event()
        self._bot: Bot | None = None
        self._pairs: list[Pair] = []
        self._said = 0
        self.blows: Counter[str] = Counter()

    async def run(self, kills: int) -> Counted:
        """So many lives, each ended by a blow; then one that is left in peace until everything has arrived."""
        scene, dice = self._scene, self._dice
        # What is tested here is what survives, not how fast it goes.
        scene.wire.limits.per_second = scene.wire.limits.messages = None
        self._pairs = await pairs(scene, self._many)
        scene.wire.faults.on_request = self._strike
        deck: list[Stage] = []
        for _ in range(kills):
            if not deck:
                deck = list(STAGES)
                dice.shuffle(deck)
            await self._life(deck.pop(), forgotten=dice.random() < 0.5)
        bot = await scene.bot()
        with contextlib.suppress(AssertionError):  # what is not there then is counted as lost
            await until(self._all_there, "everything arriving")
        await scene.bot_is_quiet()
        assert await bot.stop() == 0
        return count(scene, self._pairs)

    def _all_there(self) -> bool:
        return all(
            set(pair.said.get(one.id, ())) <= set(heard(self._scene, pair.other(one)))
            for pair in self._pairs
            for one in (pair.member, pair.listener)
        )

    async def _say_some(self, most: int) -> None:
        for _ in range(self._dice.randrange(1, most)):
            pair = self._dice.choice(self._pairs)
            self._said += 1
            await pair.say(self._dice.choice((pair.member, pair.listener)), f"w {self._said}")

    async def _life(self, stage: Stage, *, forgotten: bool) -> None:
        await self._say_some(4)
        self._killed.clear()
        said = self._said
        self._bot = bot = await self._scene.fork(blind=self._blind)
        self._aim = stage, self._dice.randrange(3)
        while not self._killed.is_set():
            # A few at a time: what is to be struck is a message on its way, not a flood.
            await self._say_some(4)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._dice.choice((0.01, 0.05, 0.2))):
                    await self._killed.wait()
            if self._said - said > MOST_IN_A_LIFE:
                await until(self._killed.is_set, "the blow")
        await bot.ended()
        await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
        self.blows[MOMENTS[stage]] += 1
        if forgotten:
            self._scene.wire.forget_nonces()

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._aim is None or call.method != "POST" or not call.path.endswith("/messages"):
            return
        aimed, skip = self._aim
        if stage != aimed:
            return
        if skip:
            self._aim = aimed, skip - 1
            return
        self._aim = None
        if stage == "answered":
            await asyncio.sleep(self._dice.uniform(0, 0.006))  # before, during or after the commit
        assert self._bot is not None
        self._bot.kill()
        self._killed.set()
        if stage == "arrived":
            raise Dropped  # the request got no further than the door
