"""Check-ins when the bot's process dies at the worst moment: while it is due, and between question and answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.launch.scene import WEDNESDAY, Scene, answered, button, says, until, words


@pytest.mark.parametrize(("away", "questions"), [(timedelta(hours=3), 1), (timedelta(hours=5), 0)])
async def test_killed_before_the_hour_and_back_some_hours_after_it(
    scene: Scene, away: timedelta, questions: int
) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY - timedelta(minutes=1))
    bot.kill()
    await bot.ended()
    scene.clock.move_to(WEDNESDAY + away)
    bot = await scene.bot()
    await scene.advance_to(bot, WEDNESDAY + away + timedelta(minutes=1))
    assert len(scene.questions(scene.you)) == questions
    await scene.advance_to(bot, WEDNESDAY + timedelta(weeks=1))
    assert len(scene.questions(scene.you)) == questions + 1, "the next week is as ever"
    assert await bot.stop() == 0


async def test_killed_between_the_question_and_each_thing_said_about_it(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    message, kinds = question, ("checkins.level=ok", "checkins.door=bit-much")
    for kind in kinds:
        bot.kill()
        await bot.ended()
        bot = await scene.bot()
        reply = await answered(await scene.you.press(int(message["id"]), button(message, kind)))
        message = reply.messages[-1]
    form = await answered(await scene.you.press(int(message["id"]), button(message, "checkins.more")))
    bot.kill()
    await bot.ended()
    bot = await scene.bot()
    sent = await answered(await scene.you.submit(form, {"words": "the form was open while you were away"}))
    assert says(sent.messages[-1], "checkins.words")
    changed = await answered(
        await scene.you.press(int(question["id"]), button(question, "checkins.level=not-ok"))
    )
    assert "116 123" in words(changed.messages[-1])
    bot.kill()
    await bot.ended()
    bot = await scene.bot()
    before = len(scene.dms(scene.you))
    await scene.advance_to(bot, WEDNESDAY + timedelta(hours=25))
    await until(lambda: len(scene.dms(scene.you)) > before, "the softer question")
    assert len(scene.dms(scene.you)) == before + 1
    assert await bot.stop() == 0
