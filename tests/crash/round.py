"""Two hundred members of one network, put into a database as if they had joined, all asked at the same instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session

from bot.checkins.tables import Checkin, Plan
from bot.db.store import engine_for
from bot.members.tables import Membership, Network, Person
from bot.sandbox.people import Person as Human
from tests.launch.scene import Scene


@dataclass
class Crowd:
    """People with their direct messages open; `questions` are asked already when `asked` was given."""

    humans: list[Human] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    questions: list[int] = field(default_factory=list)


async def gather(scene: Scene, size: int, due: datetime, *, asked: bool = False) -> Crowd:
    """Let a bot make its database and key, and fill it while no bot is there."""
    bot = await scene.bot()
    assert await bot.stop() == 0
    crowd = Crowd()
    for number in range(size):
        human = scene.world.person(f"member-{number}")
        scene.world.join(human, scene.demo.guild_id)
        crowd.humans.append(human)
        crowd.channels.append(await human.open_dm())
    engine = engine_for(f"sqlite:///{scene.database.as_posix()}", writing=True)
    with Session(engine) as session:
        network = Network(id=scene.demo.guild_id, name="Saturday Coffee Heads", made_at=due)
        session.add(network)
        for human, channel in zip(crowd.humans, crowd.channels, strict=True):
            session.add(Person(user_id=human.id, dm_channel_id=channel))
        session.flush()
        for human in crowd.humans:
            membership = Membership(network_id=network.id, user_id=human.id, joined_at=due)
            session.add(membership)
            session.flush()
            _plan(session, membership, due, crowd, asked=asked)
        session.commit()
    engine.dispose()
    return crowd


def _plan(session: Session, membership: Membership, due: datetime, crowd: Crowd, *, asked: bool) -> None:
    whose: dict[str, Any] = {
        "membership_id": membership.id,
        "user_id": membership.user_id,
        "network_id": membership.network_id,
    }
    if asked:
        question = Checkin(**whose, due_at=due)
        session.add(question)
        crowd.questions.append(question.id)
        return
    session.add(
        Plan(
            **whose,
            anchor_on=date(due.year, due.month, due.day),
            at=time(18),
            zone="Europe/London",
            next_at=due,
        )
    )
