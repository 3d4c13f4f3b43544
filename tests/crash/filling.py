"""A database of this version, made and filled while no bot is there: a network, and people who have joined it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlmodel import Session

from bot.db import keys as keyrings
from bot.db.keys import Keyring
from bot.db.store import engine_for
from bot.db.tables import check_key
from bot.db.upgrade import upgrade
from bot.members.tables import Membership, Network, Person
from bot.sandbox.people import Person as Human
from tests.launch.scene import Scene


@dataclass
class Filling:
    """What is there so far, for whoever fills in the rest."""

    session: Session
    keyring: Keyring
    memberships: dict[int, int] = field(default_factory=dict[int, int])
    """Each person's membership, by their account."""


@contextlib.contextmanager
def filling(scene: Scene, people: Iterable[Human], *, listener_role: int) -> Iterator[Filling]:
    """Fill a new database with members of the demo network; what is added to the session is committed at the end."""
    now, guild = scene.clock.now(), scene.demo.guild_id
    scene.data.mkdir(exist_ok=True)
    address = f"sqlite:///{scene.database.as_posix()}"
    upgrade(address)
    engine = engine_for(address, writing=True)
    with Session(engine) as session:
        known = Filling(session, keyrings.load(None, scene.folder / "reallyok.key"))
        check_key(session, known.keyring.fingerprint(), now)
        session.add(
            Network(id=guild, name="Saturday Coffee Heads", made_at=now, listener_role_id=listener_role)
        )
        for human in people:
            session.add(Person(user_id=human.id, dm_channel_id=human.dm_id))
            session.flush()
            membership = Membership(network_id=guild, user_id=human.id, joined_at=now)
            session.add(membership)
            session.flush()
            known.memberships[human.id] = membership.id
        yield known
        session.commit()
    engine.dispose()
