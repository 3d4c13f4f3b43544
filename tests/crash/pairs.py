"""Many talks, each between two, put into a database while no bot is there; and what the server says of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.listeners.talk_rules import Role, Talk
from bot.listeners.talk_tables import TalkRow, side
from bot.sandbox.people import Person as Human
from tests.crash.filling import filling
from tests.launch.scene import Scene

WORDS = "talks-words"


@dataclass
class Pair:
    """A member and a listener in an open talk."""

    member: Human
    listener: Human
    said: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """What each of the two wrote, by their id, in order."""

    def other(self, one: Human) -> Human:
        return self.listener if one is self.member else self.member

    async def say(self, one: Human, text: str) -> None:
        self.said.setdefault(one.id, []).append(text)
        await one.send(await one.open_dm(), text)


@dataclass
class Counted:
    """What became of everything that was written."""

    written: int = 0
    lost: int = 0
    doubled: int = 0
    crossed: int = 0
    disordered: int = 0


async def pairs(scene: Scene, many: int) -> list[Pair]:
    """So many open talks in a database of this version."""
    guild, world, now = scene.demo.guild_id, scene.world, scene.clock.now()
    role = world.role(guild, "Listeners")
    made: list[Pair] = []
    for number in range(many):
        member, listener = (world.person(f"{who}-{number}") for who in ("member", "listener"))
        for human in (member, listener):
            world.join(human, guild)
            await human.open_dm()
        world.give_role(listener, guild, role)
        made.append(Pair(member, listener))
    people = [human for pair in made for human in (pair.member, pair.listener)]
    with filling(scene, people, listener_role=role) as known:
        for number, pair in enumerate(made):
            talk = TalkRow(network_id=guild, made_at=now, opened_at=now, state=Talk.OPEN)
            known.session.add(talk)
            known.session.flush()
            for human, part, name in (
                (pair.member, Role.MEMBER, f"Quiet Heron {number}"),
                (pair.listener, Role.LISTENER, "Joan"),
            ):
                known.session.add(side(known.keyring, talk.id, human.id, part, name, now))
    return made


def heard(scene: Scene, human: Human) -> list[str]:
    """What the bot passed on to somebody, in order, without the name that stands above it."""
    bot = scene.world.backend.bot_user.id
    messages = scene.world.backend.messages[human.dm_id or 0].values()
    said: list[Any] = [m.content.split("\n", 1) for m in messages if m.author_id == bot]
    return [parts[1] for parts in said if len(parts) == 2 and parts[1].startswith("w ")]


def count(scene: Scene, made: list[Pair]) -> Counted:
    """Compare what was written with what arrived."""
    counted = Counted()
    for pair in made:
        for one in (pair.member, pair.listener):
            written, arrived = pair.said.get(one.id, []), heard(scene, pair.other(one))
            counted.written += len(written)
            counted.lost += len(set(written) - set(arrived))
            counted.doubled += len(arrived) - len(set(arrived))
            counted.crossed += len(set(arrived) - set(written))
            first = list(dict.fromkeys(arrived))
            counted.disordered += first != [text for text in written if text in first]
    return counted
