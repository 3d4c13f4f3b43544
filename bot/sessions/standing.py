"""The two standing sessions setting up offers, the channel for sessions, and putting back what was deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.db.columns import new_id
from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.tables import Network
from bot.schedule.recurrence import Series, first_on, local_date
from bot.sessions import announcing
from bot.sessions.fields import Fields, Place
from bot.sessions.making import create
from bot.sessions.meeting import put_together
from bot.sessions.rules import MirrorState, OccurrenceState, SeriesState
from bot.sessions.tables import (
    Mirror,
    Occurrence,
    SeriesRow,
    SessionNetwork,
    look_soon,
    occurrence_with_series,
)


class Which(StrEnum):
    """Which of the two."""

    SATURDAY = "saturday"
    WEDNESDAY = "wednesday"


_RULES = {Which.SATURDAY: (5, time(9), 60), Which.WEDNESDAY: (2, time(19, 30), 60)}


@dataclass(frozen=True)
class Named:
    """What a standing session is called and says, in the network's language: words are the caller's."""

    title: str
    about: str


async def channel_of(store: Store, network_id: int) -> int | None:
    """The channel a network's sessions are announced in."""

    def look(session: Session) -> int | None:
        row = session.get(SessionNetwork, network_id)
        return row.channel_id if row else None

    return await store.read(look)


async def offered(store: Store, network_id: int) -> set[str]:
    """Which of the two standing sessions a network has."""

    def look(session: Session) -> set[str]:
        found = session.exec(
            select(SeriesRow.standing).where(
                SeriesRow.network_id == network_id,
                SeriesRow.state == SeriesState.RUNNING,
                col(SeriesRow.standing).is_not(None),
            )
        ).all()
        return {one for one in found if one}

    return await store.read(look)


async def start(
    store: Store,
    network_id: int,
    which: Which,
    named: Named,
    where: Place,
    lead: int,
    event_id: int,
    now: datetime,
) -> datetime | None:
    """Begin a standing session, from its next day on; returns when that is. One that runs already is left as it is."""

    def act(session: Session) -> datetime | None:
        network = session.get(Network, network_id)
        if network is None:
            raise Refusal("errors.old_button")
        running = session.exec(
            select(SeriesRow).where(
                SeriesRow.network_id == network_id,
                SeriesRow.standing == which,
                SeriesRow.state == SeriesState.RUNNING,
            )
        ).first()
        if running is None and first_time(session, f"standing.{which}", event_id, now):
            weekday, at, minutes = _RULES[which]
            first = first_on(weekday, local_date(now, network.zone))
            rule = Series(first, at, network.zone)
            fields = Fields(named.title, rule, where, minutes, about=named.about, standing=which)
            running = create(session, new_id(), network_id, lead, fields, now)
        if running is None:
            return None
        return session.exec(
            select(Occurrence.starts_at)
            .where(
                Occurrence.series_id == running.id,
                Occurrence.state == OccurrenceState.PLANNED,
                col(Occurrence.starts_at) > now,
            )
            .order_by(col(Occurrence.starts_at))
        ).first()

    return await store.write(act)


async def announced(store: Store, network_id: int, now: datetime) -> list[tuple[int, int, int]]:
    """The announcements of meetings to come: (meeting, channel, message)."""

    def look(session: Session) -> list[tuple[int, int, int]]:
        rows = session.exec(
            select(Occurrence.id, Occurrence.channel_id, Occurrence.message_id).where(
                Occurrence.network_id == network_id,
                Occurrence.state == OccurrenceState.PLANNED,
                col(Occurrence.starts_at) > now,
            )
        ).all()
        return [(row, channel, message) for row, channel, message in rows if channel and message]

    return await store.read(look)


async def settle(
    store: Store, network_id: int, channel_id: int, gone: Collection[int], event_id: int, now: datetime
) -> None:
    """Keep the channel for sessions, and put back the announcements and events that were deleted in Discord.

    Where the channel itself was deleted, what had been announced in it is announced in the new one.
    """

    def act(session: Session) -> None:
        known = session.get(SessionNetwork, network_id)
        moved = known is not None and known.channel_id not in (None, channel_id)
        old = known.channel_id if known else None
        announcing.keep_channel(session, network_id, channel_id)
        session.flush()
        network = session.get_one(Network, network_id)
        lost = set(gone)
        for one in session.exec(
            select(Occurrence).where(
                Occurrence.network_id == network_id,
                Occurrence.state == OccurrenceState.PLANNED,
                col(Occurrence.starts_at) > now,
            )
        ).all():
            if one.id not in lost and not (moved and one.channel_id == old):
                continue
            one.channel_id = one.message_id = None
            session.add(one)
            session.flush()
            both = occurrence_with_series(session, one.id)
            if both is not None:
                announcing.post(session, put_together(*both), network, now, again=event_id)
        for mirror in session.exec(
            select(Mirror).where(Mirror.network_id == network_id, Mirror.state == MirrorState.LEFT)
        ).all():
            mirror.state = MirrorState.WANTED if mirror.event_id is None else MirrorState.MADE
            mirror.attempts = 0
            session.add(mirror)
        look_soon(session, network_id, now)

    await store.write(act)
