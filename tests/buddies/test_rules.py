"""Who may ever be put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buddies.kinds import Kinds
from bot.buddies.rules import Forbidden, Left, Person, Round, all_legal, legal, lot, strangers_at_work
from bot.members.facts_rules import Relation, Workplace, compare
from tests.buddies.judge import violations
from tests.buddies.networks import PEOPLE, Some, modest, networks

NOBODY = Forbidden()


def works(employer: str = "", trust: str = "", area: str = "", *, known: bool = True) -> Workplace:
    employers, trusts, areas = (
        frozenset({name.encode()} if name else ()) for name in (employer, trust, area)
    )
    return Workplace(known, employers, trusts, areas)


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (works("Hill Trust", "Hill Trust"), works("Dale Trust", "Dale Trust"), True),
        (works("Hill Trust", "Hill Trust"), works("Hill Trust", "Hill Trust"), False),
        (works("School A", "Hill Trust"), works("School B", "Hill Trust"), False),
        # The same body is above them in another way: it still is above them.
        (works("Hill Trust"), works("School B", "Hill Trust"), False),
        (works("Council"), works("School B", area="Council"), False),
        (works("School A", trust="Council"), works("School B", area="Council"), False),
        (works("School A", area="Council"), works("School B", area="Council"), True),
        (works(known=False), works("School B"), False),
        (works("School A", known=False), works("School B"), False),
        (works(), works(), True),  # both work for nobody, and that is known
    ],
)
def test_who_is_above_them_decides(one: Workplace, other: Workplace, may: bool) -> None:
    assert legal(Person(1, one), Person(2, other), NOBODY) is may
    assert legal(Person(2, other), Person(1, one), NOBODY) is may


def test_either_of_two_may_ask_for_another_authority() -> None:
    one, other = works("School A", area="Council"), works("School B", area="Council")
    assert not legal(Person(1, one, avoid_authority=True), Person(2, other), NOBODY)
    assert not legal(Person(1, one), Person(2, other, avoid_authority=True), NOBODY)
    elsewhere = works("School C", area="County")
    assert legal(Person(1, one, avoid_authority=True), Person(2, elsewhere), NOBODY)


def test_nobody_is_put_together_with_themselves_or_whom_they_are_kept_from() -> None:
    one, other = Person(1, works("School A")), Person(2, works("School B"))
    assert legal(one, other, NOBODY)
    assert not legal(one, one, NOBODY)
    assert not legal(one, other, Forbidden([(2, 1)]))
    assert not legal(one, other, Forbidden([frozenset({1, 2})]))
    assert not all_legal([one, Person(3, works("School C")), other], Forbidden([(1, 2)]))


def test_a_pair_is_two_people() -> None:
    with pytest.raises(ValueError, match="two different people"):
        Forbidden([(7, 7)])
    forbidden = Forbidden([(2, 1), (1, 2), (3, 1)])
    assert (len(forbidden), sorted(forbidden.pairs()), set(forbidden.of(1))) == (2, [(1, 2), (1, 3)], {2, 3})


@modest(200)
@given(PEOPLE, PEOPLE)
def test_it_is_never_laxer_than_what_members_say_of_two_at_work(one: Person, other: Person) -> None:
    may = strangers_at_work(one, other)
    assert may is strangers_at_work(other, one)
    relation = compare(one.work, other.work)
    assert not may or relation in (Relation.DIFFERENT, Relation.SAME_AUTHORITY)


@modest(60)
@given(networks(most=8))
def test_kinds_say_what_two_people_say(some: Some) -> None:
    known = [person for person in some.people if person.work.known]
    kinds = Kinds(known)
    every = frozenset(range(len(kinds)))
    for here, one in enumerate(known):
        for there, other in enumerate(known):
            may = strangers_at_work(one, other)
            assert kinds.apart(kinds.of[here], kinds.of[there]) is not may
            assert (kinds.of[there] in kinds.open_to(kinds.of[here], every)) is may


def test_the_judge_sees_what_is_wrong() -> None:
    people = [Person(number, works(f"School {number % 3}")) for number in range(6)]
    good = ((0, 1), (2, 3), (4, 5))
    assert violations(people, [], Round(good)) == []
    assert violations(people, [(1, 0)], Round(good)) == ["0 and 1 are kept apart"]
    assert violations(people, [], Round(good[:2])) == ["4 was dropped", "5 was dropped"]
    assert violations(people, [], Round(good, left=((1, Left.ODD),))) == ["1 is there 2 times"]
    assert "0 and 3: the same employer or trust" in violations(people, [], Round(((0, 3),)))
    assert "(0, 1, 2) is a trio that not all of them take" in violations(people, [], Round((), ((0, 1, 2),)))


@given(st.integers(-(2**100), 2**100), st.integers(0, 2**63 - 1))
def test_lots_are_numbers_of_64_bits(seed: int, person: int) -> None:
    assert 0 <= lot(seed, person) < 2**64
    assert lot(1, 2) == lot(1, 2) != lot(2, 1)
