"""`/report`: it reaches the right contact, tells the reported person nothing, and nothing of it is kept."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from bot.members.apart import together_forbidden
from bot.members.reports import Contacts, in_parts, visible
from bot.sandbox.exchange import Exchange
from bot.sandbox.people import Person
from tests.checkins.evening import Evening
from tests.launch.scene import answered, words

SAID = "the quiet canary of ashgrove lane"


async def _report(
    evening: Evening, who: Person, said: str, about: Person | None = None, reply: str = "no"
) -> Exchange:
    (explained,) = (await evening.run(who, "report")).messages
    form = await evening.pressed(who, explained, "reports.write")
    answers: dict[str, Any] = {"what": said, "reply": [reply]}
    if about is not None:
        answers["who"] = [about.id]
    return await answered(await who.submit(form, answers))


def _name_second(evening: Evening, person: Person) -> None:
    with sqlite3.connect(evening.database) as connection:
        connection.execute("UPDATE network SET second_safeguarding_id = ?", (person.id,))
    connection.close()


def _received(evening: Evening, person: Person) -> str:
    return "\n".join(words(message) for message in evening.from_bot(person)) if person.dm_id else ""


async def test_the_contact_has_it_and_nobody_else_and_it_is_not_kept(evening: Evening) -> None:
    await evening.set_up()
    contact, subject = evening.demo.organiser, evening.world.people["gareth"]
    told = await (await _report(evening, evening.you, f"I saw {SAID}.", subject)).message()
    assert str(contact.id) in words(told)
    read = _received(evening, contact)
    assert SAID in read
    assert str(subject.id) in read
    assert str(evening.you.id) not in read
    assert not _received(evening, subject)
    for path in evening.folder.rglob("*"):
        if path.is_file():
            assert SAID.encode() not in path.read_bytes(), path


async def test_the_two_are_kept_apart_from_then_on_and_no_list_says_so(evening: Evening) -> None:
    await evening.joined(evening.you)
    subject = evening.world.people["gareth"]
    await (await _report(evening, evening.you, "A worry.", subject)).message()
    app = evening.app
    assert await app.store.read(together_forbidden, app.keyring, evening.you.id, subject.id)
    assert await app.store.read(together_forbidden, app.keyring, subject.id, evening.you.id)
    assert not await app.store.read(together_forbidden, app.keyring, subject.id, evening.demo.organiser.id)
    assert evening.rows("SELECT * FROM apart") == []


async def test_a_name_goes_with_it_only_when_its_owner_says_so(evening: Evening) -> None:
    await evening.set_up()
    await (await _report(evening, evening.you, "A worry.", reply="yes")).message()
    assert str(evening.you.id) in _received(evening, evening.demo.organiser)


async def test_about_the_contact_it_goes_to_the_second_and_never_to_the_first(evening: Evening) -> None:
    await evening.set_up()
    first, second = evening.demo.organiser, evening.world.people["dilys"]
    stopped = await (await _report(evening, evening.you, SAID, first)).message()
    assert str(first.id) not in words(stopped)
    assert not _received(evening, first)
    _name_second(evening, second)
    await (await _report(evening, evening.you, SAID, first)).message()
    assert SAID in _received(evening, second)
    assert not _received(evening, first)


async def test_a_contact_who_takes_no_messages_is_said_to_have_none(evening: Evening) -> None:
    await evening.set_up()
    evening.demo.organiser.allow_dms = False
    told = await (await _report(evening, evening.you, SAID)).message()
    assert "deliver" in words(told) or "arrived" in words(told)
    assert not _received(evening, evening.demo.organiser)


async def test_a_long_report_arrives_whole_and_in_order(evening: Evening) -> None:
    await evening.set_up()
    said = "\n".join(f"Line {n}: " + "x" * 80 for n in range(40))
    await (await _report(evening, evening.you, said)).message()
    read = _received(evening, evening.demo.organiser)
    places = [read.index(f"Line {n}:") for n in range(40)]
    assert places == sorted(places)


async def test_what_nobody_can_see_is_not_a_report(evening: Evening) -> None:
    await evening.set_up()
    await (await _report(evening, evening.you, "\u200b\u200e \u2060")).message()
    assert not _received(evening, evening.demo.organiser)


async def test_a_network_that_was_not_set_up_says_so(evening: Evening) -> None:
    (said,) = (await evening.run(evening.you, "report")).messages
    assert "/network setup" in words(said)


@pytest.mark.parametrize(
    ("about", "sender", "receiver"),
    [(None, 9, 1), (1, 9, 2), (2, 9, 1), (None, 1, 2), (2, 1, 1), (1, 2, 2)],
)
def test_who_receives_it(about: int | None, sender: int, receiver: int) -> None:
    assert Contacts(1, 2, {}).receives(about, sender) == receiver


def test_the_only_contact_does_not_receive_what_is_about_them() -> None:
    assert Contacts(1, None, {}).receives(1, 9) is None
    assert Contacts(None, None, {}).receives(None, 9) is None


def test_parts_hold_everything_and_are_short_enough() -> None:
    text = " ".join(f"word{n}" for n in range(2000))
    parts = in_parts(text, 300)
    assert max(map(len, parts)) <= 300
    assert " ".join(parts) == text
    assert len(in_parts("y" * 1000, 300)) == 4
    assert visible("\u200f a \u200b") == "a"
