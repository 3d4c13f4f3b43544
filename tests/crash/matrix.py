"""Kills the bot again and again while it sends, and counts on the server what became of each message.

A message passes three moments: its request has arrived (the row says "sending"), the server has stored it, and the
bot has its answer and is about to commit it. At each the bot is killed with SIGKILL, with Discord still
remembering nonces or not, in direct messages and in channels. Everything random comes from the seed.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.sandbox.wire.faults import Call, Rule, Stage
from bot.sandbox.wire.server import Dropped
from tests.launch.mail import Mail
from tests.launch.processes import Bot
from tests.launch.scene import Scene, until

Place = Literal["dm", "channel"]
MOMENTS: dict[Stage, str] = {"arrived": "claimed", "stored": "posted", "answered": "marked"}
PEOPLE = 24
IN_A_CHANNEL = 4
MESSAGES = "/channels/*/messages"


class Blow(NamedTuple):
    """One way to be killed."""

    stage: Stage
    forgotten: bool
    place: Place

    def __str__(self) -> str:
        return f"{MOMENTS[self.stage]}, nonce {'forgotten' if self.forgotten else 'remembered'}, {self.place}"


EVERY = tuple(
    Blow(stage, forgotten, place)
    for stage, forgotten, place in itertools.product(MOMENTS, (False, True), ("dm", "channel"))
)


@dataclass
class Tally:
    """What the server says."""

    sent: int = 0
    lost: int = 0
    doubled: int = 0
    blows: Counter[Blow] = field(default_factory=Counter[Blow])

    @property
    def kills(self) -> int:
        return self.blows.total()


class Matrix:
    """Rounds of messages to 24 people and three channels, with a kill every few messages."""

    def __init__(
        self, scene: Scene, seed: int, *, blows: Sequence[Blow] = EVERY, blind: bool = False
    ) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._blows = blows
        self._deck: list[Blow] = []
        self._blind = blind
        self._mail = Mail(scene.database, scene.world, "members.panel")
        self._dms: list[int] = []
        self._channels = list(scene.demo.channels.values())
        self._aim: tuple[Blow, int, float] | None = None
        self._bot: Bot | None = None
        self._killed = asyncio.Event()
        self.tally = Tally()

    async def run(self, kills: int) -> Tally:
        """Rounds until the bot was killed so often; every round is sent to its end."""
        await self._prepare()
        while self.tally.kills < kills:
            self._mail.put(self._dms + self._channels * IN_A_CHANNEL, self._scene.clock.now())
            while left := self._left():
                await self._live(left, may_kill=self.tally.kills < kills)
        self.tally.sent = len(self._mail.channel_of)
        self.tally.lost, self.tally.doubled = self._mail.lost_and_doubled()
        return self.tally

    async def _prepare(self) -> None:
        scene = self._scene
        # What is tested here is what survives, not how fast it goes.
        scene.wire.limits.per_second = scene.wire.limits.messages = None
        for number in range(PEOPLE):
            person = scene.world.person(f"member-{number}")
            scene.world.join(person, scene.demo.guild_id)
            self._dms.append(await person.open_dm())
        scene.wire.faults.on_request = self._strike

    def _left(self) -> Counter[Place]:
        return Counter(self._place(channel) for channel in self._mail.unsent())

    def _place(self, channel: int) -> Place:
        return "dm" if channel in self._dms else "channel"

    async def _live(self, left: Counter[Place], *, may_kill: bool) -> None:
        """One life of the bot: until it is killed, or until everything is sent."""
        blow = self._draw(left) if may_kill else None
        if blow is not None:
            self._aim = blow, self._dice.randrange(min(4, left[blow.place])), self._dice.uniform(0, 0.006)
        # A server that takes its time has several messages on their way at the moment of death.
        slow = Rule("slow", method="POST", path=MESSAGES, when="after", seconds=0.07, times=None)
        if self._dice.random() < 0.5:
            self._scene.wire.faults.add(slow)
        self._killed.clear()
        self._bot = bot = await self._scene.fork(blind=self._blind)
        await until(lambda: self._killed.is_set() or not self._left(), "the end of a life")
        if blow is not None and self._aim is None:  # struck, be it a moment after the last commit
            await self._killed.wait()
            await bot.ended()
            await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
            self.tally.blows[blow] += 1
            if blow.forgotten:
                self._scene.wire.forget_nonces()
        else:
            self._aim = None
            assert await bot.stop() == 0
        self._scene.wire.faults.clear()

    def _draw(self, left: Counter[Place]) -> Blow | None:
        """The next blow from a shuffled deck that something still to be sent can be struck by."""
        if not any(left[blow.place] for blow in self._deck):
            fresh = list(self._blows)
            self._dice.shuffle(fresh)
            self._deck += fresh
        blow = next((blow for blow in self._deck if left[blow.place]), None)
        if blow is not None:
            self._deck.remove(blow)
        return blow

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._aim is None or call.method != "POST" or not call.path.endswith("/messages"):
            return
        blow, skip, late = self._aim
        if (stage, self._place(int(call.path.split("/")[2]))) != (blow.stage, blow.place):
            return
        if skip:
            self._aim = blow, skip - 1, late
            return
        self._aim = None
        if stage == "answered":
            await asyncio.sleep(late)  # before, during or after the commit
        assert self._bot is not None
        self._bot.kill()
        self._killed.set()
        if stage == "arrived":
            raise Dropped  # the request got no further than the door
