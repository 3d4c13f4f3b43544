"""One meeting, or a series, changed by a command or a button: moved, skipped, put back, called off, handed over.

One public function, one transaction. Each counts an inbound event once, and raises `Refusal` for whoever may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.habits import Habits
from bot.schedule.recurrence import resolve
from bot.sessions import changing
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.rules import REASON_LENGTH, SERIES_NEXT, OccurrenceState, SeriesState
from bot.sessions.running import Actor, hand_over, meeting_of, runs, series_of
from bot.sessions.scheduling import note_change
from bot.sessions.tables import Occurrence, SeriesRow, facilitators_of
from bot.sessions.when_said import Heard

LOOKED_AT = 200


@dataclass(frozen=True)
class Standing:
    """A meeting as whoever runs it sees it. `next_at`: the one after it; `repeats`: there is more than this one."""

    meeting: Meeting
    leads: tuple[int, ...]
    next_at: datetime | None
    repeats: bool


async def runnable(store: Store, actor: Actor, now: datetime, most: int = 25) -> list[Meeting]:
    """The meetings to come that somebody may change, the soonest first."""

    def look(session: Session) -> list[Meeting]:
        found = session.exec(
            select(Occurrence, SeriesRow)
            .where(
                Occurrence.network_id == actor.network_id,
                col(Occurrence.ends_at) > now,
                col(Occurrence.state) != OccurrenceState.CANCELLED,
                Occurrence.series_id == SeriesRow.id,
            )
            .order_by(col(Occurrence.starts_at))
            .limit(LOOKED_AT)
        ).all()
        theirs: dict[int, bool] = {}
        meetings: list[Meeting] = []
        for occurrence, series in found:
            if series.id not in theirs:
                theirs[series.id] = runs(session, series.id, actor)
            if theirs[series.id]:
                meetings.append(put_together(occurrence, series))
        return meetings[:most]

    return await store.read(look)


async def stand(store: Store, occurrence_id: int, actor: Actor, now: datetime) -> Standing:
    """A meeting somebody may change. Raises `Refusal`."""

    def look(session: Session) -> Standing:
        occurrence, series = meeting_of(session, occurrence_id, actor)
        return _standing(session, occurrence, series, now)

    return await store.read(look)


def _standing(session: Session, occurrence: Occurrence, series: SeriesRow, now: datetime) -> Standing:
    rest = [
        one
        for one in changing.to_come(session, series.id, now)
        if one.id != occurrence.id and one.state == OccurrenceState.PLANNED
    ]
    return Standing(
        put_together(occurrence, series),
        tuple(row.user_id for row in facilitators_of(session, series.id)),
        next((one.starts_at for one in rest if one.starts_at > occurrence.starts_at), None),
        bool(rest),
    )


async def skip(
    store: Store, habits: Habits, occurrence_id: int, reason: str, actor: Actor, event_id: int, now: datetime
) -> Standing:
    """Leave one meeting out; the series runs on. Whoever was coming is told kindly, with the reason if there is one."""
    return await store.write(
        _call_off, habits, occurrence_id, OccurrenceState.SKIPPED, reason, actor, event_id, now
    )


async def cancel(
    store: Store, habits: Habits, occurrence_id: int, reason: str, actor: Actor, event_id: int, now: datetime
) -> Standing:
    """Call one meeting off for good."""
    return await store.write(
        _call_off, habits, occurrence_id, OccurrenceState.CANCELLED, reason, actor, event_id, now
    )


def _call_off(
    session: Session,
    habits: Habits,
    occurrence_id: int,
    state: OccurrenceState,
    reason: str,
    actor: Actor,
    event_id: int,
    now: datetime,
) -> Standing:
    both = meeting_of(session, occurrence_id, actor)
    if both[0].ends_at <= now:
        raise Refusal("errors.not_to_come")
    if first_time(session, "interaction", event_id, now):
        changing.call_off(session, habits, both, state, _tidy(reason), now, set())
        session.flush()
    return _standing(session, *both, now)


async def cancel_all(
    store: Store, habits: Habits, occurrence_id: int, reason: str, actor: Actor, event_id: int, now: datetime
) -> Standing:
    """Call off a whole series. Everybody who was coming to any of its meetings is told once."""

    def act(session: Session) -> Standing:
        occurrence, series = meeting_of(session, occurrence_id, actor)
        if SeriesState.CANCELLED in SERIES_NEXT[SeriesState(series.state)] and first_time(
            session, "interaction", event_id, now
        ):
            told: set[int] = set()
            for one in changing.to_come(session, series.id, now):
                changing.call_off(
                    session,
                    habits,
                    (one, series),
                    OccurrenceState.CANCELLED,
                    _tidy(reason),
                    now,
                    told,
                    news="ended",
                )
            series.state, series.plan_at, series.standing = SeriesState.CANCELLED, None, None
            note_change(session, series, ("state",), now)
        return _standing(session, occurrence, series, now)

    return await store.write(act)


async def put_back(
    store: Store, habits: Habits, occurrence_id: int, actor: Actor, event_id: int, now: datetime
) -> Standing:
    """Hold a skipped meeting after all."""

    def act(session: Session) -> Standing:
        both = meeting_of(session, occurrence_id, actor)
        if both[0].starts_at <= now or both[1].state == SeriesState.CANCELLED:
            raise Refusal("errors.not_to_come")
        if first_time(session, "interaction", event_id, now):
            changing.put_back(session, habits, both, now)
        return _standing(session, *both, now)

    return await store.write(act)


async def move(
    store: Store, habits: Habits, occurrence_id: int, to: Heard, actor: Actor, event_id: int, now: datetime
) -> Standing:
    """Hold one meeting at another time: the first date of what was read. Raises `Refusal` where that has gone by."""

    def act(session: Session) -> Standing:
        both = meeting_of(session, occurrence_id, actor)
        if both[0].state != OccurrenceState.PLANNED or both[0].ends_at <= now:
            raise Refusal("errors.not_to_come")
        starts_at = resolve(to.series.start, to.series.at, both[1].zone)
        if starts_at <= now:
            raise Refusal("errors.when_gone_by")
        if first_time(session, "interaction", event_id, now) and starts_at != both[0].starts_at:
            changing.move(session, habits, both, starts_at, now, set(), by_hand=True)
            session.flush()
        return _standing(session, *both, now)

    return await store.write(act)


async def series_named(store: Store, number: int, actor: Actor) -> tuple[int, str]:
    """The series of a meeting's number, or of its own, and its title. Raises `Refusal`."""

    def look(session: Session) -> tuple[int, str]:
        occurrence = session.get(Occurrence, number)
        series = series_of(session, occurrence.series_id if occurrence else number, actor)
        return series.id, series.title

    return await store.read(look)


async def give(
    store: Store, series_id: int, to: int, by: str, actor: Actor, event_id: int, now: datetime
) -> str:
    """Let somebody else lead a series; returns its title. Whether they have the role is the caller's to ask."""

    def act(session: Session) -> str:
        series = series_of(session, series_id, actor)
        if first_time(session, "interaction", event_id, now):
            hand_over(session, series, to, by, event_id, now)
            note_change(session, series, ("helpers",), now)
        return series.title

    return await store.write(act)


def _tidy(reason: str) -> str:
    return " ".join(reason.split())[:REASON_LENGTH]
