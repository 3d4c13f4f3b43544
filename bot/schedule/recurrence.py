"""Dates that come round again, by the wall clock of a zone.

A member who asks for Wednesday at six means six by their own clock, whatever it does in March and
October. So a rule makes local dates, and only then is each date and time resolved in its zone:

* a time the clocks jump over is moved forward by the jump (01:30 becomes 02:30);
* a time that comes twice happens the first time;
* nothing happens twice on one local date, even where a zone has skipped a whole day.

Nothing here reads a clock: "now" is always passed in. Instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

HORIZON = timedelta(days=3 * 366)
"""How far ahead a search looks before it says there is no next time."""

MAX_COUNT = 1000
"""The most dates a counted series may have; a count is walked from its start, so it is bounded."""

NTHS = (1, 2, 3, 4, -1)
"""Which of a weekday in its month, as a month has them; -1 is the last."""

Closed = Callable[[date], bool]
"""Says whether nothing should happen on a local date."""


def never_closed(_day: date) -> bool:
    """The calendar of somebody who wants to be asked in holidays too."""
    return False


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Series:
    """A rule for local dates, at one wall-clock time in one zone.

    `every` counts units from `start`: days, weeks (Monday to Sunday) or months. `weekdays` are 0 for
    Monday to 6 for Sunday; left empty they are the weekday of `start`. `nth` is for months alone: 1 to 4,
    or -1 for the last, or several of them in this order; left at 0 it is that of `start`, where a fifth
    counts as the last. `until` is
    the last date allowed. `count` counts dates of the rule from `start`, whether or not a closure then
    hides one, as calendars do. `start` itself only counts if the rule names it.

    Raises ValueError for a rule that cannot be meant.
    """

    start: date
    at: time
    zone: str
    unit: Unit = Unit.WEEK
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int | tuple[int, ...] = 0
    until: date | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            raise ValueError("a series is held at a wall-clock time, without a zone of its own")
        if not 1 <= self.every <= 366:
            raise ValueError("a series comes round every 1 to 366 units")
        if any(not 0 <= day <= 6 for day in self.weekdays):
            raise ValueError("weekdays are 0 for Monday to 6 for Sunday")
        if self.unit is Unit.DAY and self.weekdays:
            raise ValueError("every so many days and given weekdays do not go together")
        if self.nth and self.unit is not Unit.MONTH:
            raise ValueError("nth is for months alone")
        if isinstance(self.nth, tuple):
            if len(self.nth) < 2 or list(self.nth) != [each for each in NTHS if each in self.nth]:
                raise ValueError("several nth are two or more of 1 to 4 and -1, each once, the last one last")
        elif self.nth != 0 and self.nth not in NTHS:
            raise ValueError("nth is -1 or 1 to 4")
        if self.count is not None and not 1 <= self.count <= MAX_COUNT:
            raise ValueError(f"a count is 1 to {MAX_COUNT}")

    @property
    def nths(self) -> tuple[int, ...]:
        """Which of its weekdays of the month are meant: of a rule by months, one or several."""
        if isinstance(self.nth, tuple):
            return self.nth
        return (self.nth or nth_of_month(self.start),)

    def dates(self, since: date) -> Iterator[date]:
        """Every local date of the rule on or after `since`, in order; endless without `until` or `count`."""
        for found in self._rule(since):
            day = found.date()
            if self.until is not None and day > self.until:
                return
            if day >= since and day >= self.start:
                yield day

    def _rule(self, since: date) -> rrule:
        begin = self.start if self.count is not None else self._near(since)
        dtstart = datetime.combine(begin, time.min)
        weekdays = self.weekdays or (self.start.weekday(),)
        match self.unit:
            case Unit.DAY:
                return rrule(DAILY, dtstart, self.every, count=self.count)
            case Unit.WEEK:
                return rrule(WEEKLY, dtstart, self.every, wkst=0, byweekday=weekdays, count=self.count)
            case Unit.MONTH:
                by = [weekday(day, nth) for nth in self.nths for day in weekdays]
                return rrule(MONTHLY, dtstart, self.every, byweekday=by, count=self.count)

    def _near(self, since: date) -> date:
        """A place to start the rule, on or just before `since` and in step with `start`.

        dateutil walks a rule from its beginning, so without this a plan made years ago would cost
        more each year.
        """
        if self.unit is Unit.MONTH:
            months = (since.year - self.start.year) * 12 + since.month - self.start.month
            ahead = max(0, months // self.every) * self.every
            years, month = divmod(self.start.month - 1 + ahead, 12)
            return date(self.start.year + years, month + 1, 1)
        step = self.every * (7 if self.unit is Unit.WEEK else 1)
        ahead = max(0, (since - self.start).days // step) * step
        return self.start + timedelta(days=ahead)


class Often(StrEnum):
    """How often a member asks to be asked."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    SCHOOL_DAYS = "school-days"


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a member is asked: how often, at `at` by the wall clock of `zone`.

    `anchor` is the date it started. Its weekday is the member's day, it fixes which weeks a
    fortnight means, and it must not move when the plan is advanced.

    Monthly means the anchor's weekday in the anchor's week of the month ("the first Wednesday"), not its
    number: the 14th is a Saturday as often as not, and nobody works by it. A fifth Wednesday counts as
    the last one, so that no month is left out.
    """

    often: Often
    anchor: date
    at: time
    zone: str

    def series(self) -> Series:
        """The same as a series without end."""
        match self.often:
            case Often.WEEKLY:
                return Series(self.anchor, self.at, self.zone)
            case Often.FORTNIGHTLY:
                return Series(self.anchor, self.at, self.zone, every=2)
            case Often.MONTHLY:
                return Series(self.anchor, self.at, self.zone, Unit.MONTH)
            case Often.SCHOOL_DAYS:
                return Series(self.anchor, self.at, self.zone, weekdays=(0, 1, 2, 3, 4))


def nth_of_month(day: date) -> int:
    """Which of its weekday in the month a date is: 1 to 4, or -1 for a fifth (always the last)."""
    nth = (day.day - 1) // 7 + 1
    return -1 if nth == 5 else nth


def first_on(weekday_number: int, since: date) -> date:
    """The first date on or after `since` that is this weekday (0 for Monday): an anchor for a new cadence."""
    return since + timedelta(days=(weekday_number - since.weekday()) % 7)


def resolve(local_date: date, local_time: time, zone: str) -> datetime:
    """The UTC instant at which a zone's clocks show this date and time.

    A time the clocks jump over is moved forward by the jump; one that comes twice is the first.
    """
    # fold=0 means exactly both: the earlier of two, and in a gap the offset from before the jump.
    return datetime.combine(local_date, local_time.replace(fold=0), ZoneInfo(zone)).astimezone(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """The date it is in a zone at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def next_after(
    rule: Cadence | Series,
    after: datetime,
    *,
    closed: Closed = never_closed,
    horizon: timedelta = HORIZON,
) -> datetime | None:
    """The first time strictly after `after` (aware) that is not on a closed date.

    None if there is none within `horizon` of `after`, or of the rule's start if that is later: a rule
    that has ended, or a calendar that is always closed.
    """
    series = rule.series() if isinstance(rule, Cadence) else rule
    today = local_date(after, series.zone)
    limit = max(today, series.start) + horizon
    for _, instant in _instants(series, today, limit, closed):
        if instant > after:
            return instant
    return None


