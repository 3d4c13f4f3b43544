"""How the bot and its matching process talk: frames of bytes, each with its length before it, so small that
making or reading one holds up nobody. JSON and plain numbers: reading them runs nothing. Pure.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from typing import Any, cast

from bot.buddies.rules import Field, Forbidden, Left, Person, Round
from bot.members.facts_rules import Workplace

LENGTH = 4
# How many people or numbers go into a frame: about a quarter of a millisecond's work, twice that from `Packed`.
PEOPLE = 25
NUMBERS = 2000
END = b""

_REASONS = tuple(Left)
_SIZES = (2, 3, 2)
_PERSON = tuple(field.name for field in fields(Person))
_WORK = tuple(field.name for field in fields(Workplace))
_of_person, _of_work = attrgetter(*_PERSON), attrgetter(*_WORK)
_FIELDS = {field.value: field for field in Field}


class Packed:
    """People as the bytes of their frames, made anew whenever they are gone through.

    Fifty thousand as objects are ten times as many for the garbage collector to look at: it took up to a sixth of a
    second, while everybody waited.
    """

    def __init__(self, people: Sequence[Person] = ()) -> None:
        self.ids = [person.id for person in people]
        self._frames = [
            json.dumps(people[first : first + PEOPLE], default=_plain).encode()
            for first in range(0, len(people), PEOPLE)
        ]

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Person]:
        for frame in self._frames:
            yield from _people(frame, {})

    def extend(self, more: Packed) -> None:
        """Have these as well."""
        self.ids += more.ids
        self._frames += more._frames


def asked(people: Iterable[Person], forbidden: Forbidden, seed: int) -> Iterator[bytes]:
    """What to match, as frames, made one at a time. Raises `ValueError` when somebody is there twice.

    Nothing is counted beforehand: that would take as long as many frames. Each part ends with an empty frame.
    """
    yield json.dumps(seed).encode()
    seen, coming = set[int](), iter(people)
    while some := [*islice(coming, PEOPLE)]:
        before = len(seen)
        seen.update(person.id for person in some)
        if len(seen) != before + len(some):
            raise ValueError("somebody is there twice")
        yield json.dumps(some, default=_plain).encode()
    yield END
    numbers = (each for pair in forbidden.pairs() for each in pair)
    while many := array("q", islice(numbers, NUMBERS)):
        yield many.tobytes()
    yield END


def _plain(thing: object) -> Any:
    """What JSON has no form for, in one that it has."""
    match thing:
        case frozenset():
            return [*cast(frozenset[Any], thing)]
        case bytes():
            return thing.hex()
        case Workplace():
            return _of_work(thing)
        case Person():
            return _of_person(thing)
        case _:
            raise TypeError(type(thing).__name__)


def read_asked(frames: Iterator[bytes]) -> tuple[list[Person], Forbidden, int]:
    """What is to be matched. Reads as many frames as belong to it."""
    seed = cast(int, json.loads(next(frames)))
    people: list[Person] = []
    alike: dict[Any, Any] = {}  # the same words and workplaces again and again: kept once
    for frame in iter(frames.__next__, END):
        people += _people(frame, alike)
    pairs: list[tuple[int, ...]] = []
    for frame in iter(frames.__next__, END):
        pairs += _groups(frame, 2)
    return people, Forbidden(pairs), seed


def _people(frame: bytes, alike: dict[Any, Any]) -> Iterator[Person]:
    return (_person(row, alike) for row in cast(list[list[Any]], json.loads(frame)))


def _person(row: Sequence[Any], alike: dict[Any, Any]) -> Person:
    told = dict(zip(_PERSON, row, strict=True))
    known, *bodies = told["work"]
    work = Workplace(known, *(frozenset(map(bytes.fromhex, each)) for each in bodies))
    told["work"] = alike.setdefault(work, work)
    for name in ("same_on", "different_on", "shares"):
        chosen = frozenset(_FIELDS[each] for each in told[name])
        told[name] = alike.setdefault(chosen, chosen)
    told["days"] = alike.setdefault(days := frozenset(told["days"]), days)
    for name in ("role", "phase", "place", "region"):
        told[name] = alike.setdefault(told[name], told[name])
    return Person(**told)


def answered(result: Round) -> Iterator[bytes]:
    """A round as frames: how many there are of each part, then those of each."""
    left = ((person, _REASONS.index(why)) for person, why in result.left)
    frames = [list(_packed(part)) for part in (result.pairs, result.trios, left)]
    yield array("q", map(len, frames)).tobytes()
    for part in frames:
        yield from part


def _packed(groups: Iterable[tuple[int, ...]]) -> Iterator[bytes]:
    waiting = iter(groups)
    while some := [*islice(waiting, NUMBERS // 3)]:
        yield array("q", (each for group in some for each in group)).tobytes()


class Answer:
    """A round as it comes in, frame by frame."""

    def __init__(self, head: bytes) -> None:
        self._expected = [part for part, many in enumerate(_read(head)) for _ in range(many)]
        self._parts: list[list[tuple[int, ...]]] = [[] for _ in _SIZES]

    def __len__(self) -> int:
        return len(self._expected)

    def take(self, number: int, frame: bytes) -> None:
        """Take the frame of this number, from 0."""
        part = self._expected[number]
        self._parts[part] += _groups(frame, _SIZES[part])

    def round(self) -> Round:
        """The whole of it, when every frame was taken."""
        pairs, trios, left = self._parts
        return Round(
            cast(tuple[tuple[int, int], ...], tuple(pairs)),
            cast(tuple[tuple[int, int, int], ...], tuple(trios)),
            tuple((person, _REASONS[why]) for person, why in left),
        )


def _read(frame: bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(frame)
    return numbers


def _groups(frame: bytes, size: int) -> list[tuple[int, ...]]:
    numbers = _read(frame)
    return list(zip(*(numbers[first::size] for first in range(size)), strict=True))
