"""How well two suit each other, what is said of it, and whom somebody is offered at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buddies.crowd import Crowd
from bot.buddies.rules import PATIENCE, Field, Forbidden, Person, legal, strangers_at_work
from bot.buddies.scoring import best_partner, good, reason, score
from bot.members.facts_rules import Workplace
from tests.buddies.networks import PEOPLE, Some, modest, networks

NOBODY = Forbidden()


def somebody(number: int, **told: object) -> Person:
    """A head of a small rural primary, who works for nobody else here."""
    usual = {"role": "head", "phase": "primary", "size": 0, "place": "rural", "years": 2, "region": "north"}
    work = Workplace(True, frozenset({number.to_bytes(8)}))
    return Person(number, work, **usual | {"shares": frozenset(Field)} | told)


ONE = somebody(1)


def gain(**told: object) -> int:
    """How much more somebody suits the first, if they had told this."""
    return score(ONE, somebody(2, **told)) - score(ONE, somebody(2))


@modest(150)
@given(PEOPLE, PEOPLE)
def test_it_is_the_same_both_ways_and_never_below_nothing(one: Person, other: Person) -> None:
    assert score(one, other) == score(other, one) >= 0
    assert good(one, other) is good(other, one)
    assert reason(one, other) == reason(other, one)


def test_what_two_have_in_common_counts() -> None:
    assert gain(role="deputy") < gain(region="south") < 0
    assert gain(size=3) < gain(size=1) < 0, "beside it in the list is better than far from it"
    assert gain(phase=None) < 0


def test_what_somebody_asked_for_counts_more() -> None:
    wishing = somebody(1, same_on=frozenset({Field.REGION}))
    near, far = somebody(2, role="deputy"), somebody(2, region="south")
    assert score(ONE, near) < score(ONE, far)
    assert score(wishing, near) > score(wishing, far)
    other_way = somebody(1, different_on=frozenset({Field.REGION}))
    assert score(other_way, far) > score(other_way, somebody(2)), "wanting another outweighs being alike"


def test_company_of_a_small_place_or_of_somebody_new_counts() -> None:
    for wish, told in (("small_school", {"size": 0}), ("new_headship", {"years": 0})):
        wishing = somebody(1, **{wish: True}, size=3, years=4)
        assert score(wishing, somebody(2, **told)) > score(wishing, somebody(2, size=2, years=3))


def test_days_and_how_often_count() -> None:
    weekdays, weekend = frozenset({0, 1, 2}), frozenset({5, 6})
    one = somebody(1, days=weekdays, often=0)
    assert score(one, somebody(2, days=weekdays, often=0)) > score(one, somebody(2, days=weekend, often=0))
    assert score(one, somebody(2, days=weekdays, often=0)) > score(one, somebody(2, days=weekdays, often=2))


def test_for_somebody_who_would_just_be_listened_to_it_counts_less_who_it_is() -> None:
    listener = somebody(1, just_listener=True)
    lost = score(ONE, somebody(2)) - score(ONE, somebody(2, role="deputy"))
    assert 0 < score(listener, somebody(2)) - score(listener, somebody(2, role="deputy")) < lost


def test_only_what_both_share_is_ever_given_as_the_reason() -> None:
    other = somebody(2, region="south", years=3)
    assert reason(ONE, other) == (Field.ROLE, Field.PHASE, Field.SIZE, Field.PLACE)
    assert reason(ONE, replace(other, shares=frozenset({Field.SIZE, Field.REGION}))) == (Field.SIZE,)
    assert reason(replace(ONE, shares=frozenset()), other) == ()
    assert reason(somebody(1, role=None), somebody(2, role=None))[0] is Field.PHASE, (
        "not telling is not alike"
    )


@modest(60)
@given(networks(most=9))
def test_the_tables_say_what_two_people_say(some: Some) -> None:
    known = [person for person in some.people if person.work.known]
    crowd, places = Crowd(known, some.forbidden), range(len(known))
    scores, allowed = crowd.scores(places), crowd.allowed(places)
    for here, one in enumerate(known):
        may = [legal(one, other, some.forbidden) for other in known]
        assert scores[here].tolist() == [score(one, other) for other in known]
        assert allowed[here].tolist() == may
        assert crowd.has_partners(here) is any(may)


# At once


def test_somebody_good_who_waits_is_offered_at_once() -> None:
    fair, best = somebody(3, years=4), somebody(4)
    assert best_partner(ONE, [fair, best], NOBODY) == best
    assert best_partner(ONE, [best, fair], NOBODY) == best
    assert best_partner(ONE, [], NOBODY) is None


def test_having_waited_a_round_counts() -> None:
    fair = somebody(3, years=4, waiting_rounds=1)
    assert best_partner(ONE, [fair, somebody(4)], NOBODY) == fair


@pytest.mark.parametrize(
    "told",
    [
        {"same_on": frozenset({Field.ROLE}), "role": "deputy"},
        {"different_on": frozenset({Field.PLACE})},
        {"small_school": True},
        {"days": frozenset({6})},
        {"role": None, "phase": "special"},
    ],
)
def test_who_is_not_good_enough_waits_for_the_round(told: dict[str, object]) -> None:
    me = somebody(1, days=frozenset({1}), size=3)
    other = somebody(2, **told)
    assert legal(me, other, NOBODY)
    assert best_partner(me, [other], NOBODY) is None
    assert best_partner(me, [replace(other, waiting_rounds=PATIENCE)], NOBODY) is not None


def test_whoever_has_waited_too_long_comes_before_somebody_better() -> None:
    """Otherwise requests met at once could take every partner of somebody whom few may be put together with."""
    tired = somebody(3, role="deputy", phase="special", waiting_rounds=PATIENCE)
    longer = replace(somebody(4, role="deputy", phase="special"), waiting_rounds=PATIENCE + 1)
    assert best_partner(ONE, [somebody(2), tired], NOBODY) == tired
    assert best_partner(ONE, [somebody(2), tired, longer], NOBODY) == longer


@modest(100)
@given(networks(), st.integers(0, 5))
def test_what_is_offered_at_once_keeps_every_rule(some: Some, seed: int) -> None:
    if not some.people:
        return
    me, *waiting = some.people
    found = best_partner(me, waiting, some.forbidden, seed)
    assert best_partner(me, waiting[::-1], some.forbidden, seed) == found
    if found is None:
        assert not any(legal(me, other, some.forbidden) and good(me, other) for other in waiting)
    else:
        assert strangers_at_work(me, found)
        assert frozenset({me.id, found.id}) not in some.apart
