"""Who was there: what voice channels tell and when, and a roll-call that can be put right."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.db import own
from bot.errors import Refusal
from bot.sessions.attendance import here, note_there, take_off
from bot.sessions.coming import Visitor
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, custom_ids, until, words
from tests.sessions.held import facilitates, hold, room
from tests.sessions.test_places import NETWORK, PEOPLE, STARTS, filled

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
    expect(early, "sessions.register_coming")
    too_soon = await marcus.press_raw(
        evening.welcome, int(early["id"]), f"ok1:sessions.everybody:{meeting.id}:"
    )
    expect(last(await answered(too_soon)), "errors.no_register")
    card = last(await evening.run(you, "sessions"))
    menu = next(i for i in custom_ids(card) if ":sessions.open:" in i)
    card = last(await answered(await you.choose(int(card["id"]), menu, [str(meeting.id)])))
    expect(await evening.tap(you, card, "sessions.coming"), "sessions.coming")

    await evening.play(HALF_SEVEN + timedelta(minutes=30))
    shown = last(await evening.run(marcus, "session register"))
    expect(shown, "sessions.register")
    roll = next(i for i in custom_ids(shown) if ":sessions.roll:" in i)
    noted = last(
        await answered(await marcus.choose(int(shown["id"]), roll, [str(kate.id), str(stranger.id)]))
    )
    expect(noted, "sessions.registered")
    assert f"<@{stranger.id}>" in words(noted), "who could not be noted is said"
    assert there(evening) == {(kate.id, "roll")}
    # Everybody who said so at one tap, beside who is noted already; and off again, from the same message.
    noted = await evening.tap(marcus, noted, "sessions.everybody")
    assert there(evening) == {(kate.id, "roll"), (you.id, "roll")}
    assert not any(":sessions.everybody:" in i for i in custom_ids(noted)), "nobody of them is left"
    off = next(i for i in custom_ids(noted) if ":sessions.unroll:" in i)
    noted = last(await answered(await marcus.choose(int(noted["id"]), off, [str(kate.id)])))
    assert f"<@{kate.id}>" not in words(noted)
    assert there(evening) == {(you.id, "roll")}
    for kind in ("everybody", "unroll", "roll"):
        press = await dilys.press_raw(evening.welcome, 1, f"ok1:sessions.{kind}:{meeting.id}:")
        expect(last(await answered(press)), "errors.no_session")
    assert there(evening) == {(you.id, "roll")}

    # Ninety days after it, nothing says any more who was there.
    while await evening.app.store.write(own.expire, HALF_SEVEN + timedelta(days=91)):
        pass
    assert there(evening) == set()


async def test_any_number_of_people_is_noted_and_taken_off_again(tmp_path: Path) -> None:
    """Thirty came: two menus to note them, the late tap of one of them kept, and every one of them can be put right."""
    store, meeting = filled(tmp_path)
    now, everybody = STARTS + timedelta(minutes=40), list(range(1, PEOPLE + 1))
    try:
        taken = await note_there(store, meeting, NETWORK, everybody[:25], 1, now)
        assert sorted(taken.register.there) == everybody[:25]
        assert (await here(store, meeting, Visitor(26, "", frozenset()), 2, now)).kept
        taken = await note_there(store, meeting, NETWORK, [*everybody[26:], 999], 3, now)
        assert sorted(taken.register.there) == everybody
        assert taken.strangers == [999]
        assert len((await note_there(store, meeting, NETWORK, [], 4, now)).register.there) == PEOPLE
        taken = await take_off(store, meeting, NETWORK, [1, 26, 30], 5, now)
        assert sorted(taken.register.there) == [who for who in everybody if who not in (1, 26, 30)]
        again = await take_off(store, meeting, NETWORK, [2], 5, now)
        assert 2 in again.register.there, "the same event, delivered again"
        taken = await take_off(store, meeting, NETWORK, everybody, 6, now)
        assert taken.register.there == []
        with pytest.raises(Refusal):
            await take_off(store, meeting, NETWORK, [1], 7, now + timedelta(days=8))
    finally:
        store.close()
