"""Sessions that are open to all, shown among Discord's own events as well: one way, each date a single event.

Discord takes no key of ours with an event, so each is made as the outbox makes a message: the row says "making", and
what was asked for, before Discord is asked, and after a crash we look before we ask again. What we made and no row
knows is taken away: discord.py asks again by itself after an error, and Discord may have kept it the first time.

What somebody changes in Discord's own screen is noticed against how the event looked last, and against what we last
asked for, and asked about; nothing is overwritten and nothing taken over unasked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select

from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.tables import Network
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority
from bot.sessions.meeting import Meeting, moment, put_together, title_said
from bot.sessions.mirror_look import event_of, same, step
from bot.sessions.rules import MirrorState, OccurrenceState, SeriesState, Who
from bot.sessions.tables import (
    Mirror,
    Occurrence,
    SeriesRow,
    SessionNetwork,
    look_soon,
)

DATES = 4
MOST_EVENTS = 80  # of the 100 Discord allows a server; the rest is for its own people
AT_ONCE = 100
LEASE = timedelta(minutes=1)
AGAIN_AFTER = timedelta(minutes=5)
MOST_TRIES = 5
TOPIC = "told"
GOING: Mapping[str, Any] = {"going": True}
"""What Discord is asked for, in place of a look, when an event is to be taken away."""


class Do(StrEnum):
    """What to do with one event."""

    MAKE = "make"
    FIND = "find"  # made or not? look first
    EDIT = "edit"
    DELETE = "delete"
    CLEAR = "clear"  # made, and no row knows it


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to ask of Discord. `event` is how the event should look; `event_id` which it is, if it is known.

    `mirror_id` is 0 for an event to be cleared away.
    """

    do: Do
    mirror_id: int
    event: Mapping[str, Any]
    event_id: int | None = None


async def choose(store: Store, network_id: int, on: bool, now: datetime) -> None:
    """Turn Discord's own events on or off for a network. Off takes away those we made."""

    def act(session: Session) -> None:
        if session.get(Network, network_id) is None:
            raise Refusal("errors.old_button")
        row = session.get(SessionNetwork, network_id) or SessionNetwork(network_id=network_id)
        if not on and row.mirror_since is None:
            return
        row.mirror_since = (row.mirror_since or now) if on else None
        row.mirror_at = now
        session.add(row)
        wake(session, "schedule")

    await store.write(act)


async def take_due(store: Store, now: datetime) -> list[int]:
    """The networks whose events are to be looked at now. Each is looked at again in a minute, should this look fail."""

    def act(session: Session) -> list[int]:
        found = session.exec(
            select(SessionNetwork)
            .where(col(SessionNetwork.mirror_at) <= now)
            .order_by(col(SessionNetwork.mirror_at))
            .limit(AT_ONCE)
        ).all()
        for row in found:
            row.mirror_at = now + LEASE
            session.add(row)
        if found:
            wake(session, "schedule")
        return [row.network_id for row in found]

    earliest = await store.read(_earliest)
    return await store.write(act) if earliest is not None and earliest <= now else []


def _earliest(session: Session) -> datetime | None:
    return session.exec(select(func.min(SessionNetwork.mirror_at))).one()


async def begin(
    store: Store,
    network_id: int,
    events: Mapping[int, Mapping[str, Any]],
    ours: Collection[int],
    now: datetime,
) -> list[Job]:
    """What to ask of Discord for a network, given its `events` as they are now; what is to be asked is noted first.

    `ours` are those this bot made. An event that is not as it was left is not touched: a question goes to the
    organisers instead. `now` is the instant `take_due` was given.
    """
    return await store.write(_begin, network_id, {k: dict(v) for k, v in events.items()}, ours, now)


def _begin(
    session: Session,
    network_id: int,
    events: dict[int, dict[str, Any]],
    ours: Collection[int],
    now: datetime,
) -> list[Job]:
    sessions, network = session.get(SessionNetwork, network_id), session.get(Network, network_id)
    if sessions is None or network is None:
        return []
    wanted = _wanted(session, network_id, now) if sessions.mirror_since is not None else {}
    known = {
        one.occurrence_id: one
        for one in session.exec(select(Mirror).where(Mirror.network_id == network_id)).all()
    }
    jobs = [Job(Do.CLEAR, 0, {}, one) for one in _strays(known.values(), events, ours, now)]
    for occurrence_id, meeting in wanted.items():
        mirror = known.pop(occurrence_id, None)
        if mirror is None or mirror.state == MirrorState.GONE:
            mirror = mirror or Mirror(occurrence_id=occurrence_id, network_id=network_id)
            mirror.state, mirror.event_id, mirror.attempts = MirrorState.WANTED, None, 0
        session.add(mirror)
        job = _tend(session, network, mirror, meeting, events, now)
        if job is not None:
            jobs.append(job)
    for mirror in known.values():
        job = _let_go(session, mirror, events, now)
        if job is not None:
            jobs.append(job)
    # Whatever becomes of these, a crash included, is looked at once more; with nothing to do nobody looks again, unless
    # somebody asked for it since `take_due`: `events` may be older than what they changed.
    if sessions.mirror_at == now + LEASE and not jobs:
        sessions.mirror_at = None
    session.add(sessions)
    session.flush()
    wake(session, "schedule")
    return jobs


