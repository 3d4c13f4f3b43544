"""Names of employers, trusts and authorities: when two are the same, which are near, and how a list is read. Pure.

A name somebody typed is never taken for one on the list: it is only offered, and the member chooses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum

LONGEST = 80
MOST_EMPLOYERS = 4
MOST_LISTED = 200
LONGEST_LIST = (
    4000  # what one form of Discord's holds: a longer list could not be edited without losing its end
)
MOST_OFFERED = 25
_NEAR = 0.72
_JOINERS = {"of", "and", "the", "for", "in", "at"}
# Letters by their class, and yet nothing is seen of them.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


class Kind(StrEnum):
    """What a fact says of a member."""

    EMPLOYER = "employer"
    TRUST = "trust"
    AUTHORITY = "authority"


class State(StrEnum):
    """How a fact stands. Only a confirmed one is ever compared with another member's."""

    TYPED = "typed"  # the member has neither chosen from the list nor asked for it to be added
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    LEFT_OUT = "left-out"


class Relation(StrEnum):
    """How two members stand to one another at work."""

    SAME_EMPLOYER = "same-employer"
    SAME_TRUST = "same-trust"
    SAME_AUTHORITY = "same-authority"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def may_meet(self) -> bool:
        """Whether the two may be put together as far as work goes.

        In an academy the trust is the employer; the area a school lies in is nobody's employer by itself.
        """
        return self in (Relation.DIFFERENT, Relation.SAME_AUTHORITY)


@dataclass(frozen=True)
class Workplace:
    """What is confirmed of one member, as keyed indexes; `known`: nothing above them is missing."""

    known: bool = False
    employers: frozenset[bytes] = frozenset()
    trusts: frozenset[bytes] = frozenset()
    authorities: frozenset[bytes] = frozenset()

    @property
    def bodies(self) -> frozenset[bytes]:
        """Everybody who may have a say over them."""
        return self.employers | self.trusts | self.authorities


def compare(one: Workplace, other: Workplace) -> Relation:
    """How two members stand to one another. "Same" is said whenever it is seen, "different" only when all is known.

    Somebody employed by the other's trust or council counts as the same employer: they may be above them.
    """
    if one.employers & other.bodies or other.employers & one.bodies:
        return Relation.SAME_EMPLOYER
    if not (one.known and other.known):
        return Relation.UNKNOWN
    if one.trusts & other.trusts:
        return Relation.SAME_TRUST
    if one.authorities & other.authorities:
        return Relation.SAME_AUTHORITY
    return Relation.DIFFERENT


@dataclass(frozen=True)
class Listed:
    """One name on a network's list and the other names it goes by. `id` 0: not kept yet."""

    name: str
    aliases: tuple[str, ...] = ()
    id: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


class Why(StrEnum):
    """What is wrong with a line of a list."""

    TWICE = "twice"
    TWO = "two"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"


@dataclass(frozen=True)
class Reading:
    """A list as it was read, and each line that cannot be taken, with why."""

    listed: tuple[Listed, ...]
    problems: tuple[tuple[str, Why], ...] = field(default=())


def tidy(said: str) -> str:
    """A name on one line without anything invisible in it, or `=`, which parts names in a list."""
    seen = (
        " " if character.isspace() or character == "=" else character
        for character in unicodedata.normalize("NFKC", said)
        if character.isspace() or (unicodedata.category(character)[0] != "C" and character not in _BLANKS)
    )
    return " ".join("".join(seen).split())


def canonical(name: str) -> str:
    """What of a name counts when two are compared: not capitals, accents, full stops, "the" or "&". May be empty."""
    letters = unicodedata.normalize("NFKD", tidy(name).casefold().replace("&", " and "))
    kept = "".join(
        "" if unicodedata.category(c) == "Mn" or c in "'’‘`" else c if c.isalnum() else " " for c in letters
    )
    words = ["st" if word == "saint" else word for word in kept.split()]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words)


def lookup(listed: Iterable[Listed]) -> dict[str, Listed]:
    """Each way of writing a name on the list, and what it stands for."""
    return {canonical(name): one for one in listed for name in one.names}


def nearest(
    said: str, listed: Sequence[Listed], most: int = MOST_OFFERED, *, near: float = _NEAR
) -> list[Listed]:
    """What on the list somebody may have meant, the likeliest first; with `near` 0 also what is not like it."""
    wanted = canonical(said)
    scored = [(max(_closeness(wanted, canonical(name)) for name in one.names), one) for one in listed]
    scored.sort(key=lambda pair: (-pair[0], canonical(pair[1].name)))
    return [one for score, one in scored[:most] if score >= near]


def _closeness(wanted: str, name: str) -> float:
    if wanted == name:
        return 3.0
    if not wanted or not name:
        return 0.0
    ratio = SequenceMatcher(None, wanted, name, autojunk=False).ratio()
    said, kept = set(wanted.split()), set(name.split())
    if wanted in _initials(name) or name in _initials(wanted):
        return 2.0 + ratio
    if said <= kept or kept <= said:
        return 1.0 + ratio
    return ratio


def _initials(name: str) -> Iterator[str]:
    words = name.split()
    if len(words) > 1:
        yield "".join(word[0] for word in words)
        yield "".join(word[0] for word in words if word not in _JOINERS)


def read_list(text: str) -> Reading:
    """A list as an organiser writes it: one name a line, its other names after `=` signs. Empty lines are nothing."""
    listed: list[Listed] = []
    problems: list[tuple[str, Why]] = []
    owner: dict[str, str] = {}
    for line in text.splitlines():
        if not tidy(line):
            continue
        first, *rest = (tidy(part) for part in line.split("="))
        if not canonical(first):
            problems.append((tidy(line), Why.EMPTY))
            continue
        names = list({canonical(name): name for name in reversed((first, *rest)) if canonical(name)}.values())
        names.reverse()
        for name in names:
            if len(name) > LONGEST:
                problems.append((name, Why.TOO_LONG))
            elif canonical(name) in owner:
                same = canonical(name) == canonical(first) == canonical(owner[canonical(name)])
                problems.append((name, Why.TWICE if same else Why.TWO))
            else:
                owner[canonical(name)] = first
        listed.append(Listed(names[0], tuple(names[1:])))
    if listed and (len(listed) > MOST_LISTED or len(as_text(listed)) > LONGEST_LIST):
        problems.append((listed[-1].name, Why.TOO_MANY))
    return Reading(tuple(listed), tuple(problems))


def as_text(listed: Iterable[Listed]) -> str:
    """A list as it is read again by `read_list`."""
    return "\n".join(" = ".join(one.names) for one in listed)
