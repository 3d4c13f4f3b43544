"""Somebody else holds the database while people call and talk: told kindly, and afterwards nothing is lost or twice there."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.errors import StoreUnavailable
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import button, until, words
from tests.listeners.conversing import Conversing
from tests.listeners.scene import ABOUT, NUMBER, Listening


class Lock:
    """The database held by another connection, and what the bot could not write meanwhile."""

    def __init__(self, evening: Evening, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed: list[str] = []
        self._other = sqlite3.connect(evening.database, isolation_level=None, timeout=30)
        write: Callable[..., Awaitable[Any]] = evening.app.store.write

        async def noted(change: Any, *more: Any) -> Any:
            try:
                return await write(change, *more)
            except StoreUnavailable:
                self.failed.append(change.__name__)
                raise

        monkeypatch.setattr(evening.app.store, "write", noted)
        monkeypatch.setattr("bot.ui.patience.PAUSE_S", 0.05)
        # A press is refused after one wait for the lock or two; on a slow machine that is no measure of anything.
        evening.world.backend.answer_within = 60.0

    def hold(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()

    async def was_in_the_way_of(self, *changes: str) -> None:
        await until(lambda: set(changes) <= set(self.failed), f"{changes} failing")


async def test_a_talk_goes_on_once_the_database_is_free(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    sam, joan, dm = talk.sam, talk.joan, await talk.sam.open_dm()
    changed = await talk.say(sam, "the first, as it was")
    gone = await talk.say(sam, "to be taken back")
    await talk.reads(joan, "to be taken back")
    status = last(await evening.run(sam, "talk anonymous", dm))
    lock = Lock(evening, monkeypatch)
    lock.hold()
    try:
        await sam.edit(dm, changed, "the first, changed")
        await sam.edit(dm, changed, "the first, changed again")
        await sam.delete(dm, gone)
        await talk.say(sam, "I want to die, one")
        await talk.say(sam, "two")
        await talk.say(joan, "from the other side")
        await lock.was_in_the_way_of("change", "withdraw")
        for person in (sam, joan):
            await until(lambda p=person: talk.all(p, "talks.kept_for_now"), "its being said")
        await until(
            lambda: any(says(m, "support.crisis") for m in evening.from_bot(sam)), "which no lock holds up"
        )
        ask = await evening.tap(sam, status, "talk.anonymous.end=ask")
        expect(await evening.tap(sam, ask, "talk.anonymous.end=yes"), "errors.busy")
    finally:
        lock.let_go()
    await talk.reads(joan, "two")
    await talk.reads(sam, "from the other side")
    await until(lambda: any("changed again" in words(m) for m in evening.from_bot(joan)), "the change")
    await until(lambda: not any("taken back" in words(m) for m in evening.from_bot(joan)), "the deletion")
    await talk.quiet()
    read = [words(m).split("\n", 1)[-1] for m in evening.from_bot(joan)]
    assert [said for said in read if said in ("I want to die, one", "two")] == ["I want to die, one", "two"]
    assert not any(said == "the first, changed" for said in read)
    expect(await evening.tap(sam, ask, "talk.anonymous.end=yes"), "talks.ended_member")
    await talk.told(joan, "talks.ended_by_member")


async def test_a_call_goes_out_once_however_often_it_was_pressed(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Listening(evening)
    sam, joan = scene.sam, scene.joan
    await scene.begin(joan)
    shown = last(await evening.run(sam, "talk call", await sam.open_dm()))
    form = await sam.choose(int(shown["id"]), button(shown, "calls.who"), ["0"])
    await form.wait()
    lock = Lock(evening, monkeypatch)
    lock.hold()
    try:
        asked = await sam.submit(form, {"name": "Sam", "reach": NUMBER, "about": f"*{ABOUT}* " + "x" * 90})
        await asked.message(2)
    finally:
        lock.let_go()
    busy, back = asked.messages
    expect(busy, "errors.busy")
    expect(back, "errors.words_back")
    assert NUMBER in words(back)
    assert f"\\*{ABOUT}\\* xxx" in words(back), "harmless, and there to be copied"
    assert back["flags"] & 64, "seen by its writer alone"
    preview = await scene.write()
    lock = Lock(evening, monkeypatch)
    lock.hold()
    try:
        expect(await evening.tap(sam, preview, "calls.send"), "errors.busy")
    finally:
        lock.let_go()
    assert not scene.calls() or scene.calls()[0][0] == "draft"
    expect(await evening.tap(sam, preview, "calls.send"), "calls.sent")
    offer = await scene.told(joan, "listeners.offer")
    lock = Lock(evening, monkeypatch)
    lock.hold()
    try:
        expect(await evening.tap(joan, offer, "calls.accept=tonight"), "errors.busy")
    finally:
        lock.let_go()
    # The same press delivered twice, and both of two presses: it is taken once.
    press = button(offer, "calls.accept=tonight")
    pressed = await asyncio.gather(*(joan.press(int(offer["id"]), press) for _ in range(2)))
    for one in pressed:
        await one.wait(90)
    accepted = await until(lambda: scene.all(sam, "calls.accepted"), "its being told")
    await scene.quiet()
    assert len(accepted) == len(scene.all(sam, "calls.accepted")) == 1
    assert scene.calls()[0][0] == "held"
