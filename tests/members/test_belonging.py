"""Joining, being reachable, belonging to two networks, resting, and leaving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import WEDNESDAY, answered, button, custom_ids, words

OF_A_PERSON = ("person", "membership", "checkin_plan", "checkin")


async def second_network(evening: Evening) -> int:
    """Set the second server up too; its channel."""
    organiser, channel = evening.demo.second_organiser, evening.demo.second_channel_id
    options = {"nation": "england", "contact": organiser.id, "zone": "Europe/London"}
    await (await organiser.slash(channel, "network setup", options)).message()
    return channel


def kept(evening: Evening, person: Person) -> dict[str, int]:
    """How many rows of each table are somebody's."""
    return {
        table: evening.rows(f"SELECT count(*) FROM {table} WHERE user_id = ?", person.id)[0][0]
        for table in OF_A_PERSON
    }


def waiting(evening: Evening, person: Person) -> list[str]:
    rows = evening.rows("SELECT template FROM outbox WHERE user_id = ? AND state = 'pending'", person.id)
    return [template for (template,) in rows]


# Joining


async def test_each_yes_is_asked_for_by_itself(evening: Evening) -> None:
    await evening.set_up()
    told = await evening.run(evening.you, "join")
    expect(last(told), "members.join")
    assert set(kept(evening, evening.you).values()) == {0}, "explained first"
    asked = await evening.pressed(evening.you, last(told), "members.agree=yes")
    expect(last(asked), "members.consent")
    assert kept(evening, evening.you) == {"person": 1, "membership": 1, "checkin_plan": 0, "checkin": 0}
    done = await evening.pressed(evening.you, last(asked), "members.consent=yes")
    expect(await done.message(), "members.joined")
    (hello,) = evening.from_bot(evening.you)
    expect(hello, "members.welcome")
    assert "Wednesday 25 November at 6" in words(hello)
    consents = evening.rows("SELECT purpose FROM consent WHERE user_id = ? ORDER BY purpose", evening.you.id)
    assert consents == [("checkins",), ("membership",)]


async def test_no_is_a_fine_answer_to_either(evening: Evening) -> None:
    await evening.set_up()
    told = await evening.run(evening.you, "join")
    expect(await evening.tap(evening.you, last(told), "members.agree=no"), "members.not_now")
    assert set(kept(evening, evening.you).values()) == {0}
    asked = await evening.pressed(evening.you, last(told), "members.agree=yes")
    done = await evening.pressed(evening.you, last(asked), "members.consent=no")
    expect(await done.message(), "members.joined_without")
    expect(evening.from_bot(evening.you)[-1], "members.welcome_without")
    await evening.play(WEDNESDAY + timedelta(weeks=2))
    assert evening.questions(evening.you) == []


async def test_joining_twice_and_pressing_twice_changes_nothing(evening: Evening) -> None:
    await evening.set_up()
    told = await evening.run(evening.you, "join")
    for _ in range(2):
        asked = await evening.pressed(evening.you, last(told), "members.agree=yes")
        done = await evening.pressed(evening.you, last(asked), "members.consent=yes")
        await done.message()
    expect(last(await evening.run(evening.you, "join")), "members.already")
    assert kept(evening, evening.you) == {"person": 1, "membership": 1, "checkin_plan": 1, "checkin": 0}
    assert len(evening.rows("SELECT 1 FROM consent WHERE user_id = ?", evening.you.id)) == 2


async def test_the_panel_s_button_joins_too(evening: Evening) -> None:
    await evening.set_up()
    await evening.wait(seconds=1)
    ((channel, message),) = evening.rows("SELECT welcome_channel_id, welcome_message_id FROM network")
    (panel,) = [m for m in evening.you.visible_messages(channel) if int(m["id"]) == message]
    told = await evening.pressed(evening.you, panel, "members.join")
    assert told.ephemeral
    expect(last(told), "members.join")


async def test_a_server_that_was_not_set_up_says_so(evening: Evening) -> None:
    expect(last(await evening.run(evening.you, "join")), "errors.not_set_up")


