"""Discord is away while somebody has just written dark words: the card arrives when it is back."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, says
from tests.launch.scene import until, words

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
