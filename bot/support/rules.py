"""Which two or three lines to show, for a country and an hour. Pure: data and time come in, lines go out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

DAY = 24 * 60
WEEK = 7 * DAY
UK = "uk"
UK_NATIONS = ("england", "wales", "scotland", "northern-ireland")
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Opening:
    """A moment of the line's own week: days from today (0 to 7), weekday (Monday 0), minute of the day."""

    days: int
    weekday: int
    minute: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When a line is open, in minutes of its own local week from Monday 00:00.

    Spans are in order, apart from one another, and begin inside the week; the last may run past
    Sunday midnight. No spans and not `always`: the hours are not known, and it is never called open.
    """

    zone: str
    always: bool = False
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def known(self) -> bool:
        return self.always or bool(self.spans)

    def open_at(self, at: datetime) -> bool:
        """Whether somebody answers at this instant, by the line's wall clock."""
        return self.always or self._span(at) is not None

    def closes(self, at: datetime) -> Opening | None:
        """When the line, open now, closes next; None if it never does or is not open."""
        span = None if self.always else self._span(at)
        return None if span is None else _seen_from(at, self.zone, span[1])

    def opens(self, at: datetime) -> Opening | None:
        """When the line, closed now, opens next; None if it is open or its hours are not known."""
        if self.always or not self.spans or self._span(at) is not None:
            return None
        minute = _minute(at, self.zone)
        later = [start for start, _ in self.spans if start > minute]
        return _seen_from(at, self.zone, later[0] if later else self.spans[0][0] + WEEK)

    def _span(self, at: datetime) -> tuple[int, int] | None:
        """The span this instant is in, its end counted from the Monday of this instant's week."""
        minute = _minute(at, self.zone)
        for start, end in self.spans:
            if start <= minute < end:
                return start, end
            if start <= minute + WEEK < end:
                return start - WEEK, end - WEEK
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """One way to reach somebody: `how` is ring, text, web or video; `audience` whom it is for."""

    id: str
    name: str
    how: str
    number: str
    hours: Hours
    nations: tuple[str, ...]
    order: int
    message: str = ""
    audience: str = "everyone"
    language: str = "en"
    cost: str = ""
    verified_on: str = ""
    source: str = ""


def choose(
    lines: Iterable[Line],
    nation: str | None,
    at: datetime,
    language: str = "en",
    *,
    education: bool = True,
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines to show first and the rest, for a nation (None: the whole UK) at an instant.

    First: open ones, day-and-night ones before others, the member's language before both; one to
    ring and one to text wherever the country has both; one to ring that never closes; the line for
    education staff when the network is in education. Three where there are three, never more.
    The rest: open now before closed.
    """
    place = nation or UK
    here = [line for line in lines if place in line.nations]
    ranked = sorted(here, key=lambda line: _rank(line, at, language))
    fit = [line for line in ranked if _fits_anybody(line, at, language)]
    ring = [line for line in fit if line.how == "ring"]
    text = [line for line in fit if line.how == "text"]
    staff = [line for line in ranked if line.audience == "education" and line.hours.open_at(at)]
    never_closes = [line for line in ring if line.hours.always]
    first: list[Line] = []
    _add(first, ring)
    _add(first, text)
    if not any(line in never_closes for line in first) and not any(_always_rings(s) for s in staff[:1]):
        _add(first, never_closes)
    if education:
        _add(first, staff)
    for line in fit:
        _add(first, (line,))
    more = [line for line in ranked if line not in first]
    return tuple(first), tuple(more)


def merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order with touching ones joined, also across Sunday midnight."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if len(joined) > 1 and joined[-1][1] >= joined[0][0] + WEEK:
        first = joined.pop(0)
        joined[-1] = (joined[-1][0], max(joined[-1][1], first[1] + WEEK))
    return tuple(joined)


def _add(chosen: list[Line], candidates: Sequence[Line]) -> None:
    if len(chosen) < SHOWN and candidates and candidates[0] not in chosen:
        chosen.append(candidates[0])


def _always_rings(line: Line) -> bool:
    return line.how == "ring" and line.hours.always


def _fits_anybody(line: Line, at: datetime, language: str) -> bool:
    return line.audience == "everyone" and line.language in ("en", language) and line.hours.open_at(at)


def _rank(line: Line, at: datetime, language: str) -> tuple[bool, bool, bool, int]:
    is_open = line.hours.open_at(at)
    in_their_language = language != "en" and line.language == language
    return not is_open, not (is_open and in_their_language), not line.hours.always, line.order


def _minute(at: datetime, zone: str) -> int:
    if at.tzinfo is None:
        raise ValueError("opening hours are asked at an aware instant")
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * DAY + local.hour * 60 + local.minute


def _seen_from(at: datetime, zone: str, minute: int) -> Opening:
    """A minute counted from this week's Monday (perhaps in the next week), as seen from today."""
    today = _minute(at, zone) // DAY
    return Opening(days=minute // DAY - today, weekday=minute // DAY % 7, minute=minute % DAY)
