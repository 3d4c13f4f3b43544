"""How well two people would suit each other, and what may be said of it. Pure.

Only between people who may be put together: nothing here keeps anybody apart, and nothing here knows how anybody
is. The figures say what outweighs what; they were chosen, not measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

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


def score(one: Person, other: Person) -> int:
    """How well two people suit each other, from 0; the order of the two is nothing.

    What they have in common, what each wished for and how far it comes true, the days both have and how often. How
    long somebody has waited is not in it: `matching` puts that before all this.
    """
    return _for(one, other) + _for(other, one) + _in_the_week(one, other)


def _for(one: Person, other: Person) -> int:
    """What the other is worth to one of them."""
    total = 0
    for field, worth in ALIKE.items():
        nearness = near(one, other, field)
        if nearness is None:
            continue
        if field in one.different_on:
            total += WISH if nearness < 2 else 0
            continue
        total += worth * nearness // (4 if one.just_listener else 2)
        if field in one.same_on:
            total += WISH * nearness // 2
    total += COMPANY if one.small_school and other.size == 0 else 0
    total += COMPANY if one.new_headship and other.years == 0 else 0
    return total


def near(one: Person, other: Person, field: Field) -> int | None:
    """2: the same; 1: next to each other in an ordered list; 0: different; None: one of them has not said."""
    mine, theirs = one.fact(field), other.fact(field)
    if mine is None or theirs is None:
        return None
    if mine == theirs:
        return 2
    if field in ORDERED:
        assert isinstance(mine, int)
        assert isinstance(theirs, int)
        return int(abs(mine - theirs) == 1)
    return 0


def _in_the_week(one: Person, other: Person) -> int:
    common = len(one.days & other.days) if one.days and other.days else ANY_DAY
    total = DAY * min(common, MOST_DAYS)
    if one.often is None or other.often is None:
        return total + OFTEN // 2
    return total + max(0, OFTEN - OFTEN // 2 * abs(one.often - other.often))


def reason(one: Person, other: Person) -> tuple[Field, ...]:
    """What two people have in common, the most telling first, of that which both chose to share."""
    shared = one.shares & other.shares
    return tuple(field for field in Field if field in shared and near(one, other, field) == 2)


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
    return any(near(one, other, field) == 2 for field in (Field.ROLE, Field.PHASE))


def _granted(one: Person, other: Person) -> bool:
    return (
        all(near(one, other, field) == 2 for field in one.same_on)
        and all(near(one, other, field) in (0, 1) for field in one.different_on)
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
