"""The lists organisers keep, and the names members asked to have added: seen without whose they are."""

from __future__ import annotations

import pytest

from bot.errors import Refusal
from bot.members import facts, lists
from bot.members.facts_rules import Kind, Relation, Why
from tests.members.place import ANN, BOB, CEM, DEE, KEYS, NET, NOW, OTHER, Place
from tests.members.work import ASHGROVE, LIST, asked_for, between, held, told, typed, written

# The lists


async def test_a_name_that_comes_onto_the_list_confirms_whoever_asked_for_it(place: Place) -> None:
    await written(place)
    for who, said in ((ANN, "Oakfield Academy"), (BOB, "oakfield  academy"), (CEM, "OA")):
        await asked_for(place, who, said)
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    await written(place, LIST + "\nOakfield Academy")
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    assert await between(place, ANN, CEM) is Relation.UNKNOWN
    await written(place, LIST + "\nOakfield Academy = OA")
    assert await between(place, ANN, CEM) is Relation.SAME_EMPLOYER
    assert await held(place, CEM) == [("Oakfield Academy", "confirmed")]


async def test_a_new_name_with_the_old_one_as_an_alias_keeps_everybody(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await written(place, f"Ashgrove and Abbey Trust = {ASHGROVE} = Abbey School")
    await asked_for(place, BOB, "Abbey School")
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    assert await held(place, ANN) == [("Ashgrove and Abbey Trust", "confirmed")]


async def test_a_mistaken_alias_can_be_taken_back(place: Place) -> None:
    await written(place)
    await told(place, ANN, ASHGROVE)
    fact = await asked_for(place, BOB, "AL Trust")
    (known, *_) = [
        one for one in (await lists.of_network(place.store, NET))[Kind.EMPLOYER] if "ALT" in one.aliases
    ]
    settled = await lists.add_as_alias(place.store, KEYS, NET, fact, known.id, NOW)
    assert settled.name == ASHGROVE
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    await written(place, LIST + "\nAbbey Leisure Trust = AL Trust")
    assert await between(place, ANN, BOB) is Relation.DIFFERENT, (
        "what Bob had said was still there to compare"
    )


async def test_two_names_that_turn_out_to_be_one_are_one(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await told(place, ANN, "Abbey School")
    await written(place, f"{ASHGROVE} = Abbey School")
    assert await held(place, ANN) == [(ASHGROVE, "confirmed")]


async def test_a_name_taken_off_the_list_matches_nobody_and_is_shown_to_no_organiser(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    await told(place, BOB, "Abbey School")
    await written(place, "Abbey School")
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    assert await held(place, ANN) == [(ASHGROVE, "left-out")]
    assert await lists.suggestions(place.store, KEYS, NET) == []
    await written(place)
    assert await between(place, ANN, BOB) is Relation.DIFFERENT


async def test_a_list_with_a_mistake_in_it_changes_nothing(place: Place) -> None:
    await written(place)
    await told(place, ANN, "ALT")
    reading = await lists.keep(place.store, KEYS, NET, "x", Kind.EMPLOYER, "Abbey\nAbbey\nOther", NOW)
    assert reading.problems == (("Abbey", Why.TWICE),)
    assert len((await lists.of_network(place.store, NET))[Kind.EMPLOYER]) == 3
    assert await held(place, ANN) == [(ASHGROVE, "confirmed")]


async def test_saving_a_list_again_keeps_what_a_menu_refers_to(place: Place) -> None:
    await written(place)
    before = await lists.of_network(place.store, NET)
    await written(place, LIST + "\nOne more")
    after = await lists.of_network(place.store, NET)
    assert set(before[Kind.EMPLOYER]) < set(after[Kind.EMPLOYER])


# Names that wait


async def test_an_organiser_sees_each_name_once_and_nobodys(place: Place) -> None:
    await asked_for(place, CEM, "Zebra School", Kind.TRUST)
    for who, said in ((ANN, "Oakfield"), (BOB, "oakfield."), (CEM, "Beech")):
        await asked_for(place, who, said)
    await typed(place, DEE, "Only typed")
    shown = await lists.suggestions(place.store, KEYS, NET)
    assert [(one.kind, one.said.casefold().strip(".")) for one in shown] == [
        (Kind.EMPLOYER, "beech"),
        (Kind.EMPLOYER, "oakfield"),
        (Kind.TRUST, "zebra school"),
    ]
    assert await lists.suggestions(place.store, KEYS, OTHER) == []


async def test_adding_confirms_everybody_who_gave_it_and_can_be_done_once(place: Place) -> None:
    first = await asked_for(place, ANN, "Oakfield")
    await asked_for(place, BOB, "oakfield.")
    assert (await lists.add(place.store, KEYS, NET, first, NOW)).name == "Oakfield"
    assert await between(place, ANN, BOB) is Relation.SAME_EMPLOYER
    for again in (
        lists.add(place.store, KEYS, NET, first, NOW),
        lists.leave_out(place.store, KEYS, NET, first),
        lists.suggestion(place.store, KEYS, NET, first),
    ):
        with pytest.raises(Refusal, match=r"errors\.old_button"):
            await again


async def test_leaving_out_is_seen_by_whoever_gave_it_and_they_may_ask_again(place: Place) -> None:
    fact = await asked_for(place, ANN, "Oakfield")
    await asked_for(place, BOB, "oakfield")
    await lists.leave_out(place.store, KEYS, NET, fact)
    assert await held(place, ANN) == [("Oakfield", "left-out")]
    assert await held(place, BOB) == [("oakfield", "left-out")]
    assert await between(place, ANN, BOB) is Relation.UNKNOWN
    given = await typed(place, ANN, "Oakfield")
    assert given.fact_id == fact
    await facts.ask_for(place.store, KEYS, ANN, fact, NOW)
    assert [one.said for one in await lists.suggestions(place.store, KEYS, NET)] == ["Oakfield"]


async def test_another_network_settles_nothing_here(place: Place) -> None:
    fact = await asked_for(place, ANN, "Oakfield")
    with pytest.raises(Refusal, match=r"errors\.old_button"):
        await lists.add(place.store, KEYS, OTHER, fact, NOW)
    with pytest.raises(Refusal, match=r"errors\.old_button"):
        await lists.leave_out(place.store, KEYS, OTHER, fact)
    await written(place, network=OTHER)
    elsewhere = (await lists.of_network(place.store, OTHER))[Kind.EMPLOYER][0]
    with pytest.raises(Refusal, match=r"errors\.old_button"):
        await lists.add_as_alias(place.store, KEYS, NET, fact, elsewhere.id, NOW)
    assert len(await lists.suggestions(place.store, KEYS, NET)) == 1


async def test_a_full_list_says_so_and_the_name_goes_on_waiting(place: Place) -> None:
    await written(place, "\n".join(f"School {n:03}" for n in range(200)))
    fact = await asked_for(place, ANN, "Oakfield")
    settled = await lists.add(place.store, KEYS, NET, fact, NOW)
    assert [why for _, why in settled.problems] == [Why.TOO_MANY]
    assert len(await lists.suggestions(place.store, KEYS, NET)) == 1
