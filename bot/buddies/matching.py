"""Who is put together with whom in a round: people in, pairs out. Needs numpy and rustworkx: see `worker`.

**As many pairs as there can be.** Nobody who could have a partner is without one, unless however the round is put
together so many are left over: an odd one, or those of one employer who outnumber everybody else.

**Whoever has waited comes first.** For every number of rounds: of those who have waited so many or more, as many
have a partner as in any other way of putting the round together. Nothing that suits anybody better outweighs that.
So an odd one out is never the same person twice running; and where an employer has x of those who ask and y others
ask each round, nobody is left over more than x / y rounds, rounded up.

**Then it is who suits whom.** Up to `WHOLE` people that is as good as the best there is (measured: to the point at a
hundred, three hundred and a thousand). Beyond, the people are taken by what they have in common, in parts whose borders
move each round: at 1,600 that is half a per cent below the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.buddies.crowd import Crowd
from bot.buddies.mending import ALONE, Mending
from bot.buddies.pairing import pair
from bot.buddies.rules import Forbidden, Left, Person, Round, all_legal, lot
from bot.buddies.scoring import score

WHOLE = 1500
PART = 1000
# An employer with so many of those who ask is spread evenly over the parts; else it would fill some of them.
LARGE = 0.3


def match(people: Iterable[Person], forbidden: Forbidden, seed: int) -> Round:
    """Put a round together. The same for the same people, forbidden pairs and seed, in whatever order they come.

    Nobody is in two groups and everybody is somewhere. Every two in a group are `legal`; whoever commits the round
    asks that again, of what is true by then. Raises `ValueError` when somebody is there twice.
    """
    everybody = sorted(people, key=lambda person: (lot(seed, person.id), person.id))
    if len({person.id for person in everybody}) != len(everybody):
        raise ValueError("somebody is there twice")
    crowd = Crowd([person for person in everybody if person.work.known], forbidden)
    partner = _partners(crowd, seed)
    groups = _trios(crowd.people, partner, forbidden)
    placed = {person.id for group in groups for person in group}
    assert sum(map(len, groups)) == len(placed), "nobody is in two groups"
    assert all(all_legal(group, forbidden) for group in groups), (
        "nobody is put together with whom they may not be"
    )
    place_of = {person.id: place for place, person in enumerate(crowd.people)}
    left = [
        (person.id, _why(place_of.get(person.id), crowd)) for person in everybody if person.id not in placed
    ]
    ids = sorted(tuple(sorted(person.id for person in group)) for group in groups)
    return Round(
        pairs=tuple((group[0], group[1]) for group in ids if len(group) == 2),
        trios=tuple((group[0], group[1], group[2]) for group in ids if len(group) == 3),
        left=tuple(sorted(left)),
    )


def _partners(crowd: Crowd, seed: int) -> list[int]:
    """By place, the place of their partner, or `ALONE`."""
    ranks = ranks_of(crowd.people)
    partner = [ALONE] * len(ranks)
    for part in parts(crowd, list(range(len(ranks))), seed):
        _put(partner, pair(crowd, part, ranks))
    # Those left over in different parts may suit one another.
    while len(left := [place for place, other in enumerate(partner) if other == ALONE]) < len(ranks):
        found = [two for part in parts(crowd, left, seed) for two in pair(crowd, part, ranks)]
        _put(partner, found)
        if not found:
            break
    Mending(crowd.kinds, crowd.forbidden, partner, ranks).mend()
    return partner


def _put(partner: list[int], pairs: Iterable[tuple[int, int]]) -> None:
    for one, other in pairs:
        partner[one], partner[other] = other, one


def ranks_of(people: Sequence[Person]) -> list[int]:
    """Who should sooner have a partner: who has waited longer; of those alike, who would take no trio if left over."""
    order = [(person.waiting_rounds, not person.takes_trios) for person in people]
    rank = {each: number for number, each in enumerate(sorted(set(order)))}
    return [rank[each] for each in order]


def parts(crowd: Crowd, places: list[int], seed: int) -> list[list[int]]:
    """These places in parts that can be looked at as a whole, alike beside alike; other borders for another seed."""
    if len(places) <= WHOLE:
        return [places]
    order = _by_context(crowd, places)
    count = -(-len(order) // PART)
    size = -(-len(order) // count)
    start = lot(seed, 0) % size
    order = order[start:] + order[:start]
    return [order[first : first + size] for first in range(0, len(order), size)]


def _by_context(crowd: Crowd, places: list[int]) -> list[int]:
    order = sorted(places, key=lambda place: (_context(crowd.people[place]), place))
    large = _largest(crowd.people, order)
    if len(large) <= LARGE * len(order):
        return order
    some = [[place for place in order if (place in large) is inside] for inside in (True, False)]
    spread = [((at + 0.5) / len(each), place) for each in some for at, place in enumerate(each)]
    return [place for _, place in sorted(spread)]


def _context(person: Person) -> tuple[str | int, ...]:
    facts = (person.role, person.phase, person.size, person.place, person.years, person.region)
    return tuple("" if fact is None else f"{fact:03}" if isinstance(fact, int) else fact for fact in facts)


def _largest(people: Sequence[Person], places: Sequence[int]) -> frozenset[int]:
    """Those under the employer or trust that most of them are under."""
    under: dict[bytes, list[int]] = {}
    for place in places:
        for body in people[place].work.employers | people[place].work.trusts:
            under.setdefault(body, []).append(place)
    body = max(under, key=lambda each: (len(under[each]), each), default=b"")
    return frozenset(under.get(body, ()))


def _trios(
    people: Sequence[Person], partner: Sequence[int], forbidden: Forbidden
) -> list[tuple[Person, ...]]:
    """The groups: pairs, and those who were left over with the pair that suits them best, if all three take a trio."""
    pairs = [(one, two) for one, two in enumerate(partner) if one < two]
    takers = [two for two in pairs if all(people[place].takes_trios for place in two)]
    # Where one employer leaves thousands over, nearly every pair has another of its people in it.
    large = _largest(people, range(len(people)))
    outside = [two for two in takers if large.isdisjoint(two)]
    trios: dict[tuple[int, int], int] = {}
    for odd, other in enumerate(partner):
        if other != ALONE or not people[odd].takes_trios:
            continue
        may = [
            two
            for two in (outside if odd in large else takers)
            # No two are left over whom the same pair would suit: they would be two pairs.
            if all_legal([people[place] for place in (odd, *two)], forbidden)
        ]
        if may:
            trios[max(may, key=lambda two: sum(score(people[odd], people[place]) for place in two))] = odd
    return [tuple(people[place] for place in ((*two, trios[two]) if two in trios else two)) for two in pairs]


def _why(place: int | None, crowd: Crowd) -> Left:
    if place is None:
        return Left.UNKNOWN
    return Left.ODD if crowd.has_partners(place) else Left.NOBODY
