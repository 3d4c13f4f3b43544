"""The life of a request and of a pair: what may become of each, and when somebody is asked what. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.schedule.recurrence import Quiet, next_allowed, resolve


class Looking(StrEnum):
    """How one member's request stands."""

    DRAFT = "draft"  # told, and not looking
    WAITING = "waiting"
    PROPOSED = "proposed"  # somebody was suggested to them
    PAIRED = "paired"
    RESTING = "resting"  # three suggestions went by in silence


class State(StrEnum):
    """How one member's place in a match stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"  # everybody said yes; Discord is asked whether all are still there
    INTRODUCED = "introduced"
    ENDED = "ended"


NEXT: dict[State, frozenset[State]] = {
    State.PROPOSED: frozenset({State.AGREED, State.ENDED}),
    State.AGREED: frozenset({State.INTRODUCED, State.ENDED}),
    State.INTRODUCED: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}


class Said(StrEnum):
    """What somebody said to a suggestion."""

    NOTHING = ""
    YES = "yes"
    NO = "no"


class Stage(StrEnum):
    """What is asked next of somebody in a pair."""

    DAY_3 = "day-3"
    AGAIN = "again"  # "not yet" on day 3: once more after 48 hours
    DAY_14 = "day-14"
    MONTHLY = "monthly"
    UNASKED = "unasked"  # to be asked whether they are still up for it, once they can be
    QUIET = "quiet"  # asked whether they are still up for it; silence ends the pair


class Met(StrEnum):
    """What somebody says to "have you two met?"."""

    YES = "yes"
    NOT_YET = "not-yet"
    COULDNT = "couldnt"
    QUIET = "quiet"  # "I've heard nothing"


ANSWER_WITHIN = timedelta(hours=72)
REMIND_AFTER = timedelta(hours=44)
ONCE_MORE = timedelta(hours=48)
QUIET_FOR = timedelta(hours=24)
ASK_AGAIN = timedelta(minutes=10)  # Discord, when it would not say; for a round that failed
IGNORED_MOST = 3  # suggestions, and follow-ups, in a row
DAYS = {Stage.DAY_3: 3, Stage.DAY_14: 14}
MONTH_DAYS = 28
LATE = timedelta(days=2)  # "three days on" is no longer true
LATE_QUIET = timedelta(hours=6)  # the bot was away: nobody's silence counts that may never have been asked
FIVE = time(17)
ROUND_AT, ROUND_DAY = FIVE, 1  # Tuesdays, so that 72 hours end before a weekend
MORNING, EVENING = time(8), time(20)


def sociable(at: datetime, zone: str) -> datetime:
    """The instant itself, if it is between eight and eight by the wall clock of `zone`; else the next eight o'clock."""
    local = at.astimezone(ZoneInfo(zone))
    if MORNING <= local.time() <= EVENING:
        return at
    day = local.date() + timedelta(days=1 if local.time() > EVENING else 0)
    return resolve(day, MORNING, zone)


def welcome(at: datetime, zone: str, quiet: Quiet | None) -> datetime:
    """The instant itself, if a member may be written to then, else the next: between eight and eight by their own clock
    and not in their quiet hours. Where those leave nothing of the day, their quiet hours alone count.
    """
    allowed = found = next_allowed(at, zone, quiet)
    # A day's end, the end of what is quiet, and once more for a night when the clocks change.
    for _ in range(3):
        if (later := sociable(found, zone)) == found:
            return found
        found = next_allowed(later, zone, quiet)
    return allowed


def at_five(at: datetime, days: int, zone: str) -> datetime:
    """Five in the afternoon by the wall clock of `zone`, so many local dates after an instant."""
    return resolve(at.astimezone(ZoneInfo(zone)).date() + timedelta(days=days), FIVE, zone)


def remind_at(made_at: datetime, zone: str, quiet: Quiet | None) -> datetime:
    """When a suggestion nobody answered is mentioned once more."""
    return welcome(made_at + REMIND_AFTER, zone, quiet)


def first_follow_up(introduced_at: datetime, zone: str) -> datetime:
    """When somebody is first asked how it goes: three days on."""
    return at_five(introduced_at, DAYS[Stage.DAY_3], zone)


def after(stage: Stage, introduced_at: datetime, now: datetime, zone: str) -> tuple[Stage, datetime]:
    """What is asked after this was asked, and when; always later than now."""
    if stage in (Stage.DAY_3, Stage.AGAIN):
        second = at_five(introduced_at, DAYS[Stage.DAY_14], zone)
        if second > now:
            return Stage.DAY_14, second
    return Stage.MONTHLY, at_five(now, MONTH_DAYS, zone)
