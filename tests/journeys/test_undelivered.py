"""Messages Discord refuses: each refusal has a consequence somebody can see, and nothing is dropped in silence."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.wire.faults import Rule, refusal
from tests.crash.matrix import MESSAGES
from tests.launch.scene import WEDNESDAY, Scene, answered, button, offers_support, says, until


async def test_direct_messages_closed_since_joining_are_told_on_the_next_visit(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    scene.you.allow_dms = False
    await scene.advance_to(bot, WEDNESDAY)
    assert scene.questions(scene.you) == []
    visit = await scene.you.slash(scene.welcome, "checkin now")
    assert says(await visit.message(2), "checkins.undelivered")
    assert all(offers_support(message) for message in visit.messages)
    again = await answered(await scene.you.slash(scene.welcome, "join"))
    assert says(again.messages[-1], "members.dm_closed")

    # Nobody knocks at a closed door every week.
    refused = scene.wire.stats.by_status[403]
    await scene.advance_to(bot, WEDNESDAY + timedelta(days=7))
    assert scene.wire.stats.by_status[403] == refused

    scene.you.allow_dms = True
    message = again.messages[-1]
    opened = await scene.you.press(int(message["id"]), button(message, "members.dm=again"))
    assert says(await opened.message(), "members.joined")
    await scene.advance_to(bot, WEDNESDAY + timedelta(days=14))
    assert len(scene.questions(scene.you)) == 1


async def test_closed_while_joining_is_told_at_once_and_the_channel_is_offered(scene: Scene) -> None:
    await scene.bot()
    await scene.set_up()
    scene.you.allow_dms = False
    joined = await scene.join(scene.you)
    assert says(joined.messages[-1], "members.dm_closed")
    message = joined.messages[-1]
    instead = await answered(await scene.you.press(int(message["id"]), button(message, "members.dm=channel")))
    assert says(instead.messages[-1], "members.in_channel")


async def test_no_server_in_common_any_more(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    scene.world.leave(scene.you, scene.demo.guild_id)
    scene.world.leave(scene.you, scene.demo.second_guild_id)
    await scene.advance_to(bot, WEDNESDAY)
    assert scene.questions(scene.you) == []
    refused = scene.wire.stats.by_status.get(403, 0)
    await scene.advance_to(bot, WEDNESDAY + timedelta(days=7))
    assert scene.wire.stats.by_status.get(403, 0) == refused


async def test_opening_messages_too_fast_asks_for_patience_and_works_later(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.set_up()
    scene.wire.faults.add(refusal(40003, method="POST", path="/users/@me/channels"))
    for person in (scene.you, scene.demo.people[6]):
        told = await scene.join(person)
        assert says(told.messages[-1], "members.dm_rest")
        assert offers_support(told.messages[-1])
    tries = [path for method, path, *_ in scene.wire.recorded if path == "/users/@me/channels"]
    assert len(tries) == 1, "the second was not even asked for: all first contacts rest"
    await bot.stop()
    await scene.bot()  # the rest is over
    for person in (scene.you, scene.demo.people[6]):
        later = await scene.join(person)
        assert says(later.messages[-1], "members.joined")
        assert len(scene.dms(person)) == 1


async def test_opening_too_fast_while_sending_waits_and_sends_once(scene: Scene) -> None:
    bot = await scene.bot()
    people = scene.demo.people[4:9]
    await scene.joined(*people)
    scene.wire.faults.add(refusal(40003, method="POST", path=MESSAGES, times=2))
    await scene.advance_to(bot, WEDNESDAY)
    await until(lambda: all(scene.questions(person) for person in people), "all being asked")
    assert [len(scene.questions(person)) for person in people] == [1] * 5


async def test_a_server_in_trouble_is_tried_again_and_asked_first(scene: Scene) -> None:
    bot = await scene.bot()
    people = scene.demo.people[4:9]
    await scene.joined(*people)
    for when in ("before", "after"):
        scene.wire.faults.add(Rule("error", method="POST", path=MESSAGES, when=when, status=503, times=3))
        scene.wire.faults.add(Rule("drop", method="POST", path=MESSAGES, when=when, times=2))
    scene.wire.nonce_lifetime = 0.0  # nothing but looking keeps a repeat away
    await scene.advance_to(bot, WEDNESDAY)
    await until(lambda: all(scene.questions(person) for person in people), "all being asked")
    await scene.bot_is_quiet()
    assert [len(scene.questions(person)) for person in people] == [1] * 5
    assert "nobody foresaw" not in scene.log.read_text()
