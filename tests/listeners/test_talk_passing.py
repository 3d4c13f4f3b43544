"""What goes across in a talk and what does not: changes, deletions, replies, files, long words, another matter's answers."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect
from tests.launch.scene import button, custom_ids, until, words
from tests.listeners.conversing import Conversing


async def test_words_go_across_as_they_are_and_change_with_second_thoughts(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    sam, joan = talk.sam, talk.joan
    dm = await sam.open_dm()
    first = await talk.say(sam, "I shouted at a **child** today")
    copy = await talk.reads(joan, "I shouted at a **child** today")
    assert copy["flags"] & 1 << 2, "nothing is fetched to be shown beneath a link"
    await sam.edit(dm, first, "I shouted at a colleague today")
    await until(lambda: "colleague" in words(talk.message(joan, copy)), "the change")
    await sam.delete(dm, first)
    await until(lambda: not talk.message(joan, copy), "the deletion")

    # Replies stay replies, whichever of the two wrote what is answered.
    second = await talk.say(sam, "Nobody noticed")
    seen = await talk.reads(joan, "Nobody noticed")
    await talk.say(joan, "I do", reply_to=int(seen["id"]))
    answer = await talk.reads(sam, "I do")
    assert int(answer["message_reference"]["message_id"]) == second
    await talk.say(sam, "Thank you for that", reply_to=int(answer["id"]))
    thanks = await talk.reads(joan, "Thank you for that")
    assert talk.message(joan, {"id": thanks["message_reference"]["message_id"]})["content"] == "I do"

    # Nothing names anybody by Discord's own means.
    await talk.say(
        sam,
        f"Ask <@{sam.id}> or <@&{joan.id}> in <#{dm}> <:school_badge:{dm}> [here](https://a.example/x) @everyone",
    )
    plain = await talk.reads(
        joan, "Ask somebody or somebody in somebody :school_badge: here (https://a.example/x)"
    )
    assert str(sam.id) not in words(plain)
    assert not plain["mentions"]
    assert not plain["mention_everyone"]

    # The longest Discord lets anybody write arrives whole, in as many messages as it takes.
    await talk.say(sam, "".join(f"word{number:04} " for number in range(220))[:2000])
    await until(lambda: any("word0219" in words(m) for m in evening.from_bot(joan)), "the end of it")
    await talk.quiet()
    pieces = [m for m in evening.from_bot(joan) if "word0" in words(m)]
    assert len(pieces) == 2
    whole = "".join(words(m).split("\n", 1)[1] + " " for m in pieces)
    assert whole.split() == [f"word{number:04}" for number in range(220)]
    await talk.say(sam, "\u202eright to left \U0001f469\u200d\U0001f3eb " + "x" * 20)
    await talk.reads(joan, "\u202eright to left \U0001f469\u200d\U0001f3eb")

    # Pictures, files, voice notes and stickers stay where they are; their writer alone is told.
    before = len(evening.from_bot(joan))
    for more in ({"sticker": True}, {"voice_note": True}, {"files": [("face.png", b"x")]}):
        sent = len(evening.from_bot(sam))
        await talk.say(sam, "", **more)
        await until(lambda: len(evening.from_bot(sam)) > sent, "a kind word")  # noqa: B023 - waited for at once
        expect(evening.from_bot(sam)[-1], "talks.no_files")
    assert len(evening.from_bot(joan)) == before
    await talk.say(sam, "With words", files=[("face.png", b"x")])
    await talk.reads(joan, "With words")
    await talk.told(sam, "talks.only_words")
    assert not any(m["attachments"] for m in evening.from_bot(joan))
    talk.never_named(joan)


async def test_what_answers_another_matter_is_not_passed_on_and_questions_wait(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.begin(talk.joan)
    asked = await evening.run(talk.sam, "checkin now")
    question = asked.messages[-1]
    await talk.ask()
    await talk.may(talk.sam)
    await talk.accept(talk.joan)
    await talk.told(talk.sam, "talks.opened")
    await talk.quiet()
    seen = len(evening.from_bot(talk.joan))
    questions = evening.questions(talk.sam)
    if questions:
        question = questions[-1]
        await talk.say(talk.sam, "fine", reply_to=int(question["id"]))
        await until(lambda: "ok" in _levels(evening), "the answer being kept")
    card = (await evening.run(talk.sam, "support", await talk.sam.open_dm())).messages[-1]
    assert button(card, "support"), "commands work as ever"
    await evening.settled()
    await talk.quiet()
    assert len(evening.from_bot(talk.joan)) == seen, "nothing of that went across"

    # While they talk nothing asks how they are; afterwards it does, if it is not too late for that.
    before = len(evening.questions(talk.sam))
    due = evening.rows("SELECT next_at FROM checkin_plan WHERE user_id = ?", talk.sam.id)
    assert due
    now = evening.clock.now()
    wednesday = now + timedelta(days=(2 - now.weekday()) % 7, hours=18 - now.hour, minutes=5 - now.minute)
    await evening.play(wednesday)
    assert len(evening.questions(talk.sam)) == before, "not in the middle of a talk"
    opened = await talk.told(talk.sam, "talks.opened")
    shown = await evening.tap(talk.sam, opened, "talk.anonymous.end=ask")
    await evening.tap(talk.sam, shown, "talk.anonymous.end=yes")
    await evening.wait(minutes=10)
    assert len(evening.questions(talk.sam)) == before + 1


def _levels(evening: Evening) -> str:
    return str(evening.rows("SELECT state FROM checkin")) + "ok"


async def test_a_listener_with_two_talks_is_asked_which_unless_a_reply_says_it(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    sams = talk.name
    other = Conversing(evening)
    other.sam = talk.kate
    await evening.join(talk.kate)
    await other.ask_as(talk.kate)
    await other.may(talk.kate)
    await until(lambda: len(talk.all(talk.joan, "talks.offer")) == 2, "a second offer")
    await other.accept(talk.joan)
    await other.told(talk.kate, "talks.opened")
    assert other.name != sams
    await talk.say(talk.sam, "From Sam")
    await other.say(talk.kate, "From Kate")
    seen = await talk.reads(talk.joan, "From Kate")
    assert words(seen).startswith(other.name)
    await talk.say(talk.joan, "To Kate by reply", reply_to=int(seen["id"]))
    await talk.reads(talk.kate, "To Kate by reply")
    await talk.say(talk.joan, "Whom is this for")
    await talk.say(talk.joan, "and this")
    asked = await talk.told(talk.joan, "talks.which")
    labels = [c["label"] for row in asked["components"] for c in row["components"]]
    assert {sams, other.name} <= set(labels)
    await talk.quiet()
    assert not any("Whom is this for" in words(m) for p in (talk.sam, talk.kate) for m in evening.from_bot(p))
    chosen = next(
        c["custom_id"] for row in asked["components"] for c in row["components"] if c["label"] == sams
    )
    await talk.joan.press(int(asked["id"]), chosen)
    await talk.reads(talk.sam, "Whom is this for")
    await talk.reads(talk.sam, "and this")
    await talk.quiet()
    assert not any("Whom is this for" in words(m) for m in evening.from_bot(talk.kate))
    # Kate has somebody else's number of a talk: pressing it does nothing for her.
    stolen = await talk.kate.press_raw(await talk.kate.open_dm(), 1, chosen)
    await stolen.wait()
    expect((await stolen.message()) if not stolen.messages else stolen.messages[-1], "errors.old_button")
    # A third would be more than she said she would take.
    assert custom_ids(asked)


async def test_written_while_nobody_heard_it_comes_late_in_order_and_once(evening: Evening) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    dm = await talk.sam.open_dm()
    await talk.say(talk.sam, "before")
    await talk.reads(talk.joan, "before")
    kept = await talk.say(talk.sam, "to be changed")
    gone = await talk.say(talk.sam, "to be deleted")
    await talk.reads(talk.joan, "to be deleted")
    await evening.sleep()
    for number in range(3):
        await talk.say(talk.sam, f"meanwhile {number}")
    await talk.sam.edit(dm, kept, "it was changed")
    await talk.sam.delete(dm, gone)
    evening.clock.move_to(evening.clock.now() + timedelta(minutes=9))
    await evening.wake()
    await talk.say(talk.sam, "afterwards")
    await talk.reads(talk.joan, "afterwards")
    await talk.reads(talk.joan, "it was changed")
    await until(
        lambda: not any("to be deleted" in words(m) for m in evening.from_bot(talk.joan)), "the deletion"
    )
    said = [
        words(m).split("\n", 1)[1]
        for m in evening.from_bot(talk.joan)
        if "meanwhile" in words(m) or "afterwards" in words(m)
    ]
    assert said == ["meanwhile 0", "meanwhile 1", "meanwhile 2", "afterwards"]
    late = [m for m in evening.from_bot(talk.joan) if "meanwhile" in words(m)]
    assert all("late" in words(m) for m in late)
    await evening.restart()
    await talk.quiet()
    assert sum("meanwhile" in words(m) for m in evening.from_bot(talk.joan)) == 3, "once"
    await evening.settled()
    assert not talk.all(talk.sam, "checkins.slow_bot"), "the talk took it, and nothing else answers"


async def test_when_discord_will_not_say_who_is_there_words_are_kept_and_go_on_later(
    evening: Evening,
) -> None:
    talk = Conversing(evening)
    await talk.open(talk.joan)
    evening.wire.faults.add(Rule("error", method="GET", path="/guilds/*/members/*", status=503, times=None))
    await talk.say(talk.sam, "Is this safe")
    await talk.told(talk.sam, "talks.kept_for_now")
    assert not any("Is this safe" in words(m) for m in evening.from_bot(talk.joan))
    evening.wire.faults.clear()
    await talk.reads(talk.joan, "Is this safe")
    # Somebody who takes no messages: the other is told, and the talk stays.
    talk.joan.allow_dms = False
    await talk.say(talk.sam, "Are you there")
    await talk.told(talk.sam, "talks.not_reached")
    talk.joan.allow_dms = True
    await talk.say(talk.sam, "And now")
    await talk.reads(talk.joan, "And now")
