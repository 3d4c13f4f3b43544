"""What members tell of whom they work for: sealed, confirmed against the list, and never guessed at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.db import own
from bot.db.keys import Keyring
from bot.db.rotation import reseal
from bot.errors import Refusal
from bot.members import facts, lists, service
from bot.members.facts import Outcome
from bot.members.facts_rules import MOST_EMPLOYERS, Kind, Relation, State
from bot.members.facts_tables import Fact
from bot.networks import service as networks
from tests.members.place import ANN, BOB, CEM, DEE, KEYS, NET, NOW, OTHER, Place
from tests.members.work import ASHGROVE, asked_for, between, held, told, typed, written

# A typed value matches nobody


async def test_what_is_typed_matches_nobody_until_it_is_chosen(place: Place) -> None:
    await written(place)
    for who in (ANN, BOB):
        given = await typed(place, who, ASHGROVE)
        assert given.outcome is Outcome.OFFERED
        assert [one.name for one in given.offered] == [ASHGROVE]
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    assert await held(place, ANN) == [(ASHGROVE, "typed")]
    await told(place, ANN, ASHGROVE)
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    await told(place, BOB, "alt")
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    assert await held(place, BOB) == [(ASHGROVE, "confirmed")]


async def test_typing_again_takes_the_place_of_what_was_only_typed(place: Place) -> None:
    await written(place)
    first, second = await typed(place, ANN, "Ashgrov"), await typed(place, ANN, "Abbey")
    assert first.fact_id == second.fact_id
    assert await held(place, ANN) == [("Abbey", "typed")]


async def test_two_with_different_employers_may_meet_and_unknown_ones_may_not(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    await told(place, BOB, "Abbey School")
    assert await between(place, ANN, BOB) is Relation.DIFFERENT
    assert (await between(place, ANN, BOB)).may_meet
    assert await between(place, CEM, DEE) is Relation.UNKNOWN


@pytest.mark.parametrize("kind", [Kind.EMPLOYER, Kind.TRUST])
async def test_one_name_that_waits_makes_the_whole_person_unknown(place: Place, kind: Kind) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await told(place, BOB, "Abbey School")
    await asked_for(place, BOB, "Oakfield Academy", kind)
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    await told(place, BOB, "ALT")
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER, (
        "the same is the same, whatever else waits"
    )


async def test_somebody_employed_by_the_others_trust_or_council_is_above_them(place: Place) -> None:
    await written(place)
    await written(place, "ashgrove learning trust.", Kind.TRUST)
    await told(place, ANN, "ALT")
    await told(place, BOB, "Abbey School")
    await told(place, BOB, "Ashgrove Learning Trust", Kind.TRUST)
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    await told(place, CEM, "Borsetshire")
    await told(place, CEM, "Ashgrove", Kind.TRUST)
    assert await between(place, BOB, CEM) is Relation.SAME_TRUST


async def test_a_colleague_known_from_another_network_is_a_colleague(place: Place) -> None:
    await written(place)
    await written(place, "Ashgrove Learning Trust\nPeak School", network=OTHER)
    await told(place, ANN, "ALT")
    await told(place, BOB, "Abbey School")
    await told(place, ANN, "Peak School", network=OTHER)
    await told(place, BOB, "Ashgrove Learning Trust", network=OTHER)
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    assert await between(place, ANN, CEM, OTHER) is Relation.UNKNOWN


# Choosing, asking, removing


async def test_what_is_told_twice_is_kept_once(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    assert (await typed(place, ANN, "the ashgrove learning trust")).outcome is Outcome.KNOWN
    given = await typed(place, ANN, "Ashgrove")
    _, fresh = await facts.choose(place.store, KEYS, ANN, given.fact_id, given.offered[0].id, NOW)
    assert not fresh
    assert await held(place, ANN) == [(ASHGROVE, "confirmed")]
    waiting = await asked_for(place, ANN, "Oakfield")
    assert (await typed(place, ANN, "OAKFIELD")).outcome is Outcome.KNOWN
    again = await facts.ask_for(place.store, KEYS, ANN, waiting, NOW)
    assert (again.name, again.state) == ("Oakfield", State.WAITING)


async def test_a_second_trust_takes_the_place_of_the_first_and_not_before_it_is_chosen(place: Place) -> None:
    await written(place, kind=Kind.TRUST)
    await told(place, ANN, "ALT", Kind.TRUST)
    given = await typed(place, ANN, "Abbey", Kind.TRUST)
    assert await held(place, ANN) == [("Abbey", "typed"), (ASHGROVE, "confirmed")]
    await facts.choose(place.store, KEYS, ANN, given.fact_id, given.offered[0].id, NOW)
    assert await held(place, ANN) == [("Abbey School", "confirmed")]


async def test_there_is_an_end_to_employers(place: Place) -> None:
    names = [f"{letter * 9} School" for letter in "abcdef"]
    await written(place, "\n".join(names))
    for name in names[:MOST_EMPLOYERS]:
        await told(place, ANN, name)
    assert (await typed(place, ANN, names[4])).outcome is Outcome.TOO_MANY
    assert len(await held(place, ANN)) == MOST_EMPLOYERS
    known = await facts.mine(place.store, KEYS, NET, "Saturday", ANN)
    await facts.remove(place.store, ANN, known[0].id)
    assert (await typed(place, ANN, names[4])).outcome is Outcome.OFFERED


@pytest.mark.parametrize("said", ["", "  ", "\u200b\u202e", "—", "="])
async def test_nothing_to_read_is_refused_and_nothing_is_kept(place: Place, said: str) -> None:
    with pytest.raises(Refusal, match=r"errors\.nothing_to_read"):
        await typed(place, ANN, said)
    with pytest.raises(Refusal, match=r"errors\.too_long"):
        await typed(place, ANN, "a" * 81)
    assert await held(place, ANN) == []


async def test_nobody_touches_what_is_anothers(place: Place) -> None:
    await written(place)
    given = await typed(place, ANN, "ALT")
    for attempt in (
        facts.choose(place.store, KEYS, BOB, given.fact_id, given.offered[0].id, NOW),
        facts.ask_for(place.store, KEYS, BOB, given.fact_id, NOW),
        facts.remove(place.store, BOB, given.fact_id),
    ):
        with pytest.raises(Refusal, match=r"errors\.old_button"):
            await attempt
    assert await held(place, ANN) == [("ALT", "typed")]


async def test_another_networks_list_and_another_kind_confirm_nothing(place: Place) -> None:
    await written(place)
    await written(place, network=OTHER)
    await written(place, kind=Kind.TRUST)
    given = await typed(place, ANN, "ALT")
    known = await lists.of_network(place.store, NET)
    elsewhere = await lists.of_network(place.store, OTHER)
    for organisation in (elsewhere[Kind.EMPLOYER][0].id, known[Kind.TRUST][0].id, 0, 12345):
        with pytest.raises(Refusal, match=r"errors\.old_button"):
            await facts.choose(place.store, KEYS, ANN, given.fact_id, organisation, NOW)


async def test_only_members_tell_anything(place: Place) -> None:
    await service.leave(place.store, NET, ANN, NOW)
    with pytest.raises(Refusal, match=r"errors\.not_member"):
        await typed(place, ANN, "ALT")
    with pytest.raises(Refusal, match=r"errors\.not_member"):
        await held(place, ANN)


# What is kept, and what is not


async def test_no_name_lies_open_and_nothing_of_a_forgotten_person_is_left(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await asked_for(place, ANN, "Oakfield Canary")
    await told(place, BOB, "Abbey")
    rows = await place.ask(own.rows_of, KEYS, ANN)
    assert {row["name_sealed"] for row in rows["fact"]} == {ASHGROVE, "Oakfield Canary"}
    (sealed,) = await place.ask(
        lambda s: s.exec(
            select(Fact.compared_index).where(Fact.user_id == ANN, Fact.state == "confirmed")
        ).all()
    )
    assert b"Abbey School" in place.bytes(), "the search finds what lies open: the network's list"
    assert b"Oakfield Canary" not in place.bytes()
    assert sealed in place.bytes()
    erased = await place.store.write(own.erase, KEYS, ANN)
    assert erased.gone["fact"] == 2
    own.scrub(place.url)
    assert sealed not in place.bytes()
    assert [one for one, _ in await held(place, BOB)] == ["Abbey School"]


async def test_leaving_takes_the_facts_along(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await service.leave(place.store, NET, ANN, NOW)
    assert await place.ask(lambda s: s.exec(select(Fact)).all()) == []


async def test_a_network_that_is_let_go_takes_lists_and_facts_along(place: Place) -> None:
    await written(place)
    await written(place, network=OTHER)
    await told(place, ANN, "ALT")
    await told(place, BOB, "ALT", network=OTHER)
    await networks.removed(place.store, NET, NOW)
    assert await networks.let_go(place.store, NOW + timedelta(days=31)) == [NET]
    assert [row.user_id for row in await place.ask(lambda s: s.exec(select(Fact)).all())] == [BOB]
    assert list((await lists.of_network(place.store, NET)).values()) == [[], [], []]


async def test_a_new_key_compares_as_the_old_one_did(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await told(place, BOB, "ALT")
    await told(place, CEM, "Abbey")
    before = await place.ask(_indexes)
    new = Keyring(b"n" * 32)
    reseal(place.url, KEYS, new)
    after = await place.ask(_indexes)
    assert len(before) == len(after) == 2
    assert not before & after
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    assert await between(place, ANN, CEM) is Relation.DIFFERENT
    given = await facts.give(place.store, new, NET, "Saturday", DEE, Kind.EMPLOYER, "ALT", NOW)
    await facts.choose(place.store, new, DEE, given.fact_id, given.offered[0].id, NOW)
    assert await between(place, ANN, DEE) is Relation.SAME_EMPLOYER


def _indexes(session: Session) -> set[bytes]:
    return {index for index in session.exec(select(Fact.compared_index)) if index is not None}
