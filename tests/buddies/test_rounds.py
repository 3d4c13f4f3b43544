"""Round after round: the traps others' members complained of, and who waits how long."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, combinations, pairwise

import pytest

from bot.buddies.matching import match
from bot.buddies.rules import NO_REPEAT_WEEKS, Forbidden, Left, Person, Round, all_legal
from bot.members.facts_rules import Workplace
from tests.buddies.judge import violations
from tests.buddies.people import network


def free(number: int, **told: object) -> Person:
    """Somebody nobody else here works with."""
    return Person(number, Workplace(True, frozenset({number.to_bytes(8)})), **told)


def one_of(body: bytes, number: int, **told: object) -> Person:
    return Person(number, Workplace(True, frozenset({body})), **told)


def weekly(
    people: Iterable[Person], rounds: int, never: Iterable[frozenset[int]] = ()
) -> Iterator[tuple[list[Person], Round]]:
    """So many rounds, one a week; everybody asks again each week, and whoever was left over has waited one more."""
    asking, kept_apart = list(people), set(never)
    lately: deque[set[frozenset[int]]] = deque(maxlen=NO_REPEAT_WEEKS)
    for number in range(rounds):
        apart = kept_apart.union(*lately)
        found = match(asking, Forbidden(apart), number)
        assert violations(asking, apart, found) == []
        yield asking, found
        lately.append({frozenset(pair) for group in found.groups for pair in combinations(group, 2)})
        left = {one for one, _ in found.left}
        asking = [
            replace(person, waiting_rounds=person.waiting_rounds + 1 if person.id in left else 0)
            for person in asking
        ]


def test_nobody_has_a_partner_of_the_last_twelve_weeks_and_whoever_is_separated_never_meets() -> None:
    people = [replace(person, role="head", phase="primary") for person in network(36)]
    apart = {frozenset({people[0].id, other.id}) for other in people[1:4]}
    met: dict[frozenset[int], list[int]] = defaultdict(list)
    for week, (_, found) in enumerate(weekly(people, 20, apart)):
        for group in found.groups:
            for pair in combinations(group, 2):
                met[frozenset(pair)].append(week)
    gaps = [after - before for weeks in met.values() for before, after in pairwise(weeks)]
    assert min(gaps, default=NO_REPEAT_WEEKS + 1) > NO_REPEAT_WEEKS
    assert not met.keys() & apart
    assert min(Counter(chain(*met)).values()) >= 10, "and everybody goes on meeting others"


def test_the_odd_one_out_is_told_so_and_comes_first_next_time() -> None:
    """Nobody takes a trio here: each round somebody is left over, never the same twice running."""
    odd: list[int] = []
    for _, found in weekly(map(free, range(21)), 12):
        assert len(found.pairs) == 10
        ((person, why),) = found.left
        assert why is Left.ODD
        odd.append(person)
    assert all(before != after for before, after in pairwise(odd))


def test_an_odd_one_out_makes_a_trio_when_all_three_take_one() -> None:
    takers = [free(number, takes_trios=True) for number in range(9)]
    found = match(takers, Forbidden(), 1)
    assert (len(found.pairs), len(found.trios), found.left) == (3, 1, ())
    # Two who do not take one are a pair, and whoever is odd is one who does.
    others = [replace(person, takes_trios=person.id > 1) for person in takers]
    for seed in range(5):
        found = match(others, Forbidden(), seed)
        assert (len(found.pairs), len(found.trios), found.left) == (3, 1, ())
        assert not {0, 1} & {*found.trios[0]}


@pytest.mark.parametrize("takers", [0, 1, 2])
@pytest.mark.parametrize("waited", [0, 1])
def test_there_is_no_trio_that_one_of_them_does_not_take(takers: int, waited: int) -> None:
    """Also when those who take one have waited, and so it is the other who is left over."""
    people = [
        free(number, takes_trios=number < takers, waiting_rounds=waited if number < takers else 0)
        for number in range(3)
    ]
    found = match(people, Forbidden(), 1)
    assert (len(found.pairs), found.trios, len(found.left)) == (1, (), 1)


def test_a_trio_is_three_who_may_all_be_put_together() -> None:
    people = [free(number, takes_trios=True) for number in range(3)]
    for pair in combinations(range(3), 2):
        found = match(people, Forbidden([pair]), 1)
        assert (len(found.pairs), found.trios) == (1, ())
        assert not all_legal(people, Forbidden([pair]))


def test_who_is_left_over_is_not_put_together_with_their_own_employer_for_want_of_anybody() -> None:
    """Where others' "different team" was forgotten: among whoever remains."""
    people = [one_of(b"trust", number, takes_trios=True) for number in range(5)] + [free(9, takes_trios=True)]
    found = match(people, Forbidden(), 1)
    assert len(found.groups) == 1
    assert 9 in found.groups[0]
    assert {why for _, why in found.left} == {Left.ODD}
    assert match(people[:5], Forbidden(), 1).left == tuple((number, Left.NOBODY) for number in range(5))


def test_each_who_has_nobody_is_told_why() -> None:
    unknown = Person(7, Workplace(False, frozenset({b"typed, not confirmed"})))
    people = [free(1), free(2), unknown, one_of(b"a", 3), one_of(b"a", 4)]
    apart = {frozenset(pair) for pair in ((1, 3), (1, 4), (2, 3), (2, 4))}
    found = match(people, Forbidden(apart), 1)
    assert found == Round(((1, 2),), (), ((3, Left.NOBODY), (4, Left.NOBODY), (7, Left.UNKNOWN)))


@pytest.mark.parametrize(("large", "others"), [(12, 6), (15, 5), (20, 6)])
def test_where_one_employer_outnumbers_the_others_its_people_take_turns(large: int, others: int) -> None:
    """With x of theirs and y others nobody is left over more than x / y rounds, rounded up; here one fewer."""
    people = [one_of(b"giant", number) for number in range(large)] + [free(100 + n) for n in range(others)]
    turns: dict[int, list[int]] = defaultdict(list)
    longest = 0
    # Nobody remembers whom they met: with so few others, twelve weeks would leave them all without anybody.
    asking = people
    for number in range(12):
        found = match(asking, Forbidden(), number)
        assert len(found.pairs) == others
        left = {one for one, _ in found.left}
        for person in asking:
            if person.id not in left:
                turns[person.id].append(number)
        asking = [
            replace(person, waiting_rounds=person.waiting_rounds + 1 if person.id in left else 0)
            for person in asking
        ]
        longest = max(longest, *(person.waiting_rounds for person in asking))
    assert longest == -(-large // others) - 1
    assert len(turns) == large + others


@pytest.mark.parametrize("giant", [0.0, 0.4])
def test_in_thirty_rounds_nobody_with_somebody_is_left_over_more_than_twice_running(giant: float) -> None:
    """As large as most networks are, and each week everybody asks again, who met whom for twelve weeks and all."""
    people = [replace(person, waiting_rounds=0) for person in network(47, seed=5, giant=giant)]
    for asking, found in weekly(people, 30):
        waited = {person.id: person.waiting_rounds for person in asking}
        assert all(waited[one] < 2 for one, why in found.left if why is Left.ODD)