# Reachable


async def test_closed_messages_are_told_and_mended_by_trying_again(evening: Evening) -> None:
    await evening.set_up()
    evening.you.allow_dms = False
    done = await evening.join(evening.you)
    expect(last(done), "members.dm_closed")
    channel = await evening.tap(evening.you, last(done), "members.dm=channel")
    expect(channel, "members.in_channel")
    assert "<#" in words(channel)
    await evening.play(WEDNESDAY)
    assert evening.from_bot(evening.you) == []
    assert evening.rows("SELECT state FROM checkin") == [("dropped",)], "recorded, and sent to nobody"
    expect(last(await evening.run(evening.you, "join")), "members.dm_closed")
    evening.you.allow_dms = True
    again = await evening.pressed(evening.you, last(done), "members.dm=again")
    expect(await again.message(), "members.joined")
    await evening.play(WEDNESDAY + timedelta(weeks=1))
    assert len(evening.questions(evening.you)) == 1
    evening.slips.lines.clear()


async def test_messages_closed_later_are_told_on_the_next_visit(evening: Evening) -> None:
    await evening.joined(evening.you)
    evening.you.allow_dms = False
    await evening.play(WEDNESDAY)
    assert evening.rows("SELECT state FROM checkin") == [("dropped",)]
    assert evening.rows("SELECT unanswered FROM checkin_plan") == [(0,)], "nobody can leave that unanswered"
    visit = await evening.run(evening.you, "checkin now")
    missed = await visit.message(2)
    expect(missed, "checkins.undelivered")
    assert "Wednesday 25 November at 6" in words(missed)
    evening.you.allow_dms = True
    again = await evening.pressed(evening.you, missed, "members.dm=again")
    expect(await again.message(), "members.joined")
    await evening.play(WEDNESDAY + timedelta(weeks=1))
    assert len(evening.questions(evening.you)) == 1
    visit = await evening.run(evening.you, "checkin now")
    assert len(visit.messages) == 1


# Two networks


async def test_two_networks_ask_once_a_day_and_take_turns(evening: Evening) -> None:
    await evening.joined(evening.you)
    done = await evening.join(evening.you, await second_network(evening))
    expect(await done.message(2), "members.two_networks")
    for week in range(4):
        await evening.play(WEDNESDAY + timedelta(weeks=week))
        assert len(evening.questions(evening.you)) == week + 1
        await evening.tap(evening.you, evening.questions(evening.you)[-1], "checkins.level=good")
    whose = ["Saturday Coffee" in words(q) for q in evening.questions(evening.you)]
    assert all(
        "Saturday Coffee" in words(q) or "Peak Small" in words(q) for q in evening.questions(evening.you)
    )
    assert whose.count(True) == 2
    assert whose[0] != whose[1] != whose[2] != whose[3]


async def test_the_network_with_the_later_hour_has_its_turn_as_well(evening: Evening) -> None:
    await evening.joined(evening.you)
    channel = await second_network(evening)
    await evening.join(evening.you, channel)
    await evening.run(evening.you, "checkin settings", channel, time="19:00")
    for week in range(4):
        await evening.play(WEDNESDAY + timedelta(weeks=week, hours=2))
        await evening.tap(evening.you, evening.questions(evening.you)[-1], "checkins.level=good")
    assert [q["timestamp"][11:13] for q in evening.questions(evening.you)] in (
        ["18", "19", "18", "19"],
        ["19", "18", "19", "18"],
    )


async def test_one_word_with_two_questions_open_asks_which_was_meant(evening: Evening) -> None:
    await evening.joined(evening.you)
    channel = await second_network(evening)
    await evening.join(evening.you, channel)
    await evening.run(evening.you, "checkin settings", channel, day="3")
    await evening.play(WEDNESDAY + timedelta(days=1))
    first, second = evening.questions(evening.you)
    assert words(first) != words(second)
    which = await evening.write(evening.you, "not ok")
    expect(which, "checkins.which_network")
    assert await evening.levels(evening.you) == []
    choices = [i for i in custom_ids(which) if i.startswith("ok1:checkins.which:")]
    assert len(choices) == 2
    reply = await answered(await evening.you.press(int(which["id"]), choices[1]))
    expect(last(reply), "checkins.not_ok")
    assert await evening.levels(evening.you) == ["not-ok"]
    # What is still open is the other one, and no doubt is left.
    expect(await evening.write(evening.you, "good"), "checkins.door_good")


