"""What a member tells of themselves to find a buddy, and the lists they choose it from. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from bot.buddies.rules import ORDERED, Field, Person
from bot.members.facts_rules import Workplace

MOST_LISTED = 25  # what one menu of Discord's holds
LONGEST_NAME = 40  # six of them stand in one sentence, and two such sentences in one message
_MARKS = frozenset("*_~`|<>[]\\@#")  # what Discord would read as formatting; no name needs it


class Wish(StrEnum):
    """What somebody would like besides being alike or different."""

    LISTENER = "listener"
    SMALL = "small"
    NEW = "new"
    AUTHORITY = "authority"  # nobody from the same local authority


class Often(StrEnum):
    """How often somebody would like to talk, from often to seldom."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    NOW_AND_THEN = "now-and-then"


@dataclass(frozen=True)
class Told:
    """All that one member told. `facts` are slugs of the network's lists; empty is "has not said"."""

    facts: Mapping[Field, str] = field(default_factory=dict[Field, str])
    shares: frozenset[Field] = frozenset()
    same: frozenset[Field] = frozenset()
    different: frozenset[Field] = frozenset()
    wishes: frozenset[Wish] = frozenset()
    often: Often | None = None
    days: frozenset[int] = frozenset()
    trios: bool = False

    @property
    def enough(self) -> bool:
        """Whether there is something to go by: what somebody does, or where."""
        return Field.ROLE in self.facts or Field.PHASE in self.facts


Lists = Mapping[Field, Sequence[str]]
"""A network's names for each fact, in order: sizes from small to large, years from new to long in post."""


@lru_cache(4096)  # the few names of a few lists, asked for every person in a round
def slug(name: str) -> str:
    """A name as it is kept and compared: lower case letters and digits with hyphens, the same for the same name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = "".join(mark if mark.isalnum() else " " for mark in plain).split()
    return "-".join(words)[:40].rstrip("-") or f"x{blake2b(name.encode(), digest_size=6).hexdigest()}"


def read_names(text: str) -> list[str]:
    """A list as it is written: one name a line, each once and without formatting, as many and as long as fit."""
    return list(_names(text))


@lru_cache(64)
def _names(text: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        seen = "".join(
            " " if mark.isspace() else mark
            for mark in line
            if (mark.isprintable() or mark.isspace()) and mark not in _MARKS
        )
        name = " ".join(seen.split())
        if name:
            found.setdefault(slug(name[:LONGEST_NAME]), name[:LONGEST_NAME].rstrip())
    return tuple(found.values())[:MOST_LISTED]


def as_text(told: Told) -> str:
    """What was told as one line its owner can read, and `read` too."""
    parts = {f"{one}": told.facts.get(one, "") for one in Field}
    parts |= {
        "shares": _list(told.shares),
        "same": _list(told.same),
        "different": _list(told.different),
        "wishes": _list(told.wishes),
        "often": told.often or "",
        "days": _list(f"{day}" for day in told.days),
        "trios": "yes" if told.trios else "",
    }
    return "; ".join(f"{name}: {value}" for name, value in parts.items() if value)


def _list(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def read(text: str) -> Told:
    """What `as_text` wrote. What this version does not know is left out."""
    parts = dict(part.split(": ", 1) for part in text.split("; ") if ": " in part)

    def several(name: str) -> list[str]:
        return [value for value in parts.get(name, "").split(", ") if value]

    def fields(name: str) -> frozenset[Field]:
        return frozenset(Field(value) for value in several(name) if value in set(Field))

    often = parts.get("often")
    return Told(
        {one: parts[one] for one in Field if parts.get(one)},
        fields("shares"),
        fields("same"),
        fields("different"),
        frozenset(Wish(value) for value in several("wishes") if value in set(Wish)),
        Often(often) if often in set(Often) else None,
        frozenset(int(day) for day in several("days") if day in set("0123456")),
        parts.get("trios") == "yes",
    )


def changed(before: Told, said: Mapping[str, Sequence[str]]) -> Told:
    """What was told before, with what this form says; a menu left empty takes its answer back."""
    facts = dict(before.facts)
    for one in Field:
        if one.value in said:
            facts.pop(one, None)
            if said[one.value]:
                facts[one] = said[one.value][0]
    after = replace(before, facts=facts)
    for key in ("same", "different", "shares"):
        if key in said:
            after = replace(after, **{key: frozenset(Field(value) for value in said[key])})
    if "wishes" in said:
        after = replace(after, wishes=frozenset(Wish(value) for value in said["wishes"]))
    if "often" in said:
        after = replace(after, often=Often(said["often"][0]) if said["often"] else None)
    if "days" in said:
        after = replace(after, days=frozenset(int(day) for day in said["days"]))
    return replace(after, trios="yes" in said["trios"]) if "trios" in said else after


def position(lists: Lists, which: Field, said: str | None) -> int | None:
    """Where something told stands in a network's list; None when it is not there (any more)."""
    slugs = [slug(name) for name in lists.get(which, ())]
    return slugs.index(said) if said in slugs else None


def name_of(lists: Lists, which: Field, said: str | None) -> str | None:
    """What the network calls something told; None when it is not on the list (any more)."""
    at = position(lists, which, said)
    return None if at is None else lists[which][at]


def person(user_id: int, told: Told, work: Workplace, lists: Lists, waiting_rounds: int) -> Person:
    """A member as the matching may know them."""
    known: dict[Field, str | int | None] = {}
    for which in Field:
        at = position(lists, which, told.facts.get(which))
        known[which] = at if which in ORDERED or at is None else told.facts[which]
    return Person(
        user_id,
        work,
        avoid_authority=Wish.AUTHORITY in told.wishes,
        same_on=told.same,
        different_on=told.different,
        just_listener=Wish.LISTENER in told.wishes,
        small_school=Wish.SMALL in told.wishes,
        new_headship=Wish.NEW in told.wishes,
        shares=told.shares,
        days=told.days,
        often=None if told.often is None else list(Often).index(told.often),
        waiting_rounds=waiting_rounds,
        takes_trios=told.trios,
        **{which.value: value for which, value in known.items()},  # pyright: ignore[reportArgumentType] - by name
    )
