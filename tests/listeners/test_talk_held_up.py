"""Words that wait because Discord will not say who is there, and what ends while they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from bot.listeners import relay, relay_posts, talks_ending, talks_taking
from bot.listeners.relay_posts import Took
from bot.listeners.talk_rules import Talk
from tests.launch.scene import until
from tests.listeners.room import ANN, BOB, KEYS, SAM
from tests.listeners.talk_room import TalkRoom


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[TalkRoom]:
    monkeypatch.setattr(relay, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(relay, "LONGEST_RETRY_S", 0.02)
    made = TalkRoom()
    yield made
    made.close()


def _open(room: TalkRoom) -> int:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    assert room.talk_state is Talk.OPEN
    return talk


@pytest.mark.parametrize("end", [talks_ending.close, talks_ending.block])
@pytest.mark.parametrize("writer", [SAM, ANN])
def test_what_waits_when_a_talk_ends_is_not_delivered_after_it(
    room: TalkRoom, end: Callable[..., object], writer: int
) -> None:
    talk, reader = _open(room), SAM + ANN - writer
    room.discord.silent = True
    room.say(writer, "please stay")
    room.do(end, KEYS, reader, talk, room.now)
    room.discord.silent = False
    room.run(until(lambda: talks_ending.NOT_PASSED_ON in room.notices(writer), "the word of it"))
    room.post()
    assert room.heard(reader) == []


def test_an_ending_is_told_though_discord_still_says_nothing(room: TalkRoom) -> None:
    talk = _open(room)
    room.discord.silent = True
    room.say(SAM, "please stay")
    room.do(talks_ending.close, KEYS, SAM, talk, room.now)
    room.run(until(lambda: "talks.ended_by_member" in room.notices(ANN), "the end"))
    assert room.heard(ANN) == []


def test_it_is_not_delivered_either_when_discord_was_slow_to_say(
    room: TalkRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, asked, answer, there = _open(room), asyncio.Event(), asyncio.Event(), room.discord.there

    async def slowly(network_id: int, user_id: int, *, listening: bool) -> relay.There:
        asked.set()
        await answer.wait()
        return await there(network_id, user_id, listening=listening)

    monkeypatch.setattr(room.discord, "there", slowly)
    room.say(SAM, "please stay")
    room.run(asyncio.wait_for(asked.wait(), 60))
    room.do(talks_ending.block, KEYS, ANN, talk, room.now)
    answer.set()
    room.run(until(lambda: talks_ending.NOT_PASSED_ON in room.notices(SAM), "the word of it"))
    assert room.heard(ANN) == []


def test_words_of_a_listener_who_has_gone_do_not_come_after_another_has_taken_over(room: TalkRoom) -> None:
    talk = _open(room)
    room.discord.silent = True
    room.say(ANN, "as I was saying")
    room.do(talks_ending.hand_over, KEYS, SAM, talk, 77, room.now)
    room.on(BOB)
    room.try_to(talks_taking.accept, room.desk, BOB, talk, room.now)
    room.discord.silent = False
    room.run(until(lambda: talks_ending.NOT_PASSED_ON in room.notices(ANN), "the word of it"))
    room.post()
    assert room.heard(SAM) == []


def test_words_that_are_added_to_a_message_without_any_are_passed_on_once(room: TalkRoom) -> None:
    talk = _open(room)
    picture = room.discord.next_id()

    def edited(text: str) -> None:
        room.do(relay_posts.change, KEYS, SAM, picture, text, "somebody", room.now)
        room.post()

    assert room.say(SAM, "", picture).outcome is Took.UNREADABLE
    room.say(SAM, "after it")
    room.post()
    edited("<id:guide>")
    assert room.heard(ANN) == ["after it"]
    long = "what the picture says " * 100
    edited(long)
    edited(long)
    assert room.heard(ANN)[0] == "after it"
    assert "".join(room.heard(ANN)[1:]) == long
    edited("shorter")
    assert room.heard(ANN) == ["after it", "shorter"]
    # What was deleted stays so, though a change that was on its way is heard of after it.
    for text in ("", "soon gone"):
        picture = room.discord.next_id()
        room.say(SAM, text, picture)
        room.post()
        room.do(relay_posts.withdraw, KEYS, picture)
        room.post()
        edited("still there?")
    assert room.heard(ANN) == ["after it", "shorter"]
    # Beside a picture sent to one listener, words are not for the next.
    second = room.discord.next_id()
    assert room.say(SAM, "", second).outcome is Took.UNREADABLE
    room.do(talks_ending.hand_over, KEYS, SAM, talk, 77, room.now)
    room.on(BOB)
    room.try_to(talks_taking.accept, room.desk, BOB, talk, room.now)
    picture = second
    edited("for Ann alone")
    assert room.heard(BOB) == []
    assert room.heard(ANN) == ["after it", "shorter"]
