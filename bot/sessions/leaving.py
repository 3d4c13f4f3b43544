"""When somebody who runs sessions goes. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from bot.db.store import Store
from bot.members.habits import Habits
from bot.sessions import coming, running


async def roll(store: Store) -> list[tuple[int, int, int | None]]:
    """Everybody who runs a session: (network, user, that network's facilitators' role)."""
    return await store.read(running.roll)


async def facilitator_left(store: Store, network_id: int, user_id: int, now: datetime) -> int:
    """Somebody left or lost the role: their series run on, and the organisers are asked. Returns how many they led."""

    def act(session: Session) -> int:
        return running.facilitator_gone(session, network_id, user_id, now)

    return await store.write(act)


def parting(habits: Habits) -> Callable[[Session, int | None, int, datetime], None]:
    """What is done before somebody's rows go: from one network, or (None) from all, as they asked to be forgotten.

    The places they had are offered to the next, and the organisers are asked who leads what they led. Twice is once.
    """

    def part(session: Session, network_id: int | None, user_id: int, now: datetime) -> None:
        coming.parted(session, habits, network_id, user_id, now)
        running.facilitator_gone(session, network_id, user_id, now)

    return part
