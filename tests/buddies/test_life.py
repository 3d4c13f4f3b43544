"""From asking to a suggestion, in rounds and at once: on a real database, with the clocks going back on Sunday."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from bot.buddies import asking, ending, organisers, proposing, weekly
from bot.buddies.life_rules import Looking, Said
from bot.buddies.rules import PATIENCE, Field
from bot.buddies.tables import Past, Place
from bot.buddies.told_rules import Told, Wish
from bot.errors import Refusal
from bot.members import apart
from bot.members.apart_tables import Apart, ApartRow, Separation
from bot.members.facts_rules import Kind
from tests.buddies.house import ANN, BOB, CEM, DEE, EMPLOYERS, EVE, NAME, NET, USUAL, WANTING, House


async def test_a_no_and_a_silence_read_the_same_to_the_other(house: House) -> None:
    told: list[list[tuple[str, timedelta]]] = []
    for users, no in (((ANN, BOB), True), ((CEM, DEE), False)):
        for user, employer in zip(users, EMPLOYERS, strict=False):
            await house.joins(user, employer)
            await house.looks(user)
        await house.ring()
        begun = house.now
        await house.says(users[0], Said.YES)
        if no:
            await house.says(users[1], Said.NO)
        await house.play(hours=80)
        told.append([(one.template, one.at - begun) for one in house.got(users[0])])
        # Whoever is left over here does not stand in the way of the next two.
        for user in users:
            await asking.stop(house.store, house.desk, NET, user, house.now)
        house.now = begun
    assert told[0] == told[1]
    assert [name for name, _ in told[0]] == ["buddies.proposal", "buddies.still_looking"]
    assert not house.got(BOB, "still_looking")
    assert [one.template for one in house.got(DEE)] == ["buddies.proposal", "buddies.reminder"]
    assert not house.got(BOB, "reminder")


async def test_the_same_two_are_not_suggested_again_for_twelve_weeks(house: House) -> None:
    await house.suggested(ANN, BOB)
    await house.says(ANN, Said.NO)
    await house.play(weeks=12)
    assert len(house.got(ANN, "proposal")) == 1
    await house.play(weeks=3)
    assert len(house.got(ANN, "proposal")) == 2


async def test_three_suggestions_in_silence_rest_with_one_notice(house: House) -> None:
    await house.joins(ANN, EMPLOYERS[0])
    await house.looks(ANN)
    for user, employer in zip((BOB, CEM, DEE, EVE), EMPLOYERS[1:], strict=False):
        await house.joins(user, employer)
        await house.looks(user)
        await house.play(days=7)
        await asking.stop(house.store, house.desk, NET, user, house.now)
    assert (await house.request(ANN)).state == Looking.RESTING
    assert [len(house.got(ANN, name)) for name in ("proposal", "reminder", "resting")] == [3, 3, 1]
    await asking.look(house.store, house.desk, NET, NAME, ANN, house.now)
    assert (await house.request(ANN)).state == Looking.WAITING


async def test_nobody_is_suggested_a_colleague_or_by_guess(house: House) -> None:
    await house.joins(ANN, EMPLOYERS[0])
    await house.joins(BOB, EMPLOYERS[0])
    await house.joins(CEM)
    for user in (ANN, BOB, CEM):
        await house.looks(user)
    await house.play(weeks=4)
    assert not house.got(ANN, "proposal") + house.got(BOB, "proposal") + house.got(CEM, "proposal")
    # Told once why, and not each week.
    assert len(house.got(CEM, "left_unknown")) == 1
    assert len(house.got(ANN, "left_nobody")) == len(house.got(BOB, "left_nobody")) == 1
    # By hand it is no different, and one press says as much as another.
    for pair in ((ANN, BOB), (ANN, CEM), (ANN, ANN), (ANN, 99)):
        await organisers.suggest(house.store, house.desk, NET, pair, house.now)
    assert await house.all(Place) == []
    await house.works_for(CEM, EMPLOYERS[1])
    await organisers.suggest(house.store, house.desk, NET, (ANN, CEM), house.now)
    assert await house.with_(ANN) == {CEM}


async def test_either_may_ask_for_nobody_of_the_same_authority(house: House) -> None:
    for user, employer in zip((ANN, BOB), EMPLOYERS, strict=False):
        await house.joins(user, employer)
        await house.works_for(user, "Holly Trust", Kind.AUTHORITY)
    await house.looks(ANN, wishes=frozenset({Wish.AUTHORITY}))
    await house.looks(BOB)
    await house.play(weeks=2)
    assert await house.with_(ANN) == set()
    await asking.tell(house.store, house.desk, NET, NAME, ANN, lambda _: USUAL)
    await house.play(weeks=1)
    assert await house.with_(ANN) == {BOB}


async def test_a_separation_that_only_a_code_knows_holds_in_a_round(house: House) -> None:
    """The list it stood on was cleared by a forgetting: no row names the two."""
    for user, employer in zip((ANN, BOB, CEM, DEE), EMPLOYERS, strict=False):
        await house.joins(user, employer)

    def separate(session: Session) -> None:
        for pair in ((ANN, BOB), (CEM, ANN), (DEE, ANN)):
            apart.separate(session, house.keys, *pair, Apart.AVOID, house.now)

    await house.change(separate)
    assert await house.all(ApartRow) == []
    assert len(await house.all(Separation)) == 3
    for user in (ANN, BOB, CEM, DEE):  # nobody good is waiting: they differ in what they do
        await house.looks(
            user,
            Told({Field.ROLE: "headteacher" if user == ANN else "retired-head"}, shares=frozenset(Field)),
        )
    await house.play(weeks=2)
    assert await house.with_(ANN) == set()
    assert len(house.got(ANN, "left_nobody")) == 1
    assert sum(len(house.got(user, "proposal")) for user in (BOB, CEM, DEE)) >= 2


async def test_an_odd_one_out_is_told_and_comes_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weekly, "_READ_AT_ONCE", 2)  # read in two pieces, as thousands are in many
    monkeypatch.setattr(weekly, "_LEFT_AT_ONCE", 1)
    await house.asked(ANN, BOB, CEM, told=WANTING)
    await house.play(days=5)
    (odd,) = [user for user in (ANN, BOB, CEM) if house.got(user, "left_odd")]
    assert sum(len(house.got(user, "proposal")) for user in (ANN, BOB, CEM)) == 2
    assert (await house.request(odd)).waiting_rounds == 1
    await house.play(days=7)
    assert len(house.got(odd, "proposal")) == 1, "first in the next round"


async def three_suggested(house: House) -> None:
    """Three who take a trio, in the weekly round: nobody good waits for anybody, each wants what nobody has."""
    await house.joins(EVE, EMPLOYERS[0])
    await house.asked(ANN, BOB, CEM, told=replace(WANTING, trios=True))
    await house.play(days=5)
    assert await house.with_(ANN) == {BOB, CEM}


async def test_three_who_take_three_meet_and_two_go_on_when_one_leaves(house: House) -> None:
    await three_suggested(house)
    shown = house.got(ANN, "proposal_trio")[0].text
    assert "a headteacher; and a headteacher" in shown
    assert "Name" not in shown
    for user in (ANN, BOB, CEM):
        await house.says(user, Said.YES)
    await house.ring()
    for user in (ANN, BOB, CEM):
        (met,) = house.got(user, "introduced_trio")
        assert all((f"Name{other}" in met.text) == (other != user) for other in (ANN, BOB, CEM))
    (place,) = await house.open(CEM)
    await ending.end(house.store, house.desk, place.id, CEM, house.event(), house.now, never=False)
    await house.post()
    assert await house.with_(ANN) == {BOB}
    assert [len(house.got(user, "fewer")) for user in (ANN, BOB, CEM)] == [1, 1, 0]
    assert len(await house.all(Past)) == 3


async def test_of_three_the_two_who_say_yes_meet(house: House) -> None:
    await three_suggested(house)
    await house.says(ANN, Said.YES)
    await house.says(CEM, Said.YES)
    assert not house.got(ANN, "introduced")
    await house.play(days=3)
    assert await house.with_(ANN) == {CEM}
    assert "introduced_trio" not in house.got(ANN, "introduced")[0].template
    assert f"Name{BOB}" not in house.got(ANN, "introduced")[0].text
    assert not house.got(BOB, "introduced")


async def test_nobody_with_a_partner_waits_long(house: House) -> None:
    """Somebody few may be put together with comes first once they have waited, whoever asks meanwhile."""
    await house.joins(ANN, EMPLOYERS[0])
    await house.looks(ANN, Told({Field.ROLE: "retired-head"}, shares=frozenset(Field)))
    await house.play(weeks=PATIENCE + 1)
    assert (await house.request(ANN)).waiting_rounds >= PATIENCE
    for user, employer in zip((BOB, CEM), EMPLOYERS[1:], strict=False):
        await house.joins(user, employer)
        await house.looks(user)
        await house.ring()
    assert await house.with_(ANN) == {BOB}


async def test_answers_are_theirs_and_in_time(house: House) -> None:
    await house.suggested(ANN, BOB)
    (mine,) = await house.open(ANN)
    for who, error in ((BOB, "not_yours"), (CEM, "not_yours")):
        with pytest.raises(Refusal, match=error):
            await proposing.answer(house.store, mine.id, who, Said.YES, house.event(), house.now)
    with pytest.raises(Refusal, match="old_button"):
        await proposing.answer(house.store, 1, ANN, Said.YES, house.event(), house.now)
    event = house.event()
    first = await proposing.answer(house.store, mine.id, ANN, Said.YES, event, house.now)
    again = await proposing.answer(house.store, mine.id, ANN, Said.YES, event, house.now)
    assert first.fresh
    assert not again.fresh
    # A yes can become a no until they are introduced, and is told to nobody either way.
    await proposing.answer(house.store, mine.id, ANN, Said.NO, house.event(), house.now)
    await house.play(days=4)
    with pytest.raises(Refusal, match="over"):
        await proposing.answer(house.store, mine.id, ANN, Said.YES, house.event(), house.now)
    assert [one.template for one in house.got(BOB)] == ["buddies.proposal"]


def test_every_name_that_ships_has_a_place_of_its_own() -> None:
    one = House()
    try:
        lists = one.desk.usual_lists("en")
        assert all(3 <= len(lists[which]) <= 25 for which in Field)
    finally:
        one.close()
