"""A concern goes to nobody who has left the network, however well Discord would deliver it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from bot.sandbox.people import Person
from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect
from tests.launch.scene import answered, words

CANARY = "what I saw on the stairs"


@pytest.fixture
async def left(evening: Evening) -> Person:
    """The first contact, who shares another server with the bot and has left this one."""
    await evening.set_up()
    contact = evening.world.people["dilys"]
    with closing(sqlite3.connect(evening.database)) as connection:
        connection.execute("UPDATE network SET safeguarding_id = ?", (contact.id,))
        connection.commit()
    evening.world.join(contact, evening.demo.second_guild_id)
    evening.world.leave(contact, evening.demo.guild_id)
    await contact.open_dm()
    return contact


async def report(evening: Evening) -> str:
    (explained,) = (await evening.run(evening.you, "report")).messages
    form = await evening.pressed(evening.you, explained, "reports.write")
    told = await (await answered(await evening.you.submit(form, {"what": CANARY, "reply": ["no"]}))).message()
    read = [words(m) for person in evening.demo.people for m in evening.from_bot(person)]
    expect(told, "reports.sent" if any(CANARY in text for text in read) else "reports.no_contact")
    return words(told)


async def test_the_second_contact_has_it_instead(evening: Evening, left: Person) -> None:
    second = evening.demo.organiser
    with closing(sqlite3.connect(evening.database)) as connection:
        connection.execute("UPDATE network SET second_safeguarding_id = ?", (second.id,))
        connection.commit()
    assert str(second.id) in await report(evening)
    assert evening.from_bot(left) == []


async def test_without_a_second_it_goes_to_nobody(evening: Evening, left: Person) -> None:
    await report(evening)
    assert evening.from_bot(left) == []


async def test_when_discord_will_not_say_it_is_not_sent(evening: Evening, left: Person) -> None:
    evening.wire.faults.add(
        Rule("error", method="GET", path="/guilds/*/members/*", status=403, code=50001, times=None)
    )
    (explained,) = (await evening.run(evening.you, "report")).messages
    form = await evening.pressed(evening.you, explained, "reports.write")
    told = await (await answered(await evening.you.submit(form, {"what": CANARY, "reply": ["no"]}))).message()
    expect(told, "reports.undelivered")
    assert evening.from_bot(left) == []
