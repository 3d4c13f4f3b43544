"""What a facilitator says about a session, read and checked; and the same kept as JSON in a draft. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, time
from typing import Any, cast

from bot.schedule.recurrence import Series, Unit
from bot.sessions.rules import LONGEST_MIN, SHORTEST_MIN, USUAL_MIN, WHERE_LENGTH, Where, Who
from bot.sessions.when_words import NUMBERS

_HOURS = re.compile(
    r"(?:(?P<h>\d{1,2}(?:[.,]\d)?|[a-z]+) ?(?:h|hrs?|hours?)(?P<half> and a half)?)?"
    r"(?: ?(?:and )?(?P<m>\d{1,3}) ?(?:m|mins?|minutes?)?)?"
)

_IN_HOURS = re.compile(r"^(half|quarter of) an hour$")
_QUARTERS = {"half": "30", "quarter of": "15"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session is: a channel of the server, a link, or words."""

    kind: Where
    channel_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """Everything somebody may say about a session. `rule` None: not understood yet."""

    title: str
    rule: Series | None
    where: Place
    minutes: int = USUAL_MIN
    who: Who = Who.OPEN
    role_id: int | None = None
    invited: tuple[int, ...] = ()
    places: int | None = None
    about: str = ""
    neutral_title: str = ""
    skip_closures: bool = True
    helpers: tuple[int, ...] = ()
    standing: str | None = None

    def with_(self, **changed: Any) -> Fields:
        """The same with these changed."""
        return replace(self, **changed)


def differing(before: Fields, after: Fields) -> dict[str, Any]:
    """The names of what differs, with the later value."""
    return {
        name: getattr(after, name)
        for name in Fields.__slots__
        if getattr(before, name) != getattr(after, name)
    }


def to_json(fields: Fields) -> dict[str, Any]:
    """As it is kept in a draft."""
    kept = asdict(fields)
    if fields.rule is not None:
        kept["rule"] |= {
            "start": fields.rule.start.isoformat(),
            "at": fields.rule.at.isoformat(),
            "until": fields.rule.until.isoformat() if fields.rule.until else None,
        }
    return kept


def from_json(kept: Mapping[str, Any]) -> Fields:
    """What `to_json` kept."""
    rule: Series | None = None
    if kept["rule"] is not None:
        said: dict[str, Any] = dict(kept["rule"])
        until = said["until"]
        said["start"], said["at"] = date.fromisoformat(said["start"]), time.fromisoformat(said["at"])
        said["unit"], said["weekdays"] = Unit(said["unit"]), tuple(said["weekdays"])
        said["until"] = date.fromisoformat(until) if until else None
        if isinstance(said["nth"], list):
            said["nth"] = tuple(cast("list[int]", said["nth"]))
        rule = Series(**said)
    where: dict[str, Any] = kept["where"]
    known: dict[str, Any] = dict(kept)
    known["rule"], known["who"] = rule, Who(kept["who"])
    known["where"] = Place(Where(where["kind"]), where["channel_id"], where["text"])
    known["invited"], known["helpers"] = tuple(kept["invited"]), tuple(kept["helpers"])
    return Fields(**known)


def read_length(text: str) -> int | None:
    """ "90", "1h30", "an hour", "1 hour 30", "half an hour", "1.5 hours" in minutes; None for anything else."""
    said = " ".join(text.casefold().replace("-", " ").split())
    said = _IN_HOURS.sub(lambda spoken: _QUARTERS[spoken[1]], said)
    found = _HOURS.fullmatch(said)
    if found is None or not (found["h"] or found["m"]):
        return None
    hours = found["h"] or "0"
    if hours.isalpha():
        if hours not in NUMBERS:
            return None
        hours = str(NUMBERS[hours])
    minutes = round(float(hours.replace(",", ".")) * 60) + int(found["m"] or 0) + (30 if found["half"] else 0)
    return minutes if SHORTEST_MIN <= minutes <= LONGEST_MIN else None


def read_where(text: str, rooms: Mapping[int, tuple[str, str]]) -> Place | None:
    """A room picked or named, a link, or a place in words; None for what is empty, or a link that is none.

    `rooms` are the server's voice and stage channels: id to name and kind.
    """
    said = " ".join(text.split())[:WHERE_LENGTH]
    number = said.strip("<#>")
    if number.isdecimal() and int(number) in rooms:
        return Place(Where(rooms[int(number)][1]), int(number))
    name = said.lstrip("#").casefold()
    for room_id, (called, kind) in rooms.items():
        if called.casefold() == name:
            return Place(Where(kind), room_id)
    if said.casefold().startswith(("http:", "https:", "www.")):
        link = f"https://{said}" if said.casefold().startswith("www.") else said
        return Place(Where.LINK, text=link) if _is_link(link) else None
    return Place(Where.PLACE, text=said) if said else None


def where_written(place: Place, rooms: Mapping[int, tuple[str, str]]) -> str:
    """The same as somebody would write it: a room's name, if it reads back as that room, and its number if not."""
    if place.channel_id is None:
        return place.text
    named = f"#{rooms.get(place.channel_id, ('', ''))[0]}"
    read = read_where(named, rooms)
    return named if read and read.channel_id == place.channel_id else f"<#{place.channel_id}>"


def _is_link(text: str) -> bool:
    return re.fullmatch(r"https://[^\s<>()\[\]*`|\\]+\.[^\s<>()\[\]*`|\\]+", text) is not None
