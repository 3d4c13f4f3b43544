"""What is read of words that go on to somebody: failures are met, nothing is forgotten, and it is read again when it can be."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from bot.sandbox.wire.faults import Rule
from bot.support.recognise import Recogniser, Tier, Verdict
from tests.checkins.evening import Evening, expect, says
from tests.launch.scene import until, words
from tests.listeners.conversing import Conversing

VEILED = "I wish somebody could just switch me off"


def spoken_of(evening: Evening, template: str) -> list[dict[str, Any]]:
    """The cards of a kind that You had; only the first of what they say counts, since numbers follow."""
    firsts = [wording.partition("\n")[0] for wording in evening.app.library.template(template).wordings]
    return [m for m in evening.from_bot(evening.you) if words(m).startswith(tuple(firsts))]


async def test_words_that_could_not_be_read_go_across_and_their_writer_has_the_numbers(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError

    talk = Conversing(evening)
    await talk.open(talk.joan)
    monkeypatch.setattr(sys.modules["cogs.cards"], "FORGET_S", 3600.0)
    monkeypatch.setattr(Recogniser, "read", broken)
    await talk.say(talk.sam, "the first of these")
    await talk.say(talk.sam, "and the second")
    await talk.reads(talk.joan, "and the second")
    (told,) = await until(lambda: spoken_of(evening, "support.unread"), "the numbers")
    assert "116 123" in words(told)
    # What is written while the bot is off is not read any better.
    await evening.sleep()
    await talk.say(talk.sam, "while you were away")
    await evening.wake()
    await talk.reads(talk.joan, "while you were away")
    await until(lambda: len(spoken_of(evening, "support.unread")) == 2, "the numbers again")
    evening.slips.lines.clear()


async def test_what_was_read_too_early_is_read_again_though_a_talk_took_it(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, there = threading.Event(), threading.Event()

    def load(_: Recogniser) -> bool:
        begun.set()
        return there.wait(300)

    def read(recogniser: Recogniser, text: str) -> Verdict:
        return Verdict(Tier.CRISIS if text == VEILED and recogniser.with_encoder else Tier.NONE)

    monkeypatch.setattr(Recogniser, "load_encoder", load)
    monkeypatch.setattr(Recogniser, "with_encoder", property(lambda _: there.is_set()))
    monkeypatch.setattr(Recogniser, "read", read)
    try:
        talk = Conversing(evening)
        await talk.open(talk.joan)
        await until(begun.is_set, "its being loaded: whoever is in a talk is about to write")
        for person in (talk.joan, talk.sam):
            await talk.say(person, VEILED)
        for person in (talk.joan, talk.sam):
            await talk.reads(person, VEILED)
        await talk.say(talk.sam, "it is only a figure of speech")
        await talk.reads(talk.joan, "figure of speech")
        assert not spoken_of(evening, "support.crisis")
    finally:
        there.set()
    await until(lambda: spoken_of(evening, "support.crisis"), "the card")
    await evening.settled()
    assert len(spoken_of(evening, "support.crisis")) == 1
    assert not any("116 123" in words(m) for m in evening.from_bot(talk.joan)), "a listener repeats"
    begun.clear()
    await evening.restart()
    await until(begun.is_set, "its being loaded at a start in the middle of a talk")


async def test_however_long_a_talk_takes_to_say_no_what_was_read_is_met(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["cogs.cards"], "FORGET_S", 0.0)
    asked, answer = list[str](), asyncio.Event()

    async def take(message: Any) -> bool:
        asked.append(message.content)
        if message.content == "for the talk":
            return True
        await answer.wait()
        return False

    monkeypatch.setattr(evening.app.client.get_cog("AnonymousTalk"), "take", take)
    dm = await evening.you.open_dm()
    for text in ("I cried in the car again, I can't cope any more", "for the talk"):
        await evening.you.send(dm, text)
    await until(lambda: len(asked) == 2, "both being offered to the talk")
    answer.set()
    await until(lambda: evening.from_bot(evening.you), "an answer")
    await evening.settled()
    (card,) = evening.from_bot(evening.you)
    expect(card, "support.distress")
    assert not says(card, "checkins.unprompted")


async def test_a_card_and_what_a_talk_says_of_the_same_words_both_arrive(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", (0.01, 0.01))
    talk = Conversing(evening)
    sam = talk.sam
    await talk.begin(talk.joan)
    await talk.ask()
    await talk.told(sam, "talks.may_i_ask")
    away = Rule("error", method="POST", path=f"/channels/{sam.dm_id}/messages", status=503, times=1)
    evening.wire.faults.add(away)
    await talk.say(sam, "I want to kill myself")
    await talk.told(sam, "talks.still_waiting")
    await until(lambda: spoken_of(evening, "support.crisis"), "the card")
    assert away.happened
