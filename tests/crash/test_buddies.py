"""Suggestions and introductions with the bot killed again and again while it sends them: each person hears each once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlmodel import select

from bot.buddies import asking, proposing
from bot.buddies.desk import Desk
from bot.buddies.life_rules import Said, State
from bot.buddies.rules import Field
from bot.buddies.tables import Place
from bot.buddies.told_rules import Told
from bot.db import keys
from bot.db.store import Store
from bot.members import facts, lists
from bot.members.facts_rules import Kind
from bot.sandbox.people import Person
from bot.sandbox.wire.faults import Call, Stage
from bot.sandbox.wire.server import Dropped
from tests.checkins.evening import library
from tests.launch.processes import Bot, Nursery
from tests.launch.scene import Scene, says, until

STAGES: tuple[Stage, ...] = ("arrived", "stored", "answered")
TOLD = Told({Field.ROLE: "headteacher"}, shares=frozenset(Field))


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    scene.wire.limits.per_second = scene.wire.limits.messages = None
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


class Mortal:
    """Lives of the bot, each cut short at the n-th message it sends, at one moment of its sending."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._aim: tuple[Stage, int] | None = None
        self._bot: Bot | None = None
        self._killed = asyncio.Event()
        self.kills = 0
        scene.wire.faults.on_request = self._strike

    async def _strike(self, stage: Stage, call: Call) -> None:
        if self._aim is None or call.method != "POST" or not call.path.endswith("/messages"):
            return
        at, skip = self._aim
        if stage != at:
            return
        if skip:
            self._aim = at, skip - 1
            return
        self._aim = None
        assert self._bot is not None
        self._bot.kill()
        self._killed.set()
        if stage == "arrived":
            raise Dropped

    async def until(self, people: list[Person], template: str) -> None:
        """Live until everybody has it, and then once more, long enough to say anything twice."""

        def all_have_it() -> bool:
            return all(told(self._scene, person, template) for person in people)

        for stage in (*STAGES, None):
            if not all_have_it():
                await self._live(all_have_it, None if stage is None else (stage, self._dice.randrange(2)))
        bot = await self._scene.bot()
        await self._scene.bot_is_quiet()
        assert await bot.stop() == 0

    async def _live(self, done: Callable[[], bool], aim: tuple[Stage, int] | None) -> None:
        self._killed.clear()
        self._aim = aim
        self._bot = await self._scene.fork()
        await until(lambda: self._killed.is_set() or done(), "the end of a life")
        self._aim = None
        if self._killed.is_set():
            await self._bot.ended()
            await asyncio.sleep(0.02)  # what the dead process had already written to its sockets
            self.kills += 1
            if self._dice.random() < 0.5:
                self._scene.wire.forget_nonces()
        else:
            assert await self._bot.stop() == 0


def told(scene: Scene, person: Person, template: str) -> int:
    """How often somebody has a message."""
    return sum(says(message, template) for message in scene.dms(person))


async def test_each_is_suggested_and_introduced_once_however_often_the_bot_dies(scene: Scene) -> None:
    people = list(scene.demo.people[:6])
    bot = await scene.bot()
    await scene.joined(*people)
    await scene.bot_is_quiet()
    assert await bot.stop() == 0
    keyring = keys.load(None, scene.folder / "reallyok.key")
    desk, network, now = Desk(keyring, library()), scene.demo.guild_id, scene.clock.now()
    store = Store(f"sqlite:///{scene.database.as_posix()}")
    trusts = [f"{name} Trust" for name in ("Alder", "Birch", "Cedar", "Damson", "Elm", "Fir")]
    await lists.keep(store, keyring, network, "", Kind.EMPLOYER, "\n".join(trusts), now)
    for person, trust in zip(people, trusts, strict=True):
        given = await facts.give(store, keyring, network, "", person.id, Kind.EMPLOYER, trust, now)
        meant = next(one for one in given.offered if one.name == trust)
        await facts.choose(store, keyring, person.id, given.fact_id, meant.id, now)
        await asking.agree(store, desk, network, "", person.id, now)
        await asking.tell(store, desk, network, "", person.id, lambda _: TOLD)
        await asking.look(store, desk, network, "", person.id, now)
    store.close()
    mortal = Mortal(scene, 20261124)
    await mortal.until(people, "buddies.proposal")
    assert [told(scene, person, "buddies.proposal") for person in people] == [1] * len(people)
    store = Store(f"sqlite:///{scene.database.as_posix()}")
    for place in await store.read(lambda session: list(session.exec(select(Place)))):
        assert place.state == State.PROPOSED
        await proposing.answer(store, place.id, place.user_id, Said.YES, place.id, now)
    store.close()
    await mortal.until(people, "buddies.introduced")
    assert [told(scene, person, "buddies.introduced") for person in people] == [1] * len(people)
    assert mortal.kills >= 4
