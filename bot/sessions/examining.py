"""Where a network's sessions write and are held, for `reallyok doctor`. None of it is about a person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from bot.sessions.rules import SeriesState, Where, Who
from bot.sessions.tables import SeriesRow, SessionNetwork


@dataclass(frozen=True)
class Held:
    """One network's sessions: the channel they are announced in, and where Discord's own events are made.

    `rooms` are the voice channels of sessions shown among Discord's own events; None where those are not used.
    """

    channel_id: int | None
    rooms: tuple[int, ...] | None


def held(session: Session) -> dict[int, Held]:
    """The sessions of every network that has any, by its id."""
    running = (
        select(SeriesRow.network_id, SeriesRow.where_channel_id)
        .where(
            SeriesRow.state == SeriesState.RUNNING,
            SeriesRow.who == Who.OPEN,
            SeriesRow.where_kind == Where.VOICE,
            col(SeriesRow.where_channel_id).is_not(None),
        )
        .distinct()
    )
    rooms: dict[int, list[int]] = {}
    for network_id, room_id in session.exec(running):
        rooms.setdefault(network_id, []).append(room_id or 0)
    return {
        row.network_id: Held(
            row.channel_id,
            tuple(sorted(rooms.get(row.network_id, []))) if row.mirror_since is not None else None,
        )
        for row in session.exec(select(SessionNetwork))
    }
