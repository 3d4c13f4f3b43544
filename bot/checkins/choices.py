"""What a member chose or wrote about being asked, understood or kindly given back."""

from __future__ import annotations

from datetime import time

from bot.checkins.plans import Choice
from bot.errors import Refusal
from bot.schedule.bank_holidays import Nation
from bot.schedule.recurrence import Often
from bot.schedule.typed import read_time
from bot.schedule.zones import valid_zone


def read(said: dict[str, str]) -> Choice:
    """What somebody chose or wrote, understood. Raises `Refusal` in words that show how to write it."""
    quiet_from, quiet_until = _time(said.get("quiet_from")), _time(said.get("quiet_until"))
    if (quiet_from is None) != (quiet_until is None):
        raise Refusal("errors.unknown_time", said=said.get("quiet_from") or said.get("quiet_until") or "")
    often, day = said.get("often"), said.get("day")
    if often is not None and often not in set(Often):
        raise Refusal("errors.old_button")
    if day is not None and day not in {str(n) for n in range(7)}:
        raise Refusal("errors.unknown_date", said=day)
    zone = said.get("zone")
    if zone is not None and not valid_zone(zone.strip()):
        raise Refusal("errors.unknown_zone", said=zone)
    nation = said.get("nation")
    if nation is not None and nation not in set(Nation):
        raise Refusal("errors.old_button")
    closures = said.get("closures")
    return Choice(
        often=Often(often) if often else None,
        weekday=int(day) if day else None,
        at=_time(said.get("time")),
        zone=zone.strip() if zone else None,
        quiet=(quiet_from, quiet_until) if quiet_from is not None and quiet_until is not None else None,
        nation=nation,
        in_closures=None if closures is None else closures == "ask",
    )


def _time(said: str | None) -> time | None:
    if said is None or not said.strip():
        return None
    found = read_time(said)
    if found is None:
        raise Refusal("errors.unknown_time", said=said)
    return found
