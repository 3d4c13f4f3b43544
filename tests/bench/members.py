"""Many members in a bot's database before it starts: in one network, asked every Wednesday at six."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlmodel import Session

from bot.checkins.rules import State
from bot.checkins.tables import Checkin, Plan
from bot.db.store import engine_for
from bot.db.upgrade import upgrade
from bot.members.tables import Consent, Membership, Network, Person, Purpose

WEDNESDAY_AT_SIX = datetime.fromisoformat("2026-11-25T18:00:00+00:00")


def address(database: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{database.as_posix()}"


@contextmanager
def writing(database: Path) -> Iterator[Session]:
    """A session on a database of this version, made if need be; what is done in it is kept at its end."""
    upgrade(address(database), datetime.now(WEDNESDAY_AT_SIX.tzinfo))
    engine = engine_for(address(database), writing=True)
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.commit()
    engine.dispose()


def enrol(
    session: Session, network_id: int, channels: Mapping[int, int], next_at: Callable[[int], datetime]
) -> list[Plan]:
    """A network and its members (person and DM channel), each with a plan next due when `next_at(number)` says."""
    joined = WEDNESDAY_AT_SIX - timedelta(days=60)
    session.add(Network(id=network_id, name="Saturday Coffee Heads", made_at=joined))
    session.flush()
    plans: list[Plan] = []
    for number, (user_id, channel_id) in enumerate(channels.items()):
        membership = Membership(network_id=network_id, user_id=user_id, joined_at=joined)
        session.add(Person(user_id=user_id, dm_channel_id=channel_id))
        session.flush()
        session.add(membership)
        for purpose in Purpose:
            session.add(Consent(network_id=network_id, user_id=user_id, purpose=purpose, given_at=joined))
        plan = Plan(
            membership_id=membership.id,
            user_id=user_id,
            network_id=network_id,
            anchor_on=date(2026, 9, 30),
            at=time(18),
            zone="Europe/London",
            nation="england",
            next_at=next_at(number),
        )
        plans.append(plan)
    session.flush()
    session.add_all(plans)
    session.flush()
    return plans


def ask(session: Session, plan: Plan, due_at: datetime) -> int:
    """A question to the member of a plan that waits for its answer; its id."""
    asked = Checkin(
        membership_id=plan.membership_id,
        user_id=plan.user_id,
        network_id=plan.network_id,
        due_at=due_at,
        state=State.ASKED,
    )
    session.add(asked)
    return asked.id
