"""Kills the bot again and again while calls are put before listeners, taken and closed, and counts what everybody was told.

At each of the three moments a message passes (see `matrix.py`), and between a press and its answer; a press nobody
answered is pressed again, as people do. Everything random comes from the seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.db.columns import new_id
from bot.listeners.rules import Offer, State
from bot.listeners.tables import Call as CallRow
from bot.listeners.tables import CallOffer, Listener
from bot.sandbox.people import Person as Human
from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from tests.crash.filling import filling
from tests.crash.matrix import MOMENTS
from tests.launch.processes import Bot
from tests.launch.scene import Scene, custom_ids, says, until, words

CALLS, LISTENERS = 8, 4
STAGES: tuple[Stage, ...] = tuple(MOMENTS)


@dataclass
class Told:
    """What became of everything that was to be said once."""

    calls: int = 0
    lost: int = 0
    doubled: int = 0
    astray: int = 0


@dataclass
class Rung:
    """Members who each have a call, and listeners who are on; the bot is not there yet."""

    scene: Scene
    seed: int
    members: list[Human] = field(default_factory=list[Human])
    listeners: list[Human] = field(default_factory=list[Human])
    blows: Counter[str] = field(default_factory=Counter[str])
    seen: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    """The names each listener was shown with the details of a call."""

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._aim: tuple[Stage, str, int] | None = None
        self._killed = asyncio.Event()
        self._bot: Bot | None = None
        self._settled: set[str] = set()

    async def run(self, kills: int) -> Told:
        """So many lives, each ended by a blow, while people do what they can; then one left in peace."""
        # What is tested here is what survives, not how fast it goes.
        self.scene.wire.limits.per_second = self.scene.wire.limits.messages = None
        await self._furnish()
        self.scene.wire.faults.on_request = self._strike
        deck: list[tuple[Stage, str]] = []
        while self.blows.total() < kills and not self._done():
            if not deck:
                deck = [(stage, "/messages") for stage in STAGES] + [
                    ("arrived", "/callback"),
                    ("answered", "/callback"),
                ]
                self._dice.shuffle(deck)
            await self._life(*deck.pop())
        self._aim = None
        self._killed.clear()
        bot = await self.scene.bot()
        while not self._done():
            await self._act()
        await self.scene.bot_is_quiet()
        assert await bot.stop() == 0
        return self._count()

    async def _furnish(self) -> None:
        scene, now = self.scene, self.scene.clock.now()
        guild, world = scene.demo.guild_id, scene.world
        role = world.role(guild, "Listeners")
        for number in range(CALLS + LISTENERS):
            human = world.person(f"person-{number}")
            world.join(human, guild)
            await human.open_dm()
            (self.members if number < CALLS else self.listeners).append(human)
        for human in self.listeners:
            world.give_role(human, guild, role)
            self.seen[human.id] = set()
        everybody = (*self.listeners, *self.members)
        with filling(scene, everybody, listener_role=role) as known:
            session, keyring = known.session, known.keyring
            for human in everybody:
                whose = {
                    "membership_id": known.memberships[human.id],
                    "user_id": human.id,
                    "network_id": guild,
                }
                if human in self.listeners:
                    listener = Listener(
                        **whose, name_sealed=b"", organisation_sealed=b"", zone="Europe/London"
                    )
                    listener.introduce(keyring, human.name, "Elsewhere")
                    listener.confirmed_at, listener.on_until = now, now + timedelta(hours=9)
                    session.add(listener)
                    continue
                row = new_id()
                call = CallRow(
                    id=row,
                    **whose,
                    zone="Europe/London",
                    # Sent when nobody was on; now somebody is.
                    state=State.NOBODY,
                    name_sealed=keyring.seal(f"<{human.name}>", "call", "name_sealed", row),
                    reach_sealed=keyring.seal("07700 900123", "call", "reach_sealed", row),
                    made_at=now,
                    asked_at=now,
                    step_at=now,
                )
                session.add(call)
                session.flush()
                for listener_of in self.listeners:
                    session.add(
                        CallOffer(
                            call_id=row,
                            user_id=listener_of.id,
                            network_id=guild,
                            state=Offer.FREE,
                            shown_at=now,
                            changed_at=now,
                        )
                    )

    async def _life(self, stage: Stage, path: str) -> None:
        self._killed.clear()
        self._aim = stage, path, self._dice.randrange(3)
        self._bot = await self.scene.fork()
        await until(lambda: self._killed.is_set() or self.scene.wire.gateway.connections, "a bot coming")
        while not self._killed.is_set() and not self._done():
            await self._act()
        if not self._killed.is_set():
            self._aim = None
            assert await self._bot.stop() == 0
            return
        await self._bot.ended()
        await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
        self.blows[f"{stage} {path}"] += 1
        if self._dice.random() < 0.5:
            self.scene.wire.forget_nonces()

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._aim is None or call.method != "POST":
            return
        aimed, path, skip = self._aim
        if stage != aimed or not call.path.endswith(path):
            return
        if skip:
            self._aim = aimed, path, skip - 1
            return
        self._aim = None
        if stage == "answered":
            await asyncio.sleep(self._dice.uniform(0, 0.006))  # before, during or after the commit
        assert self._bot is not None
        self._bot.kill()
        self._killed.set()
        if stage == "arrived":
            raise Dropped  # the request got no further than the door

    # What people do

    async def _act(self) -> None:
        """Everybody presses what they have in front of them: listeners take what they were offered, members close it."""
        presses = [self._take(human) for human in self.listeners] + [
            self._close(human) for human in self.members
        ]
        self._dice.shuffle(presses)
        await asyncio.gather(*presses)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await self._killed.wait()

    async def _take(self, human: Human) -> None:
        for message in self._all(human, "listeners.offer"):
            if message["id"] in self._settled:
                continue
            pressed = [i for i in custom_ids(message) if "calls.accept" in i and i.endswith("half-hour")]
            for said in await self._answers(human, message, pressed[0], 2):
                shown = {m.name for m in self.members if f"<{m.name}>" in words(said).replace("\\", "")}
                self.seen[human.id] |= shown
                if shown:
                    self._settled.add(str(message["id"]))

    async def _close(self, human: Human) -> None:
        """Once their listener has seen who they are; nobody closes it a moment after it was taken."""
        if any(human.name in seen for seen in self.seen.values()) and human.name not in self._settled:
            for message in self._all(human, "calls.accepted")[:1]:
                pressed = [i for i in custom_ids(message) if i.endswith(":spoke")]
                if any(
                    says(said, "calls.ended_spoke")
                    for said in await self._answers(human, message, pressed[0], 1)
                ):
                    self._settled.add(human.name)

    async def _answers(
        self, human: Human, message: Mapping[str, object], custom_id: str, number: int
    ) -> list[dict[str, Any]]:
        """Press, and wait for so many answers; no longer when the bot is killed meanwhile."""
        exchange = await human.press(int(str(message["id"])), custom_id)
        killed = asyncio.create_task(self._killed.wait())
        answer = asyncio.create_task(exchange.message(number, patience_s=5))
        _, late = await asyncio.wait({killed, answer}, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        await asyncio.gather(killed, answer, return_exceptions=True)
        return exchange.messages

    def _all(self, human: Human, template: str) -> list[dict[str, Any]]:
        return [
            m for m in self.scene.dms(human) if says(m, template) and not int(str(m.get("flags", 0))) & 64
        ]

    def _done(self) -> bool:
        with contextlib.closing(sqlite3.connect(self.scene.database, timeout=60)) as connection:
            ((open_calls,),) = connection.execute("SELECT count(*) FROM call WHERE state != 'closed'")
            ((waiting,),) = connection.execute(
                "SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'pending' AND template NOT LIKE "
                "'listeners.debrief%')"
            )
        return not open_calls and not waiting

    # What became of it

    def _count(self) -> Told:
        told = Told(calls=len(self.members))
        with contextlib.closing(sqlite3.connect(self.scene.database, timeout=60)) as connection:
            holders = dict(connection.execute("SELECT user_id, holder_id FROM call"))
        held = Counter(holders.values())
        for human in self.members:
            for template in ("calls.came_on", "calls.accepted"):
                self._once(told, len(self._all(human, template)), 1)
            told.astray += len(self._all(human, "listeners.offer"))
        for human in self.listeners:
            for template in ("listeners.offer", "listeners.they_spoke"):
                self._once(told, len(self._all(human, template)), held[human.id])
            told.astray += len(self._all(human, "calls.accepted"))
            mine = {member.name for member in self.members if holders[member.id] == human.id}
            told.astray += len(self.seen[human.id] - mine)
            told.lost += len(mine - self.seen[human.id])
        return told

    def _once(self, told: Told, times: int, wanted: int) -> None:
        told.lost += max(0, wanted - times)
        told.doubled += max(0, times - wanted)
