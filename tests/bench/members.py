"""Many members in a bot's database before it starts: in one network, asked every Wednesday at six."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from bot.checkins.tables import Checkin, Plan
from bot.db.columns import new_id
from bot.db.store import engine_for
from bot.db.upgrade import upgrade
from bot.members.tables import Membership, Network, Person
from bot.sandbox.people import Person as Somebody
from tests.launch.scene import Scene

WEDNESDAY_AT_SIX = datetime(2026, 11, 25, 18, tzinfo=UTC)
NETWORK = "Saturday Coffee Heads"

Row = dict[str, Any]


def address(database: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{database.as_posix()}"


@contextmanager
def writing(database: Path) -> Iterator[Session]:
    """A session on a database of this version, made if need be; what is done in it is kept at its end."""
    database.parent.mkdir(parents=True, exist_ok=True)
    upgrade(address(database))
    engine = engine_for(address(database), writing=True)
    with Session(engine) as session:
        yield session
        session.commit()
    engine.dispose()


def crowd(scene: Scene, many: int) -> list[Somebody]:
    """So many people in the demo network's server, each with their direct messages open."""
    people = [scene.world.person(f"member-{number}") for number in range(many)]
    for person in people:
        scene.world.join(person, scene.demo.guild_id)
        scene.world.backend.get_dm_channel(person.id)
    return people


def enrol(
    session: Session, network_id: int, channels: Mapping[int, int], next_at: Callable[[int], datetime]
) -> list[Row]:
    """A network and its members (user id and DM channel); their plans, the n-th next due at `next_at(n)`."""
    joined = WEDNESDAY_AT_SIX - timedelta(days=60)
    memberships = [
        {"id": new_id(), "network_id": network_id, "user_id": user, "joined_at": joined} for user in channels
    ]
    plans: list[Row] = [
        {
            "id": new_id(),
            "membership_id": membership["id"],
            "user_id": membership["user_id"],
            "network_id": network_id,
            "anchor_on": date(2026, 9, 30),
            "at": time(18),
            "zone": "Europe/London",
            "nation": "england",
            "unanswered": 1,
            "next_at": next_at(number),
        }
        for number, membership in enumerate(memberships)
    ]
    database = session.connection()
    database.execute(insert(Network), [{"id": network_id, "name": NETWORK, "made_at": joined}])
    database.execute(insert(Person), [{"user_id": u, "dm_channel_id": c} for u, c in channels.items()])
    database.execute(insert(Membership), memberships)
    database.execute(insert(Plan), plans)
    return plans


def ask(session: Session, plans: Sequence[Row], due_at: datetime) -> list[int]:
    """A question to the member of each plan, waiting for its answer; their ids."""
    asked = [
        {
            "id": new_id(),
            "membership_id": plan["membership_id"],
            "user_id": plan["user_id"],
            "network_id": plan["network_id"],
            "due_at": due_at,
        }
        for plan in plans
    ]
    session.connection().execute(insert(Checkin), asked)
    return [row["id"] for row in asked]
