"""Two copies of the bot started at the same moment on one folder, again and again, while there is everything to send.

One of them works and the other says why it does not. In the middle the one is killed, and at that very moment a third
is started: it finds the folder free or not yet. Everything random comes from the seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from bot.sessions.mirroring import DATES
from tests.crash.coffee import NINE, Coffee
from tests.crash.lives import STAGES, WAITING, Aim
from tests.crash.mirrored import BETWEEN
from tests.launch.processes import Bot
from tests.launch.scene import Scene, until

PEOPLE = 10
REFUSAL = "Another copy of Really OK is running on "
MEND = "End that one first"
DUE = (
    "SELECT (SELECT count(*) FROM session_coming WHERE remind_at <= :at) + (SELECT count(*) FROM session_occurrence "
    "WHERE min(coalesce(announce_at, '9'), coalesce(remind_at, '9'), coalesce(door_at, '9')) <= :at) "
    "+ (SELECT count(*) FROM session_series WHERE plan_at <= :at)"
)
NEXT = f"SELECT starts_at FROM session_occurrence WHERE starts_at > :now ORDER BY starts_at LIMIT {DATES}"
PATIENCE_S = 60.0


@dataclass
class Counted:
    """What the server and the log say. `unkind`: copies that ended and did not say why."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    unkind: int = 0


class Twins:
    """One Saturday morning: the announcement, everybody's reminder, the channel's, the events; then the door."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._coffee = Coffee(scene, PEOPLE, mirrored=True)
        self._working: Bot
        self._third: Bot | None = None
        self._one_left = asyncio.Event()
        self._killed = asyncio.Event()
        self._aim: Aim | None = None
        self.pairs = 0
        """How often two were started together, and one was refused."""
        self.refused = 0
        self.blows: Counter[str] = Counter()
        scene.wire.limits.per_second = scene.wire.limits.messages = None
        scene.wire.faults.on_request = self._strike

    async def run(self) -> Counted:
        """The whole morning: up to eight kills."""
        for at in (NINE - timedelta(minutes=59), NINE + timedelta(seconds=5)):
            self._scene.clock.move_to(at)
            for _ in range(2):
                if not self._done(at):
                    await self._round(at)
            await self._peace(at)
        await self._peace(NINE + timedelta(minutes=65))  # when it is over, the next date comes into sight
        return self._count()

    async def _round(self, at: datetime) -> None:
        """Two are started; whichever works is killed in the middle, while a third is started, and that one too."""
        self._one_left.clear()
        self._third = None
        self._aim_at_next()
        first = await self._scene.fork()
        await asyncio.sleep(self._dice.choice((0, 0.002, 0.01, 0.05)))
        both = [first, await self._scene.fork()]
        loser = await _first_to_end(both)
        assert loser.code == 1, "one is refused, or both run"
        both.remove(loser)
        self.pairs += 1
        self.refused += 1
        self._working = both[0]
        self._one_left.set()
        if not await self._struck(at):
            return
        assert self._third is not None
        if not await _opened(self._third):
            assert self._third.code == 1
            self.refused += 1
            return
        self._working = self._third
        self._aim_at_next()
        await self._struck(at)

    def _aim_at_next(self) -> None:
        self._killed.clear()
        self._aim = Aim(self._dice.choice(STAGES), "POST", "*/messages", self._dice.randrange(3))

    async def _struck(self, at: datetime) -> bool:
        """Until whoever works is dead; or until there is nothing more to send, and then it is ended. Which it was."""
        await until(lambda: self._killed.is_set() or self._done(at), "the blow")
        if self._aim is not None:  # nothing to be struck at was left
            self._aim = None
            await self._working.opened()
            assert await self._working.stop() == 0
            return False
        await self._killed.wait()  # be it a moment after the last commit
        await self._working.ended()
        await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
        return True

    async def _strike(self, stage: Stage, call: Call) -> None:
        aim = self._aim
        if aim is None or not aim.meets(stage, call):
            return
        if aim.skip:
            self._aim = aim._replace(skip=aim.skip - 1)
            return
        self._aim = None
        await self._one_left.wait()
        if self._third is None:
            self._third = await self._scene.fork()
            await asyncio.sleep(self._dice.choice((0, 0.005, 0.02)))
        self._working.kill()
        self.blows[str(aim)] += 1
        self._killed.set()
        if stage == "arrived":
            raise Dropped

    async def _peace(self, at: datetime) -> None:
        """What is left, and Discord's own events, by one alone."""
        scene = self._scene
        scene.clock.move_to(max(at, scene.clock.now()))
        bot = await scene.fork()
        await bot.opened()
        while not self._done(at) or self._rows("SELECT 1 FROM session_network WHERE mirror_at IS NOT NULL"):
            scene.clock.move_to(scene.clock.now() + BETWEEN)
            await bot.advance_to(scene.clock.now())
            await asyncio.sleep(0.1)
        assert await bot.stop() == 0

    def _done(self, at: datetime) -> bool:
        due = self._rows(DUE, at=f"{at:%Y-%m-%d %H:%M:%S.%f}")
        return due == [(0,)] and self._rows(WAITING) == [(0,)]

    def _rows(self, query: str, **values: str) -> list[tuple[Any]]:
        with contextlib.closing(sqlite3.connect(self._scene.database, timeout=5)) as connection:
            return connection.execute(query, values).fetchall()

    def _count(self) -> Counted:
        coffee, counted, now = self._coffee, Counted(), self._scene.clock.now()
        planned = self._rows(NEXT, now=f"{now:%Y-%m-%d %H:%M:%S.%f}")
        coming = [datetime.fromisoformat(str(at)).replace(tzinfo=UTC) for (at,) in planned]
        assert len(coming) == DATES
        events = coffee.events()
        for times in (
            *coffee.told("sessions.reminder"),
            *coffee.told("sessions.door"),
            *(coffee.said(f"sessions.{one}") for one in ("announcement", "channel_reminder", "channel_door")),
            *(events[at] for at in coming),
        ):
            counted.messages += times
            counted.lost += times == 0
            counted.doubled += max(0, times - 1)
        counted.doubled += sum(many for at, many in events.items() if at > now and at not in coming)
        log = self._scene.log.read_text()
        counted.unkind = sum(abs(log.count(said) - self.refused) for said in (REFUSAL, MEND))
        return counted


async def _first_to_end(bots: list[Bot]) -> Bot:
    """Whichever of these ends by itself."""
    ends = {asyncio.create_task(bot.ended(PATIENCE_S)): bot for bot in bots}
    done, going = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)
    ended = next(iter(done))
    ended.result()  # nobody ended in all that time: both run
    return ends[ended]


async def _opened(bot: Bot) -> bool:
    """Whether a bot came to work; False when it ended before."""
    opened = asyncio.create_task(bot.do("opened", PATIENCE_S))
    ended = asyncio.create_task(bot.ended(PATIENCE_S))
    done, going = await asyncio.wait({opened, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)
    return opened in done
