"""What must be true of every round, said again from the rules alone: nothing of the code that keeps them is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

from bot.buddies.rules import Person, Round


def violations(people: Sequence[Person], apart: Iterable[Collection[int]], found: Round) -> list[str]:
    """Every way in which a round breaks a rule; `apart` are the pairs of ids never to be put together."""
    by_id = {person.id: person for person in people}
    never = {frozenset(pair) for pair in apart}
    wrong: list[str] = []
    seen = Counter(one for group in found.groups for one in group) + Counter(one for one, _ in found.left)
    wrong += [f"{one} is there {times} times" for one, times in seen.items() if times > 1]
    wrong += [f"{one} came from nowhere" for one in seen.keys() - by_id.keys()]
    wrong += [f"{one} was dropped" for one in by_id.keys() - seen.keys()]
    for group in found.groups:
        members = [by_id[one] for one in group]
        if len(group) == 3 and not all(member.takes_trios for member in members):
            wrong.append(f"{group} is a trio that not all of them take")
        for one, other in combinations(members, 2):
            wrong += [f"{one.id} and {other.id}: {why}" for why in _why_not(one, other)]
            if frozenset({one.id, other.id}) in never:
                wrong.append(f"{one.id} and {other.id} are kept apart")
    return wrong


def _why_not(one: Person, other: Person) -> Iterable[str]:
    for mine, theirs in ((one.work, other.work), (other.work, one.work)):
        if not mine.known:
            yield "somebody's employer is not known"
        for body in [*mine.employers, *mine.trusts]:
            if body in theirs.employers or body in theirs.trusts or body in theirs.authorities:
                yield "the same employer or trust"
    if one.avoid_authority or other.avoid_authority:
        for body in one.work.authorities:
            if body in other.work.authorities:
                yield "the same authority, and one of them asked for another"
