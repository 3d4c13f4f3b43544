"""The first evening: a network is set up, somebody joins, Wednesday comes, and the question is answered."""

from __future__ import annotations

import pytest

from tests.launch.scene import WEDNESDAY, Scene, answered, button, offers_support, words


async def test_a_first_evening_from_setting_up_to_support(scene: Scene) -> None:
    bot = await scene.bot()
    told = await scene.set_up()
    assert all(offers_support(message) for message in told.messages)
    joined = await scene.join(scene.you)
    assert "Wednesday 25 November" in words(joined.messages[-1])
    assert len(scene.dms(scene.you)) == 1, "the first message is the proof that DMs arrive"

    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    assert offers_support(question)
    reply = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=wobbly"))
    )
    assert offers_support(reply.messages[-1])
    assert "116 123" in words(reply.messages[-1])

    card = await answered(await scene.you.press(int(question["id"]), button(question, "support")))
    assert card.ephemeral
    assert "999" in words(card.messages[0])
    assert "116 123" in words(card.messages[0])
    assert await bot.stop() == 0


@pytest.mark.parametrize("level", ["good", "ok", "wobbly", "not-ok"])
async def test_every_answer_is_met_and_may_be_changed(scene: Scene, level: str) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    for choice in (level, "ok", level):
        reply = await answered(
            await scene.you.press(int(question["id"]), button(question, f"checkins.level={choice}"))
        )
        assert offers_support(reply.messages[-1])
    assert len(scene.questions(scene.you)) == 1


async def test_the_question_comes_once_a_week_and_once_a_day_over_two_networks(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    second = scene.demo.second_organiser
    options = {"nation": "england", "contact": second.id, "zone": "Europe/London"}
    await (await second.slash(scene.demo.second_channel_id, "network setup", options)).message()
    await scene.join(scene.you, scene.demo.second_channel_id)
    await scene.advance_to(bot, WEDNESDAY)
    assert len(scene.questions(scene.you)) == 1
    await scene.advance_to(bot, WEDNESDAY.replace(month=12, day=2))
    assert len(scene.questions(scene.you)) == 2
