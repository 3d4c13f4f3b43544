"""Who may ever be put together, and who somebody is to the matching. Pure: no clock, no database, no Discord.

`legal` is the one gate. Pairs, trios, whoever is left over, a rematch, a request met at once, a pair an organiser
makes by hand: nobody is put together with anybody unless it says so, and whoever commits a pair asks it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import combinations

from bot.members.facts_rules import Relation, Workplace, compare

# A request is met at once only with a good partner, unless somebody has waited for so many rounds: then with them.
PATIENCE = 2
NO_REPEAT_WEEKS = 12


class Field(StrEnum):
    """What somebody may tell of themselves, the most telling first."""

    ROLE = "role"
    PHASE = "phase"
    SIZE = "size"
    PLACE = "place"
    YEARS = "years"
    REGION = "region"


ORDERED = frozenset({Field.SIZE, Field.YEARS})


@dataclass(frozen=True, slots=True)
class Person:
    """One member who would like a buddy, as far as the matching may know them: nothing of how they are.

    None is "has not said": it counts neither as the same nor as different. `id` is any whole number from 0 to
    2**63 - 1 that is the same in each round; it decides ties only together with the round's seed.
    """

    id: int
    work: Workplace
    """As `members.facts.workplaces` has it. Unknown: no match yet."""
    avoid_authority: bool = False
    """Asks for nobody from the same local authority; either asking is enough."""
    role: str | None = None
    phase: str | None = None
    size: int | None = None
    """Where it stands in the network's list from small to large; 0 is the smallest."""
    place: str | None = None
    """Rural, coastal, a town, a city: a slug of the network's list, as role, phase and region are."""
    years: int | None = None
    """Where it stands in the network's list from new to long in post; 0 is new."""
    region: str | None = None
    same_on: frozenset[Field] = frozenset()
    different_on: frozenset[Field] = frozenset()
    just_listener: bool = False
    """Would like somebody to listen, whoever it is: what they have in common counts half."""
    small_school: bool = False
    """Would like company of a small place."""
    new_headship: bool = False
    """Would like company of somebody new to it."""
    shares: frozenset[Field] = frozenset()
    """What a match may be told of them."""
    days: frozenset[int] = frozenset()
    """Monday is 0; none: any day."""
    often: int | None = None
    """Where it stands in the list from often to seldom."""
    waiting_rounds: int = 0
    """How many rounds running they were in and were left over."""
    takes_trios: bool = False

    def fact(self, field: Field) -> str | int | None:
        """What they told of one field."""
        return getattr(self, field.value)


class Forbidden:
    """Pairs of ids never to be put together: avoided, blocked, reported, ended badly, or partners of late.

    Order within a pair is nothing. Raises `ValueError` for a "pair" that is not two different people.
    """

    __slots__ = ("_others",)

    def __init__(self, pairs: Iterable[Collection[int]] = ()) -> None:
        self._others: dict[int, set[int]] = {}
        for each in pairs:
            if len(both := frozenset(each)) != 2:
                raise ValueError("a pair is two different people")
            one, other = both
            self._others.setdefault(one, set()).add(other)
            self._others.setdefault(other, set()).add(one)

    def holds(self, one: int, other: int) -> bool:
        """Whether these two are not to be put together."""
        return other in self._others.get(one, ())

    def of(self, one: int) -> Collection[int]:
        """Everybody one person is not to be put together with."""
        return self._others.get(one, ())

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Each pair once, the smaller id first; in no particular order."""
        return ((one, other) for one, others in self._others.items() for other in others if one < other)

    def __len__(self) -> int:
        return sum(map(len, self._others.values())) // 2


def legal(one: Person, other: Person, forbidden: Forbidden) -> bool:
    """Whether two people may be put together at all; the order of the two is nothing."""
    return one.id != other.id and not forbidden.holds(one.id, other.id) and strangers_at_work(one, other)


def strangers_at_work(one: Person, other: Person) -> bool:
    """Whether two people are under nobody in common, as far as `legal` minds; never unless all of it is known.

    Never the same employer or trust, in whichever way each of them is under it: a trust that employs one and is the
    other's "authority" is the same.
    """
    mine, theirs = one.work, other.work
    relation = compare(mine, theirs)
    if not relation.may_meet or mine.trusts & theirs.authorities or theirs.trusts & mine.authorities:
        return False
    return relation is not Relation.SAME_AUTHORITY or not (one.avoid_authority or other.avoid_authority)


def all_legal(people: Sequence[Person], forbidden: Forbidden) -> bool:
    """Whether a pair or a trio may be put together: each with each."""
    return all(legal(one, other, forbidden) for one, other in combinations(people, 2))


class Left(StrEnum):
    """Why somebody has no partner this round."""

    UNKNOWN = "unknown"  # whom they work for is not confirmed
    NOBODY = "nobody"  # nobody in the round may be put together with them
    ODD = "odd"  # somebody may, but however the round is put together so many are left over


@dataclass(frozen=True)
class Round:
    """Who is put together: ids, each at most once. Inside a group, and the groups, in order of the ids."""

    pairs: tuple[tuple[int, int], ...] = ()
    trios: tuple[tuple[int, int, int], ...] = ()
    left: tuple[tuple[int, Left], ...] = ()

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Pairs and trios."""
        return (*self.pairs, *self.trios)


def lot(seed: int, person_id: int) -> int:
    """What decides between two who are alike: a number of 64 bits that is another for each seed, the same anywhere."""
    drawn = seed.to_bytes(16, signed=True) + person_id.to_bytes(8)
    return int.from_bytes(blake2b(drawn, digest_size=8).digest())
