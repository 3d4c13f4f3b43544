"""`/buddy avoid` as members use it, on the wire: added, listed, undone, and told to nobody."""

from __future__ import annotations

from typing import Any

from bot.members import apart
from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, words
from tests.members.test_facts_asked import choose, options


async def avoid(evening: Evening, who: Person, whom: Person, channel: int | None = None) -> dict[str, Any]:
    exchange = await who.slash(channel or evening.welcome, "buddy avoid", {"person": whom.id})
    return last(await answered(exchange))


async def forbidden(evening: Evening, one: int, other: int) -> bool:
    app = evening.app
    return await app.store.read(apart.together_forbidden, app.keyring, one, other)


async def test_somebody_is_added_seen_and_taken_off_and_never_told(evening: Evening) -> None:
    you, kate, tom = evening.you, evening.demo.people[6], evening.demo.people[7]
    await evening.joined(you, kate, tom)
    before = len(evening.dms(kate))
    expect(last(await evening.run(you, "buddy avoid")), "me.apart_none")
    expect(await avoid(evening, you, kate), "me.avoid_added")
    expect(await avoid(evening, you, kate), "me.apart_already")
    expect(await avoid(evening, you, tom), "me.avoid_added")
    assert await forbidden(evening, kate.id, you.id)
    mine = last(await evening.run(you, "buddy avoid"))
    expect(mine, "me.apart")
    assert f"<@{kate.id}>" in words(mine)
    assert f"<@{tom.id}>" in words(mine)
    asked = await evening.tap(you, mine, "me.together")
    expect(asked, "me.apart_choose")
    labels = [one["label"] for one in options(asked, button(asked, "me.takeoff"))]
    assert sorted(labels) == [kate.display_name, tom.display_name]
    number = labels.index(kate.display_name)
    expect(await choose(evening, you, asked, "me.takeoff", number), "me.apart_undone")
    expect(await choose(evening, you, asked, "me.takeoff", number), "errors.old_button")
    assert not await forbidden(evening, kate.id, you.id)
    assert await forbidden(evening, tom.id, you.id)
    assert len(evening.dms(kate)) == before
    expect(last(await evening.run(kate, "buddy avoid")), "me.apart_none")


async def test_refusals_are_kind(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you)
    expect(await avoid(evening, you, you), "me.apart_self")
    expect(await avoid(evening, kate, you), "errors.not_member")
    dm = await you.open_dm()
    expect(await avoid(evening, you, you, dm), "errors.server_only")
    await avoid(evening, you, kate)
    ((row,),) = evening.rows("SELECT id FROM apart")
    for value in (str(row), "0", "9999999999999999999", "x"):
        forged = await kate.press_raw(evening.welcome, 1, "ok1:me.takeoff:0:", 3, [value])
        expect(last(await answered(forged)), "errors.old_button")
    assert await forbidden(evening, kate.id, you.id)


async def test_the_list_can_be_seen_and_undone_in_a_direct_message(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you)
    await avoid(evening, you, kate)
    mine = last(await evening.run(you, "buddy avoid", await you.open_dm()))
    expect(mine, "me.apart")
    asked = await evening.tap(you, mine, "me.together")
    expect(await choose(evening, you, asked, "me.takeoff"), "me.apart_undone")
    expect(await evening.tap(you, mine, "me.together"), "me.apart_none")


async def test_a_long_list_fits(evening: Evening) -> None:
    you, app = evening.you, evening.app
    await evening.joined(you)
    for number in range(1, 31):
        await apart.keep_apart(
            app.store,
            app.keyring,
            evening.demo.guild_id,
            "x",
            you.id,
            7 * 10**17 + number,
            apart.Apart.BLOCK,
            evening.clock.now(),
        )
    mine = last(await evening.run(you, "buddy avoid"))
    expect(mine, "me.apart")
    assert "and 10 more" in words(mine)
    asked = await evening.tap(you, mine, "me.together")
    found = options(asked, button(asked, "me.takeoff"))
    assert len(found) == 20
    assert {one["label"] for one in found} == {"Somebody whose name I can't see"}
