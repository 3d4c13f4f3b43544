"""Sessions that are open to all, shown among Discord's own events as well: one way, each date a single event.

Discord takes no key of ours with an event, so each is made as the outbox makes a message: the row says "making" before
Discord is asked, and after a crash we look before we ask again. What somebody changes in Discord's own screen is
noticed against how the event looked last, and asked about; nothing is overwritten and nothing taken over unasked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from bot.sessions.rules import MIRROR_NEXT, MirrorState, OccurrenceState, SeriesState, Where, Who
from bot.sessions.tables import (
    Mirror,
    Occurrence,
    SeriesRow,
    SessionNetwork,
    look_soon,
    occurrence_with_series,
)

DATES = 4
MOST_EVENTS = 80  # of the 100 Discord allows a server; the rest is for its own people
LOCATION_LENGTH = 100
ABOUT_LENGTH = 900
AT_ONCE = 100
LEASE = timedelta(minutes=1)
AGAIN_AFTER = timedelta(minutes=5)
MOST_TRIES = 5
TOPIC = "told"


class Do(StrEnum):
    """What to do with one event."""

    MAKE = "make"
    FIND = "find"  # made or not? look first
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to ask of Discord. `event` is how the event should look; `event_id` which it is, if it is known."""

    do: Do
    mirror_id: int
    event: Mapping[str, Any]
    event_id: int | None = None


def event_of(meeting: Meeting) -> dict[str, Any]:
    """How a meeting looks as one of Discord's events."""
    kind = meeting.where_kind
    room = meeting.where_channel_id if kind in (Where.VOICE, Where.STAGE) else None
    return {
        "name": meeting.title[:100],
        "start": meeting.starts_at.isoformat(),
        "end": meeting.ends_at.isoformat(),
        "kind": kind.value if room else Where.PLACE.value,
        "where": str(room) if room else (meeting.where_text or "-")[:LOCATION_LENGTH],
        "about": meeting.about[:ABOUT_LENGTH],
    }


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
    store: Store, network_id: int, events: Mapping[int, Mapping[str, Any]], now: datetime
) -> list[Job]:
    """What to ask of Discord for a network, given its `events` as they are now; events to be made are noted first.

    An event that is not as it was left is not touched: a question goes to the organisers instead.
    """
    return await store.write(_begin, network_id, {k: dict(v) for k, v in events.items()}, now)


def _begin(session: Session, network_id: int, events: dict[int, dict[str, Any]], now: datetime) -> list[Job]:
    sessions, network = session.get(SessionNetwork, network_id), session.get(Network, network_id)
    if sessions is None or network is None:
        return []
    wanted = _wanted(session, network_id, now) if sessions.mirror_since is not None else {}
    known = {
        one.occurrence_id: one
        for one in session.exec(select(Mirror).where(Mirror.network_id == network_id)).all()
    }
    jobs: list[Job] = []
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
    # Whatever becomes of these, a crash included, is looked at once more; with nothing to do nobody looks again.
    sessions.mirror_at = now + LEASE if jobs else None
    session.add(sessions)
    session.flush()
    wake(session, "schedule")
    return jobs


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
            mirror.state = step(mirror, MirrorState.MAKING)
            mirror.attempts += 1
            return Job(Do.MAKE, mirror.id, event)
        case MirrorState.MAKING:
            return Job(Do.FIND, mirror.id, event)
        case MirrorState.MADE:
            theirs = events.get(mirror.event_id or 0)
            if theirs is None or not same(theirs, mirror.snapshot):
                mirror.state = step(mirror, MirrorState.ASKED)
                mirror.theirs = theirs or {}
                _ask(session, network, mirror, meeting, now)
                return None
            if not same(event, mirror.snapshot):
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
        both = occurrence_with_series(session, mirror.occurrence_id)
        if both is not None:  # it may be there, and nobody saw; found, it is taken away at the next look
            return Job(Do.FIND, mirror.id, event_of(put_together(*both)))
    if not over and mirror.event_id in events:
        return Job(Do.DELETE, mirror.id, {}, mirror.event_id)
    # One that has begun is Discord's to end.
    mirror.state, mirror.event_id = step(mirror, MirrorState.GONE), None
    session.add(mirror)
    return None


def step(mirror: Mirror, to: MirrorState) -> MirrorState:
    """The next state. Raises `ValueError` for one that cannot follow."""
    if to not in MIRROR_NEXT[MirrorState(mirror.state)]:
        raise ValueError(f"an event cannot go from {mirror.state} to {to}")
    return to


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two events look alike to people: name, times, place and description."""
    return _seen(one) == _seen(other)


def _seen(event: Mapping[str, Any]) -> tuple[Any, ...]:
    times = [datetime.fromisoformat(event[name]) if event.get(name) else None for name in ("start", "end")]
    about = " ".join(str(event.get("about") or "").split())
    return event.get("name"), times, event.get("where"), about


def found(
    events: Mapping[int, Mapping[str, Any]], wanted: Mapping[str, Any], known: Sequence[int]
) -> int | None:
    """The event that was made and not noted, among `events` made by us that no row knows."""
    return next((n for n, event in events.items() if n not in known and same(event, wanted)), None)


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
            mirror.state, mirror.event_id = step(mirror, MirrorState.GONE), None
            session.add(mirror)

    await store.write(act)


async def not_made(store: Store, mirror_id: int, *, forbidden: bool, lacking: str, now: datetime) -> None:
    """Discord would not make it: tried again in five minutes, five times; at once given up without the permission.

    The organisers are told once a day which permissions are `lacking`; the meeting is held all the same.
    """

    def act(session: Session) -> None:
        mirror = session.get(Mirror, mirror_id)
        if mirror is None:
            return
        give_up = forbidden or mirror.attempts >= MOST_TRIES
        mirror.state = MirrorState.LEFT if give_up else MirrorState.WANTED
        session.add(mirror)
        if not give_up:
            look_soon(session, mirror.network_id, now + AGAIN_AFTER)
            wake(session, "schedule")
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
            wake(session, "schedule")

    await store.write(act)


async def all_mirrored(store: Store, now: datetime) -> None:
    """Have every network's events looked at: each night, and after a start, for what nobody told us."""

    def act(session: Session) -> None:
        for row in session.exec(select(SessionNetwork).where(col(SessionNetwork.mirror_since).is_not(None))):
            row.mirror_at = now
            session.add(row)
        wake(session, "schedule")

    await store.write(act)


def _ask(session: Session, network: Network, mirror: Mirror, meeting: Meeting, now: datetime) -> None:
    if network.organisers_channel_id is None:
        return
    theirs = mirror.theirs
    start = theirs.get("start")
    enqueue(
        session,
        f"{TOPIC}:event:{mirror.id}:{int(now.timestamp())}",
        network.organisers_channel_id,
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