async def test_leaving_one_network_leaves_the_other_as_it_was(evening: Evening) -> None:
    await evening.joined(evening.you)
    channel = await second_network(evening)
    await evening.join(evening.you, channel)
    told = await evening.run(evening.you, "leave", channel)
    await evening.tap(evening.you, last(told), "members.leave=yes")
    assert kept(evening, evening.you) == {"person": 1, "membership": 1, "checkin_plan": 1, "checkin": 0}
    await evening.play(WEDNESDAY)
    (question,) = evening.questions(evening.you)
    assert "Saturday Coffee" in words(question)


# Resting


async def test_a_pause_is_quiet_until_its_day_and_ends_by_itself(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.level=wobbly")
    told = await evening.run(evening.you, "pause", until="14 December 2026")
    expect(last(told), "members.paused")
    assert "Monday 14 December 2026" in words(last(told))
    assert not any(t.startswith("checkins.follow_up") for t in waiting(evening, evening.you))
    count = len(evening.from_bot(evening.you))
    await evening.play(datetime(2026, 12, 14, 7, 59, tzinfo=UTC))
    assert len(evening.from_bot(evening.you)) == count
    await evening.play(datetime(2026, 12, 14, 8, 1, tzinfo=UTC))
    back = evening.from_bot(evening.you)[-1]
    expect(back, "members.resumed")
    assert "Wednesday 16 December at 6" in words(back)
    await evening.play(datetime(2026, 12, 16, 18, 1, tzinfo=UTC))
    assert len(evening.questions(evening.you)) == 2


@pytest.mark.parametrize(
    ("choice", "until"),
    [("week", "29 November"), ("fortnight", "6 December"), ("month", "20 December")],
)
async def test_the_buttons_of_a_pause(evening: Evening, choice: str, until: str) -> None:
    await evening.joined(evening.you)
    told = await evening.tap(
        evening.you, last(await evening.run(evening.you, "pause")), f"members.pause={choice}"
    )
    expect(told, "members.paused")
    assert until in words(told)


async def test_a_pause_by_form_ended_early_and_a_day_that_cannot_be(evening: Evening) -> None:
    await evening.joined(evening.you)
    offered = last(await evening.run(evening.you, "pause"))
    for said, template in (
        ("soon", "errors.unknown_date"),
        ("1 March 2020", "errors.past_date"),
        ("22 November 2026", "errors.past_date"),
        ("2 March 2027", "members.paused"),
    ):
        form = await evening.pressed(evening.you, offered, "members.pause=date")
        sent = last(await answered(await evening.you.submit(form, {"until": said})))
        expect(sent, template)
    assert waiting(evening, evening.you) == [f"members.resumed#{evening.you.id}"]
    expect(await evening.tap(evening.you, sent, "members.unpause"), "members.unpaused")
    assert waiting(evening, evening.you) == []
    await evening.play(WEDNESDAY)
    assert len(evening.questions(evening.you)) == 1


async def test_a_stranger_has_nothing_to_pause_or_leave(evening: Evening) -> None:
    await evening.set_up()
    expect(last(await evening.run(evening.you, "pause")), "errors.not_member")
    expect(last(await evening.run(evening.you, "leave")), "errors.not_member")


# Leaving


async def left(evening: Evening) -> dict[str, Any]:
    told = await evening.run(evening.you, "leave")
    expect(last(told), "members.leave")
    return await evening.tap(evening.you, last(told), "members.leave=yes")


async def test_leaving_stops_at_once_and_deletes(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    question = evening.questions(evening.you)[0]
    reply = await evening.tap(evening.you, question, "checkins.level=not-ok")
    told = await evening.run(evening.you, "leave")
    expect(await evening.tap(evening.you, last(told), "members.leave=no"), "members.stayed")
    assert kept(evening, evening.you)["checkin"] == 1
    expect(await left(evening), "members.left")
    assert set(kept(evening, evening.you).values()) == {0}
    assert waiting(evening, evening.you) == []
    assert evening.rows("SELECT 1 FROM outbox WHERE template LIKE 'checkins.follow_up%'") == []
    count = len(evening.from_bot(evening.you))
    await evening.play(WEDNESDAY + timedelta(weeks=8))
    assert len(evening.from_bot(evening.you)) == count
    for message, kind in ((question, "checkins.level=good"), (reply, "checkins.follow=no")):
        expect(await evening.tap(evening.you, message, kind), "errors.old_button")
    support = await evening.pressed(evening.you, question, "support")
    assert "116 123" in words(last(support))


async def test_joining_again_begins_anew(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.level=wobbly")
    await left(evening)
    await evening.join(evening.you)
    assert await evening.levels(evening.you) == []
    assert kept(evening, evening.you) == {"person": 1, "membership": 1, "checkin_plan": 1, "checkin": 0}
    count = len(evening.from_bot(evening.you))
    await evening.play(WEDNESDAY + timedelta(weeks=1))
    assert len(evening.from_bot(evening.you)) == count + 1


async def test_stopping_the_questions_deletes_them_and_what_was_to_follow(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.level=not-ok")
    shown = last(await evening.run(evening.you, "checkin settings"))
    expect(await evening.tap(evening.you, shown, "checkins.set=stop"), "checkins.stopped")
    assert kept(evening, evening.you) == {"person": 1, "membership": 1, "checkin_plan": 0, "checkin": 0}
    count = len(evening.from_bot(evening.you))
    await evening.play(WEDNESDAY + timedelta(weeks=2))
    assert len(evening.from_bot(evening.you)) == count
    off = last(await evening.run(evening.you, "checkin settings", time="18:00"))
    expect(off, "checkins.settings_off")
    asked = await evening.pressed(evening.you, off, "checkins.set=start")
    expect(last(asked), "members.consent")
    begun = await evening.pressed(evening.you, last(asked), "members.consent=yes")
    expect(await begun.message(), "members.joined")
    await evening.play(WEDNESDAY + timedelta(weeks=3))
    assert len(evening.questions(evening.you)) == 2


async def test_beginning_again_from_the_direct_messages(evening: Evening) -> None:
    """The settings' button stands in the welcome message; what it opens must not end in a refusal."""
    await evening.set_up()
    told = await evening.run(evening.you, "join")
    asked = await evening.pressed(evening.you, last(told), "members.agree=yes")
    await (await evening.pressed(evening.you, last(asked), "members.consent=no")).message()
    dm = await evening.you.open_dm()
    off = last(await evening.run(evening.you, "checkin settings", dm))
    expect(off, "checkins.settings_off")
    asked = await evening.pressed(evening.you, off, "checkins.set=start")
    expect(last(asked), "members.consent")
    begun = await answered(
        await evening.you.press(int(last(asked)["id"]), button(last(asked), "members.consent=yes"))
    )
    expect(await begun.message(), "members.joined")
    await evening.play(WEDNESDAY)
    assert len(evening.questions(evening.you)) == 1


async def test_an_old_stop_button_still_deletes_as_it_says(evening: Evening) -> None:
    await evening.joined(evening.you)
    shown = last(await evening.run(evening.you, "checkin settings"))
    await evening.tap(evening.you, shown, "checkins.set=stop")
    asked = last(await evening.run(evening.you, "checkin now"))
    await evening.tap(evening.you, asked, "checkins.level=not-ok")
    assert kept(evening, evening.you)["checkin"] == 1
    expect(await evening.tap(evening.you, shown, "checkins.set=stop"), "checkins.stopped")
    assert kept(evening, evening.you)["checkin"] == 0
    assert waiting(evening, evening.you) == []
