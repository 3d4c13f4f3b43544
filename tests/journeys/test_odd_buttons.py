"""Buttons that are foreign, forged, cut short, somebody else's, or delivered twice."""

from __future__ import annotations

import pytest

from tests.launch.scene import WEDNESDAY, Scene, answered, button, offers_support, says, until

ODD = [
    "",
    "o",
    "ok1",
    "ok1:",
    "ok1:checkins.level",
    "ok1:checkins.level:",
    "ok1:checkins.level:12",
    "ok1:checkins.level:12:",
    "ok1:checkins.level:0:ok",
    "ok1:checkins.level:9223372036854775807:ok",
    "ok1:checkins.level:9999999999999999999:ok",
    "ok1:checkins.level:12:splendid",
    "ok1:checkins.door:12:perhaps",
    "ok1:checkins.follow:12:no",
    "ok1:checkins.later:12:",
    "ok1:checkins.more:12:",
    "ok1:members.agree:1:yes",
    "ok1:members.consent:1:yes",
    "ok1:members.dm:1:sideways",
    "ok1:support:0:",
    "ok1:support:0:99999999999999999999999.xx.yy",
    "ok1:support.more:0:1.en.atlantis.en",
    "ok1:support.keep:0:....",
    "ok1:support.country:0:-1",
    "ok1:nobody.knows.this:1:yes",
    "ok2:checkins.level:12:ok",
    "persistent_view:join",
    "\u202eok1:support:0:en",
    "ok1:support:0:en\n",
    "x" * 100,
]


@pytest.mark.parametrize("place", ["server", "dm"])
async def test_every_odd_press_is_answered_kindly_with_support(scene: Scene, place: str) -> None:
    await scene.bot()
    await scene.joined(scene.demo.people[6])
    where = scene.welcome if place == "server" else await scene.you.open_dm()
    for custom_id in ODD:
        exchange = await answered(await scene.you.press_raw(where, 1, custom_id))
        if exchange.modal is None:  # a form cannot carry a button
            assert offers_support(exchange.messages[-1]), custom_id
    assert "OverflowError" not in scene.log.read_text()


async def test_odd_menus_and_forms_are_answered_too(scene: Scene) -> None:
    await scene.bot()
    await scene.joined(scene.you)
    for custom_id, values in (("ok1:checkins.settings:1:day", ["never"]), ("menu", []), ("ok1:x:1:", ["a"])):
        exchange = await answered(await scene.you.press_raw(scene.welcome, 1, custom_id, 3, values))
        assert offers_support(exchange.messages[-1]), custom_id


async def test_a_question_is_answered_by_whom_it_was_put_to_alone(scene: Scene) -> None:
    bot = await scene.bot()
    other = scene.demo.people[6]
    await scene.joined(scene.you, other)
    await scene.advance_to(bot, WEDNESDAY)
    (mine,), (theirs,) = scene.questions(scene.you), scene.questions(other)
    forged = await answered(
        await other.press_raw(other.dm_id or 0, int(theirs["id"]), button(mine, "checkins.level=not-ok"))
    )
    assert says(forged.messages[-1], "errors.not_yours")
    assert offers_support(forged.messages[-1])


async def test_a_tap_delivered_twice_counts_once(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    first = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=good"))
    )
    before = scene.wire.stats.by_status.get(400, 0)
    again = await scene.you.interact_raw({"id": str(first.id)})
    assert again is first
    await until(lambda: scene.wire.stats.by_status.get(400, 0) > before, "the second answer being refused")
    assert len(first.messages) == 1
    # Discord refuses the second answer (40060): that is no reason for an apology, nor for a line in the log.
    assert "failed" not in scene.log.read_text()
    other = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=good"))
    )
    assert says(other.messages[-1], "checkins.same_again")


async def test_a_consent_delivered_twice_sends_one_welcome(scene: Scene) -> None:
    await scene.bot()
    await scene.set_up()
    joined = await scene.join(scene.you)
    await scene.you.interact_raw({"id": str(joined.id)})
    await answered(await scene.you.slash(scene.welcome, "support"))
    await until(lambda: len(scene.dms(scene.you)) == 1, "the welcome")
    await scene.bot_is_quiet()
    assert len(scene.dms(scene.you)) == 1
