"""Made-up networks, as uneven as real ones: a few large employers and many small, regions, wishes, who met whom."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bot.buddies.rules import Field, Forbidden, Person
from bot.members.facts_rules import Workplace

ROLES = (
    ["head"] * 55 + ["deputy"] * 20 + ["assistant"] * 10 + ["business"] * 8 + ["senco"] * 4 + ["former"] * 3
)
PHASES = ["primary"] * 70 + ["secondary"] * 20 + ["special"] * 6 + ["nursery"] * 2 + ["referral"] * 2
PLACES = ["town"] * 35 + ["city"] * 30 + ["rural"] * 25 + ["coastal"] * 10
REGIONS = [f"region-{number}" for number in range(9)]
HALF_MAINTAINED = 0.5


def body(name: str) -> bytes:
    return name.encode()


def workplaces(many: int, draw: random.Random, giant: float) -> list[tuple[Workplace, str]]:
    """Where each works and its region; `giant`: which share works for one employer."""
    authorities = max(12, many // 60)
    trusts = max(6, many // 12)
    found: list[tuple[Workplace, str]] = []
    for number in range(many):
        if draw.random() < 0.02:
            found.append((Workplace(), draw.choice(REGIONS)))
            continue
        # A power law: the first trust has many schools, most have one or two.
        area = int(authorities * draw.random() ** 1.5)
        region = REGIONS[area % len(REGIONS)]
        authority = body(f"authority {area}")
        if number < many * giant:
            trust = body("the giant")
        elif draw.random() < HALF_MAINTAINED:
            school = body(f"school {number // 2}")
            found.append(
                (Workplace(True, frozenset({school, authority}), frozenset(), frozenset({authority})), region)
            )
            continue
        else:
            trust = body(f"trust {int(trusts * draw.random() ** 3)}")
        found.append(
            (Workplace(True, frozenset({trust}), frozenset({trust}), frozenset({authority})), region)
        )
    return found


def network(many: int, seed: int = 1, giant: float = 0.0) -> list[Person]:
    """So many people who would like a buddy."""
    draw = random.Random(seed)
    return [
        _person(10_000_000 + 7 * number, work, region, draw)
        for number, (work, region) in enumerate(workplaces(many, draw, giant))
    ]


def _person(person_id: int, work: Workplace, region: str, draw: random.Random) -> Person:
    role, phase = draw.choice(ROLES), draw.choice(PHASES)
    wishes = draw.sample(list(Field), draw.choice([0, 0, 0, 1, 1, 2]))
    told = [draw.random() < 0.9 for _ in Field]
    small = 0 if phase in ("primary", "nursery") else 2
    return Person(
        id=person_id,
        work=work,
        avoid_authority=draw.random() < 0.2,
        role=role if told[0] else None,
        phase=phase if told[1] else None,
        size=min(3, small + draw.choice([0, 0, 1, 1, 2])) if told[2] else None,
        place=draw.choice(PLACES) if told[3] else None,
        years=draw.choice([0, 1, 1, 2, 2, 3, 3, 4]) if told[4] else None,
        region=region if told[5] else None,
        same_on=frozenset(wishes[:1]),
        different_on=frozenset(wishes[1:]),
        just_listener=draw.random() < 0.15,
        small_school=draw.random() < 0.1,
        new_headship=draw.random() < 0.1,
        shares=frozenset(field for field in Field if draw.random() < 0.8),
        days=frozenset(draw.sample(range(7), draw.choice([0, 1, 2, 2, 3, 5]))),
        often=draw.choice([0, 1, 1, 2, None]),
        waiting_rounds=draw.choice([0] * 17 + [1, 1, 2]),
        takes_trios=draw.random() < 0.5,
    )


def history(people: Sequence[Person], each: float = 3, seed: int = 1) -> Forbidden:
    """Whom they met of late, or avoid: so many pairs a person, as often as not with somebody of the same kind."""
    draw = random.Random(seed)
    if len(people) < 2:
        return Forbidden()
    alike = sorted(people, key=lambda person: (person.role or "", person.phase or "", person.id))
    pairs = set[frozenset[int]]()
    for _ in range(int(len(people) * each / 2)):
        here = draw.randrange(len(alike))
        there = (
            (here + draw.randint(1, 40)) % len(alike) if draw.random() < 0.5 else draw.randrange(len(alike))
        )
        if here != there:
            pairs.add(frozenset({alike[here].id, alike[there].id}))
    return Forbidden(pairs)
