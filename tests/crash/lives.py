"""Lives of the bot, each cut short at one moment of one kind of request. What the crash tests of sessions stand on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from tests.crash.matrix import MOMENTS
from tests.launch.processes import Bot
from tests.launch.scene import Scene, until

STAGES: tuple[Stage, ...] = tuple(MOMENTS)
WAITING = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')"


class Aim(NamedTuple):
    """The moment: of a request by this method to such a path, after letting some pass."""

    stage: Stage
    method: str
    path: str
    skip: int = 0

    def meets(self, stage: Stage, call: Call) -> bool:
        """Whether a request is at this moment."""
        return (stage, call.method) == (self.stage, self.method) and fnmatchcase(call.path, self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path.rpartition('/')[2].strip('*')} {MOMENTS[self.stage]}"


class Lives:
    """One bot after the other in a scene, as fast as the machine can."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.dice = random.Random(seed)
        self.blows: Counter[str] = Counter()
        self._aim: Aim | None = None
        self._meanwhile: tuple[Aim, Callable[[], Awaitable[Any]]] | None = None
        self._killed = asyncio.Event()
        self._falling = False
        self._bot: Bot | None = None
        # What is tested here is what survives, not how fast it goes.
        scene.wire.limits.per_second = scene.wire.limits.messages = None
        scene.wire.faults.on_request = self._strike

    @property
    def kills(self) -> int:
        """How often a bot was killed."""
        return self.blows.total()

    @property
    def killed(self) -> bool:
        """Whether the present life was ended by a blow."""
        return self._killed.is_set()

    @property
    def living(self) -> bool:
        """Whether there is a bot, and nobody has ended it."""
        return self._bot is not None and self._bot.code is None and not self.killed

    @property
    def bot(self) -> Bot:
        """The present one."""
        assert self._bot is not None
        return self._bot

    async def begin(self, aim: Aim | None = None) -> None:
        """A new life, at the scene's time; returns before the bot has done anything."""
        self._killed.clear()
        self._falling = False
        self._aim = aim
        self._bot = await self.scene.fork()

    def aim(self, aim: Aim | None) -> None:
        """End this life at that moment."""
        self._aim = aim

    def meanwhile(self, aim: Aim | None, act: Callable[[], Awaitable[Any]] | None = None) -> None:
        """At that moment of this life, whoever lives or dies, somebody does something."""
        self._meanwhile = None if aim is None or act is None else (aim, act)

    async def alive(self, order: Awaitable[Any]) -> bool:
        """Whether an order was carried out; False when the bot was killed before."""
        asked, killed = asyncio.ensure_future(order), asyncio.create_task(self._killed.wait())
        await asyncio.wait({asked, killed}, return_when=asyncio.FIRST_COMPLETED)
        if not self.killed:
            killed.cancel()
            await asked
            return True
        asked.cancel()
        await asyncio.gather(asked, killed, return_exceptions=True)
        return False

    async def until(self, condition: Callable[[], Any], what: str) -> bool:
        """Wait for something, or for the blow; whether it came first."""
        await until(lambda: self.killed or condition(), what)
        return not self.killed

    async def strike_at_any_moment(self, most: float) -> None:
        """Kill the bot within so many seconds: before what it is about to do, while it does it or after."""
        await asyncio.sleep(self.dice.uniform(0, most))
        if not self.killed:
            self._kill("any moment")

    async def spare(self) -> bool:
        """No blow from here on; one that is falling falls. Whether the bot is dead."""
        self._aim = self._meanwhile = None
        if self._falling:
            await self._killed.wait()
        return self.killed

    async def end(self) -> bool:
        """The end of the present life: of the blow, or by asking. Whether it was the blow."""
        if await self.spare():
            await self.bot.ended()
            await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
            if self.dice.random() < 0.5:
                self.scene.wire.forget_nonces()
        else:
            assert await self.bot.stop() == 0
        return self.killed

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database from outside."""
        with contextlib.closing(sqlite3.connect(self.scene.database, timeout=5)) as connection:
            return connection.execute(query, values).fetchall()

    def quiet(self) -> bool:
        """Whether nothing waits to be sent."""
        return self.rows(WAITING) == [(0,)]

    def _kill(self, how: str) -> None:
        self._aim = None
        self.blows[how] += 1
        self.bot.kill()
        self._killed.set()

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._meanwhile is not None:
            aim, act = self._meanwhile
            if aim.meets(stage, call):
                if aim.skip:
                    self._meanwhile = aim._replace(skip=aim.skip - 1), act
                else:
                    self._meanwhile = None
                    await act()
        aim = self._aim
        if aim is None or not aim.meets(stage, call):
            return
        if aim.skip:
            self._aim = aim._replace(skip=aim.skip - 1)
            return
        self._aim, self._falling = None, True
        if stage == "answered":
            await asyncio.sleep(self.dice.uniform(0, 0.006))  # before, during or after the commit
        self._kill(str(aim))
        if stage == "arrived":
            raise Dropped  # the request got no further than the door
