"""From a rule to meetings: made some weeks ahead, so that each can be announced, moved, skipped and come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from bot.db.store import wake
from bot.members.tables import Network
from bot.schedule.bank_holidays import Nation
from bot.schedule.closures import closed_on
from bot.schedule.recurrence import (
    HORIZON,
    MAX_COUNT,
    Closed,
    Series,
    Unit,
    dated_occurrences,
    local_date,
    never_closed,
    resolve,
)
from bot.schedule.tables import closures_of
from bot.sessions.rules import OccurrenceState, SeriesState
from bot.sessions.steps import AT_ONCE, set_times
from bot.sessions.tables import Occurrence, SeriesRow, look_soon

AHEAD = timedelta(days=35)
FEWEST_AHEAD = 5
"""So many meetings are made however far apart they are: the next dates anybody is shown."""
ANNOUNCED_BEFORE = timedelta(days=6)
LAST_CALL = timedelta(hours=2)
DAY_BEGINS, DAY_ENDS = 9, 20  # the hours in which a channel is written to

AWAY = timedelta(days=1)  # how soon a network that removed the bot is looked at again


def rule_of(series: SeriesRow) -> Series:
    """The rule of a series."""
    return Series(
        series.start_on,
        series.at,
        series.zone,
        Unit(series.unit),
        series.every,
        tuple(int(day) for day in series.weekdays.split(",") if day),
        _nth_of(series.nth),
        series.until_on,
        series.count,
    )


def set_rule(series: SeriesRow, rule: Series) -> None:
    """Give a series another rule."""
    series.start_on, series.at, series.zone = rule.start, rule.at, rule.zone
    series.unit, series.every, series.nth = rule.unit.value, rule.every, _kept_nth(rule.nth)
    series.weekdays = ",".join(map(str, rule.weekdays))
    series.until_on, series.count = rule.until, rule.count


LAST_KEPT = 5
"""How "the last" stands among several; alone it is -1."""


def later_from(old: Series, on: date, rule: Series) -> date:
    """Where "this and later" begins: in the week of that meeting (`on` in its `old` rule), after the one before it.

    A rule of every day, or of several weekdays, begins with that day itself, so that nothing is put before it.
    """
    several = rule.unit is Unit.DAY or len(rule.weekdays) > 1
    since = on if several else on - timedelta(days=on.weekday())
    earlier = [day for day, _ in zip(old.dates(old.start), range(MAX_COUNT + 1), strict=False) if day < on]
    return max(since, earlier[-1] + timedelta(days=1)) if earlier else since


def begun_at(rule: Series, since: date) -> Series:
    """A rule that was read from today on, begun at `since`, in step: its count is counted from there."""
    if rule.count == 1 or rule.start >= since:
        return rule
    nth = (rule.nth or rule.nths[0]) if rule.unit is Unit.MONTH else 0
    return replace(rule, start=next(rule.dates(since), since), weekdays=_days(rule), nth=nth)


def _days(rule: Series) -> tuple[int, ...]:
    return () if rule.unit is Unit.DAY else rule.weekdays or (rule.start.weekday(),)


def _kept_nth(nth: int | tuple[int, ...]) -> int:
    """One nth as it is; several as the digits of one number: the first and third are 13, the second and last 25."""
    if isinstance(nth, int):
        return nth
    return int("".join(str(LAST_KEPT if each == -1 else each) for each in nth))


def _nth_of(kept: int) -> int | tuple[int, ...]:
    if kept < 10:
        return kept
    return tuple(-1 if digit == LAST_KEPT else digit for digit in map(int, str(kept)))


def closed_for(session: Session, network: Network, *, skip: bool) -> Closed:
    """The days a series is not held: its network's closures and bank holidays, unless it is held all the same."""
    if not skip:
        return never_closed
    nation = Nation(network.nation) if network.nation in set(Nation) else None
    return closed_on(nation, closures_of(session, network.id))


def coming_dates(
    rule: Series, now: datetime, closed: Closed, *, most: int, within: timedelta = HORIZON
) -> list[tuple[date, datetime]]:
    """The next dates of a rule: the local date each is called by, and its instant."""
    found: list[tuple[date, datetime]] = []
    # A rule may begin years from now, and that must not look like an end.
    last = max(now, resolve(rule.start, rule.at, rule.zone)) + within
    for pair in dated_occurrences(rule, now, last, closed=closed):
        found.append(pair)
        if len(found) == most:
            break
    return found


