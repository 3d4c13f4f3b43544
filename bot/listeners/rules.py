"""The rules of being on duty and of a call. Pure: no clock, no database."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.schedule.recurrence import resolve
from bot.schedule.typed import read_time

DEFAULT_OPEN = 2
MOST_OPEN = 5
MOST_SLOTS = 14
BREATHER = timedelta(hours=24)
ANSWER_MINUTES = 30
"""A network's stated answer time, until its organisers state another."""
LEAST_MINUTES, MOST_MINUTES = 5, 24 * 60
EVENING = time(22)
"""When a duty that was begun without an end is over, by the listener's clock: nobody is on by having forgotten."""
DEBRIEF = time(10)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0)


# The weekly rota


@dataclass(frozen=True, order=True, slots=True)
class Slot:
    """One stretch of a week by the wall clock: Monday is 0. An end at or before the start is on the next day."""

    weekday: int
    start: time
    end: time

    def __str__(self) -> str:
        return f"{_DAYS[self.weekday]} {self.start:%H:%M}-{self.end:%H:%M}"

    def on(self, day: date, zone: str) -> tuple[datetime, datetime]:
        """The instants it begins and ends on a local date; the clocks may have changed in between."""
        last = day + timedelta(days=1) if self.end <= self.start else day
        return resolve(day, self.start, zone), resolve(last, self.end, zone)


def kept(rota: Sequence[Slot]) -> str:
    """A rota as it is kept: one line of text, read again by `rota_of`."""
    return ", ".join(str(slot) for slot in sorted(set(rota)))


def rota_of(text: str) -> tuple[Slot, ...]:
    """A rota that `kept` wrote."""
    return tuple(_slot(part) for part in text.split(", ") if part)


def _slot(part: str) -> Slot:
    day, _, hours = part.partition(" ")
    start, _, end = hours.partition("-")
    return Slot(_DAYS.index(day), time.fromisoformat(start), time.fromisoformat(end))


def covered_until(rota: Sequence[Slot], zone: str, now: datetime) -> datetime | None:
    """When the stretch that `now` is in ends, stretches that touch taken as one; None outside all of them."""
    stretches = sorted(_stretches(rota, zone, now))
    until: datetime | None = None
    for start, end in stretches:
        if start <= (until or now) and end > (until or now):
            until = end
    return until


def next_start(rota: Sequence[Slot], zone: str, after: datetime) -> datetime | None:
    """When the next stretch begins, strictly after an instant; None for an empty rota."""
    return min((start for start, _ in _stretches(rota, zone, after) if start > after), default=None)


def _stretches(rota: Sequence[Slot], zone: str, about: datetime) -> Iterator[tuple[datetime, datetime]]:
    today = about.astimezone(ZoneInfo(zone)).date()
    for days in range(-2, 9):
        day = today + timedelta(days=days)
        for slot in rota:
            if slot.weekday == day.weekday():
                yield slot.on(day, zone)


_WORDS = {
    "monday": (0,),
    "tuesday": (1,),
    "wednesday": (2,),
    "thursday": (3,),
    "friday": (4,),
    "saturday": (5,),
    "sunday": (6,),
    "weekday": (0, 1, 2, 3, 4),
    "weekend": (5, 6),
    "daily": (0, 1, 2, 3, 4, 5, 6),
}
_SHORT = {"mon", "tue", "tues", "wed", "weds", "thu", "thur", "thurs", "fri", "sat", "sun"}
_LINE = re.compile(
    r"(?P<days>[a-z&+,/ -]+?)[ :,]*(?:from |at )?(?P<start>\d[^-]*?|noon|midday|midnight) ?- ?(?P<end>.+)"
)
_HALF = re.compile(r"[ap]\.?m\.?$")


def read_rota(text: str) -> tuple[tuple[Slot, ...], list[str]]:
    """A rota as people write it: a line (or what a semicolon parts) for each stretch; and the lines that are not plain.

    "Mondays 7.30-9 pm", "Wed and Fri 12:00 to 13:00", "weekdays 8pm-10pm". Nothing is guessed.
    """
    slots: list[Slot] = []
    unread: list[str] = []
    for line in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        found = _read_line(line)
        if found is None:
            unread.append(line)
        else:
            slots += found
    return tuple(sorted(set(slots))), unread


