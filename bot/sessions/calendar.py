"""Sessions as a calendar file: rules, exceptions and zones, so that a calendar shows the same instants as we do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.schedule.recurrence import Closed, Series, Unit, never_closed, occurrences, resolve

BACK = timedelta(days=31)
AHEAD = timedelta(days=400)
"""How far a calendar shows. Beyond that nobody knows the holidays yet, so nothing is claimed."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
REFRESH = timedelta(hours=4)


@dataclass(frozen=True)
class Changed:
    """One meeting that is not as its rule says: at another time or place, or (`starts_at` None) not there at all."""

    original_on: date
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str = ""
    where: str = ""
    about: str = ""
    revision: int = 0


@dataclass(frozen=True)
class Entry:
    """One series for somebody's calendar."""

    uid: int
    title: str
    rule: Series
    minutes: int
    where: str = ""
    about: str = ""
    revision: int = 0
    closed: Closed = never_closed
    changed: Sequence[Changed] = field(default_factory=tuple[Changed, ...])

    @property
    def length(self) -> timedelta:
        """How long a meeting of it takes."""
        return timedelta(minutes=self.minutes)


def calendar(entries: Iterable[Entry], now: datetime, name: str) -> bytes:
    """The file. Takes some milliseconds a series: call it in a thread.

    Each series is one event with a rule, from a month back to thirteen months ahead. What closures, changes and the
    clock's own jumps take out is an exception by date; what was moved stands beside it.
    """
    from icalendar import Calendar  # a fifth of a second to import: by the first who asks

    whole: Any = Calendar()  # its own types are half told
    whole.add("prodid", "-//Really OK//sessions//EN")
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("x-wr-calname", name)
    whole.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT4H")
    for entry in entries:
        for event in _events(entry, now):
            whole.add_component(event)
    whole.add_missing_timezones((now - BACK).date(), (now + AHEAD).date())
    return whole.to_ical()


def _events(entry: Entry, now: datetime) -> list[Any]:
    rule, zone = entry.rule, ZoneInfo(entry.rule.zone)
    first, last = now - BACK, now + AHEAD
    ours = set(occurrences(rule, first, last, closed=entry.closed))
    changed = {one.original_on: one for one in entry.changed}
    dates: list[date] = []
    for day in rule.dates(first.astimezone(zone).date()):
        if day > last.astimezone(zone).date():
            break
        dates.append(day)
    out: list[date] = []
    beside: list[Any] = []
    kept: list[date] = []
    for day in dates:
        at = resolve(day, rule.at, rule.zone)
        one = changed.pop(day, None)
        if (one is None and at not in ours) or (one is not None and one.starts_at is None):
            out.append(day)
            continue
        kept.append(day)
        if one is not None:
            beside.append(_moved(entry, one, one.starts_at or at, zone))
        elif at.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, rule.at):
            # The clocks jump over it. Calendars differ about a time that never was, so it is said plainly.
            out.append(day)
            beside.append(_single(entry, f"{entry.uid}-{day:%Y%m%d}", at, zone))
    # What was held on a date the rule no longer gives, after the rule itself was changed.
    for day, one in changed.items():
        if one.starts_at is not None and first <= one.starts_at < last:
            beside.append(_single(entry, f"{entry.uid}-{day:%Y%m%d}", one.starts_at, zone, one))
    return ([_series(entry, kept, out, zone)] if kept else []) + beside


def _series(entry: Entry, kept: Sequence[date], out: Sequence[date], zone: ZoneInfo) -> Any:
    start = datetime.combine(kept[0], entry.rule.at, zone)
    event = _event(entry, str(entry.uid), start, start + entry.length)  # on the wall, both
    if len(kept) > 1:
        event.add("rrule", _rrule(entry.rule, kept[-1]))
        for day in out:
            if kept[0] <= day <= kept[-1]:
                event.add("exdate", datetime.combine(day, entry.rule.at, zone))
    return event


def _rrule(rule: Series, last: date) -> dict[str, Any]:
    until = resolve(last, rule.at, rule.zone)
    parts: dict[str, Any] = {"freq": {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY"}[rule.unit.value]}
    if rule.every > 1:
        parts["interval"] = rule.every
    weekdays = rule.weekdays or (rule.start.weekday(),)
    if rule.unit is Unit.WEEK:
        parts["byday"] = [DAYS[day] for day in weekdays]
        parts["wkst"] = "MO"
    elif rule.unit is Unit.MONTH:
        parts["byday"] = [f"{nth}{DAYS[day]}" for nth in rule.nths for day in weekdays]
    parts["until"] = until
    return parts


def _moved(entry: Entry, one: Changed, at: datetime, zone: ZoneInfo) -> Any:
    event = _single(entry, str(entry.uid), at, zone, one)
    event.add("recurrence-id", datetime.combine(one.original_on, entry.rule.at, zone))
    return event


def _single(entry: Entry, uid: str, at: datetime, zone: ZoneInfo, one: Changed | None = None) -> Any:
    ends = one.ends_at if one is not None and one.ends_at is not None else at + entry.length
    start, end = at.astimezone(zone), ends.astimezone(zone)
    if start.fold or end.fold:
        # An hour the wall shows twice: a calendar would take the first, so it is told the instant.
        start, end = at.astimezone(UTC), ends.astimezone(UTC)
    return _event(entry, uid, start, end, one)


def _event(entry: Entry, uid: str, start: datetime, end: datetime, one: Changed | None = None) -> Any:
    from icalendar import Event

    event: Any = Event()  # its own types are half told
    event.add("uid", f"{uid}@really-ok")
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", (one.title if one else "") or entry.title)
    for name, value in (
        ("location", (one.where if one else "") or entry.where),
        ("description", (one.about if one else "") or entry.about),
    ):
        if value:
            event.add(name, value)
    event.add("sequence", (one.revision if one else 0) + entry.revision)
    event.add("class", "PRIVATE")
    return event
