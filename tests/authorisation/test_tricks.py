"""Long words, names that would be something else, and one person's flood: kindly met, harmless, and nobody else waits."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from bot.ui.flood import BURST, Flood
from tests.checkins.evening import Evening, expect, says
from tests.launch.scene import WEDNESDAY, answered, button, offers_support, words

# Formatting, mentions, links, letters of no width and letters that turn a line round.
TRICKS = "**[Free](https://evil.example)** @everyone <@1> \u202egnihton\u200b||x|| `/nuke` # h"


LIVE = re.compile(
    r"@everyone|@here|<@1>|https://evil|\u202e|(?<!\\)\](?=\()|(?<!\\)`/nuke|(?<!\\)\|\|x|(?m:^# )"
)


def harmless(said: str) -> None:
    """Nothing of the tricks may act in what the bot says."""
    live = LIVE.search(said)
    assert live is None, f"{live} acts in {said!r}"


def test_the_tricks_would_act() -> None:
    """The search above finds each of them where nobody made them harmless."""
    assert {found[0] for found in LIVE.finditer(TRICKS)} >= {
        "@everyone",
        "<@1>",
        "https://evil",
        "\u202e",
        "]",
        "`/nuke",
    }


async def _mentions_nobody(evening: Evening) -> None:
    for method, path, body, *_ in evening.wire.recorded:
        data = (body or {}).get("data") if isinstance(body, dict) and "type" in body else body
        if isinstance(data, dict) and ("content" in data or "components" in data) and "title" not in data:
            assert data.get("allowed_mentions") == {"parse": []}, (method, path, data)


async def test_names_that_would_be_something_else_stay_names(evening: Evening) -> None:
    store, you = evening.world.backend, evening.you
    store.guilds[evening.demo.guild_id].name = TRICKS[:95]
    store.users[you.id].global_name = TRICKS[:30]
    await evening.restart()
    await evening.set_up()
    await evening.join(you)
    await evening.play(WEDNESDAY)
    await evening.tap(you, evening.questions(you)[0], "checkins.level=wobbly")
    for command in ("me privacy", "me employer", "checkin settings", "checkin now", "pause", "report"):
        await evening.run(you, command)
    facts = (await evening.run(you, "me employer")).messages[-1]
    form = await evening.pressed(you, facts, "me.fact=employer")
    unknown = (await answered(await you.submit(form, {"text": TRICKS[:78]}))).messages[-1]
    await evening.tap(you, unknown, "me.unlisted")
    overview = (await evening.run(evening.demo.organiser, "network settings")).messages[-1]
    await evening.tap(evening.demo.organiser, overview, "networks.waiting")
    await evening.run(you, "leave")
    said = [words(message) for message in evening.all_from_bot()]
    assert any("Free" in one for one in said), "the name was said at all"
    for one in said:
        harmless(one)
    await _mentions_nobody(evening)


async def test_the_longest_words_there_are_get_an_answer(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    question = evening.questions(evening.you)[0]
    for text in (
        "x" * 2000,
        TRICKS.ljust(2000, "\u200b"),
        "\u202e" + "é" * 1999,
        "😀" * 1000,
        "\n" * 1000 + "x",
    ):
        assert offers_support(await evening.write(evening.you, text))
    told = await evening.tap(evening.you, question, "checkins.level=not-ok")
    for text in ("y" * 4000, "\u202e\u200b" * 2000, "@everyone " * 400):
        form = await evening.pressed(evening.you, told, "checkins.more")
        met = (await answered(await evening.you.submit(form, {"words": text}))).messages[-1]
        assert offers_support(met)
        harmless(words(met))
    await _mentions_nobody(evening)


async def test_a_long_report_full_of_tricks_arrives_harmless(evening: Evening) -> None:
    await evening.set_up()
    explained = (await evening.run(evening.you, "report")).messages[-1]
    form = await evening.pressed(evening.you, explained, "reports.write")
    long = (TRICKS + " ").ljust(4000, "z")
    await (await answered(await evening.you.submit(form, {"what": long, "reply": ["no"]}))).message()
    received = evening.from_bot(evening.demo.organiser)
    assert received
    for message in received:
        harmless(words(message))
    await _mentions_nobody(evening)


@pytest.mark.parametrize("place", ["server", "dm"])
async def test_a_flood_of_one_is_answered_kindly_and_support_goes_on(
    evening: Evening, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    # All of it within a moment: over the ten seconds a busy machine may take, twenty more would be let through.
    allows = Flood.allows
    monkeypatch.setattr(Flood, "allows", lambda flood, user_id, _: allows(flood, user_id, 1e9))
    you, other = evening.you, evening.world.people["kate"]
    where = evening.welcome if place == "server" else await you.open_dm()
    question = evening.questions(you)[0]
    level = button(question, "checkins.level=ok")
    flood: list[Any] = [await you.press_raw(where, 1, level) for _ in range(200)]
    # Support in the middle of it: for whoever floods, and for somebody else.
    mine = await you.press_raw(where, 1, "ok1:support:0:1.en")
    theirs = await other.press_raw(evening.welcome, 1, "ok1:support:0:1.en")
    command = await other.slash(evening.welcome, "support")
    for exchange in (mine, theirs, command):
        card = (await answered(exchange)).messages[-1]
        assert says(card, "support.card"), words(card)
    done = await asyncio.gather(*(answered(exchange) for exchange in flood))
    slowed = [one for one in done if says(one.messages[-1], "errors.slow_down")]
    assert len(slowed) == 200 - BURST, "most are asked to slow down, the first ones are not"
    assert all(offers_support(one.messages[-1]) for one in done)
    expect((await answered(await other.slash(evening.welcome, "join"))).messages[-1], "members.join")
    assert await evening.levels(you) == ["ok"]
