"""The calendar file, read by somebody else: dateutil's own zones and rules over the raw lines, none of our code."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from dateutil.rrule import rruleset, rrulestr
from dateutil.tz import tzical

from bot.schedule.closures import Closure, closed_on
from bot.schedule.recurrence import Series, Unit, occurrences, resolve
from bot.sessions.calendar import AHEAD, BACK, Changed, Entry, calendar

NOW = datetime(2026, 9, 10, 12, tzinfo=UTC)
LINE = re.compile(r"(?P<name>[A-Z-]+)(?:;TZID=\"?(?P<zone>[^:;\"]+)\"?)?(?:;[^:]*)?:(?P<value>.*)")


def read(data: bytes) -> list[tuple[datetime, datetime, str]]:
    """Every meeting a calendar shows: start and end in UTC, and title. Written from RFC 5545 alone."""
    text = data.decode().replace("\r\n ", "").replace("\r\n", "\n")
    zones = tzical(io.StringIO(text))

    def instant(value: str, zone: str | None) -> datetime:
        at = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone comes next
        if value.endswith("Z"):
            return at.replace(tzinfo=UTC)
        return at.replace(tzinfo=zones.get(zone)).astimezone(UTC)

    events: list[dict[str, list[tuple[str, str | None]]]] = []
    for block in re.findall(r"BEGIN:VEVENT\n(.*?)END:VEVENT", text, re.DOTALL):
        event: dict[str, list[tuple[str, str | None]]] = {}
        for line in block.splitlines():
            found = LINE.fullmatch(line)
            assert found, line
            event.setdefault(found["name"], []).append((found["value"], found["zone"]))
        events.append(event)
    replaced = {
        (event["UID"][0][0], instant(*event["RECURRENCE-ID"][0]))
        for event in events
        if "RECURRENCE-ID" in event
    }
    shown: list[tuple[datetime, datetime, str]] = []
    for event in events:
        (start, zone), (end, end_zone) = event["DTSTART"][0], event["DTEND"][0]
        length = instant(end, end_zone) - instant(start, zone)
        title, uid = event["SUMMARY"][0][0], event["UID"][0][0]
        if "RRULE" not in event:
            shown.append((instant(start, zone), instant(end, end_zone), title))
            continue
        rule = event["RRULE"][0][0]
        local = datetime.strptime(start, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - rules go by the wall clock
        until = re.search(r"UNTIL=(\d{8}T\d{6}Z)", rule)
        assert until, "a calendar claims nothing for ever"
        last = instant(until[1], None)
        # On the wall clock, as the format says; then into the zone, as its own table of the file says.
        walls = rruleset()
        walls.rrule(
            rrulestr(rule.replace(f";UNTIL={until[1]}", "").replace(f"UNTIL={until[1]};", ""), dtstart=local)
        )
        out = {value for values, _ in event.get("EXDATE", []) for value in values.split(",")}
        for wall in walls:
            at = instant(f"{wall:%Y%m%dT%H%M%S}", zone)
            if at > last:
                break
            if f"{wall:%Y%m%dT%H%M%S}" not in out and (uid, at) not in replaced:
                shown.append((at, at + length, title))
    return sorted(shown)


RULES = {
    "saturdays": Series(date(2024, 1, 6), time(9), "Europe/London"),
    "every other thursday": Series(date(2026, 8, 20), time(19, 30), "Europe/London", every=2),
    "weekdays": Series(date(2026, 9, 1), time(8), "America/New_York", weekdays=(0, 1, 2, 3, 4)),
    "last friday": Series(date(2026, 1, 30), time(16), "Europe/Dublin", Unit.MONTH, nth=-1),
    "first monday": Series(date(2026, 1, 5), time(18), "Australia/Lord_Howe", Unit.MONTH, nth=1),
    "first and third tuesday": Series(
        date(2026, 1, 6), time(19), "Europe/London", Unit.MONTH, weekdays=(1,), nth=(1, 3)
    ),
    "second and last sunday": Series(
        date(2026, 1, 11), time(1, 30), "Europe/London", Unit.MONTH, weekdays=(6,), nth=(2, -1)
    ),
    "every third day": Series(date(2026, 9, 2), time(1, 30), "Europe/London", Unit.DAY, every=3),
    "in the night, each day": Series(date(2026, 9, 2), time(1, 30), "Europe/London", Unit.DAY),
    "six weeks": Series(date(2026, 9, 12), time(10), "Asia/Kolkata", count=6),
    "until July": Series(date(2026, 9, 5), time(0, 30), "America/Asuncion", until=date(2027, 7, 1)),
    "once": Series(date(2026, 9, 19), time(14), "Europe/London", count=1),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_somebody_else_reads_the_same_instants(rule: Series) -> None:
    """Bank holidays and a half-term taken out, both clock changes gone through."""
    half_term = Closure(date(2026, 10, 24), date(2026, 11, 1), "half-term")
    from bot.schedule.bank_holidays import Nation

    closed = closed_on(Nation.ENGLAND, [half_term])
    entry = Entry(7, "Saturday coffee", rule, 60, closed=closed)
    shown = read(calendar([entry], NOW, "Sessions"))
    ours = list(occurrences(rule, NOW - BACK, NOW + AHEAD, closed=closed))
    assert [at for at, _, _ in shown] == ours
    assert {end - at for at, end, _ in shown} == {timedelta(hours=1)}


def test_moved_skipped_and_renamed_meetings_are_exceptions() -> None:
    rule = RULES["saturdays"]
    moved = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    changed = [
        Changed(date(2026, 10, 24), moved, moved + timedelta(minutes=90), revision=1),
        Changed(date(2026, 10, 31)),
        Changed(
            date(2026, 11, 7),
            resolve(date(2026, 11, 7), time(9), rule.zone),
            resolve(date(2026, 11, 7), time(10), rule.zone),
            title="Coffee, with cake",
            where="The hall; upstairs, left",
        ),
    ]
    data = calendar([Entry(7, "Coffee", rule, 60, changed=changed)], NOW, "Sessions")
    shown = {at: (end, title) for at, end, title in read(data)}
    assert shown[moved] == (moved + timedelta(minutes=90), "Coffee")
    assert resolve(date(2026, 10, 24), time(9), rule.zone) not in shown
    assert resolve(date(2026, 10, 31), time(9), rule.zone) not in shown
    assert shown[resolve(date(2026, 11, 7), time(9), rule.zone)][1].replace("\\", "") == "Coffee, with cake"
    assert len(shown) == len(list(occurrences(rule, NOW - BACK, NOW + AHEAD))) - 1