def _read_line(line: str) -> list[Slot] | None:
    plain = re.sub(r"\s+", " ", line.casefold().replace("–", "-").replace("—", "-"))
    plain = re.sub(r"\s*\b(?:to|until|till)\b\s*", "-", plain).strip(" .")
    plain = re.sub(r"\bevery ?day\b", "daily", plain).replace("every ", "")
    found = _LINE.fullmatch(plain)
    if found is None:
        return None
    days, last = _days(found["days"]), read_time(found["end"].strip())
    first = None if last is None else _start(found["start"].strip(), found["end"], last)
    if days is None or first is None or last is None or first == last:
        return None
    return [Slot(day, first, last) for day in days]


def _start(said: str, end: str, last: time) -> time | None:
    """When it begins. In "7.30-9 pm" the afternoon is meant for both, in "11-1 pm" it cannot be."""
    half = _HALF.search(end)
    if half is not None and not _HALF.search(said) and not said.startswith("0"):
        for guess in (half.group(), "am"):
            found = read_time(f"{said} {guess}")
            if found is not None and (found < last or last == _MIDNIGHT):
                return found
    return read_time(said)


def _days(said: str) -> list[int] | None:
    found: list[int] = []
    for part in filter(None, re.split(r"\s*(?:,|&|\+|/|\band\b)\s*|\s+(?=[a-z]+$)", said.strip(" -,"))):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        one, other = _day(first), _day(last) if dash else None
        if one is None or (dash and (other is None or len(one) != 1 or len(other) != 1)):
            return None
        if other is None:
            found += one
        else:
            day = one[0]
            while day != other[0]:
                found.append(day)
                day = (day + 1) % 7
            found.append(day)
    return sorted(set(found)) or None


def _day(said: str) -> tuple[int, ...] | None:
    single = said.removesuffix("s") if said not in _SHORT else said
    if single in _WORDS:
        return _WORDS[single]
    if said in _SHORT:
        return (_DAYS.index(said[:3]),)
    return None


# Being on duty


@dataclass(frozen=True, slots=True)
class Hours:
    """All that decides whether a listener is on: instants are aware, the rota goes by the clock of `zone`."""

    zone: str
    rota: tuple[Slot, ...] = ()
    on_until: datetime | None = None
    off_until: datetime | None = None
    breather_until: datetime | None = None
    paused_until: datetime | None = None


def resting_until(hours: Hours, now: datetime) -> datetime | None:
    """Until when a listener is left in peace whatever their rota says; None when nothing keeps them off."""
    rests = [at for at in (hours.off_until, hours.breather_until, hours.paused_until) if at is not None]
    return max((at for at in rests if at > now), default=None)


def on_duty(hours: Hours, now: datetime) -> bool:
    """Whether somebody is on at an instant: by their own word, or by their rota."""
    if resting_until(hours, now) is not None:
        return False
    if hours.on_until is not None and hours.on_until > now:
        return True
    return covered_until(hours.rota, hours.zone, now) is not None


def next_on(hours: Hours, now: datetime) -> datetime | None:
    """When somebody who is not on now will next be, as far as can be told; None when nothing says so."""
    rest = resting_until(hours, now)
    if rest is None:
        return next_start(hours.rota, hours.zone, now)
    if (hours.on_until is not None and hours.on_until > rest) or covered_until(hours.rota, hours.zone, rest):
        return rest
    return next_start(hours.rota, hours.zone, rest)


def came_on(hours: Hours, since: datetime, now: datetime) -> bool:
    """Whether a stretch of somebody's rota began, or a rest of theirs was over, after `since` and by `now`."""
    start = next_start(hours.rota, hours.zone, since)
    rests = (hours.off_until, hours.breather_until, hours.paused_until)
    return any(at is not None and since < at <= now for at in (start, *rests))


def evening_end(now: datetime, zone: str) -> datetime:
    """When a duty begun now ends if nobody said: ten in the evening, or two hours on if that is near or past.

    The small hours belong to the evening before: whoever comes on at half past midnight is not on for the next day.
    """
    local = now.astimezone(ZoneInfo(zone))
    end = resolve(local.date(), EVENING, zone)
    if local.hour >= _NIGHT_ENDS and end - now >= timedelta(hours=1):
        return end
    return now.astimezone(UTC) + timedelta(hours=2)


