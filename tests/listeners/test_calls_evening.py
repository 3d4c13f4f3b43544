"""Calls on the wire: told at each step, taken by one, given back, out of hours, roles taken away, restarts, odd input."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, button, custom_ids, until, words
from tests.listeners.scene import NUMBER, Listening


@pytest.fixture
async def scene(evening: Evening) -> Listening:
    return Listening(evening)


async def test_the_member_is_told_at_every_step_and_numbers_come_with_it(scene: Listening) -> None:
    evening, sam, joan, imran = scene.evening, scene.sam, scene.joan, scene.imran
    await scene.begin(joan, imran)
    expect(await scene.ask(), "calls.sent")
    offer = await scene.told(joan, "listeners.offer")
    expect(await evening.tap(joan, offer, "calls.decline"), "listeners.declined")
    news = await scene.told(sam, "calls.asking_next")
    assert "116 123" in words(news)
    await evening.wait(minutes=31)
    nobody = await scene.told(sam, "calls.nobody")
    assert "116 123" in words(nobody)
    yours, _ = await scene.accept(imran, "tonight")
    expect(await evening.tap(imran, yours, "calls.beyond"), "listeners.beyond")
    beyond = last(await evening.pressed(imran, yours, "calls.beyond"))
    danger = await evening.tap(imran, beyond, "listening.danger")
    expect(danger, "listeners.danger")
    assert "999" in words(danger)
    assert "We cannot locate them" in words(danger)
    route = await evening.tap(imran, beyond, "listening.route")
    assert f"<@{evening.demo.organiser.id}>" in words(route)
    expect(await evening.tap(imran, beyond, "calls.second"), "listeners.second_asked")
    asked = await scene.told(sam, "calls.second")
    assert scene.calls()[0][0] == "held", "nothing happens without the member's tap"
    again = await evening.tap(sam, asked, "calls.again")
    expect(again, "calls.open_nobody")
    await scene.told(imran, "listeners.moved_on")
    expect(await evening.tap(imran, yours, "calls.details"), "listeners.not_needed_now")
    expect(await evening.tap(sam, again, "calls.end=not-needed"), "calls.ended_not_needed")
    expect(await evening.tap(sam, again, "calls.end=not-needed"), "calls.ended_not_needed")
    accepted = await scene.told(sam, "calls.accepted")
    expect(await evening.tap(sam, accepted, "calls.end=spoke"), "calls.closed_already")
    assert scene.calls() == [("closed", None, "not-needed")], "the first time stands"


async def test_the_time_passes_and_it_goes_to_another(scene: Listening) -> None:
    evening, sam, joan, imran = scene.evening, scene.sam, scene.joan, scene.imran
    await scene.begin(joan, imran)
    await scene.ask(joan)
    yours, _ = await scene.accept(joan)
    await evening.wait(minutes=46)
    question = await scene.told(joan, "listeners.did_you")
    passed = await scene.told(sam, "calls.promise_passed")
    expect(await evening.tap(joan, question, "calls.got=half-hour"), "listeners.again")
    await scene.told(sam, "calls.new_time")
    expect(await evening.tap(joan, yours, "calls.got=cannot"), "listeners.given_back")
    await scene.told(sam, "calls.reoffered")
    yours, _ = await scene.accept(imran)
    expect(await evening.tap(imran, yours, "calls.got=yes"), "listeners.spoken")
    said = await scene.told(sam, "calls.spoken")
    didnt = await evening.tap(sam, said, "calls.end=didnt")
    expect(didnt, "calls.did_not_happen")
    assert "116 123" in words(didnt)
    expect(await evening.tap(sam, didnt, "calls.keep"), "calls.open_held")
    hard = await evening.tap(imran, (await scene.told(imran, "listeners.spoken")), "listening.hard")
    expect(hard, "listeners.breather")
    expect(await evening.tap(sam, passed, "calls.end=spoke"), "calls.ended_spoke")
    await scene.told(imran, "listeners.they_spoke")


async def test_out_of_hours_says_so_and_when_and_keeps_it(scene: Listening) -> None:
    evening, sam, joan = scene.evening, scene.sam, scene.joan
    await scene.begin(joan)
    off = last(await evening.run(joan, "listener off"))
    expect(off, "listeners.off")
    panel = await evening.tap(joan, off, "listening.limits")
    expect(panel, "listeners.limits")
    for typed, kind in (
        ("Sundays at tea time", "listeners.rota_unread"),
        ("Sundays 7.30 pm to 9", "listeners.rota_unread"),
        ("Sun 7.30-9 pm", "listeners.limits"),
    ):
        form = await joan.press(int(panel["id"]), button(panel, "listening.rota"))
        await form.wait()
        expect(last(await answered(await joan.submit(form, {"rota": typed}))), kind)
    preview = await scene.write()
    assert "7.30 pm this evening" in words(preview)
    sent = await evening.tap(sam, preview, "calls.send")
    expect(sent, "calls.sent_later")
    assert "The next comes on from 7.30 pm this evening" in words(sent)
    assert "116 123" in words(sent)
    await evening.restart()
    await evening.wait(hours=7)
    assert not scene.all(joan, "listeners.offer")
    await evening.wait(minutes=31)
    await scene.told(joan, "listeners.offer")
    await scene.told(sam, "calls.came_on")


async def test_whoever_lost_the_role_or_left_takes_nothing(
    scene: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening, joan, imran = scene.evening, scene.joan, scene.imran
    await scene.begin(joan, imran)
    await scene.ask()
    offer = await scene.told(joan, "listeners.offer")
    evening.wire.faults.add(Rule("hang", method="GET", path="/guilds/*/members/*", times=None))
    with monkeypatch.context() as patch:
        patch.setattr("bot.ui.listeners.PATIENCE_S", 0.2)
        expect(await evening.tap(joan, offer, "calls.accept=tonight"), "errors.unsure")
    evening.wire.faults.clear()
    evening.world.take_role(joan, evening.demo.guild_id, await scene.role(joan))
    expect(await evening.tap(joan, offer, "calls.accept=tonight"), "errors.listener_only")
    assert scene.calls()[0][:2] == ("asking", None)
    await scene.told(imran, "listeners.offer")
    yours, _ = await scene.accept(imran)
    evening.world.leave(imran, evening.demo.guild_id)
    expect(await evening.tap(imran, yours, "calls.details"), "errors.listener_only")
    await scene.told(scene.sam, "calls.nobody")
    assert not evening.rows("SELECT id FROM listener")


async def test_whoever_forgets_or_leaves_in_the_middle(scene: Listening) -> None:
    evening, sam, joan, imran = scene.evening, scene.sam, scene.joan, scene.imran
    await scene.begin(joan, imran)
    await scene.ask()
    await scene.accept(joan)
    asked = last(await evening.run(joan, "me forget", await joan.open_dm()))
    expect(await evening.tap(joan, asked, "me.forget=yes"), "me.forgotten")
    await scene.told(sam, "calls.reoffered")
    yours, _ = await scene.accept(imran)
    asked = last(await evening.run(sam, "me forget", await sam.open_dm()))
    gone = await evening.tap(sam, asked, "me.forget=yes")
    assert "1 call" in words(gone)
    over = await scene.told(imran, "listeners.not_needed")
    assert "Sam" not in words(over)
    expect(await evening.tap(imran, yours, "calls.details"), "errors.old_button")
    assert scene.calls() == []
    await scene.quiet()
    assert NUMBER.encode() not in evening.database.read_bytes()


async def test_in_a_server_only_the_asker_sees_it_and_odd_input_is_met_kindly(scene: Listening) -> None:
    evening, sam, joan = scene.evening, scene.sam, scene.joan
    await scene.begin(joan)
    stranger = evening.world.people["fiona"]
    expect(last(await evening.run(stranger, "talk call")), "errors.not_member")
    preview = await scene.write(dm=False, name="‮maS <@1>", reach="07700 900123 " + "x" * 80, about="😀" * 90)
    assert preview["flags"] & 1 << 6, "seen by the asker alone"
    assert "<@1>" not in words(preview)
    form = await sam.press(int(preview["id"]), button(preview, "calls.change"))
    await form.wait()
    empty = {"name": "Sam", "reach": "\u200b ", "suits": "", "about": ""}
    shown = last(await answered(await sam.submit(form, empty)))
    expect(shown, "errors.nothing_to_read")
    expect(await evening.tap(sam, preview, "calls.drop"), "calls.dropped")
    expect(await evening.tap(sam, preview, "calls.send"), "errors.old_button")
    preview = await scene.write(dm=False)
    first = await sam.press(int(preview["id"]), button(preview, "calls.send"))
    second = await sam.press(int(preview["id"]), button(preview, "calls.send"))
    for pressed in (first, second):
        await answered(pressed)
    await scene.told(joan, "listeners.offer")
    await scene.quiet()
    assert len(scene.all(joan, "listeners.offer")) == 1
    expect(last(await evening.run(sam, "talk call")), "calls.open_asking")
    yours, _ = await scene.accept(joan, "tomorrow")
    details = [i for i in custom_ids(yours) if "calls.details" in i]
    expect(last(await answered(await sam.press_raw(await sam.open_dm(), 1, details[0]))), "errors.not_yours")
    assert await until(lambda: scene.all(sam, "calls.accepted"), "news")
    evening.clock.move_to(evening.clock.now() + timedelta(minutes=1))


async def test_pausing_hands_on_and_hours_and_limits_are_ones_own(scene: Listening) -> None:
    evening, sam, joan = scene.evening, scene.sam, scene.joan
    await scene.begin(joan)
    await scene.ask()
    await scene.accept(joan)
    expect(last(await evening.run(joan, "pause", until="24 December 2026")), "members.paused")
    await scene.told(sam, "calls.nobody")
    expect(last(await evening.run(joan, "listener on", until="soonish")), "errors.unknown_time")
    expect(last(await evening.run(joan, "listener on", until="10 pm")), "listeners.on")
    panel = last(await evening.run(joan, "listener limits"))
    expect(panel, "listeners.limits")
    most = await joan.choose(int(panel["id"]), button(panel, "listening.most"), ["1"])
    assert "**At most open at a time:** 1" in words(last(await answered(most)))
    shown = await evening.tap(joan, panel, "listening.switch=calls")
    assert "**Calls:** not now" in words(shown)
    assert says(shown, "listeners.limits")


async def test_the_night_notices_a_role_that_was_taken_away(scene: Listening) -> None:
    evening, sam, joan, imran = scene.evening, scene.sam, scene.joan, scene.imran
    await scene.begin(joan, imran)
    await scene.ask(joan)
    await scene.accept(joan, "tomorrow")
    evening.world.take_role(joan, evening.demo.guild_id, await scene.role(joan))
    await evening.wait(hours=16)
    await until(lambda: len(evening.rows("SELECT id FROM listener")) == 1, "the night")
    await scene.told(sam, "calls.nobody")
    assert scene.calls()[0][:2] == ("nobody", None)


async def test_a_clock_set_back_keeps_nobody_waiting_longer(scene: Listening) -> None:
    evening = scene.evening
    await scene.begin(scene.joan)
    await scene.ask()
    evening.clock.move_to(evening.clock.now() - timedelta(hours=20))
    await evening.app.alarm.ring()
    await evening.wait(minutes=31)
    await scene.told(scene.sam, "calls.nobody")
