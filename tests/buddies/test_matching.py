"""A round: every rule in every path, as many pairs as there can be, and the right people left over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buddies import matching, mending, pairing
from bot.buddies.crowd import Crowd
from bot.buddies.kinds import Kinds
from bot.buddies.matching import match
from bot.buddies.rules import Forbidden, Left, Person, Round, legal
from bot.buddies.scoring import score
from bot.members.facts_rules import Workplace
from tests.buddies.judge import violations
from tests.buddies.networks import Some, modest, networks
from tests.buddies.people import history, network

SEEDS = st.integers(0, 2**40)


# How a round is put together: as a whole, as for thousands, and so that nearly all of it has to be mended.
EACH_WAY = pytest.mark.parametrize("way", ["whole", "in parts", "in parts, few candidates"])


@contextmanager
def put_together(way: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if way != "whole":
            patch.setattr(matching, "WHOLE", 5)
            patch.setattr(matching, "PART", 4)
        if "few" in way:
            patch.setattr(pairing, "CANDIDATES", 1)
        yield


def graph_of(some: Some) -> networkx.Graph:
    graph = networkx.Graph()
    for one, other in combinations(some.people, 2):
        if legal(one, other, some.forbidden):
            graph.add_edge(one.id, other.id)
    return graph


def most_pairs(graph: networkx.Graph, weight: dict[int, int] | None = None) -> set[frozenset[int]]:
    """As many pairs as there can be; of those the heaviest by who is in them."""
    for one, other, data in graph.edges(data=True):
        data["weight"] = 0 if weight is None else weight[one] + weight[other]
    return {frozenset(pair) for pair in networkx.max_weight_matching(graph, maxcardinality=True)}


@EACH_WAY
@modest(100)
@given(networks(), SEEDS)
def test_a_round_keeps_every_rule_and_nobody_is_left_over_who_need_not_be(
    way: str, some: Some, seed: int
) -> None:
    with put_together(way):
        found = match(some.people, some.forbidden, seed)
    assert violations(some.people, some.apart, found) == []
    graph = graph_of(some)
    assert len(found.groups) == len(most_pairs(graph))
    for person, why in found.left:
        known = next(each for each in some.people if each.id == person).work.known
        assert why is (Left.UNKNOWN if not known else Left.ODD if person in graph else Left.NOBODY)


@EACH_WAY
@modest(60)
@given(networks(), SEEDS)
def test_of_those_who_waited_so_long_or_longer_as_many_as_can_be_have_a_partner(
    way: str, some: Some, seed: int
) -> None:
    """For every number of rounds at once: no other way of putting the round together does better for any of them."""
    with put_together(way):
        placed = {one for group in match(some.people, some.forbidden, seed).groups for one in group}
    graph = graph_of(some)
    for rounds in (1, 2, 3):
        waited = {person.id: int(person.waiting_rounds >= rounds) for person in some.people}
        best = sum(waited[one] for pair in most_pairs(graph, waited) for one in pair)
        assert sum(waited[one] for one in placed) >= best


@EACH_WAY
@modest(40)
@given(networks(), SEEDS, st.randoms(use_true_random=False))
def test_the_order_they_come_in_is_nothing(way: str, some: Some, seed: int, chance: random.Random) -> None:
    mixed = chance.sample(some.people, len(some.people))
    with put_together(way):
        assert match(mixed, Forbidden(map(tuple, some.apart)), seed) == match(
            some.people, some.forbidden, seed
        )


@pytest.mark.parametrize("giant", [0.0, 0.6])
def test_it_is_as_good_as_the_best_there_is(giant: float) -> None:
    """Among all pairs there could be, as networkx finds it: the most, then whoever has waited, then who suits whom."""
    people = [replace(each, takes_trios=False) for each in network(70, giant=giant) if each.work.known]
    some = Some(people, {frozenset(pair) for pair in history(people).pairs()})
    graph, by_id = graph_of(some), {person.id: person for person in people}
    rank = dict(zip(by_id, matching.ranks_of(people), strict=True))
    for one, other, data in graph.edges(data=True):
        data["weight"] = score(by_id[one], by_id[other]) + 10**7 * (rank[one] + rank[other])
    best = networkx.max_weight_matching(graph, maxcardinality=True)
    ours, by_network = (
        sum(score(by_id[one], by_id[other]) for one, other in pairs)
        for pairs in (match(people, some.forbidden, 1).pairs, best)
    )
    assert ours / by_network > 0.999


def test_another_seed_decides_otherwise_among_equals() -> None:
    people = [Person(number, Workplace(True)) for number in range(20)]
    rounds = {match(people, Forbidden(), seed) for seed in range(4)}
    assert len(rounds) == 4
    assert all(len(found.pairs) == 10 for found in rounds)


def test_nobody_comes_twice() -> None:
    person = Person(1, Workplace(True))
    with pytest.raises(ValueError, match="twice"):
        match([person, replace(person, role="head")], Forbidden(), 1)
    assert match([], Forbidden(), 1) == Round()
    assert match([person], Forbidden(), 1) == Round(left=((1, Left.NOBODY),))


def test_thousands_keep_every_rule() -> None:
    """Past `WHOLE`: in parts, an employer with most of them spread over all, and what is left over mended."""
    people = network(1700, giant=0.6)
    forbidden = history(people)
    found = match(people, forbidden, 3)
    assert violations(people, list(forbidden.pairs()), found) == []
    others = [person for person in people if person.work.known and b"the giant" not in person.work.bodies]
    assert len(found.groups) == len(others), "each of the fewer has one of the many"
    crowd = Crowd([person for person in people if person.work.known], forbidden)
    parts = matching.parts(crowd, list(range(len(crowd.people))), 3)
    of_the_giant = [sum(b"the giant" in crowd.people[place].work.bodies for place in part) for part in parts]
    assert max(of_the_giant) - min(of_the_giant) <= 1, "and so they have in each part"


def mended(edges: set[frozenset[int]], partner: list[int]) -> list[int]:
    """Partners after mending, where these edges are all there is; for nobody it matters more than for another."""
    people = [Person(place, Workplace(True)) for place in range(len(partner))]
    forbidden = [
        {other for other in range(len(partner)) if frozenset({one, other}) not in edges}
        for one in range(len(partner))
    ]
    mending.Mending(Kinds(people), forbidden, partner, [0] * len(partner)).mend()
    return partner


CIRCLES = [  # edges, and pairs there are already; 0 is left over, and 8 behind one door of the circle
    ([(0, 1), (1, 2), (2, 0)], [(1, 2)]),
    ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 2)], [(1, 2), (3, 4)]),
    ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)], [(1, 2), (3, 4)]),
    ([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 2), (6, 7), (7, 5)], [(1, 2), (3, 4), (5, 6)]),
]


@pytest.mark.parametrize(("edges", "pairs"), CIRCLES)
def test_an_odd_circle_is_gone_round_either_way(
    edges: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    """Which way depends on where the door is, and no walk without circles finds every one."""
    for door in range(1, 2 * len(pairs) + 1):
        graph = networkx.Graph([*edges, (door, 8)])
        partner = [mending.ALONE] * 9
        for one, other in pairs:
            partner[one], partner[other] = other, one
        found = mended({frozenset(edge) for edge in graph.edges}, partner)
        reached = sum(other != mending.ALONE for other in found)
        assert reached == 2 * len(networkx.max_weight_matching(graph, maxcardinality=True))


@modest(80)
@given(networks(most=20), st.randoms(use_true_random=False))
def test_whatever_pairs_there_are_they_are_mended_to_the_best(some: Some, chance: random.Random) -> None:
    """Paths around odd circles included: pairs at random leave more to mend than the matching ever does."""
    known = [person for person in some.people if person.work.known]
    forbidden = [
        frozenset(n for n, other in enumerate(known) if some.forbidden.holds(one.id, other.id))
        for one in known
    ]
    graph = networkx.Graph()
    graph.add_edges_from(
        (one, other)
        for one, other in combinations(range(len(known)), 2)
        if legal(known[one], known[other], some.forbidden)
    )
    ranks, partner = matching.ranks_of(known), [mending.ALONE] * len(known)
    for one, other in chance.sample(list(graph.edges), len(graph.edges)):
        if partner[one] == partner[other] == mending.ALONE and chance.random() < 0.6:
            partner[one], partner[other] = other, one
    mending.Mending(Kinds(known), forbidden, partner, ranks).mend()
    pairs = {frozenset({one, other}) for one, other in enumerate(partner) if other != mending.ALONE}
    assert all(len(pair) == 2 and graph.has_edge(*pair) for pair in pairs)
    best = most_pairs(graph, dict(enumerate(ranks)))
    assert len(pairs) == len(best)
    assert sum(ranks[one] for pair in pairs for one in pair) == sum(
        ranks[one] for pair in best for one in pair
    )
