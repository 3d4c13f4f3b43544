"""What a member writes: met kindly whatever it is, answered once, kept nowhere."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.checkins import said
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import WEDNESDAY, answered, until, words

CANARY = "the heating has failed in the infants and nobody has seen the caretaker since Sunday"


@pytest.fixture
async def asked(evening: Evening) -> dict[str, Any]:
    """The first question, on Wednesday at six."""
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    (question,) = evening.questions(evening.you)
    return question


def kept_bytes(evening: Evening) -> bytes:
    """Every byte of the database and what lies beside it."""
    return b"".join(path.read_bytes() for path in evening.data.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("text", "template", "levels"),
    [
        ("not ok", "checkins.not_ok", ["not-ok"]),
        ("Wobbly.", "checkins.wobbly", ["wobbly"]),
        ("fine thanks", "checkins.door_ok", ["ok"]),
        ("good 🙂", "checkins.door_good", ["good"]),
        ("hello?", "checkins.hello", []),
        ("how do I change my time?", "checkins.how_to_change", []),
        ("who sees this?", "checkins.who_sees", []),
        ("thanks", "checkins.thanks", []),
        ("I can't stop crying all day", "support.distress", []),
        ("fine :(", "checkins.words_untapped", []),
        ("😭", "checkins.words_untapped", []),
        ("أنا لست بخير", "checkins.words_untapped", []),
        ("\u202eko\u202c", "checkins.words_untapped", []),
        ("@everyone <@1> <#2> **now**", "checkins.words_untapped", []),
        ("x" * 2000, "checkins.words_untapped", []),
        ("/checkin now", "checkins.words_untapped", []),
    ],
)
async def test_each_kind_of_message_has_its_answer(
    evening: Evening, asked: dict[str, Any], text: str, template: str, levels: list[str]
) -> None:
    reply = await evening.write(evening.you, text)
    expect(reply, template)
    assert reply["mentions"] == []
    assert not reply["mention_everyone"]
    assert await evening.levels(evening.you) == levels


async def test_a_long_evening_of_messages_is_answered_one_by_one(
    evening: Evening, asked: dict[str, Any]
) -> None:
    texts = [*said.STORIES[::4], *(kind[0] for kind in said.MEANINGS.values())]
    for text in texts:
        await evening.write(evening.you, text)
    assert len(evening.from_bot(evening.you)) == 2 + len(texts)
    assert await evening.levels(evening.you) == []


async def test_no_word_is_kept_anywhere(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.write(evening.you, CANARY)
    reply = await evening.tap(evening.you, asked, "checkins.level=wobbly")
    form = await evening.pressed(evening.you, reply, "checkins.more")
    sent = await answered(await evening.you.submit(form, {"words": CANARY + "🙃" * 1000}))
    expect(last(sent), "checkins.words_hard")
    await evening.sleep()
    assert CANARY.encode() not in kept_bytes(evening)
    assert b"infants" not in kept_bytes(evening)


async def test_say_more_takes_four_thousand_characters_after_any_answer(
    evening: Evening, asked: dict[str, Any]
) -> None:
    for level, template in (("good", "checkins.words"), ("not-ok", "checkins.words_hard")):
        reply = await evening.tap(evening.you, asked, f"checkins.level={level}")
        if says(reply, "checkins.door_good"):
            reply = await evening.tap(evening.you, reply, "checkins.door=bit-much")
        form = await evening.pressed(evening.you, reply, "checkins.more")
        sent = await answered(await evening.you.submit(form, {"words": "ŵ" * 4000}))
        expect(last(sent), template)


# After a tap


async def test_no_behind_the_second_door_is_the_answer_we_asked_twice_for(
    evening: Evening, asked: dict[str, Any]
) -> None:
    expect(await evening.tap(evening.you, asked, "checkins.level=ok"), "checkins.door_ok")
    reply = await evening.write(evening.you, "no")
    expect(reply, "checkins.changed_hard")
    assert "116 123" in words(reply)
    assert await evening.levels(evening.you) == ["not-ok"]


@pytest.mark.parametrize("text", ["ok", "fine", "Good.", "k"])
async def test_ok_to_our_reply_is_good_manners_and_changes_nothing(
    evening: Evening, asked: dict[str, Any], text: str
) -> None:
    await evening.tap(evening.you, asked, "checkins.level=not-ok")
    expect(await evening.write(evening.you, text), "checkins.words_hard")
    assert await evening.levels(evening.you) == ["not-ok"]
    assert len(evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")) == 1


async def test_a_hard_word_days_after_an_easy_answer_is_words(
    evening: Evening, asked: dict[str, Any]
) -> None:
    await evening.tap(evening.you, asked, "checkins.level=good")
    await evening.wait(days=4)
    expect(await evening.write(evening.you, "struggling"), "checkins.words")
    assert await evening.levels(evening.you) == ["good"]


async def test_a_reply_says_which_question_it_answers(evening: Evening, asked: dict[str, Any]) -> None:
    await evening.wait(weeks=1)
    reply = await evening.write(evening.you, "not ok", reply_to=int(asked["id"]))
    expect(reply, "checkins.not_ok")
    states = evening.rows("SELECT state FROM checkin ORDER BY due_at")
    assert states == [("answered",), ("asked",)], "last week's, though this week's is open"


async def test_nobody_replies_to_another_s_question(evening: Evening, asked: dict[str, Any]) -> None:
    kate = evening.demo.people[6]
    await evening.join(kate)
    expect(await evening.write(kate, "not ok"), "checkins.unprompted")
    assert await evening.levels(evening.you) == []


async def test_words_with_nothing_open_and_from_strangers(evening: Evening) -> None:
    await evening.set_up()
    kate = evening.demo.people[6]
    expect(await evening.write(kate, "is anybody in this evening, I wonder"), "checkins.unprompted")
    expect(await evening.write(kate, "hello"), "checkins.hello")
    await evening.join(evening.you)
    expect(await evening.write(evening.you, "not ok"), "checkins.unprompted")


# What cannot be read


@pytest.mark.parametrize(
    ("what", "template"),
    [
        ({"voice_note": True}, "checkins.voice_note"),
        ({"sticker": True}, "checkins.sticker"),
        ({"files": [("snow.png", b"\x89PNG rehearsal")]}, "checkins.picture"),
        ({"files": [("budget.xlsx", b"PK rehearsal")]}, "checkins.file"),
        ({"files": [("a.png", b"\x89PNG"), ("b.pdf", b"%PDF")]}, "checkins.file"),
    ],
)
async def test_what_has_no_words_gets_a_kind_answer(
    evening: Evening, asked: dict[str, Any], what: dict[str, Any], template: str
) -> None:
    expect(await evening.write(evening.you, **what), template)


async def test_words_with_a_picture_are_words(evening: Evening, asked: dict[str, Any]) -> None:
    reply = await evening.write(evening.you, "look what the roof did", files=[("roof.png", b"\x89PNG")])
    expect(reply, "checkins.words_untapped")


async def test_a_reaction_is_thanked_once_a_message(evening: Evening, asked: dict[str, Any]) -> None:
    count = len(evening.from_bot(evening.you))
    dm = await evening.you.open_dm()
    await evening.you.react(dm, int(asked["id"]), "👍")
    await until(lambda: len(evening.from_bot(evening.you)) > count, "a word about the reaction")
    expect(evening.from_bot(evening.you)[-1], "checkins.reaction")
    await evening.you.react(dm, int(asked["id"]), "❤️")
    await evening.write(evening.you, "thanks")
    assert len(evening.from_bot(evening.you)) == count + 2


# Several at once


async def test_several_texts_in_a_row_get_one_answer(evening: Evening, asked: dict[str, Any]) -> None:
    dm, count = await evening.you.open_dm(), len(evening.from_bot(evening.you))
    async with evening.in_a_row(evening.you):
        for text in ("ok", "well", "no", "not ok"):
            await evening.you.send(dm, text)
    assert len(evening.from_bot(evening.you)) == count + 1
    expect(evening.from_bot(evening.you)[-1], "checkins.words_untapped")
    assert await evening.levels(evening.you) == [], "which of them was meant is not ours to say"


async def test_a_sticker_after_a_sentence_does_not_drown_it(evening: Evening, asked: dict[str, Any]) -> None:
    dm, count = await evening.you.open_dm(), len(evening.from_bot(evening.you))
    async with evening.in_a_row(evening.you):
        await evening.you.send(dm, "I do not think I can do this for another term")
        await evening.you.send(dm, sticker=True)
    (reply,) = evening.from_bot(evening.you)[count:]
    expect(reply, "checkins.words_untapped")


async def test_an_edited_message_is_not_a_second_one(evening: Evening, asked: dict[str, Any]) -> None:
    dm, count = await evening.you.open_dm(), len(evening.from_bot(evening.you))
    mine = await evening.you.send(dm, "it has been a day of wet play")
    await evening.you.edit(dm, mine, "it has been a week of wet play")
    await until(lambda: len(evening.from_bot(evening.you)) > count, "an answer")
    await evening.settled()
    assert len(evening.from_bot(evening.you)) == count + 1


# While the bot was off


@pytest.mark.parametrize(
    "due", [False, True], ids=["nothing else due", "with a question due at the same time"]
)
async def test_what_was_written_while_the_bot_was_off_is_answered_late_and_once(
    evening: Evening, asked: dict[str, Any], due: bool
) -> None:
    dm = await evening.you.open_dm()
    await evening.sleep()
    for text in ("are you there", "never mind", "it is the governors again, and I am tired"):
        await evening.you.send(dm, text)
    count = len(evening.from_bot(evening.you))
    if due:
        evening.clock.move_to(WEDNESDAY.replace(month=12, day=2))
    await evening.wake()
    await until(
        lambda: any(says(m, "checkins.slow_bot") for m in evening.from_bot(evening.you)[count:]),
        "a late answer",
    )
    if due:
        await evening.play(evening.clock.now())
        assert len(evening.questions(evening.you)) == 2
    await evening.restart()
    await evening.write(evening.you, "thanks")
    late = [m for m in evening.from_bot(evening.you)[count:] if says(m, "checkins.slow_bot")]
    assert len(late) == 1


async def test_what_was_answered_before_is_not_answered_again_after_a_restart(
    evening: Evening, asked: dict[str, Any]
) -> None:
    await evening.write(evening.you, "wobbly")
    count = len(evening.from_bot(evening.you))
    await evening.restart()
    await evening.write(evening.you, "thanks")
    assert len(evening.from_bot(evening.you)) == count + 1


# With the database held by somebody else


async def test_words_and_taps_while_the_database_is_locked(evening: Evening, asked: dict[str, Any]) -> None:
    blocker = sqlite3.connect(evening.database, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        expect(await evening.write(evening.you, "it is all a bit much today"), "checkins.words_follow_up")
        met = await evening.tap(evening.you, asked, "checkins.level=wobbly")
        expect(met, "checkins.hard_not_kept")
        assert "116 123" in words(met)
        expect(await evening.tap(evening.you, asked, "checkins.level=ok"), "errors.busy")
        card = await evening.pressed(evening.you, asked, "support")
        assert "116 123" in words(last(card))
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert await evening.levels(evening.you) == []
    expect(await evening.tap(evening.you, asked, "checkins.level=wobbly"), "checkins.wobbly")
    assert await evening.levels(evening.you) == ["wobbly"]
