"""Small networks of every awkward shape, for hypothesis: few bodies, so that they meet; many who are kept apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bot.buddies.rules import Field, Forbidden, Person
from bot.members.facts_rules import Workplace


def modest(examples: int) -> settings:
    """So many networks, however busy the machine is."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


BODIES = st.frozensets(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), max_size=2)
FIELDS = st.frozensets(st.sampled_from(list(Field)), max_size=3)
WORKPLACES = st.builds(
    Workplace,
    known=st.sampled_from([True, True, True, True, False]),
    employers=BODIES,
    trusts=BODIES,
    authorities=BODIES,
)


def told(*slugs: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *slugs])


PEOPLE = st.builds(
    Person,
    id=st.just(0),
    work=WORKPLACES,
    avoid_authority=st.booleans(),
    role=told("head", "deputy"),
    phase=told("primary", "special"),
    size=st.sampled_from([None, 0, 1, 3]),
    place=told("rural"),
    years=st.sampled_from([None, 0, 2]),
    region=told("north"),
    same_on=FIELDS,
    different_on=FIELDS,
    just_listener=st.booleans(),
    small_school=st.booleans(),
    new_headship=st.booleans(),
    shares=FIELDS,
    days=st.frozensets(st.integers(0, 6), max_size=4),
    often=st.sampled_from([None, 0, 1, 2]),
    waiting_rounds=st.integers(0, 3),
    takes_trios=st.booleans(),
)


@dataclass(frozen=True)
class Some:
    """A network: who asks, and who is kept apart."""

    people: list[Person]
    apart: set[frozenset[int]]

    @property
    def forbidden(self) -> Forbidden:
        return Forbidden(self.apart)


@st.composite
def networks(draw: st.DrawFn, most: int = 14) -> Some:
    people = [replace(each, id=100 + 3 * n) for n, each in enumerate(draw(st.lists(PEOPLE, max_size=most)))]
    if draw(
        st.booleans()
    ):  # work keeps nobody apart: then only who is kept apart shapes it, in any way there is
        people = [replace(each, work=Workplace(True)) for each in people]
    pairs = [frozenset({one.id, other.id}) for one, other in combinations(people, 2)]
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 0.8]))
    chance = draw(st.randoms(use_true_random=False))
    return Some(people, {pair for pair in pairs if chance.random() < share})