def _strays(
    known: Collection[Mirror], events: Mapping[int, Mapping[str, Any]], ours: Collection[int], now: datetime
) -> list[int]:
    """Events to come that we made and no row knows, but for those a row may be about to find.

    Only this part makes events; what else the bot may make some day needs rows that are asked here.
    """
    numbers = {one.event_id for one in known}
    sought = [one.snapshot for one in known if one.state == MirrorState.MAKING]
    return [
        number
        for number in ours
        if number not in numbers
        and datetime.fromisoformat(events[number]["start"]) > now
        and not any(same(events[number], look) for look in sought)
    ]


def _wanted(session: Session, network_id: int, now: datetime) -> dict[int, Meeting]:
    """The next four dates of every series that is open to all."""
    rows = session.exec(
        select(Occurrence, SeriesRow)
        .where(
            Occurrence.network_id == network_id,
            Occurrence.state == OccurrenceState.PLANNED,
            col(Occurrence.starts_at) > now,
            Occurrence.series_id == SeriesRow.id,
            SeriesRow.who == Who.OPEN,
            col(SeriesRow.state) != SeriesState.CANCELLED,
        )
        .order_by(col(Occurrence.starts_at))
    ).all()
    counted: dict[int, int] = {}
    found: dict[int, Meeting] = {}
    for occurrence, series in rows:
        if counted.get(series.id, 0) < DATES and len(found) < MOST_EVENTS:
            counted[series.id] = counted.get(series.id, 0) + 1
            found[occurrence.id] = put_together(occurrence, series)
    return found


def _tend(
    session: Session,
    network: Network,
    mirror: Mirror,
    meeting: Meeting,
    events: dict[int, dict[str, Any]],
    now: datetime,
) -> Job | None:
    event = event_of(meeting)
    match MirrorState(mirror.state):
        case MirrorState.WANTED:
            mirror.state, mirror.snapshot = step(mirror, MirrorState.MAKING), event
            return Job(Do.MAKE, mirror.id, event)
        case MirrorState.MAKING:
            # As it was asked for: the meeting may have been moved since. The next look then sees what differs.
            return Job(Do.FIND, mirror.id, mirror.snapshot)
        case MirrorState.MADE:
            theirs, last_asked = events.get(mirror.event_id or 0), mirror.theirs
            mirror.theirs = {}
            # Our own doing, and nobody saw it arrive?
            if theirs is None and last_asked == GOING:
                mirror.state, mirror.event_id = step(mirror, MirrorState.GONE), None
                mirror.state = step(mirror, MirrorState.WANTED)
                return _tend(session, network, mirror, meeting, events, now)
            if theirs is not None and last_asked and same(theirs, last_asked):
                mirror.snapshot = last_asked
            if theirs is None or not same(theirs, mirror.snapshot):
                if network.organisers_channel_id is None:
                    return None  # nobody can be asked yet; each night's look asks once somebody can
                mirror.state = step(mirror, MirrorState.ASKED)
                mirror.theirs = theirs or {}
                _ask(session, network, mirror, meeting, network.organisers_channel_id, now)
                return None
            if not same(event, mirror.snapshot):
                mirror.theirs = event
                return Job(Do.EDIT, mirror.id, event, mirror.event_id)
        case MirrorState.ASKED | MirrorState.LEFT | MirrorState.GONE:
            pass
    return None


def _let_go(session: Session, mirror: Mirror, events: dict[int, dict[str, Any]], now: datetime) -> Job | None:
    """An event whose meeting is over, called off or no longer mirrored."""
    if mirror.state == MirrorState.GONE:
        return None
    occurrence = session.get(Occurrence, mirror.occurrence_id)
    over = occurrence is None or (occurrence.starts_at <= now and occurrence.state == OccurrenceState.PLANNED)
    if mirror.state == MirrorState.MAKING and not over:
        # It may be there, and nobody saw; found, it is taken away at the next look.
        return Job(Do.FIND, mirror.id, mirror.snapshot)
    if not over and mirror.event_id in events:
        if mirror.state != MirrorState.MADE:  # what was asked about it is of no interest now
            mirror.state, mirror.snapshot = step(mirror, MirrorState.MADE), events[mirror.event_id]
        mirror.theirs = dict(GOING)
        session.add(mirror)
        return Job(Do.DELETE, mirror.id, {}, mirror.event_id)
    # One that has begun is Discord's to end.
    mirror.state, mirror.event_id, mirror.theirs = step(mirror, MirrorState.GONE), None, {}
    session.add(mirror)
    return None


