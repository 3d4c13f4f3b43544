"""Words passed on between buddies: read for their writer's sake, arriving once, and never lost on the way."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import Any

import pytest

from bot.sandbox.exchange import Exchange
from bot.sandbox.people import Person
from bot.sandbox.wire.faults import Rule, refusal
from tests.buddies.lounge import got, one, paired
from tests.checkins.evening import Evening, expect
from tests.launch.scene import words

DARK = "I keep thinking about ending my life"


async def form(evening: Evening, person: Person) -> Exchange:
    """The form for words to one's buddy."""
    return await evening.pressed(person, got(evening, person, "buddies.introduced")[0], "buddies.note")


async def answers(exchange: Exchange, *templates: str) -> list[dict[str, Any]]:
    """Everything that was answered, once the last of it is there: these, in this order."""
    await exchange.wait(20)
    await exchange.message(len(templates), patience_s=60)
    for message, template in zip(exchange.messages, templates, strict=True):
        expect(message, template)
    return exchange.messages


async def test_words_arrive_once_over_a_bad_line_and_come_back_when_they_cannot_go(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    await paired(evening, you, kate)
    monkeypatch.setattr(sys.modules["cogs.buddy_notes"], "RETRIES_S", (0.01, 0.02, 0.02, 0.02))
    to_kate = f"/channels/{kate.dm_id}/messages"
    # Discord has it and does not say so, three times.
    bad = evening.wire.faults.add(Rule("error", "POST", to_kate, "after", status=503, times=3))
    asked = await you.submit(await form(evening, you), {"text": "Geese on the *field* again"})
    await answers(asked, "buddies.passed_on")
    assert bad.happened == 3
    assert "Geese" in words(await one(evening, kate, "buddies.from_buddy"))
    # It cannot go: nobody need write it again.
    evening.wire.faults.add(refusal(50007, path=to_kate))
    asked = await you.submit(await form(evening, you), {"text": "Rain on the *geese*"})
    _, back = await answers(asked, "buddies.not_passed", "buddies.words_back")
    assert "Rain on the \\*geese\\*" in words(back)
    again = await you.submit(await evening.pressed(you, back, "buddies.note"), {"text": "Rain"})
    await answers(again, "buddies.passed_on")
    # Nor when the database takes nothing for a while.
    waiting = await form(evening, you)
    with closing(sqlite3.connect(evening.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = await you.submit(waiting, {"text": "Sleet, and no geese"})
        await answers(asked, "buddies.not_passed", "buddies.words_back")
        other.execute("ROLLBACK")
    assert len(got(evening, kate, "buddies.from_buddy")) == 2


async def test_dark_words_have_their_card_first_and_go_to_the_buddy_all_the_same(evening: Evening) -> None:
    you, kate = evening.you, evening.demo.people[6]
    await evening.joined(you, kate)
    await paired(evening, you, kate)
    # What is less than dark has a person to go to, and no card.
    asked = await you.submit(await form(evening, you), {"text": "I'm exhausted and I cried in the car"})
    await answers(asked, "buddies.passed_on")
    asked = await you.submit(await form(evening, you), {"text": DARK})
    await answers(asked, "support.crisis", "buddies.passed_on")
    assert DARK in words(await one(evening, kate, "buddies.from_buddy", 2))
    assert not got(evening, kate, "support.crisis")
    # Whatever becomes of the words: here they find nobody.
    waiting = await form(evening, you)
    shown = await evening.tap(kate, got(evening, kate, "buddies.introduced")[0], "buddies.end")
    expect(await evening.tap(kate, shown, "buddies.end=yes"), "buddies.end_done")
    await answers(await you.submit(waiting, {"text": DARK}), "support.crisis_again", "buddies.over")
    assert len(got(evening, kate, "buddies.from_buddy")) == 2
