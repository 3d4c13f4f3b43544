"""Reading the helplines from `prompts/signposts/`, and saying what is wrong or stale in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from bot.content.files import read_text, read_toml, table
from bot.content.problems import ContentError, Problem, Report
from bot.support.rules import DAY, UK, UK_NATIONS, WEEK, Hours, Line, merged

COUNTRIES = (
    *UK_NATIONS,
    "ireland",
    "us",
    "canada",
    "australia",
    "new-zealand",
    "elsewhere",
)
VERIFIED_FOR = timedelta(days=180)
# Opening times are in quarters of an hour, so a card stays right for a whole quarter.
QUARTER = 15

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_HOW = frozenset(("ring", "text", "web", "video"))
_AUDIENCES = frozenset(("everyone", "education", "men", "lgbt", "deaf", "bereaved", "bereaved-suicide"))
_FILE_KEYS = frozenset(("country", "zone", "emergency", "also", "line"))
_KEYS = frozenset(
    (
        "id",
        "name",
        "how",
        "number",
        "message",
        "hours",
        "for",
        "language",
        "cost",
        "verified_on",
        "source",
    )
)


@dataclass(frozen=True, slots=True)
class Helplines:
    """Every line, and each country's emergency number (empty: the local one, not ours to say)."""

    lines: tuple[Line, ...]
    emergency: Mapping[str, str]


def load_helplines(root: Path) -> Helplines:
    """All lines below `root`/signposts. Raises ContentError with every problem found."""
    helplines, problems = _gather(root)
    if problems:
        raise ContentError(problems)
    return helplines


def check_helplines(root: Path, today: date) -> Report:
    """Errors in the files, and a warning for each line nobody has verified within 180 days."""
    helplines, problems = _gather(root)
    warnings: list[Problem] = []
    for line in helplines.lines:
        file = f"signposts/{line.nations[0]}.toml"
        try:
            verified = date.fromisoformat(line.verified_on) if line.verified_on else None
        except ValueError:
            problems.append(Problem(file, None, f"{line.id}: write verified_on as 2026-11-30"))
            continue
        if verified is None:
            warnings.append(Problem(file, None, f"{line.id}: nobody has verified this line yet"))
        elif verified > today:
            problems.append(Problem(file, None, f"{line.id}: verified_on is a day that has not come yet"))
        elif today - verified > VERIFIED_FOR:
            warnings.append(Problem(file, None, f"{line.id}: last verified on {verified}; ring it again"))
    return Report(tuple(problems), tuple(warnings))


def _gather(root: Path) -> tuple[Helplines, list[Problem]]:
    problems: list[Problem] = []
    own: dict[str, list[Line]] = {}
    also: dict[str, tuple[str, ...]] = {}
    emergency: dict[str, str] = {}
    for country in (UK, *COUNTRIES):
        file = f"signposts/{country}.toml"
        content = read_toml(read_text(root / file, file, problems), file, problems)
        if not content:
            continue
        for key in sorted(content.keys() - _FILE_KEYS):
            problems.append(Problem(file, None, f"“{key}” is not a setting of this file"))
        if content.get("country") != country:
            problems.append(Problem(file, None, f'write country = "{country}", after the file’s name'))
        zone = str(content.get("zone", ""))
        if not _is_zone(zone):
            problems.append(Problem(file, None, f"“{zone}” is not a time zone; write one like Europe/London"))
            zone = "UTC"
        emergency[country] = str(content.get("emergency", ""))
        also[country] = tuple(str(name) for name in cast("list[object]", content.get("also") or []))
        own[country] = [
            line
            for item in cast("list[object]", content.get("line") or [])
            if (line := _line(table(item), country, zone, file, problems)) is not None
        ]
    lines = [line for country in own for line in own[country]]
    seen: set[str] = set()
    for line in lines:
        if line.id in seen:
            problems.append(Problem(f"signposts/{line.nations[0]}.toml", None, f"{line.id} is there twice"))
        seen.add(line.id)
    # A country that also uses another's lines is written into those lines, which keep their file's order.
    shared = [
        replace(
            line,
            nations=(*line.nations, *(name for name in also if line.nations[0] in also[name])),
            order=order,
        )
        for order, line in enumerate(lines)
    ]
    return Helplines(tuple(shared), emergency), problems


def _line(
    item: Mapping[str, Any], country: str, zone: str, file: str, problems: list[Problem]
) -> Line | None:
    name = str(item.get("id") or item.get("name") or "a line without an id")
    before = len(problems)
    for key in sorted(item.keys() - _KEYS):
        problems.append(Problem(file, None, f"{name}: “{key}” is not a setting of a line"))
    for key in ("id", "name", "number", "how", "source"):
        if not str(item.get(key, "")).strip():
            problems.append(Problem(file, None, f"{name}: {key} is empty"))
    if item.get("how") not in _HOW:
        problems.append(Problem(file, None, f"{name}: how is one of {', '.join(sorted(_HOW))}"))
    audience = str(item.get("for", "everyone"))
    if audience not in _AUDIENCES:
        problems.append(Problem(file, None, f"{name}: for is one of {', '.join(sorted(_AUDIENCES))}"))
    hours = _hours(item.get("hours"), zone, name, file, problems)
    if len(problems) > before:
        return None
    return Line(
        id=str(item["id"]),
        name=str(item["name"]),
        how=str(item["how"]),
        number=str(item["number"]),
        hours=hours,
        nations=(country,),
        order=0,
        message=str(item.get("message", "")),
        audience=audience,
        language=str(item.get("language", "en")),
        cost=str(item.get("cost", "")),
        verified_on=str(item.get("verified_on", "")),
        source=str(item["source"]),
    )


def _hours(value: object, zone: str, name: str, file: str, problems: list[Problem]) -> Hours:
    if value == "24/7":
        return Hours(zone, always=True)
    if value == "":
        return Hours(zone)
    week = table(value)
    if not week or not week.keys() <= set(_WEEKDAYS):
        problems.append(Problem(file, None, f'{name}: hours is "24/7", "" or a table of weekdays'))
    spans: list[tuple[int, int]] = []
    for index, weekday in enumerate(_WEEKDAYS):
        for text in cast("list[object]", week.get(weekday) or []):
            span = _span(str(text))
            if span is None:
                problems.append(
                    Problem(
                        file,
                        None,
                        f"{name}: “{text}” on {weekday}: write 18:00-02:00, in quarters of an hour",
                    )
                )
            else:
                spans.append((index * DAY + span[0], index * DAY + span[1]))
    return Hours(zone, spans=merged([(start % WEEK, end - (start - start % WEEK)) for start, end in spans]))


def _span(text: str) -> tuple[int, int] | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in found.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if start >= DAY or end > DAY or from_minute % QUARTER or to_minute % QUARTER or start == end:
        return None
    return start, end if end > start else end + DAY


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