def plan(
    session: Session, series: SeriesRow, network: Network, now: datetime, *, closed: Closed | None = None
) -> list[Occurrence]:
    """Make the meetings of the next weeks that are not made yet, in the caller's transaction; returns the new ones.

    Planned twice, nothing is doubled: a meeting is named by its series and original date.
    """
    if series.state != SeriesState.RUNNING:
        series.plan_at = None
        session.add(series)
        return []
    if closed is None:
        closed = closed_for(session, network, skip=series.skip_closures)
    rule = rule_of(series)
    pairs = coming_dates(rule, now, closed, most=FEWEST_AHEAD)
    if len(pairs) == FEWEST_AHEAD and pairs[-1][1] < now + AHEAD:
        pairs += list(
            dated_occurrences(rule, pairs[-1][1] + timedelta(seconds=1), now + AHEAD, closed=closed)
        )
    known = set(
        session.exec(
            select(col(Occurrence.original_on)).where(
                Occurrence.series_id == series.id,
                col(Occurrence.original_on) >= local_date(now, series.zone) - timedelta(days=2),
            )
        ).all()
    )
    made: list[Occurrence] = []
    for original_on, starts_at in pairs:
        if original_on in known:
            continue
        one = Occurrence(
            series_id=series.id,
            network_id=series.network_id,
            original_on=original_on,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=series.minutes),
        )
        set_times(one, series, now)
        session.add(one)
        made.append(one)
    session.flush()
    _set_announcements(series, pairs, made, now)
    # When the nearest of these is over, one more has come into sight.
    series.plan_at = pairs[0][1] + timedelta(minutes=series.minutes) if pairs else None
    if not pairs:
        # The rule is at its end; a meeting that was moved may still be ahead.
        series.plan_at = _last_to_come(session, series.id, now)
        if series.plan_at is None:
            series.state = SeriesState.ENDED
    session.add(series)
    if made:
        look_soon(session, series.network_id, now)
    wake(session, "schedule")
    return made


def _last_to_come(session: Session, series_id: int, now: datetime) -> datetime | None:
    return session.exec(
        select(func.max(Occurrence.ends_at)).where(
            Occurrence.series_id == series_id,
            Occurrence.state == OccurrenceState.PLANNED,
            col(Occurrence.ends_at) > now,
        )
    ).one()


def _set_announcements(
    series: SeriesRow, pairs: list[tuple[date, datetime]], made: Iterable[Occurrence], now: datetime
) -> None:
    new = {one.original_on: one for one in made}
    before: datetime | None = None
    for original_on, starts_at in pairs:
        if original_on in new:
            new[original_on].announce_at = announced_at(starts_at, before, series.zone, now)
        before = starts_at + timedelta(minutes=series.minutes)


def announced_at(starts_at: datetime, before: datetime | None, zone: str, now: datetime) -> datetime:
    """When a meeting is announced: six days ahead, not before the one before it is over, in the daytime of its zone."""
    at = starts_at - ANNOUNCED_BEFORE
    if before is not None and before > at:
        at = before
    local = at.astimezone(ZoneInfo(zone))
    if local.hour < DAY_BEGINS:
        at = resolve(local.date(), local.time().replace(hour=DAY_BEGINS, minute=0), zone)
    elif local.hour >= DAY_ENDS:
        at = resolve(local.date() + timedelta(days=1), local.time().replace(hour=DAY_BEGINS, minute=0), zone)
    return max(now, min(at, starts_at - LAST_CALL))


def plan_due(session: Session, now: datetime) -> int:
    """Plan a batch of series whose nearest meeting is over; returns how many there were."""
    due = session.exec(
        select(SeriesRow, Network)
        .where(col(SeriesRow.plan_at) <= now, SeriesRow.network_id == Network.id)
        .order_by(col(SeriesRow.network_id))
        .limit(AT_ONCE)
    ).all()
    calendars: dict[int, Closed] = {}
    for series, network in due:
        if network.removed_at is not None:
            series.plan_at = now + AWAY
            session.add(series)
            continue
        closed = never_closed
        if series.skip_closures:
            if network.id not in calendars:
                calendars[network.id] = closed_for(session, network, skip=True)
            closed = calendars[network.id]
        plan(session, series, network, now, closed=closed)
    return len(due)
