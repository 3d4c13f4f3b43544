"""What a network's organisers state about listening: within how long somebody answers. One function, one transaction."""

from __future__ import annotations

from sqlmodel import Session

from bot.db.store import Store
from bot.errors import Refusal
from bot.listeners.rules import LEAST_MINUTES, MOST_MINUTES
from bot.listeners.steps import answer_time
from bot.listeners.tables import Listening
from bot.members.tables import Network


async def answer_minutes(store: Store, network_id: int) -> int:
    """The stated answer time of a network, in minutes: 30 until its organisers say otherwise."""

    def look(session: Session) -> int:
        return round(answer_time(session, network_id).total_seconds() / 60)

    return await store.read(look)


async def set_answer_minutes(store: Store, network_id: int, minutes: int) -> None:
    """State within how many minutes a listener answers, 5 to 1440; what is being asked already keeps its time.

    Raises `Refusal` when the network has not been set up, `ValueError` for minutes outside that.
    """
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise ValueError(f"{minutes} minutes is no answer time")

    def act(session: Session) -> None:
        if session.get(Network, network_id) is None:
            raise Refusal("errors.not_set_up", network="")
        row = session.get(Listening, network_id) or Listening(network_id=network_id)
        row.answer_minutes = minutes
        session.add(row)

    await store.write(act)
