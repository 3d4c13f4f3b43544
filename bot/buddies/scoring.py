"""How well two people would suit each other, and what may be said of it. Pure.

Only between people who may be put together: nothing here keeps anybody apart, and nothing here knows how anybody
is. The figures say what outweighs what; they were chosen, not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from bot.buddies.rules import ORDERED, PATIENCE, Field, Forbidden, Person, legal, lot

# What it is worth to each of two that they have it in common; of an ordered one, standing next to each other is half.
ALIKE: dict[Field, int] = {
    Field.ROLE: 120,
    Field.PHASE: 100,
    Field.SIZE: 60,
    Field.PLACE: 60,
    Field.YEARS: 40,
    Field.REGION: 30,
}
# What it is worth to somebody that a wish of theirs comes true: more than any one thing nobody asked for.
WISH = 200
COMPANY = 150  # "a small place", "new to it"
DAY, MOST_DAYS, ANY_DAY = 40, 3, 2
OFTEN = 80  # half for the next in the list, or when one of them has not said
WAITED = 100  # what a round of waiting is worth where a request is met at once


class View(NamedTuple):
    """What of a person one field's part of the score depends on."""

    value: str | int | None
    same: bool
    different: bool
    listener: bool
    company: bool


def view(field: Field, person: Person) -> View:
    """A person, as far as one field goes."""
    return View(
        person.fact(field),
        field in person.same_on,
        field in person.different_on,
        person.just_listener,
        (field is Field.SIZE and person.small_school) or (field is Field.YEARS and person.new_headship),
    )


def in_common(field: Field, one: View, other: View) -> int:
    """What one field is worth to both together."""
    nearness = near(field, one.value, other.value)
    return _gain(field, one, other, nearness) + _gain(field, other, one, nearness)


def _gain(field: Field, one: View, other: View, nearness: int | None) -> int:
    total = COMPANY if one.company and other.value == 0 else 0
    if nearness is None:
        return total
    if one.different:
        return total + (WISH if nearness < 2 else 0)
    total += ALIKE[field] * nearness // (4 if one.listener else 2)
    return total + (WISH * nearness // 2 if one.same else 0)


def near(field: Field, one: str | int | None, other: str | int | None) -> int | None:
    """2: the same; 1: next to each other in an ordered list; 0: different; None: one of them has not said."""
    if one is None or other is None:
        return None
    if one == other:
        return 2
    return int(field in ORDERED and abs(int(one) - int(other)) == 1)


def days_in_common(one: frozenset[int], other: frozenset[int]) -> int:
    """What the days of two are worth; somebody who named none can on any."""
    return DAY * min(len(one & other) if one and other else ANY_DAY, MOST_DAYS)


def as_often(one: int | None, other: int | None) -> int:
    """What it is worth that two would like to talk as often as each other."""
    if one is None or other is None:
        return OFTEN // 2
    return max(0, OFTEN - OFTEN // 2 * abs(one - other))


@dataclass(frozen=True)
class Facet:
    """One part of the score: what it looks at in a person, and what two such are worth."""

    view: Callable[[Person], Any]
    worth: Callable[[Any, Any], int]


# All there is to a score. The matching of thousands adds up the same parts, from tables of each.
FACETS: tuple[Facet, ...] = (
    *(Facet(partial(view, field), partial(in_common, field)) for field in Field),
    Facet(attrgetter("days"), days_in_common),
    Facet(attrgetter("often"), as_often),
)


def score(one: Person, other: Person) -> int:
    """How well two people suit each other, from 0; the order of the two is nothing.

    What they have in common, what each wished for and how far it comes true, the days both have and how often. How
    long somebody has waited is not in it: `matching` puts that before all this.
    """
    return sum(facet.worth(facet.view(one), facet.view(other)) for facet in FACETS)


def _near(one: Person, other: Person, field: Field) -> int | None:
    return near(field, one.fact(field), other.fact(field))


def reason(one: Person, other: Person) -> tuple[Field, ...]:
    """What two people have in common, the most telling first, of that which both chose to share."""
    shared = one.shares & other.shares
    return tuple(field for field in Field if field in shared and _near(one, other, field) == 2)


def good(one: Person, other: Person) -> bool:
    """Whether two suit each other so well that neither need wait for a round.

    Every wish of both comes true, they have a day in common, and the same role or phase (or both would just like
    somebody to listen). What one of them has not said makes no wish come true.
    """
    if not (_granted(one, other) and _granted(other, one)):
        return False
    if one.days and other.days and not one.days & other.days:
        return False
    if one.just_listener and other.just_listener:
        return True
    return any(_near(one, other, field) == 2 for field in (Field.ROLE, Field.PHASE))


def _granted(one: Person, other: Person) -> bool:
    return (
        all(_near(one, other, field) == 2 for field in one.same_on)
        and all(_near(one, other, field) in (0, 1) for field in one.different_on)
        and (not one.small_school or other.size == 0)
        and (not one.new_headship or other.years == 0)
    )


def best_partner(
    person: Person, waiting: Iterable[Person], forbidden: Forbidden, seed: int = 0
) -> Person | None:
    """Whom to propose to somebody at once, of those who wait; None: let it wait for the round.

    The best of the good ones, a round of waiting counting for something. But while anybody who may be put together
    with them has waited `PATIENCE` rounds, whoever has waited longest comes first, good or not: otherwise requests
    met at once could take every partner of somebody whom few may be put together with. The order of `waiting` is
    nothing.
    """
    may = [other for other in waiting if legal(person, other, forbidden)]
    longest = max((other.waiting_rounds for other in may), default=0)
    if longest >= PATIENCE:
        return _best(person, [other for other in may if other.waiting_rounds == longest], seed)
    return _best(person, [other for other in may if good(person, other)], seed)


def _best(person: Person, others: Collection[Person], seed: int) -> Person | None:
    def worth(other: Person) -> tuple[int, int, int]:
        return score(person, other) + WAITED * other.waiting_rounds, lot(seed, other.id), other.id

    return max(others, key=worth, default=None)