def occurrences(
    rule: Cadence | Series, first: datetime, last: datetime, *, closed: Closed = never_closed
) -> Iterator[datetime]:
    """Every time from `first` up to but not including `last` (both aware), in order, closed dates left out."""
    return (instant for _, instant in dated_occurrences(rule, first, last, closed=closed))


def dated_occurrences(
    rule: Cadence | Series, first: datetime, last: datetime, *, closed: Closed = never_closed
) -> Iterator[tuple[date, datetime]]:
    """The same with the local date the rule gave each: what it is called by, wherever it is moved to."""
    series = rule.series() if isinstance(rule, Cadence) else rule
    limit = local_date(last, series.zone)
    for asked, instant in _instants(series, local_date(first, series.zone), limit, closed):
        if instant >= last:
            return
        if instant >= first:
            yield asked, instant


def _instants(series: Series, since: date, limit: date, closed: Closed) -> Iterator[tuple[date, datetime]]:
    """Dates and instants in order from a little before `since`, at most one to a local date."""
    zone = ZoneInfo(series.zone)
    used = date.min
    # A day early, so that a time pushed over midnight by a jump is known to have used up its date
    # whichever instant the search started from.
    for asked in series.dates(since - timedelta(days=1)):
        if asked > limit:
            return
        if closed(asked):
            continue
        instant = resolve(asked, series.at, series.zone)
        landed = instant.astimezone(zone).date()
        if landed <= used or (landed != asked and closed(landed)):
            continue
        used = landed
        yield asked, instant


class Quiet(NamedTuple):
    """Hours in which a member is left alone, by their own clock: from `start` up to `end`, over midnight or not.

    The same time twice means no quiet hours.
    """

    start: time
    end: time


def within_quiet(local_time: time, start: time, end: time) -> bool:
    """Whether a wall-clock time is in the quiet hours from `start` up to but not including `end`."""
    if start <= end:
        return start <= local_time < end
    return local_time >= start or local_time < end


def next_allowed(instant: datetime, zone: str, quiet: Quiet | None) -> datetime:
    """`instant` itself (in UTC), or the end of the quiet hours it falls in."""
    instant = instant.astimezone(UTC)
    if quiet is None:
        return instant
    # Twice, for quiet hours so long that an end pushed forward by a clock change lands in the next ones.
    for _ in range(2):
        local = instant.astimezone(ZoneInfo(zone))
        now = local.time().replace(fold=0)
        if not within_quiet(now, quiet.start, quiet.end):
            break
        day = local.date() if now < quiet.end else local.date() + timedelta(days=1)
        end = resolve(day, quiet.end, zone)
        if end <= instant:  # in the repeated hour the first such end has gone by already
            end = datetime.combine(day, quiet.end.replace(fold=1), ZoneInfo(zone)).astimezone(UTC)
        instant = end
    return instant
