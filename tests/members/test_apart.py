"""Keeping people apart: both ways, in secret, undone by whoever asked, and outliving either one's forgetting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.db import own
from bot.db.keys import Keyring
from bot.db.rotation import reseal
from bot.errors import Refusal
from bot.members import apart, service
from bot.members.apart_tables import Apart, ApartRow, Separation
from bot.networks import service as networks
from bot.own import service as own_service
from tests.members.place import ANN, BOB, CEM, DEE, KEYS, NET, NOW, OTHER, Place


async def avoid(
    place: Place, who: int, whom: int, kind: Apart = Apart.AVOID, network: int = NET, keys: Keyring = KEYS
) -> bool:
    return await apart.keep_apart(place.store, keys, network, "Saturday", who, whom, kind, NOW)


async def apart_now(place: Place, one: int, other: int, keys: Keyring = KEYS) -> bool:
    found = await place.ask(apart.together_forbidden, keys, one, other)
    assert await place.ask(apart.together_forbidden, keys, other, one) is found
    return found


async def listed(place: Place, who: int) -> list[tuple[int, Apart]]:
    return [(one.other_id, one.kind) for one in await apart.list_of(place.store, who)]


async def test_it_holds_both_ways_and_is_seen_by_the_asker_alone(place: Place) -> None:
    assert not await apart_now(place, ANN, BOB)
    assert await avoid(place, ANN, BOB)
    assert await apart_now(place, ANN, BOB)
    assert not await apart_now(place, ANN, CEM)
    assert await listed(place, ANN) == [(BOB, Apart.AVOID)]
    assert await listed(place, BOB) == []
    assert not await avoid(place, ANN, BOB)
    assert not await avoid(place, ANN, BOB, network=OTHER), "once for every network"
    assert await listed(place, ANN) == [(BOB, Apart.AVOID)]


async def test_one_is_compared_with_many_at_once(place: Place) -> None:
    await avoid(place, ANN, BOB)
    await avoid(place, CEM, ANN)
    others = [BOB, CEM, DEE, *range(1, 6000)]
    assert await place.ask(apart.forbidden_among, KEYS, ANN, others) == {BOB, CEM}
    assert await place.ask(apart.forbidden_among, KEYS, DEE, others) == set()


async def test_undoing_undoes_ones_own_and_not_the_others(place: Place) -> None:
    await avoid(place, ANN, BOB)
    await avoid(place, BOB, ANN)
    (mine,) = await apart.list_of(place.store, ANN)
    for who, row in ((BOB, mine.id), (ANN, 12345)):
        with pytest.raises(Refusal, match=r"errors\.old_button"):
            await apart.undo(place.store, KEYS, who, row)
    assert await apart.undo(place.store, KEYS, ANN, mine.id) == BOB
    assert await apart_now(place, ANN, BOB)
    (theirs,) = await apart.list_of(place.store, BOB)
    await apart.undo(place.store, KEYS, BOB, theirs.id)
    assert not await apart_now(place, ANN, BOB)
    with pytest.raises(Refusal, match=r"errors\.old_button"):
        await apart.undo(place.store, KEYS, BOB, theirs.id)


async def test_what_a_report_asked_for_is_on_no_list_and_nobody_undoes_it(place: Place) -> None:
    for _ in range(2):
        await place.store.write(apart.separate, KEYS, ANN, BOB, Apart.REPORT, NOW)
    await avoid(place, ANN, BOB)
    (mine,) = await apart.list_of(place.store, ANN)
    await apart.undo(place.store, KEYS, ANN, mine.id)
    assert await apart_now(place, ANN, BOB)
    assert await listed(place, ANN) == await listed(place, BOB) == []


async def test_a_block_takes_the_place_of_avoiding_and_not_the_other_way_round(place: Place) -> None:
    await avoid(place, ANN, BOB)
    assert await avoid(place, ANN, BOB, Apart.BLOCK)
    assert not await avoid(place, ANN, BOB)
    assert await listed(place, ANN) == [(BOB, Apart.BLOCK)]
    (mine,) = await apart.list_of(place.store, ANN)
    await apart.undo(place.store, KEYS, ANN, mine.id)
    assert not await apart_now(place, ANN, BOB)
    assert await place.ask(lambda s: s.exec(select(Separation)).all()) == []


async def test_who_may_ask(place: Place) -> None:
    with pytest.raises(Refusal, match=r"me\.apart_self"):
        await avoid(place, ANN, ANN)
    await service.leave(place.store, NET, CEM, NOW)
    with pytest.raises(Refusal, match=r"errors\.not_member"):
        await avoid(place, CEM, ANN)
    assert await avoid(place, ANN, CEM), "whoever left may come back"


async def test_there_is_an_end_to_a_list(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MOST", 2)
    await avoid(place, ANN, BOB)
    await avoid(place, ANN, CEM)
    with pytest.raises(Refusal, match=r"me\.fact_too_many"):
        await avoid(place, ANN, DEE)
    assert await avoid(place, ANN, CEM, Apart.BLOCK), "who is on it already needs no room"


@pytest.mark.parametrize("forgotten", [[ANN], [BOB], [ANN, BOB], [BOB, ANN]])
async def test_it_outlives_forgetting_and_no_account_is_left(place: Place, forgotten: list[int]) -> None:
    await avoid(place, ANN, BOB)
    for who in forgotten:
        await own_service.forget(place.store, KEYS, place.url, who, lambda *_: None, NOW)
    data = place.bytes()
    for who in forgotten:
        assert str(who).encode() not in data
        assert who.to_bytes(8, "big") not in data
    assert await listed(place, ANN) == []
    for who in (ANN, BOB):
        await service.join(place.store, NET, "Saturday", who, NOW)
    assert await apart_now(place, ANN, BOB)
    assert await avoid(place, ANN, BOB), "asked for anew, it can be seen and undone again"
    (mine,) = await apart.list_of(place.store, ANN)
    await apart.undo(place.store, KEYS, ANN, mine.id)
    assert not await apart_now(place, ANN, BOB)


async def test_forgetting_tells_nobody_that_somebody_avoided_them(place: Place) -> None:
    await avoid(place, ANN, BOB)
    exported = await own_service.everything(place.store, KEYS, BOB)
    assert "apart" not in exported
    erased = await own_service.forget(place.store, KEYS, place.url, BOB, lambda *_: None, NOW)
    assert "apart" not in erased.gone
    assert str(BOB) not in str(await own_service.everything(place.store, KEYS, ANN))
    assert {table for table, _ in own_service.stays()} == {"separation", "buddy_past"}


async def test_the_asker_sees_how_many_in_their_own_data_and_not_who(place: Place) -> None:
    await avoid(place, ANN, BOB)
    rows = (await own_service.everything(place.store, KEYS, ANN))["apart"]
    assert [set(row) for row in rows] == [{"user_id", "network_id", "kind", "made_at"}]
    assert str(BOB) not in str(rows)
    erased = await own_service.forget(place.store, KEYS, place.url, ANN, lambda *_: None, NOW)
    assert erased.gone["apart"] == 1


async def test_the_codes_say_nothing_without_the_key_and_survive_a_new_one(place: Place) -> None:
    await avoid(place, ANN, BOB)
    (code,) = await place.ask(lambda s: [row.pair for row in s.exec(select(Separation))])
    new = Keyring(b"n" * 32)
    for who in (ANN, BOB):
        await place.store.write(own.erase, KEYS, who)
    reseal(place.url, KEYS, new)
    assert await apart_now(place, ANN, BOB, new)
    assert await place.ask(lambda s: [row.pair for row in s.exec(select(Separation))]) == [code]
    assert not await apart_now(place, ANN, CEM, new)


async def test_a_network_that_is_let_go_takes_the_list_and_not_the_separation(place: Place) -> None:
    await avoid(place, ANN, BOB)
    await networks.removed(place.store, NET, NOW)
    await networks.let_go(place.store, NOW + timedelta(days=31))
    assert await place.ask(lambda s: s.exec(select(ApartRow)).all()) == []
    assert await apart_now(place, ANN, BOB)
