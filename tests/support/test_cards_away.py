"""Discord is away while somebody has just written dark words: the card arrives when it is back, whatever comes between."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from bot.sandbox.wire.faults import Rule, refusal
from bot.support.meeting import ONCE_IN
from tests.checkins.evening import Evening, last, says
from tests.launch.scene import WEDNESDAY, until, words

DARK = "I want to kill myself"


async def test_a_card_discord_would_not_take_arrives_when_it_is_back(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", (0.01, 0.01))
    monkeypatch.setattr("bot.ui.direct.LONGEST_S", 0.02)
    monkeypatch.setattr("bot.ui.direct.LATE_S", 0.0)
    away = Rule("error", method="POST", path="/channels/*/messages", status=503, times=None)
    evening.wire.faults.add(away)
    you, dm = evening.you, await evening.you.open_dm()
    await you.send(dm, DARK)
    await until(lambda: away.happened > 8, "its being tried again and again")
    assert not evening.from_bot(you)
    evening.wire.faults.clear()
    (card,) = await until(lambda: evening.from_bot(you), "the card")
    late, _, rest = words(card).partition("\n\n")
    assert says({"content": late}, "support.delayed")
    assert says({"content": rest}, "support.crisis")

    monkeypatch.setattr("bot.ui.direct.LATE_S", 3600.0)
    # Whoever takes no messages is not written to for ever; and is met at once when they do again.
    evening.clock.move_to(evening.clock.now().replace(hour=23))
    refused = Rule("error", method="POST", path="/channels/*/messages", status=403, code=50007, times=1)
    evening.wire.faults.add(refused)
    post: Any = evening.app.client.get_cog("CardPost")
    await you.send(dm, DARK)
    await until(lambda: refused.happened, "its being refused")
    await until(lambda: not post._waiting, "its being given up")
    await evening.settled()
    assert len(evening.from_bot(you)) == 1
    await you.send(dm, DARK)
    await until(lambda: len(evening.from_bot(you)) == 2, "a card again")
    assert says(evening.from_bot(you)[-1], "support.crisis")
    evening.slips.lines.clear()


AN_HOUR = (3600.0, 3600.0)  # the next try by itself comes after the test


async def test_a_new_session_says_nothing_in_place_of_a_card_on_its_way(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", AN_HOUR)
    you = evening.you
    await evening.joined(you)
    await evening.play(WEDNESDAY)
    before, dm = len(evening.from_bot(you)), await you.open_dm()
    away = Rule("error", method="POST", path="/channels/*/messages", status=503, times=1)
    evening.wire.faults.add(away)
    await you.send(dm, DARK)
    await until(lambda: away.happened, "its not being taken")
    cog: Any = evening.app.client.get_cog("Conversation")
    await until(lambda: not cog.answering(you.id), "a pause")
    # As an outage ends: Discord has forgotten the session, and what was written is read again. Anything sent for the
    # same message now would count as the card, and the card would be dropped as a repeat.
    evening.wire.gateway.invalidate()
    await until(lambda: evening.wire.stats.identifies == 2, "another session")
    await until(evening.app.client.is_ready, "its being ready")
    await evening.caught_up()
    assert len(evening.from_bot(you)) == before
    # Whoever writes on does not wait for the next try.
    await you.send(dm, DARK)
    await until(lambda: len(evening.from_bot(you)) == before + 2, "the card, and that it is read")
    card, again = evening.from_bot(you)[before:]
    assert says(card, "support.crisis")
    assert says(again, "support.crisis_again")


async def test_whoever_writes_again_much_later_has_the_card_at_once(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", AN_HOUR)
    you, dm = evening.you, await evening.you.open_dm()
    away = Rule("error", method="POST", path="/channels/*/messages", status=503, times=1)
    evening.wire.faults.add(away)
    await you.send(dm, DARK)
    await until(lambda: away.happened, "its not being taken")
    cog: Any = evening.app.client.get_cog("Conversation")
    await until(lambda: not cog.answering(you.id), "a pause")
    evening.clock.move_to(evening.clock.now() + 2 * ONCE_IN)
    await you.send(dm, DARK)
    (card,) = await until(lambda: evening.from_bot(you), "the card")
    assert says(card, "support.crisis")


async def test_a_card_on_its_way_is_tried_once_more_when_the_bot_ends(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", AN_HOUR)
    away = Rule("error", method="POST", path="/channels/*/messages", status=503, times=1)
    evening.wire.faults.add(away)
    await evening.you.send(await evening.you.open_dm(), DARK)
    await until(lambda: away.happened, "its not being taken")
    await evening.sleep()
    (card,) = evening.from_bot(evening.you)
    assert says(card, "support.crisis")


async def test_a_card_for_a_form_that_nobody_saw_stands_above_nothing(evening: Evening) -> None:
    you = evening.you
    await evening.joined(you)
    asked = last(await evening.run(you, "checkin now"))
    reply = await evening.tap(you, asked, "checkins.level=wobbly")
    form = await evening.pressed(you, reply, "checkins.more")
    too_late = refusal(10062, method="POST", path="/interactions/*/*/callback")
    evening.wire.faults.add(too_late)
    await you.submit(form, {"words": DARK})
    await until(lambda: too_late.happened, "its being refused")
    await evening.heard()
    met = await evening.write(you, DARK)
    assert says(met, "support.crisis")


async def test_a_card_whose_line_is_closed_as_the_bot_ends_is_no_error(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.ui.direct.RETRIES_S", (0.01, 0.01))
    hang = evening.wire.faults.add(Rule("hang", method="POST", path="/channels/*/messages", times=None))
    post: Any = evening.app.client.get_cog("CardPost")
    await evening.you.send(await evening.you.open_dm(), DARK)
    await until(lambda: hang.happened, "its hanging")
    await evening.sleep()
    await until(lambda: not post._waiting, "its being let go of")
    gc.collect()  # which is when Python says of a task that nobody asked how it ended
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_what_a_newcomer_wrote_while_the_bot_was_off_is_met_though_nothing_was_asked_yet(
    evening: Evening,
) -> None:
    await evening.joined(evening.you)
    you, dm = evening.you, await evening.you.open_dm()
    await evening.sleep()
    await you.send(dm, DARK)
    count = len(evening.from_bot(you))
    await evening.wake()
    await until(lambda: len(evening.from_bot(you)) > count, "a card, late")
    assert says({"content": words(evening.from_bot(you)[-1]).partition("\n\n")[2]}, "support.crisis")
