"""The gateway comes and goes; what people do meanwhile is answered when it is back."""

from __future__ import annotations

from tests.launch.scene import WEDNESDAY, Scene, answered, button, offers_support, until


async def test_a_broken_connection_is_resumed_and_the_tap_made_meanwhile_answered(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    await scene.wire.gateway.drop()
    reply = await scene.you.press(int(question["id"]), button(question, "checkins.level=wobbly"))
    assert offers_support(await reply.message())
    assert scene.wire.stats.resumes == 1
    assert scene.wire.stats.identifies == 1


async def test_a_session_that_is_gone_is_begun_anew(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    scene.wire.gateway.invalidate()
    await until(lambda: scene.wire.stats.identifies == 2, "identifying again")
    await scene.known()
    card = await answered(await scene.you.slash(scene.welcome, "support"))
    assert offers_support(card.messages[0])
    await scene.advance_to(bot, WEDNESDAY)
    assert len(scene.questions(scene.you)) == 1


async def test_discord_asking_to_reconnect_in_the_middle_of_a_round(scene: Scene) -> None:
    bot = await scene.bot()
    people = scene.demo.people[3:11]
    await scene.joined(*people)
    scene.wire.gateway.ask_to_reconnect()
    await scene.advance_to(bot, WEDNESDAY)
    await until(lambda: scene.wire.stats.resumes == 1, "resuming")
    assert [len(scene.questions(person)) for person in people] == [1] * len(people)


async def test_messages_go_out_while_the_gateway_is_away(scene: Scene) -> None:
    """What is due needs only Discord's HTTP API: the pump does not wait for the gateway, which is tried again."""
    bot = await scene.bot()
    await scene.joined(scene.you)
    await bot.stop()
    scene.clock.move_to(WEDNESDAY)
    gateway = scene.wire.gateway_url.replace("/gateway", "/no-such-gateway")
    scene.wire.gateway.url = gateway
    bot = await scene.fork(DISCORD_GATEWAY_URL=gateway)
    # discord.py would end with the second try.
    await until(lambda: len(scene.wire.gaps) > 1, "the gateway being tried again")
    await until(lambda: scene.questions(scene.you), "the question")
    assert bot.code is None
    bot.kill()  # or it goes on asking
    await bot.ended()
    scene.wire.gaps.clear()  # the address that does not exist was asked for on purpose
