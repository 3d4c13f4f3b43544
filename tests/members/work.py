"""Telling whom one works for, as a test says it."""

from __future__ import annotations

from bot.members import facts, lists
from bot.members.facts import Known, Outcome
from bot.members.facts_rules import Kind, Relation
from tests.members.place import KEYS, NET, NOW, Place

ASHGROVE = "Ashgrove Learning Trust"
LIST = f"{ASHGROVE} = ALT\nBorsetshire County Council\nAbbey School"


async def written(place: Place, text: str = LIST, kind: Kind = Kind.EMPLOYER, network: int = NET) -> None:
    reading = await lists.keep(place.store, KEYS, network, "Saturday", kind, text, NOW)
    assert not reading.problems


async def typed(
    place: Place, who: int, said: str, kind: Kind = Kind.EMPLOYER, network: int = NET
) -> facts.Given:
    return await facts.give(place.store, KEYS, network, "Saturday", who, kind, said, NOW)


async def told(place: Place, who: int, said: str, kind: Kind = Kind.EMPLOYER, network: int = NET) -> Known:
    """Type it, and choose the first that is offered."""
    given = await typed(place, who, said, kind, network)
    assert given.outcome is Outcome.OFFERED
    return (await facts.choose(place.store, KEYS, who, given.fact_id, given.offered[0].id, NOW))[0]


async def asked_for(place: Place, who: int, said: str, kind: Kind = Kind.EMPLOYER) -> int:
    """Type what is not on the list, and ask for it to be added."""
    given = await typed(place, who, said, kind)
    await facts.ask_for(place.store, KEYS, who, given.fact_id, NOW)
    return given.fact_id


async def held(place: Place, who: int, network: int = NET) -> list[tuple[str, str]]:
    known = await facts.mine(place.store, KEYS, network, "Saturday", who)
    return sorted((one.name, one.state.value) for one in known)


async def between(place: Place, one: int, other: int, network: int = NET) -> Relation:
    found = await place.ask(facts.relation, network, one, other)
    assert await place.ask(facts.relation, network, other, one) is found
    return found
