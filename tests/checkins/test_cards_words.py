"""Words that call for a card: met at once, from memory, whatever the database does, and remembered by nobody."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
import sys
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import StoreUnavailable
from bot.members import service as members
from bot.sandbox.people import Person
from bot.support.lines import NetworkSupport, OwnLine
from bot.support.recognise import Recogniser, Verdict
from tests.checkins.evening import QUIET_S, Evening, expect, last, says, wording
from tests.launch.scene import WEDNESDAY, answered, button, custom_ids, offers_support, until, words

DARK = "I want to kill myself, and the marzipan heron knows"
DARKER = "I have been thinking about suicide every night"
MET = [
    ("I cried in the car again, I can't cope any more", "support.distress"),
    ("a pupil in Year 6 told me he wants to kill himself", "support.pupil"),
    ("my deputy says she wants to end her life and I don't know what to do", "support.someone"),
    ("my father died last week", "support.bereavement"),
    ("my brother took his own life in March", "support.bereavement_suicide"),
    ("I'm not suicidal, just tired", "support.denial"),
    ("I tried to kill myself in 2019 and nobody at school knows", "support.crisis"),
]


def dark_ones(evening: Evening, person: Person) -> list[dict[str, Any]]:
    return [m for m in evening.from_bot(person) if says(m, "support.crisis")]


async def said(evening: Evening, person: Person, *texts: str) -> list[dict[str, Any]]:
    """What the bot says to texts in a row, once it has said everything."""
    dm, before = await person.open_dm(), len(evening.from_bot(person))
    for text in texts:
        await person.send(dm, text)
    await until(lambda: len(evening.from_bot(person)) > before, f"an answer to {texts}")
    # A card comes at once; what comes next is another matter only after the pause that follows.
    cards: Any = evening.app.client.get_cog("Cards")
    await until(lambda: person.id not in cards._heard, "a pause")
    await evening.settled()
    return evening.from_bot(person)[before:]


async def test_words_of_each_kind_have_their_card_from_anybody(evening: Evening) -> None:
    stranger = evening.world.people["kate"]
    for text, template in MET:
        for reply in await said(evening, stranger, text):
            expect(reply, template)
    for text, template in (("hello?", "checkins.hello"), ("who sees this?", "checkins.who_sees")):
        (reply,) = await said(evening, stranger, text)
        expect(reply, template)
    assert not any(evening.rows(f"SELECT 1 FROM {table}") for table in ("person", "outbox", "checkin"))


async def test_dark_words_are_met_once_in_ten_minutes_and_never_with_silence(evening: Evening) -> None:
    numbers: list[int] = []
    for text in (DARK, DARKER) * 3:
        (card,) = await said(evening, evening.you, text)
        expect(card, "support.crisis")
        assert ("suicide" in words(card).lower()) is (text is DARKER), "said plainly only to whoever said it"
        numbers.append(wording(card, "support.crisis"))
        (again,) = await said(evening, evening.you, DARKER)
        expect(again, "support.crisis_again")
        assert "116 123" in words(again)
        evening.clock.move_to(evening.clock.now() + timedelta(minutes=11))
    assert all(one != other for one, other in itertools.pairwise(numbers))


async def test_a_card_does_not_wait_for_a_pause_in_the_writing(evening: Evening) -> None:
    evening.nobody_pauses()
    dm = await evening.you.open_dm()
    await evening.you.send(dm, "hello")
    await evening.you.send(dm, DARK)
    await until(lambda: dark_ones(evening, evening.you), "the card at once")


async def test_a_sentence_in_pieces_is_read_as_one_and_what_follows_is_met(evening: Evening) -> None:
    dm = await evening.you.open_dm()
    async with evening.in_a_row(evening.you):
        for text in ("I want to", "kill", "myself", "sorry"):
            await evening.you.send(dm, text)
    card, again = evening.from_bot(evening.you)
    expect(card, "support.crisis")
    expect(again, "support.crisis_again")


@pytest.mark.parametrize("after", ["", DARKER], ids=["a pupil", "a pupil and oneself"])
async def test_a_pupil_in_the_same_breath_is_not_passed_over(evening: Evening, after: str) -> None:
    dm = await evening.you.open_dm()
    async with evening.in_a_row(evening.you):
        for text in filter(None, (DARK, MET[1][0], after)):
            await evening.you.send(dm, text)
    card, then = evening.from_bot(evening.you)
    expect(card, "support.crisis")
    expect(then, "support.crisis_again" if after else "support.pupil")


async def test_changed_words_are_read_again(evening: Evening) -> None:
    you, dm = evening.you, await evening.you.open_dm()

    first = await you.send(dm, "the boiler again")
    await until(lambda: len(evening.from_bot(you)) == 1, "an answer")
    await you.edit(dm, first, DARK)
    await until(lambda: dark_ones(evening, you), "a card for what it says now")
    await evening.settled()
    await you.edit(dm, first, DARK + "!")
    await evening.settled()
    assert len(evening.from_bot(you)) == 2, "it was met already"
    # While it is not answered yet, what it says now is what is met.
    evening.nobody_pauses()
    evening.clock.move_to(evening.clock.now() + timedelta(minutes=11))
    second = await you.send(dm, "the roof as well")
    await you.edit(dm, second, DARKER)
    await until(lambda: len(dark_ones(evening, you)) == 2, "a card for the second")
    assert len(evening.from_bot(you)) == 3, "nothing was met twice"


async def test_words_in_a_form_are_read_too_and_the_level_stays(evening: Evening) -> None:
    await evening.joined(evening.you)
    asked = last(await evening.run(evening.you, "checkin now"))
    reply = await evening.tap(evening.you, asked, "checkins.level=wobbly")
    for text, template in ((DARK, "support.crisis"), (DARKER, "support.crisis_again"), MET[0]):
        form = await evening.pressed(evening.you, reply, "checkins.more")
        met = last(await answered(await evening.you.submit(form, {"words": text})))
        expect(met, template)
        assert met["flags"] & 64, "in a server, seen by nobody else"
    assert await evening.levels(evening.you) == ["wobbly"]


# Whatever the database does


async def test_cards_come_while_the_database_is_locked(evening: Evening) -> None:
    kate = evening.world.people["kate"]
    await evening.joined(evening.you, kate)
    await evening.play(WEDNESDAY)
    blocker = sqlite3.connect(evening.database, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        (card,) = await said(evening, evening.you, DARK)
        expect(card, "support.crisis")
        (card,) = await said(evening, kate, MET[0][0])
        expect(card, MET[0][1])
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()


async def test_cards_come_while_there_is_no_database(evening: Evening) -> None:
    await evening.sleep()
    evening.database.unlink()
    evening.database.mkdir()  # nothing can be opened there
    evening.app = await unopened(evening)
    (card,) = await said(evening, evening.you, DARK)
    expect(card, "support.crisis")
    (card,) = await said(evening, evening.world.people["kate"], MET[1][0])
    expect(card, MET[1][1])
    (answer,) = await said(evening, evening.world.people["ade"], "the boiler again")
    expect(answer, "checkins.words_follow_up")
    assert any("Until then only support answers" in line for line in evening.slips.lines)
    await evening.sleep()
    evening.slips.lines[:] = [line for line in evening.slips.lines if "support answers" not in line]


async def unopened(evening: Evening) -> Any:
    """A bot that is connected and has no database."""
    before, waking = evening.app, asyncio.create_task(evening.wake())
    await until(lambda: evening.app is not before, "another bot")
    await until(lambda: evening.app.client.get_cog("Conversation"), "its cogs")
    await evening.known()
    await evening.app.client.wait_until_ready()
    sys.modules["cogs.conversation"].QUIET_S = QUIET_S
    waking.cancel()
    return evening.app


async def test_what_was_written_while_the_bot_was_off_is_read_and_met_late_once(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    you, dm = evening.you, await evening.you.open_dm()
    await evening.sleep()
    for text in (DARK, "sorry", "it is only the dark evenings"):
        await you.send(dm, text)
    count = len(evening.from_bot(you))
    await evening.wake()
    await until(lambda: len(evening.from_bot(you)) > count, "a card, late")
    card = evening.from_bot(you)[-1]
    late, _, rest = words(card).partition("\n\n")
    assert says({"content": late}, "support.late")
    assert says({"content": rest}, "support.crisis")
    await evening.restart()
    await evening.write(you, "thanks")
    assert len(evening.from_bot(you)) == count + 2


@pytest.mark.parametrize("fails", ["read", "card", "everything"])
async def test_whatever_fails_ends_with_the_numbers(
    evening: Evening, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(DARK)

    if fails == "read":
        monkeypatch.setattr(type(evening.app.recogniser), "read", broken)
    monkeypatch.setattr(evening.app.cards, "fill", broken)
    if fails == "everything":
        monkeypatch.setattr(evening.app.signposts, "card", broken)
        monkeypatch.setattr(evening.app.library, "fill", broken)
    (reply,) = await said(evening, evening.you, DARK)
    assert "116 123" in words(reply)
    assert offers_support(reply)
    assert evening.slips.lines
    assert DARK not in "".join(evening.slips.lines).replace("RuntimeError: " + DARK, "")
    evening.slips.lines.clear()


async def test_changed_words_that_cannot_be_read_end_with_the_numbers(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    you, dm = evening.you, await evening.you.open_dm()
    first = await you.send(dm, "the boiler again")
    await until(lambda: len(evening.from_bot(you)) == 1, "an answer")
    monkeypatch.setattr(type(evening.app.recogniser), "read", broken)
    await you.edit(dm, first, DARK)
    await until(lambda: len(evening.from_bot(you)) == 2, "the numbers")
    assert "116 123" in words(evening.from_bot(you)[-1])
    evening.slips.lines.clear()


async def test_what_was_written_while_the_bot_was_off_is_read_with_all_there_is_to_read_with(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    read, recent = Recogniser.read, members.recent_channels

    def noted(recogniser: Recogniser, text: str) -> Verdict:
        done.append("read")
        return read(recogniser, text)

    async def busy_at_first(*more: Any) -> list[int]:
        done.append("looked")
        if done.count("looked") == 1:
            raise StoreUnavailable
        return await recent(*more)

    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    you, dm = evening.you, await evening.you.open_dm()
    await evening.sleep()
    await you.send(dm, DARK)
    count = len(evening.from_bot(you))
    monkeypatch.setattr(Recogniser, "load_encoder", lambda _: done.append("loaded"))
    monkeypatch.setattr(Recogniser, "read", noted)
    monkeypatch.setattr(members, "recent_channels", busy_at_first)
    monkeypatch.setattr("bot.ui.patience.PAUSE_S", 0.01)
    await evening.wake()
    await until(lambda: len(evening.from_bot(you)) > count, "a card, late")
    assert done == ["looked", "looked", "loaded", "read"]


# Nobody is told, and nothing is kept


async def test_nothing_of_it_is_kept_or_logged(evening: Evening, caplog: pytest.LogCaptureFixture) -> None:
    kate = evening.world.people["kate"]
    await evening.joined(evening.you)
    caplog.clear()
    caplog.set_level(logging.DEBUG, logger="reallyok")
    before = kept(evening)
    for text in (DARK, *(text for text, _ in MET)):
        await said(evening, kate, text)
    assert kept(evening) == before, "a stranger's words leave no row"
    for person in (evening.you, kate):
        await said(evening, person, DARK)
    await evening.sleep()
    everything = b"".join(p.read_bytes() for p in evening.folder.rglob("*") if p.is_file())
    for word in (b"marzipan", b"crisis", b"distress", str(kate.id).encode()):
        assert word not in everything, word
        assert word.decode() not in caplog.text


def kept(evening: Evening) -> list[Any]:
    with sqlite3.connect(evening.database) as database:
        return list(database.iterdump())


# By hand


async def test_everything_can_be_reached_beneath_the_numbers(evening: Evening) -> None:
    card = last(await evening.run(evening.you, "support"))
    menu = button(card, "support.about")
    for value in ("made-up", *(value for value, _ in evening.app.cards.menu("en"))):
        shown = last(
            await answered(await evening.you.press_raw(evening.welcome, int(card["id"]), menu, 3, [value]))
        )
        expect(shown, evening.app.cards.chosen(value) or "support.way")
        assert "116 123" in words(shown)
    ways = last(await answered(await evening.you.choose(int(card["id"]), menu, ["way"])))
    for way in ("busy", "bother", "known", "enough"):
        (custom_id,) = [i for i in custom_ids(ways) if f".{way}." in i]
        twice = [last(await answered(await evening.you.press(int(ways["id"]), custom_id))) for _ in range(2)]
        for shown in twice:
            expect(shown, f"support.way_{way}")
        assert words(twice[0]) != words(twice[1]), "not the same twice running"


async def test_a_card_in_direct_messages_has_the_lines_of_the_network_that_asked(evening: Evening) -> None:
    await evening.set_up(nation="scotland")
    own = NetworkSupport(nation="scotland", lines=(OwnLine("Our own line", "ask for Morag"),))
    await asyncio.to_thread(evening.app.lines.set, evening.demo.guild_id, own)
    await evening.join(evening.you)
    await evening.play(WEDNESDAY)
    (card,) = await said(evening, evening.you, DARK)
    assert f"{evening.demo.guild_id}.en" in "".join(custom_ids(card))
    assert "Morag" in words(card)
    assert any(".scotland.en" in i for i in custom_ids(card))
    await evening.restart()
    await until(lambda: evening.app.sender.networks, "knowing whose conversation is of which network")
    (card,) = await said(evening, evening.you, DARK)
    assert "Morag" in words(card), "known again after a restart"
    kate = evening.world.people["kate"]
    (card,) = await said(evening, kate, DARK)
    assert "Morag" not in words(card)
    kinds = {i.split(":")[1] for i in custom_ids(card)}
    assert {"support", "support.country", "support.cymraeg", "support.way"} <= kinds


async def test_a_quiet_question_tomorrow_for_whoever_wishes_it(evening: Evening) -> None:
    kate = evening.world.people["kate"]
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    asked = evening.questions(evening.you)[0]
    for person in (evening.you, kate):
        (card,) = await said(evening, person, DARK)
        expect(await evening.tap(person, card, "checkins.tomorrow=yes"), "checkins.tomorrow_set")
        expect(await evening.tap(person, card, "checkins.tomorrow=yes"), "checkins.tomorrow_set")
    await evening.tap(evening.you, asked, "checkins.level=not-ok")  # which asks for the same
    assert len(follow_ups(evening)) == 2
    await evening.wait(days=1, hours=1)
    for person in (evening.you, kate):
        (question,) = [m for m in evening.from_bot(person) if says(m, "checkins.follow_up")]
        expect(await evening.tap(person, question, "checkins.followed=harder"), "checkins.followed_harder")
    assert not follow_ups(evening), "the rows are gone"
    (card,) = await said(evening, kate, DARK)
    reply = await evening.tap(kate, card, "checkins.tomorrow=yes")
    expect(await evening.tap(kate, reply, "checkins.tomorrow=no"), "checkins.follow_declined")
    assert not follow_ups(evening)
    await evening.play(WEDNESDAY + timedelta(days=6))
    (card,) = await said(evening, evening.you, DARK)
    expect(await evening.tap(evening.you, card, "checkins.tomorrow=yes"), "checkins.tomorrow_anyway")
    assert not follow_ups(evening)


def follow_ups(evening: Evening) -> list[Any]:
    return evening.rows("SELECT 1 FROM outbox WHERE dedupe_key LIKE 'follow:%'")


# In a talk


async def test_in_a_talk_words_go_on_and_dark_ones_of_the_member_are_met_too(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, listener = evening.you, evening.world.people["kate"]
    sides, taken = {member.id: "member", listener.id: "listener"}, list[str]()

    async def take(message: Any) -> bool:
        taken.append(message.content)
        return message.author.id in sides

    talk = evening.app.client.get_cog("AnonymousTalk")
    monkeypatch.setattr(talk, "side", lambda user_id: sides.get(user_id, ""))
    monkeypatch.setattr(talk, "take", take)
    for person in (member, listener):
        dm = await person.open_dm()
        for text in ("I am here", MET[0][0], DARK):
            await person.send(dm, text)
    await until(lambda: len(taken) == 6 and dark_ones(evening, member), "both")
    await evening.settled()
    assert len(evening.from_bot(member)) == 1
    assert not evening.from_bot(listener)
    (answer,) = await said(evening, evening.world.people["ade"], "the boiler again")
    expect(answer, "checkins.unprompted")
