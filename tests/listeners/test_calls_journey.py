"""A call from beginning to end, as its member and its listeners see it."""

from __future__ import annotations

import pytest

from tests.checkins.evening import Evening, expect
from tests.launch.scene import words
from tests.listeners.scene import ABOUT, NUMBER, Listening


@pytest.fixture
async def scene(evening: Evening) -> Listening:
    return Listening(evening)


async def test_asked_taken_and_closed_by_the_member_alone(scene: Listening) -> None:
    evening, sam, joan = scene.evening, scene.sam, scene.joan
    await scene.begin(joan, scene.imran)
    preview = await scene.write()
    for said in ("Sam", NUMBER, "After seven", ABOUT, "Joan's school", "Imran's school"):
        assert said in words(preview)
    assert not evening.rows("SELECT id FROM outbox WHERE dedupe_key LIKE 'calls:%'"), "nobody is asked yet"
    expect(await evening.tap(sam, preview, "calls.send"), "calls.sent")
    offer = await scene.told(joan, "listeners.offer")
    assert not scene.all(scene.imran, "listeners.offer"), "one at a time"
    for secret in ("Sam", NUMBER, ABOUT, str(sam.id)):
        assert secret not in words(offer)
    yours, details = await scene.accept(joan, "tonight")
    expect(yours, "listeners.yours")
    expect(details, "listeners.details")
    assert NUMBER in words(details)
    assert ABOUT in words(details)
    assert NUMBER not in words(yours), "what stays in the chat names nobody"
    news = await scene.told(sam, "calls.accepted")
    assert "Joan" in words(news)
    assert "9 pm this evening" in words(news)
    await scene.quiet()
    expect(await evening.tap(sam, news, "calls.end=spoke"), "calls.ended_spoke")
    await scene.told(joan, "listeners.they_spoke")
    expect(await evening.tap(joan, yours, "calls.details"), "listeners.not_needed_now")
    await evening.wait(hours=24)
    debrief = await scene.told(joan, "listeners.debrief")
    expect(await evening.tap(joan, debrief, "listening.debrief=with-me"), "listeners.debrief_with_me")
    await evening.wait(days=8)
    await evening.app._tidy(evening.clock.now())
    assert scene.calls() == []
    assert evening.rows("SELECT id FROM call_offer") == []
