"""The next dates of a session before it is saved: in words, with closures and clock changes marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.members.tables import Network
from bot.schedule.bank_holidays import Nation, is_holiday
from bot.schedule.closures import Closure
from bot.schedule.recurrence import Series, dated_occurrences, resolve
from bot.schedule.tables import closures_of

SHOWN = 5
MOST_CLOSED = 3
LOOKED_AT = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Next:
    """One date: held or not, and what a facilitator should know of it.

    `closure` is what the network is closed for ("" for a bank holiday), None when it is open. `clocks` says that the
    clocks went "forward" or "back" since the meeting before; `shifted` that this very time is skipped or comes twice.
    """

    on: date
    at: datetime
    held: bool
    closure: str | None
    clocks: str
    shifted: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The next five dates that are held, those left out between them, and whether there are more."""

    dates: tuple[Next, ...]
    more: bool


def next_dates(session: Session, network: Network, rule: Series, skip: bool, now: datetime) -> Preview:
    """What a rule comes to from `now`, in this network's year."""
    closures = closures_of(session, network.id)
    nation = Nation(network.nation) if network.nation in set(Nation) else None
    last = max(now, resolve(rule.start, rule.at, rule.zone)) + LOOKED_AT
    found: list[Next] = []
    held = left_out = 0
    before = now
    for on, at in dated_occurrences(rule, now, last):
        closure = _closure(on, nation, closures)
        is_held = not (skip and closure is not None)
        if held == SHOWN:
            if is_held:
                return Preview(tuple(found), more=True)
            continue
        if not is_held:
            left_out += 1
            if left_out > MOST_CLOSED:
                continue
        else:
            held += 1
        found.append(Next(on, at, is_held, closure, _clocks(before, at, rule.zone), _shifted(on, at, rule)))
        if is_held:
            before = at
    return Preview(tuple(found), more=False)


def _closure(on: date, nation: Nation | None, closures: list[Closure]) -> str | None:
    for closure in closures:
        if on in closure:
            return closure.name
    return "" if nation is not None and is_holiday(on, nation) else None


def _clocks(before: datetime, at: datetime, zone: str) -> str:
    """Which way the clocks of a zone went between two instants."""
    was, now = (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for moment in (before, at))
    return "" if was == now else "forward" if now > was else "back"


def _shifted(on: date, at: datetime, rule: Series) -> bool:
    """Whether the wall clock skips this time on that date, or shows it twice."""
    zone = ZoneInfo(rule.zone)
    first = datetime.combine(on, rule.at.replace(fold=0), zone)
    second = datetime.combine(on, rule.at.replace(fold=1), zone)
    return first.utcoffset() != second.utcoffset()