async def known_events(store: Store, network_id: int) -> list[int]:
    """The events of a network that rows know."""

    def look(session: Session) -> list[int]:
        rows = session.exec(select(Mirror.event_id).where(Mirror.network_id == network_id)).all()
        return [one for one in rows if one is not None]

    return await store.read(look)


async def made(store: Store, mirror_id: int, event_id: int, event: Mapping[str, Any]) -> None:
    """An event is there and looks so: made, found again, or edited."""

    def act(session: Session) -> None:
        mirror = session.get(Mirror, mirror_id)
        if mirror is not None:
            mirror.state, mirror.event_id = MirrorState.MADE, event_id
            mirror.snapshot, mirror.theirs, mirror.attempts = dict(event), {}, 0
            session.add(mirror)

    await store.write(act)


async def gone(store: Store, mirror_id: int) -> None:
    """An event was taken away."""

    def act(session: Session) -> None:
        mirror = session.get(Mirror, mirror_id)
        if mirror is not None and mirror.state != MirrorState.GONE:
            mirror.state, mirror.event_id, mirror.theirs = step(mirror, MirrorState.GONE), None, {}
            session.add(mirror)

    await store.write(act)


async def not_there(store: Store, mirror_id: int, now: datetime) -> None:
    """It was to be made, we were interrupted, and it is not there: tried again in five minutes, however often."""

    def act(session: Session) -> None:
        mirror = session.get(Mirror, mirror_id)
        if mirror is not None:
            mirror.state = step(mirror, MirrorState.WANTED)
            session.add(mirror)
            look_soon(session, mirror.network_id, now + AGAIN_AFTER)

    await store.write(act)


async def not_made(store: Store, mirror_id: int, *, forbidden: bool, lacking: str, now: datetime) -> None:
    """Discord would not make it: tried again in five minutes, five times; at once given up without the permission.

    The organisers are told once a day which permissions are `lacking`; the meeting is held all the same.
    """

    def act(session: Session) -> None:
        mirror = session.get(Mirror, mirror_id)
        if mirror is None:
            return
        mirror.attempts += 1
        give_up = forbidden or mirror.attempts >= MOST_TRIES
        mirror.state = MirrorState.LEFT if give_up else MirrorState.WANTED
        session.add(mirror)
        if not give_up:
            look_soon(session, mirror.network_id, now + AGAIN_AFTER)
            return
        network = session.get(Network, mirror.network_id)
        if network is None or network.organisers_channel_id is None:
            return
        enqueue(
            session,
            f"{TOPIC}:events:{network.id}:{now.date()}",
            network.organisers_channel_id,
            "sessions.events_refused" if lacking else "sessions.events_failed",
            now=now,
            params={"network": network.name, "permissions": lacking},
            network_id=network.id,
            language=network.language,
            priority=Priority.REMINDER,
        )

    await store.write(act)


async def noticed(store: Store, network_id: int, event_id: int, now: datetime) -> None:
    """Discord says that an event changed or went: have it looked at, if it is one of ours."""

    def act(session: Session) -> None:
        ours = select(Mirror.id).where(Mirror.network_id == network_id, Mirror.event_id == event_id)
        if session.exec(ours).first() is not None:
            look_soon(session, network_id, now)

    await store.write(act)


async def all_mirrored(store: Store, now: datetime) -> None:
    """Have every network's events looked at: each night, and after a start, for what nobody told us."""

    def act(session: Session) -> None:
        for row in session.exec(select(SessionNetwork).where(col(SessionNetwork.mirror_since).is_not(None))):
            row.mirror_at = now
            session.add(row)
        wake(session, "schedule")

    await store.write(act)


def _ask(
    session: Session, network: Network, mirror: Mirror, meeting: Meeting, channel_id: int, now: datetime
) -> None:
    theirs = mirror.theirs
    start = theirs.get("start")
    enqueue(
        session,
        f"{TOPIC}:event:{mirror.id}:{int(now.timestamp())}",
        channel_id,
        "sessions.event_changed" if theirs else "sessions.event_deleted",
        now=now,
        params={
            "title": title_said(meeting),
            "when": moment(meeting.starts_at),
            "theirs": str(theirs.get("name", "")),
            "then": moment(datetime.fromisoformat(start)) if start else "",
        },
        subject_id=mirror.id,
        network_id=network.id,
        language=network.language,
        priority=Priority.REMINDER,
    )