# A call


class State(StrEnum):
    """How a call stands."""

    DRAFT = "draft"  # written and not sent: no listener knows of it
    ASKING = "asking"  # one listener is asked
    ASKING_ALL = "asking-all"
    NOBODY = "nobody"  # the member was told that nobody could; offered again when somebody comes on
    HELD = "held"  # a listener promised a time
    CHECKING = "checking"  # that time has passed; the listener and the member were asked whether they spoke
    CLOSED = "closed"


NEXT: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.ASKING, State.NOBODY}),
    State.ASKING: frozenset({State.ASKING, State.ASKING_ALL, State.NOBODY, State.HELD, State.CLOSED}),
    State.ASKING_ALL: frozenset({State.ASKING, State.NOBODY, State.HELD, State.CLOSED}),
    State.NOBODY: frozenset({State.ASKING, State.ASKING_ALL, State.HELD, State.CLOSED}),
    State.HELD: frozenset({State.HELD, State.CHECKING, State.ASKING, State.NOBODY, State.CLOSED}),
    State.CHECKING: frozenset({State.HELD, State.ASKING, State.NOBODY, State.CLOSED}),
    State.CLOSED: frozenset(),
}
OPEN = frozenset(State) - {State.DRAFT, State.CLOSED}


class Promise(StrEnum):
    """What a listener may promise."""

    HALF_HOUR = "half-hour"
    TONIGHT = "tonight"
    TOMORROW = "tomorrow"


class Ending(StrEnum):
    """How the member closed it, or that they left or were forgotten."""

    SPOKE = "spoke"
    NOT_NEEDED = "not-needed"
    WITHDRAWN = "withdrawn"


class Offer(StrEnum):
    """How one listener stands to one call."""

    FREE = "free"  # may be asked
    LEFT_OUT = "left-out"  # the member does not want it to go to them
    ASKED = "asked"
    DECLINED = "declined"
    LAPSED = "lapsed"  # the answer time passed
    ACCEPTED = "accepted"
    GAVE_BACK = "gave-back"


GRACE = timedelta(minutes=15)
"""After a promised time, before anybody is asked whether they spoke: people ring late, and then they are talking."""
SINGLY = 2
"""How many listeners are asked one after the other before everybody on duty is asked at once."""
DRAFT_KEPT = timedelta(hours=24)
TONIGHT = time(21)
_TONIGHT_AT_LATEST = time(23)
BEFORE_SCHOOL = time(8, 15)
_NIGHT_ENDS = 5


def promised_at(promise: Promise, now: datetime, zone: str) -> datetime:
    """By when a call is promised, by the member's clock: in half an hour, by nine tonight, by 8.15 tomorrow.

    "Tonight" said late is an hour on, and never after eleven; said later than that, or in the small hours, it is
    half an hour. "Tomorrow", said in the small hours, is the morning that comes.
    """
    local = now.astimezone(ZoneInfo(zone))
    soon = now.astimezone(UTC) + timedelta(minutes=30)
    if promise is Promise.TOMORROW:
        day = local.date() if local.hour < _NIGHT_ENDS else local.date() + timedelta(days=1)
        return resolve(day, BEFORE_SCHOOL, zone)
    if promise is Promise.HALF_HOUR or local.hour < _NIGHT_ENDS:
        return soon
    nine, eleven = (resolve(local.date(), at, zone) for at in (TONIGHT, _TONIGHT_AT_LATEST))
    return max(min(max(nine, now.astimezone(UTC) + timedelta(hours=1)), eleven), soon)


def next_morning(now: datetime, zone: str) -> datetime:
    """When a listener is asked how they are after a call: at ten the next day."""
    return resolve(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), DEBRIEF, zone)


def in_turn(asked: Collection[tuple[datetime | None, int, int]]) -> list[int]:
    """Listeners, as (last asked, how much they have in front of them, account), in a fair order.

    Whoever was never asked comes first, then the longest ago; of several asked at the same moment, who has least.
    """
    never = datetime.min.replace(tzinfo=UTC)
    return [who for _, _, who in sorted((at or never, many, who) for at, many, who in asked)]
