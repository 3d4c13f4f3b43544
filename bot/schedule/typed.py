"""Reading times and dates as people type them. Pure; what is not plain is given back, never guessed."""

from __future__ import annotations

import re
from datetime import date, time

from bot.schedule.closure_lines import parse_closures

_TIME = re.compile(
    r"(?:at )?(?P<hour>\d{1,2})(?:[:.h](?P<minute>[0-5]\d))?\s*(?P<half>a\.?m\.?|p\.?m\.?)?", re.IGNORECASE
)
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}


def read_time(text: str) -> time | None:
    """ "18:00", "6 pm", "6.30pm", "noon"; None for anything else, and for a bare "6", which could be either."""
    said = text.strip().casefold()
    if said in _NAMED:
        return _NAMED[said]
    found = _TIME.fullmatch(said)
    if found is None:
        return None
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), (found["half"] or "")[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        return time(hour % 12 + (12 if half == "p" else 0), minute)
    if hour > 23 or (found["minute"] is None and hour <= 12):
        return None
    return time(hour, minute)


def read_date(text: str, today: date) -> date | None:
    """ "2 March 2027", "2 March" (the next one), "2027-03-02", "02/03/2027" (the British way); None for anything else."""
    said = text.strip()
    for attempt in (said, f"{said} {today.year}", f"{said} {today.year + 1}"):
        reading = parse_closures(attempt)
        if len(reading.read) == 1 and not reading.unread:
            closure = reading.read[0].closure
            if closure.first != closure.last or closure.name:
                return None
            if attempt is said or closure.first >= today:
                return closure.first
    return None
