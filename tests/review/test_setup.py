"""`/network setup` run again changes what it is given, and takes no nation there are no words for."""

from __future__ import annotations

from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, words


async def set_up(evening: Evening, **options: object) -> dict[str, object]:
    organiser = evening.demo.organiser
    given = {"nation": "ireland", "contact": organiser.id, **options}
    exchange = await organiser.slash(evening.welcome, "network setup", given)
    await exchange.message()
    await answered(exchange)
    return last(exchange)


async def test_run_again_it_keeps_the_zone_and_whom_the_lines_are_for(evening: Evening) -> None:
    await set_up(evening, zone="Europe/Dublin", education=False)
    expect(await set_up(evening), "networks.setup_again")
    assert evening.rows("SELECT zone, nation FROM network") == [("Europe/Dublin", "ireland")]
    assert not evening.app.lines.get(evening.demo.guild_id).education


async def test_a_nation_may_be_typed_in_words(evening: Evening) -> None:
    await set_up(evening, nation=" northern Ireland ")
    assert evening.rows("SELECT nation FROM network") == [("northern-ireland",)]


async def test_a_nation_nobody_knows_is_given_back_and_nothing_is_made(evening: Evening) -> None:
    before = set(evening.world.backend.channels)
    refused = await set_up(evening, nation="narnia")
    assert "narnia" in words(refused)
    expect(refused, "errors.unknown_nation")
    assert set(evening.world.backend.channels) == before
    assert evening.rows("SELECT count(*) FROM network") == [(0,)]
