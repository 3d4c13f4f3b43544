"""When somebody who runs sessions goes. One public function, one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.db.store import Store
from bot.sessions import running


async def roll(store: Store) -> list[tuple[int, int, int | None]]:
    """Everybody who runs a session: (network, user, that network's facilitators' role)."""
    return await store.read(running.roll)


async def facilitator_left(store: Store, network_id: int, user_id: int, now: datetime) -> int:
    """Somebody left or lost the role: their series run on, and the organisers are asked. Returns how many they led."""

    def act(session: Session) -> int:
        return running.facilitator_gone(session, network_id, user_id, now)

    return await store.write(act)
