"""People by whom they are under, so that thousands need not be compared one with another. Pure.

To the rules of work, everybody under the same bodies is the same person. This says for many at once what
`rules.strangers_at_work` says for two; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from bot.buddies.rules import Person
from bot.members.facts_rules import Workplace


def walls(held: Iterable[tuple[Workplace, bool]]) -> Iterator[tuple[list[int], list[int]]]:
    """What work keeps apart: everybody of the first list from everybody of the second, as numbers in `held`.

    `held` says where each works, all of it known, and whether they avoid their local authority.
    """
    above: dict[bytes, list[int]] = {}
    areas: dict[bytes, list[int]] = {}
    avoided: dict[bytes, list[int]] = {}
    for number, (work, avoids) in enumerate(held):
        for body in work.employers | work.trusts:
            above.setdefault(body, []).append(number)
        for body in work.authorities:
            areas.setdefault(body, []).append(number)
            if avoids:
                avoided.setdefault(body, []).append(number)
    for body, numbers in above.items():
        yield numbers, numbers + areas.get(body, [])
    for body, numbers in avoided.items():
        yield numbers, areas[body]


class Kinds:
    """Kinds of people, by number. Somebody whose workplace is not known has no kind: leave them out."""

    def __init__(self, people: Sequence[Person]) -> None:
        known: dict[tuple[Workplace, bool], int] = {}
        self.of = [known.setdefault((each.work, each.avoid_authority), len(known)) for each in people]
        """The kind of each person."""
        self._apart: list[list[frozenset[int]]] = [[] for _ in known]
        for here, there in walls(known):
            near, far = frozenset(here), frozenset(there)
            for kind in near:
                self._apart[kind].append(far)
            for kind in far - near:
                self._apart[kind].append(near)

    def __len__(self) -> int:
        return len(self._apart)

    def apart(self, one: int, other: int) -> bool:
        """Whether nobody of the one kind may be put together with anybody of the other; it may be the same kind."""
        return any(other in kinds for kinds in self._apart[one])

    def open_to(self, kind: int, among: Set[int]) -> set[int]:
        """Which of these kinds somebody of this kind may be put together with."""
        return set(among).difference(*self._apart[kind])
