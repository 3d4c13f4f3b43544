"""A question and what becomes of it: answered, asked twice, changed, put off, followed up, answered late."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.checkins.rules import Level
from tests.checkins.evening import Evening, expect, last, says, wording
from tests.launch.scene import WEDNESDAY, answered, button, custom_ids, words

EIGHT_HOURS = timedelta(hours=8)


@pytest.fixture
async def asked(evening: Evening) -> dict[str, Any]:
    """The first question, on Wednesday at six."""
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    (question,) = evening.questions(evening.you)
    return question


async def next_week(evening: Evening) -> dict[str, Any]:
    await evening.wait(weeks=1)
    return evening.questions(evening.you)[-1]


async def since(evening: Evening, count: int) -> list[dict[str, Any]]:
    return evening.from_bot(evening.you)[count:]


# The second door


@pytest.mark.parametrize(("level", "door"), [("good", "checkins.door_good"), ("ok", "checkins.door_ok")])
@pytest.mark.parametrize(
    ("choice", "template"),
    [
        ("really", "checkins.door_really"),
        ("bit-much", "checkins.door_bit_much"),
        ("rather-not", "checkins.door_rather_not"),
    ],
)
async def test_ok_is_asked_once_more_and_each_answer_is_met(
    evening: Evening, asked: dict[str, Any], level: str, door: str, choice: str, template: str
) -> None:
    second = await evening.tap(evening.you, asked, f"checkins.level={level}")
    expect(second, door)
    expect(await evening.tap(evening.you, second, f"checkins.door={choice}"), template)
    assert await evening.levels(evening.you) == [level], "the door is not another level"


async def test_the_door_opens_the_first_time_then_every_third_and_always_after_a_hard_week(
    evening: Evening, asked: dict[str, Any]
) -> None:
    opened = [says(await evening.tap(evening.you, asked, "checkins.level=ok"), "checkins.door_ok")]
    for level in ("ok", "ok", "ok", "not-ok", "ok", "good", "ok", "ok", "ok"):
        reply = await evening.tap(evening.you, await next_week(evening), f"checkins.level={level}")
        opened.append(says(reply, "checkins.door_ok") or says(reply, "checkins.door_good"))
    assert opened == [True, False, False, True, False, True, True, True, True, False]


async def test_ten_weeks_of_ok_do_not_read_alike(evening: Evening, asked: dict[str, Any]) -> None:
    replies = [words(await evening.tap(evening.you, asked, "checkins.level=ok"))]
    for _ in range(9):
        replies.append(words(await evening.tap(evening.you, await next_week(evening), "checkins.level=ok")))
    assert all(one != following for one, following in pairwise(replies))
    assert len(set(replies)) >= 4


# Hard answers


@pytest.mark.parametrize(
    ("level", "template"), [("wobbly", "checkins.wobbly"), ("not-ok", "checkins.not_ok")]
)
async def test_a_hard_answer_gets_a_number_and_one_softer_question_the_next_day(
    evening: Evening, asked: dict[str, Any], level: str, template: str
) -> None:
    reply = await evening.tap(evening.you, asked, f"checkins.level={level}")
    expect(reply, template)
    assert "116 123" in words(reply)
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1
    count = len(evening.from_bot(evening.you))
    await evening.wait(hours=23)
    assert await since(evening, count) == []
    await evening.wait(hours=2)
    (soft,) = await since(evening, count)
    expect(soft, "checkins.follow_up")
    assert evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'") == [], (
        "its only trace is gone"
    )
    await evening.wait(days=5)
    assert len(await since(evening, count)) == 1, "once"


@pytest.mark.parametrize("choice", ["better", "same", "harder", "none"])
async def test_each_answer_to_the_softer_question_is_met_and_kept_nowhere(
    evening: Evening, asked: dict[str, Any], choice: str
) -> None:
    await evening.tap(evening.you, asked, "checkins.level=wobbly")
    await evening.wait(hours=25)
    soft = evening.from_bot(evening.you)[-1]
    expect(await evening.tap(evening.you, soft, f"checkins.followed={choice}"), f"checkins.followed_{choice}")
    assert await evening.levels(evening.you) == ["wobbly"]


async def test_the_softer_question_can_be_declined(evening: Evening, asked: dict[str, Any]) -> None:
    reply = await evening.tap(evening.you, asked, "checkins.level=not-ok")
    expect(await evening.tap(evening.you, reply, "checkins.follow=no"), "checkins.follow_declined")
    assert evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'") == []
    count = len(evening.from_bot(evening.you))
    await evening.wait(days=2)
    assert await since(evening, count) == []


async def test_the_softer_question_is_withdrawn_when_the_answer_changes(
    evening: Evening, asked: dict[str, Any]
) -> None:
    await evening.tap(evening.you, asked, "checkins.level=not-ok")
    expect(await evening.tap(evening.you, asked, "checkins.level=good"), "checkins.changed")
    assert evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'") == []
    count = len(evening.from_bot(evening.you))
    await evening.wait(days=2)
    assert await since(evening, count) == []


async def test_an_answer_in_the_small_hours_is_followed_up_at_a_decent_one(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(datetime(2026, 11, 24, 3, tzinfo=UTC))
    question = last(await evening.run(evening.you, "checkin now"))
    await evening.run(evening.you, "checkin settings", day="4")
    reply = await evening.tap(evening.you, question, "checkins.level=not-ok")
    assert "tomorrow" in words(reply)
    await evening.play(datetime(2026, 11, 25, 12, tzinfo=UTC))
    soft = evening.from_bot(evening.you)[-1]
    expect(soft, "checkins.follow_up")
    assert soft["timestamp"][:16] == "2026-11-25T08:00"


async def test_no_promise_of_tomorrow_when_the_usual_question_comes_then(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY - timedelta(days=1))
    question = last(await evening.run(evening.you, "checkin now"))
    reply = await evening.tap(evening.you, question, "checkins.level=wobbly")
    assert not any("checkins.follow:" in i for i in custom_ids(reply))
    await evening.play(WEDNESDAY + timedelta(hours=5))
    assert len(evening.questions(evening.you)) == 1
    assert not any(says(m, "checkins.follow_up") for m in evening.from_bot(evening.you))


async def test_nothing_follows_during_a_pause(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.run(evening.you, "pause", until="12 December 2026")
    reply = await evening.tap(evening.you, asked, "checkins.level=not-ok")
    assert not any("checkins.follow:" in i for i in custom_ids(reply))
    count = len(evening.from_bot(evening.you))
    await evening.wait(days=3)
    assert await since(evening, count) == []


# Changed, twice, out of order, late


async def test_every_change_is_met_and_the_last_one_counts(evening: Evening, asked: dict[str, Any]) -> None:
    for before, level in zip([None, *Level], Level, strict=False):
        reply = await evening.tap(evening.you, asked, f"checkins.level={level}")
        if before is not None:
            expect(reply, "checkins.changed_hard" if level.hard else "checkins.changed")
        assert await evening.levels(evening.you) == [level]
    # Whoever says it twice may not have seen what it was met with: it is met again.
    again = await evening.tap(evening.you, asked, "checkins.level=not-ok")
    expect(again, "checkins.not_ok")
    assert "116 123" in words(again)
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1
    for template in ("checkins.changed", "checkins.same_again"):
        expect(await evening.tap(evening.you, asked, "checkins.level=ok"), template)


async def test_the_same_tap_delivered_twice_counts_once(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.tap(evening.you, asked, "checkins.level=wobbly")
    first = evening.rows("SELECT answered_by, answered_at FROM checkin")
    again = await evening.you.interact_raw({"id": str(first[0][0])})
    await answered(again)
    await evening.tap(evening.you, asked, "checkins.level=wobbly")
    assert await evening.levels(evening.you) == ["wobbly"]
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1
    evening.slips.lines.clear()  # the second answer to one interaction was refused by Discord, and said so


async def test_an_older_tap_that_comes_late_loses(
    evening: Evening, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[tuple[str, Any]] = []
    with monkeypatch.context() as patch:
        patch.setattr(evening.world.backend, "emit", lambda *event: held.append(event))
        late = await evening.you.press(int(asked["id"]), button(asked, "checkins.level=good"))
    await evening.tap(evening.you, asked, "checkins.level=wobbly")
    evening.world.backend.emit(*held[0])
    expect(last(await answered(late)), "checkins.same_again")
    assert await evening.levels(evening.you) == ["wobbly"]
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1


async def test_two_taps_at_once_keep_one_answer(evening: Evening, asked: dict[str, Any]) -> None:
    taps = [
        await evening.you.press(int(asked["id"]), button(asked, f"checkins.level={level}"))
        for level in ("good", "not-ok", "ok", "wobbly")
    ]
    await asyncio.gather(*(answered(tap) for tap in taps))
    assert await evening.levels(evening.you) == ["wobbly"], "the one tapped last"
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1


async def test_an_answer_a_week_late_counts_for_its_day(evening: Evening, asked: dict[str, Any]) -> None:
    await next_week(evening)
    reply = await evening.tap(evening.you, asked, "checkins.level=good")
    expect(reply, "checkins.late_reply")
    assert "Wednesday 25 November" in words(reply)
    assert evening.rows("SELECT state FROM checkin ORDER BY due_at") == [("answered",), ("asked",)]


async def test_a_hard_answer_a_week_late_is_met_as_hard(evening: Evening, asked: dict[str, Any]) -> None:
    await next_week(evening)
    expect(await evening.tap(evening.you, asked, "checkins.level=not-ok"), "checkins.not_ok")


async def test_a_restart_between_question_and_answer(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.restart()
    reply = await evening.tap(evening.you, asked, "checkins.level=wobbly")
    expect(reply, "checkins.wobbly")
    await evening.restart()
    shown = await evening.pressed(evening.you, reply, "checkins.more")
    await evening.restart()
    sent = await answered(await evening.you.submit(shown, {"words": "a form outlives its bot"}))
    expect(last(sent), "checkins.words_hard")
    await evening.restart()
    count = len(evening.from_bot(evening.you))
    await evening.wait(hours=25)
    expect((await since(evening, count))[0], "checkins.follow_up")
    assert await evening.levels(evening.you) == ["wobbly"]


async def test_nobody_answers_for_another(evening: Evening, asked: dict[str, Any]) -> None:
    kate = evening.demo.people[6]
    await evening.join(kate)
    forged = button(asked, "checkins.level=not-ok")
    for custom_id in (forged, forged.replace("checkins.level", "checkins.later").replace("not-ok", "skip")):
        told = await answered(await kate.press_raw(await kate.open_dm(), 1, custom_id))
        expect(last(told), "errors.not_yours")
    assert await evening.levels(evening.you) == []


@pytest.mark.parametrize("arg", ["splendid", "", "not-ok.x"])
async def test_a_level_nobody_offered_is_an_old_button(
    evening: Evening, asked: dict[str, Any], arg: str
) -> None:
    forged = button(asked, "checkins.level=ok").removesuffix("ok") + arg
    told = await answered(await evening.you.press_raw(int(asked["channel_id"]), int(asked["id"]), forged))
    expect(last(told), "errors.old_button")


# Later


@pytest.mark.parametrize(
    ("choice", "comes"),
    [("tonight", "2026-11-25T20:30"), ("tomorrow", "2026-11-26T18:00"), ("skip", None)],
)
async def test_later(evening: Evening, asked: dict[str, Any], choice: str, comes: str | None) -> None:
    offered = await evening.tap(evening.you, asked, "checkins.later")
    expect(offered, "checkins.later")
    told = await evening.tap(evening.you, offered, f"checkins.later={choice}")
    expect(told, "checkins.later_set" if comes else "checkins.skipped")
    await evening.wait(days=2)
    again = evening.questions(evening.you)[1:]
    assert [question["timestamp"][:16] for question in again] == ([comes] if comes else [])
    if again:
        assert wording(again[0], "checkins.opening") != wording(asked, "checkins.opening")
        expect(await evening.tap(evening.you, again[0], "checkins.level=wobbly"), "checkins.wobbly")
        assert await evening.levels(evening.you) == ["wobbly"], "the same question, asked again"


async def test_later_twice_is_once(evening: Evening, asked: dict[str, Any]) -> None:
    offered = await evening.tap(evening.you, asked, "checkins.later")
    for choice in ("tonight", "tomorrow", "tonight"):
        await evening.tap(evening.you, offered, f"checkins.later={choice}")
    await evening.wait(days=2)
    assert len(evening.questions(evening.you)) == 2


async def test_later_is_not_asked_when_it_was_answered_meanwhile(
    evening: Evening, asked: dict[str, Any]
) -> None:
    offered = await evening.tap(evening.you, asked, "checkins.later")
    await evening.tap(evening.you, offered, "checkins.later=tonight")
    await evening.tap(evening.you, asked, "checkins.level=good")
    await evening.wait(days=2)
    assert len(evening.questions(evening.you)) == 1


async def test_tomorrow_is_no_second_question_where_one_comes_then_anyway(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.run(evening.you, "checkin settings", often="school-days")
    await evening.play(WEDNESDAY)
    offered = await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.later")
    told = await evening.tap(evening.you, offered, "checkins.later=tomorrow")
    assert "Thursday 26 November at 6" in words(told)
    await evening.play(WEDNESDAY + timedelta(days=1))
    assert len(evening.questions(evening.you)) == 2


async def test_later_respects_quiet_hours(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.run(evening.you, "checkin settings", quiet_from="20:00", quiet_until="07:30")
    offered = await evening.tap(evening.you, asked, "checkins.later")
    await evening.tap(evening.you, offered, "checkins.later=tonight")
    await evening.wait(days=2)
    assert [q["timestamp"][:16] for q in evening.questions(evening.you)[1:]] == ["2026-11-26T07:30"]


async def test_a_later_that_comes_too_late_does_not_undo_the_question(
    evening: Evening, asked: dict[str, Any]
) -> None:
    offered = await evening.tap(evening.you, asked, "checkins.later")
    await evening.tap(evening.you, offered, "checkins.later=tonight")
    await evening.sleep()
    evening.clock.move_to(WEDNESDAY + EIGHT_HOURS)
    await evening.wake()
    await evening.caught_up()
    await evening.play(evening.clock.now())
    assert len(evening.questions(evening.you)) == 1
    expect(await evening.write(evening.you, "not ok"), "checkins.not_ok")
    assert await evening.levels(evening.you) == ["not-ok"]


# By the member's own wish


async def test_asking_now_as_often_as_one_likes(evening: Evening) -> None:
    await evening.joined(evening.you)
    seen: list[int] = []
    for level in ("ok", "wobbly", "good"):
        asked = await evening.run(evening.you, "checkin now")
        assert asked.ephemeral
        seen.append(wording(last(asked), "checkins.now"))
        await evening.tap(evening.you, last(asked), f"checkins.level={level}")
    assert seen[0] != seen[1] != seen[2]
    assert await evening.levels(evening.you) == ["ok", "wobbly", "good"]
    await evening.play(WEDNESDAY)
    assert len(evening.questions(evening.you)) == 1, "the usual one comes all the same"


async def test_the_panel_in_the_channel_asks_without_any_dm(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.wait(seconds=1)
    (channel,) = evening.rows("SELECT checkin_channel_id, checkin_message_id FROM network")
    (panel,) = [m for m in evening.you.visible_messages(channel[0]) if int(m["id"]) == channel[1]]
    count = len(evening.from_bot(evening.you))
    exchange = await evening.pressed(evening.you, panel, "checkins.now")
    assert exchange.ephemeral
    reply = await evening.pressed(evening.you, last(exchange), "checkins.level=not-ok")
    assert reply.ephemeral
    expect(last(reply), "checkins.not_ok")
    assert await since(evening, count) == []
    assert await evening.levels(evening.you) == ["not-ok"]


async def test_a_stranger_asking_is_told_how_to_join(evening: Evening) -> None:
    await evening.set_up()
    told = await evening.run(evening.you, "checkin now")
    expect(last(told), "errors.not_member")
    assert evening.rows("SELECT * FROM checkin") == []


# The picture


async def test_the_history_is_drawn_for_its_owner_with_words_for_those_who_cannot_see_it(
    evening: Evening, asked: dict[str, Any]
) -> None:
    expect(last(await evening.run(evening.you, "checkin history")), "checkins.history_empty")
    await evening.tap(evening.you, asked, "checkins.level=ok")
    await evening.tap(evening.you, await next_week(evening), "checkins.level=not-ok")
    exchange = await evening.run(evening.you, "checkin history")
    assert exchange.ephemeral
    expect(last(exchange), "checkins.history")
    (picture,) = last(exchange)["attachments"]
    assert "2 answers since Wednesday 25 November" in picture["description"]
    assert "1 OK" in picture["description"]
    assert "1 not OK" in picture["description"]
    assert "The last was not OK, on Wednesday 2 December" in picture["description"]
    assert picture["size"] > 5_000
    dm = await evening.you.open_dm()
    expect(last(await evening.run(evening.you, "checkin history", dm)), "checkins.history")
    kate = evening.demo.people[6]
    expect(last(await evening.run(kate, "checkin history")), "checkins.history_empty")
