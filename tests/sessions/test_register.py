"""Who was there: what voice channels tell and when, and a roll-call that can be put right."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from bot.db import own
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, custom_ids, until, words
from tests.sessions.held import facilitates, hold, room

HALF_SEVEN = datetime(2026, 11, 25, 19, 30, tzinfo=UTC)


def there(evening: Evening) -> set[tuple[int, str]]:
    return set(evening.rows("SELECT user_id, how FROM session_attendance"))


async def test_only_the_sessions_own_room_tells_and_only_while_it_is_on(evening: Evening) -> None:
    you, kate, stranger = evening.you, evening.world.people["kate"], evening.world.people["fiona"]
    await evening.joined(you, kate)
    await hold(evening, HALF_SEVEN.date(), time(19, 30))
    guild, other = evening.demo.guild_id, evening.world.voice_channel(evening.demo.guild_id, "corridor")
    voice = evening.world.backend.set_voice_state
    await evening.play(HALF_SEVEN - timedelta(minutes=20))
    voice(guild, you.id, room(evening))
    voice(guild, you.id, None)
    await evening.heard()
    await evening.play(HALF_SEVEN + timedelta(minutes=10))
    assert there(evening) == set(), "gone again before it began"
    voice(guild, kate.id, other)
    voice(guild, stranger.id, room(evening))
    voice(guild, you.id, room(evening))
    await until(lambda: there(evening), "somebody being noted")
    await evening.heard()
    assert there(evening) == {(you.id, "voice")}
    await evening.play(HALF_SEVEN + timedelta(hours=3))
    voice(guild, kate.id, room(evening))
    await evening.heard()
    assert there(evening) == {(you.id, "voice")}


async def test_a_roll_call_is_put_right_and_is_only_for_who_runs_it(evening: Evening) -> None:
    you, kate, stranger = evening.you, evening.world.people["kate"], evening.world.people["fiona"]
    marcus, dilys = evening.demo.facilitators[:2]
    await evening.joined(you, kate)
    for person in (marcus, dilys):
        facilitates(evening, person)
    meeting, *_ = await hold(evening, HALF_SEVEN.date(), time(19, 30), facilitator=marcus)
    expect(last(await evening.run(dilys, "session register")), "errors.no_session")
    expect(last(await evening.run(you, "session register")), "errors.facilitator_only")
    early = last(await evening.run(marcus, "session register"))
    roll = next(i for i in custom_ids(early) if ":sessions.roll:" in i)
    too_soon = await marcus.choose(int(early["id"]), roll, [str(you.id)])
    expect(last(await answered(too_soon)), "errors.no_register")

    await evening.play(HALF_SEVEN + timedelta(minutes=30))
    shown = last(await evening.run(marcus, "session register"))
    noted = await marcus.choose(int(shown["id"]), roll, [str(you.id), str(stranger.id)])
    expect(last(await answered(noted)), "sessions.registered")
    assert f"<@{stranger.id}>" in words(last(noted)), "who could not be noted is said"
    again = await marcus.choose(int(shown["id"]), roll, [str(kate.id)])
    await answered(again)
    assert there(evening) == {(kate.id, "roll")}
    press = await dilys.press_raw(evening.welcome, 1, f"ok1:sessions.roll:{meeting.id}:")
    expect(last(await answered(press)), "errors.no_session")
    assert there(evening) == {(kate.id, "roll")}

    # Ninety days after it, nothing says any more who was there.
    while await evening.app.store.write(own.expire, HALF_SEVEN + timedelta(days=91)):
        pass
    assert there(evening) == set()
