"""Changing meetings that were made already: moved, skipped, called off; and fitting them to a rule that changed.

Functions here are part of their caller's transaction. Whoever is coming stays so, and is told once.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.members.habits import Habits
from bot.members.tables import Network
from bot.schedule.recurrence import dated_occurrences
from bot.sessions.coming import rearranged
from bot.sessions.coming_tables import Coming
from bot.sessions.line import move_on
from bot.sessions.meeting import Meeting, moment, put_together
from bot.sessions.news import tell
from bot.sessions.planning import announced_at, closed_for, plan, rule_of
from bot.sessions.post import params_of
from bot.sessions.posted import put_right
from bot.sessions.rules import ABOUT_LENGTH, OCCURRENCE_NEXT, OccurrenceState, Who, rewritten
from bot.sessions.sending import CHANNEL, INVITE, NEWS, refresh, withdraw
from bot.sessions.steps import AFTERWARDS, set_times
from bot.sessions.tables import Occurrence, SeriesRow, look_soon
from bot.sessions.unsent import announce_as_it_is

ABOUT_TOLD = 300
"""So much of other words is told; all of them stand in `/sessions`."""


def to_come(session: Session, series_id: int, now: datetime) -> list[Occurrence]:
    """The meetings of a series that have not begun, in order."""
    return list(
        session.exec(
            select(Occurrence)
            .where(Occurrence.series_id == series_id, col(Occurrence.starts_at) > now)
            .order_by(col(Occurrence.starts_at))
        ).all()
    )


def move(
    session: Session,
    habits: Habits,
    both: tuple[Occurrence, SeriesRow],
    starts_at: datetime,
    now: datetime,
    told: set[int],
    *,
    by_hand: bool,
) -> None:
    """Hold one meeting at another time. `by_hand`: it keeps that time whatever becomes of the rule."""
    occurrence, series = both
    before = occurrence.starts_at
    occurrence.starts_at = starts_at
    occurrence.ends_at = starts_at + timedelta(minutes=occurrence.minutes or series.minutes)
    occurrence.moved = occurrence.moved or by_hand
    occurrence.revision += 1
    rearranged(session, habits, occurrence, series, now)
    look_soon(session, series.network_id, now)
    network = session.get_one(Network, series.network_id)
    meeting = put_together(occurrence, series)
    put_right(session, occurrence, meeting, network, now)
    # Too late to be of use once the earlier of the two has begun: whoever comes then finds nobody.
    until = max(min(before, starts_at), now + timedelta(minutes=1))
    tell(
        session,
        habits,
        meeting,
        network,
        "moved",
        occurrence.revision,
        now,
        params={"before": moment(before)},
        until=until,
        told=told,
    )


def call_off(
    session: Session,
    habits: Habits,
    both: tuple[Occurrence, SeriesRow],
    state: OccurrenceState,
    reason: str,
    now: datetime,
    told: set[int],
    *,
    news: str | None = None,
) -> int:
    """Do not hold one meeting (SKIPPED or CANCELLED); returns how many people were told. Called off twice: nothing."""
    occurrence, series = both
    if state not in OCCURRENCE_NEXT[OccurrenceState(occurrence.state)]:
        return 0
    occurrence.state, occurrence.reason = state, reason
    occurrence.revision += 1
    rearranged(session, habits, occurrence, series, now)
    look_soon(session, series.network_id, now)
    network = session.get_one(Network, series.network_id)
    news = news or ("skipped" if state is OccurrenceState.SKIPPED else "cancelled")
    if reason:
        news += "_why"
    meeting = put_together(occurrence, series)
    put_right(session, occurrence, meeting, network, now)
    return tell(
        session,
        habits,
        meeting,
        network,
        news,
        occurrence.revision,
        now,
        params={"reason": reason},
        told=told,
    )


def put_back(session: Session, habits: Habits, both: tuple[Occurrence, SeriesRow], now: datetime) -> None:
    """Hold a skipped meeting after all; whoever was coming still is, and hears of it."""
    occurrence, series = both
    if occurrence.state != OccurrenceState.SKIPPED:
        return
    occurrence.state, occurrence.reason = OccurrenceState.PLANNED, ""
    occurrence.revision += 1
    rearranged(session, habits, occurrence, series, now)
    look_soon(session, series.network_id, now)
    network = session.get_one(Network, series.network_id)
    meeting = put_together(occurrence, series)
    put_right(session, occurrence, meeting, network, now)
    tell(session, habits, meeting, network, "back", occurrence.revision, now)


def follow(
    session: Session,
    habits: Habits,
    both: tuple[Occurrence, SeriesRow],
    was: Meeting,
    now: datetime,
    told: set[int],
) -> None:
    """Have one meeting follow what was changed of it, its time apart; `was` is how it stood before.

    Another place or length, and other words of what to expect, are told to those coming, once for all. A better title,
    a comma in its words and more places are not: what still waits to be sent says it as it is now. For others than
    before, it is announced to them, or they are invited.
    """
    occurrence, series = both
    meeting = put_together(occurrence, series)
    if meeting == was:
        return
    occurrence.revision += 1
    if occurrence.question_at is not None:
        occurrence.question_at = occurrence.ends_at + AFTERWARDS
    if meeting.who is not was.who:
        withdraw(session, meeting.id, (INVITE, CHANNEL))
        set_times(occurrence, series, now)
        announce_as_it_is(session, occurrence, series, now, held=True)
        if meeting.who is Who.INVITED and occurrence.announce_at is None:  # told to a channel, not to them
            occurrence.announce_at = announced_at(occurrence.starts_at, None, series.zone, now)
    session.add(occurrence)
    session.flush()
    network = session.get_one(Network, series.network_id)
    refresh(session, meeting.id, params_of(meeting, network) | {"about": meeting.about[:ABOUT_LENGTH]})
    put_right(session, occurrence, meeting, network, now)
    if meeting.places != was.places:
        move_on(session, habits, meeting, now)
    look_soon(session, series.network_id, now)
    other_words = rewritten(was.about, meeting.about)
    if other_words or _whereabouts(meeting) != _whereabouts(was):
        # One still waiting for somebody's morning says what is no longer so.
        withdraw(session, meeting.id, (f"{NEWS}:changed", f"{NEWS}:changed_about"))
        news = "changed_about" if other_words else "changed"
        params = {"about": " ".join(meeting.about.split())[:ABOUT_TOLD]} if other_words else None
        tell(session, habits, meeting, network, news, occurrence.revision, now, params=params, told=told)


def _whereabouts(meeting: Meeting) -> tuple[object, ...]:
    return meeting.minutes, meeting.where_kind, meeting.where_channel_id, meeting.where_text


def fit(
    session: Session,
    habits: Habits,
    series: SeriesRow,
    network: Network,
    now: datetime,
    told: set[int] | None = None,
) -> None:
    """Fit the meetings to come to a rule, or to closures, that changed; make what is missing.

    One that keeps its date gets the new time. One whose date is no more moves within its week, if the rule has a date
    there that is free. Else it is not held: said to those who were coming, and without a trace where nobody was.
    """
    planned = [
        one
        for one in to_come(session, series.id, now)
        if one.state == OccurrenceState.PLANNED and not one.moved
    ]
    closed = closed_for(session, network, skip=series.skip_closures)
    last = max((one.starts_at for one in planned), default=now) + timedelta(days=8)
    wanted = dict(dated_occurrences(rule_of(series), now, last, closed=closed))
    taken = set(
        session.exec(select(col(Occurrence.original_on)).where(Occurrence.series_id == series.id)).all()
    )
    told = set() if told is None else told
    lost: list[Occurrence] = []
    for one in planned:
        at = wanted.get(one.original_on)
        if at is None:
            lost.append(one)
        elif at != one.starts_at:
            move(session, habits, (one, series), at, now, told, by_hand=False)
    free = {on: at for on, at in wanted.items() if on not in taken}
    for one in lost:
        near = _same_week(one.original_on, free)
        if near is not None:
            one.original_on = near
            move(session, habits, (one, series), free.pop(near), now, told, by_hand=False)
        elif one.message_id is None and not _anybody(session, one.id):
            session.delete(one)
            look_soon(session, series.network_id, now)  # its event, if it has one, is nobody's now
        else:
            call_off(session, habits, (one, series), OccurrenceState.SKIPPED, "", now, told)
    session.flush()
    plan(session, series, network, now, closed=closed)


def _same_week(on: date, free: dict[date, datetime]) -> date | None:
    week = on.isocalendar()[:2]
    return next((day for day in sorted(free) if day.isocalendar()[:2] == week), None)


def _anybody(session: Session, occurrence_id: int) -> bool:
    """Whether anybody has answered about a meeting."""
    count = select(func.count()).select_from(Coming).where(Coming.occurrence_id == occurrence_id)
    return session.exec(count).one() > 0
