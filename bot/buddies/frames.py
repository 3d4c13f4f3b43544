"""How the bot and its matching process talk: frames of bytes, each with its length before it, small enough that
making or reading one holds up nobody. Pure.
"""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import cast

from bot.buddies.rules import Forbidden, Left, Person, Round

LENGTH = 4
# How many people or pairs go into a frame: about a millisecond's work.
PEOPLE = 100
NUMBERS = 4000

_REASONS = tuple(Left)
_SIZES = (2, 3, 2)


def asked(people: Sequence[Person], forbidden: Forbidden, seed: int) -> Iterator[bytes]:
    """What to match, as frames, made one at a time. Raises `ValueError` when somebody is there twice."""
    seen = set[int]()
    numbers = (each for pair in forbidden.pairs() for each in pair)
    yield pickle.dumps((seed, -(-len(people) // PEOPLE), -(-2 * len(forbidden) // NUMBERS)))
    for first in range(0, len(people), PEOPLE):
        some = people[first : first + PEOPLE]
        seen.update(person.id for person in some)
        if len(seen) != first + len(some):
            raise ValueError("somebody is there twice")
        yield pickle.dumps(some)
    while many := array("q", islice(numbers, NUMBERS)):
        yield many.tobytes()


def read_asked(frames: Iterator[bytes]) -> tuple[list[Person], Forbidden, int]:
    """What is to be matched. Reads as many frames as belong to it."""
    # From the process that started this one, through a pipe nobody else holds.
    seed, parts, lists = cast(tuple[int, int, int], pickle.loads(next(frames)))  # noqa: S301
    people: list[Person] = []
    for frame in islice(frames, parts):
        people += cast(list[Person], pickle.loads(frame))  # noqa: S301
    pairs: list[tuple[int, ...]] = []
    for frame in islice(frames, lists):
        pairs += _groups(frame, 2)
    return people, Forbidden(pairs), seed


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
