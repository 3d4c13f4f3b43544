"""Ending, dying and starting again: nothing is lost, nothing is said twice, and one bot at a time."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.wire.faults import Rule
from tests.crash.matrix import MESSAGES
from tests.launch.mail import Mail
from tests.launch.scene import WEDNESDAY, Scene, answered, button, offers_support, says, until

SIGTERM_S = (
    25.0  # five are promised; a machine that is busy with other tests takes longer, and what hangs has thirty
)


async def test_sigterm_in_the_middle_of_a_round_loses_nothing(scene: Scene) -> None:
    scene.today()
    mail = Mail(scene.database, scene.world, "members.panel")
    channels = [await person.open_dm() for person in scene.demo.people]
    mail.put(channels * 3, scene.clock.now())
    answer_late = Rule("slow", method="POST", path=MESSAGES, when="after", seconds=0.5, times=None)
    scene.wire.faults.add(answer_late)
    program = scene.program("run")
    await until(lambda: answer_late.happened > 5, "the round beginning")
    program.terminate()
    assert await program.ended(SIGTERM_S) == 0
    assert mail.unsent(), "it ended only after the round"
    scene.wire.faults.clear()
    scene.wire.forget_nonces()
    scene.program("run")
    await until(lambda: not mail.unsent(), "the rest of the round")
    assert mail.lost_and_doubled() == (0, 0)


async def test_sigterm_ends_it_even_while_discord_hangs(scene: Scene) -> None:
    scene.today()
    mail = Mail(scene.database, scene.world, "members.panel")
    mail.put([person.dm_id or await person.open_dm() for person in scene.demo.people], scene.clock.now())
    hang = scene.wire.faults.add(Rule("hang", method="POST", path=MESSAGES, when="after", times=None))
    program = scene.program("run")
    await until(lambda: hang.happened > 3, "requests hanging")
    program.terminate()
    assert await program.ended(SIGTERM_S) == 0
    scene.wire.faults.clear()
    scene.wire.forget_nonces()
    scene.program("run")
    await until(lambda: not mail.unsent(), "the rest of the round")
    assert mail.lost_and_doubled() == (0, 0)


async def test_sigterm_ends_it_even_while_the_database_is_being_migrated(scene: Scene) -> None:
    still = scene.folder / "still-migrating"
    still.touch()
    bot = await scene.bot(opened=False, migrating=str(still))
    bot.terminate()
    assert await bot.ended(SIGTERM_S) == 0


async def test_sigterm_before_discord_can_be_reached(scene: Scene) -> None:
    program = scene.program("run", DISCORD_API_URL="http://127.0.0.1:9/api/v10")
    await until(lambda: "cannot be reached" in scene.log.read_text(), "the first try")
    program.terminate()
    assert await program.ended(SIGTERM_S) == 0


async def test_a_second_copy_is_refused_and_the_first_goes_on(scene: Scene) -> None:
    first = scene.program("run")
    await scene.known()
    second = scene.program("run")
    assert await second.ended() == 1
    assert "Another copy of Really OK is running" in scene.log.read_text()
    await support(scene)
    first.kill()
    await first.ended()
    third = scene.program("run")  # a lock left by a killed copy is no lock
    await until(lambda: scene.wire.stats.identifies == 2, "the next copy")
    assert third.code is None


async def test_a_wrong_token_is_said_in_words(scene: Scene) -> None:
    program = scene.program("run", DISCORD_TOKEN="not.a.token")
    assert await program.ended() == 1
    assert "Discord does not accept the token" in scene.log.read_text()
    assert "Traceback" not in scene.log.read_text()


async def test_buttons_from_before_a_restart_work(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await scene.advance_to(bot, WEDNESDAY)
    (question,) = scene.questions(scene.you)
    card = await answered(await scene.you.slash(scene.welcome, "support"))
    bot.kill()
    await bot.ended()
    scene.clock.move_to(WEDNESDAY + timedelta(days=2))
    await scene.bot()
    reply = await answered(await scene.you.press(int(question["id"]), button(question, "checkins.level=ok")))
    assert says(reply.messages[-1], "checkins.late_reply")
    assert offers_support(reply.messages[-1])
    more = await answered(
        await scene.you.press(int(card.messages[0]["id"]), button(card.messages[0], "support.more"))
    )
    assert says(more.messages[0], "support.more")
    assert offers_support(more.messages[0])
    assert len(scene.questions(scene.you)) == 1


async def test_a_restart_on_the_day_asks_nobody_twice(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you, scene.demo.people[6])
    await scene.advance_to(bot, WEDNESDAY)
    for _ in range(3):
        bot.kill()
        await bot.ended()
        scene.wire.forget_nonces()
        bot = await scene.bot()
        await scene.advance_to(bot, scene.clock.now() + timedelta(minutes=30))
    assert [len(scene.questions(p)) for p in (scene.you, scene.demo.people[6])] == [1, 1]


async def test_a_few_hours_down_is_made_up_for_and_a_night_is_not(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.joined(scene.you)
    await bot.stop()
    scene.clock.move_to(WEDNESDAY + timedelta(hours=3))
    bot = await scene.bot()
    await scene.advance_to(bot, scene.clock.now() + timedelta(minutes=1))
    assert len(scene.questions(scene.you)) == 1, "three hours late is still an evening"
    await bot.stop()
    scene.clock.move_to(WEDNESDAY + timedelta(days=7, hours=8))
    bot = await scene.bot()
    await scene.advance_to(bot, scene.clock.now() + timedelta(minutes=1))
    assert len(scene.questions(scene.you)) == 1, "nobody is asked at two in the morning"
    await scene.advance_to(bot, WEDNESDAY + timedelta(days=14))
    assert len(scene.questions(scene.you)) == 2


async def support(scene: Scene) -> None:
    card = await answered(await scene.you.slash(scene.welcome, "support"))
    assert offers_support(card.messages[0])
