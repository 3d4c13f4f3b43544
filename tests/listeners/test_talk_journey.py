"""A talk from its first question to its end, as the member and the listener see it."""

from __future__ import annotations

import re

from tests.checkins.evening import Evening, expect
from tests.launch.scene import words
from tests.listeners.conversing import Conversing


async def test_a_talk_from_beginning_to_end(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.begin(talk.joan)
    preview = await talk.write(avoid="My father")
    for seen in ("listen", "half an hour", "My father", "Saturday Coffee Heads"):
        assert seen in words(preview)
    assert not talk.all(talk.joan, "talks.offer"), "nobody is asked before the member says so"
    said = await evening.tap(talk.sam, preview, "talk.anonymous.ask=yes")
    expect(said, "talks.asking")
    await talk.told(talk.sam, "talks.asked")
    await talk.may(talk.sam)
    offer = await talk.told(talk.joan, "talks.offer")
    promised = re.search(r"\*(Somebody in .*?)\*", words(preview))
    assert promised is not None
    assert promised[1] in words(offer), "word for word what the member was shown"
    assert "My father" not in words(offer), "only the one who says yes sees what is to be avoided"
    await talk.accept(talk.joan)
    opened = await talk.told(talk.sam, "talks.opened")
    assert "Joan" in words(opened)
    heard = await talk.told(talk.joan, "talks.opened_listener")
    assert "My father" in words(heard)
    assert talk.name in words(heard)
    await talk.say(talk.sam, "It has been a long week")
    copy = await talk.reads(talk.joan, "It has been a long week")
    assert words(copy).startswith(f"{talk.name}:\n")
    await talk.say(talk.joan, "Tell me about it")
    answer = await talk.reads(talk.sam, "Tell me about it")
    assert words(answer).startswith("Joan:\n")
    shown = await evening.tap(talk.sam, opened, "talk.anonymous.end=ask")
    shown = await evening.tap(talk.sam, shown, "talk.anonymous.end=yes")
    expect(shown, "talks.ended_member")
    await talk.told(talk.joan, "talks.ended_by_member")
    talk.never_named(talk.joan)
