"""Term dates from a calendar file (.ics), such as a local authority or a school's own calendar gives out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from bot.schedule.closures import MOST, Problem, Read, Reading, Unread, checked, sorted_out, tidy_name

if TYPE_CHECKING:
    from icalendar import Event

LARGEST = 1_000_000
"""The most bytes of a file read."""


class FileProblem(StrEnum):
    """Why a file was refused whole; the words for it are content."""

    TOO_LARGE = "too-large"
    BROKEN = "broken"
    TOO_MANY = "too-many"
    EMPTY = "empty"


class ClosureFileError(Exception):
    """A calendar file that cannot be read; `problem` says why."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_ics(data: bytes, zone: str = "Europe/London") -> Reading:
    """The closures in a calendar file, each event by its first and last local date in `zone`.

    An all-day event ends the day before its DTEND, as the format says; a timed one covers every
    date it touches. Events that repeat, are cancelled or last too long are given back unread. Up to
    1 MB and 400 events; the largest took 0.12 s, so call it in a thread.

    Raises ClosureFileError for a file that is too large, is no calendar, or has no events.
    """
    if len(data) > LARGEST:
        raise ClosureFileError(FileProblem.TOO_LARGE)
    if data.upper().count(b"BEGIN:VEVENT") > MOST:
        raise ClosureFileError(FileProblem.TOO_MANY)
    events = _events(data)
    if not events:
        raise ClosureFileError(FileProblem.EMPTY)
    return sorted_out(_read_event(number, event, ZoneInfo(zone)) for number, event in enumerate(events, 1))


def _events(data: bytes) -> list[Event]:
    from icalendar import Calendar

    try:
        parts = cast("Sequence[object]", Calendar.from_ical(data, multiple=True))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError):
        # The library promises ValueError; a broken file finds other ways through it.
        parts = ()
    # A file may also hold an event outside any calendar, whatever the library's types say.
    calendars = [part for part in parts if isinstance(part, Calendar)]
    if not calendars:
        raise ClosureFileError(FileProblem.BROKEN)
    return [event for calendar in calendars for event in calendar.events]


def _read_event(number: int, event: Event, zone: ZoneInfo) -> Read | Unread:
    name = tidy_name(str(event.get("SUMMARY", "")))
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return Unread(number, name, Problem.CANCELLED)
    if "RRULE" in event or "RDATE" in event:
        return Unread(number, name, Problem.REPEATS)
    start = _moment(event, "DTSTART")
    if start is None:
        return Unread(number, name, Problem.NO_DATE)
    try:
        end = _moment(event, "DTEND") or start + _length(event)
        first, last = _date_of(start, zone), _last_date(start, end, zone)
    except OverflowError:  # in the year 1 or 9999, or longer than all of time
        return Unread(number, name, Problem.NOT_A_DATE)
    return checked(number, name, (first, last, name))


def _length(event: Event) -> timedelta:
    value = _value(event, "DURATION")
    return value if isinstance(value, timedelta) else timedelta()


def _moment(event: Event, name: str) -> date | None:
    """A date, or a datetime, or None where the file has none that can be read."""
    value = _value(event, name)
    return value if isinstance(value, date) else None


def _value(event: Event, name: str) -> object:
    try:
        return getattr(event.get(name), "dt", None)
    except ValueError:  # what the library raises for a value it could not read
        return None


def _date_of(moment: date, zone: ZoneInfo) -> date:
    if isinstance(moment, datetime):
        return (moment.astimezone(zone) if moment.tzinfo else moment).date()
    return moment


def _last_date(start: date, end: date, zone: ZoneInfo) -> date:
    """The last date an event covers: its end is not part of it, unless it has no length at all."""
    first, last = _date_of(start, zone), _date_of(end, zone)
    if last <= first:
        return last
    if not isinstance(end, datetime):
        return last - timedelta(days=1)
    local = end.astimezone(zone) if end.tzinfo else end
    return (local - timedelta(microseconds=1)).date()
