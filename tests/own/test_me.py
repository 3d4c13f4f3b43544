"""`/me` as a member meets it: over the wire, in a server and in direct messages."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import aiohttp
import pytest

from bot.db import own
from bot.errors import StoreUnavailable
from tests.checkins.evening import Evening, expect
from tests.launch.scene import WEDNESDAY, button, words

NETWORK = "Saturday Coffee Heads"


async def _file(message: dict[str, Any]) -> zipfile.ZipFile:
    (attachment,) = message["attachments"]
    assert attachment["filename"] == "really-ok-about-me.zip"
    async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as response:
        return zipfile.ZipFile(io.BytesIO(await response.read()))


async def _answered_once(evening: Evening) -> None:
    await evening.joined(evening.you)
    await evening.play(WEDNESDAY)
    await evening.tap(evening.you, evening.questions(evening.you)[0], "checkins.level=not-ok")


async def test_what_is_kept_is_said_and_can_be_taken(evening: Evening) -> None:
    await _answered_once(evening)
    (said,) = (await evening.run(evening.you, "me privacy")).messages
    assert "1 answer" in words(said)
    assert NETWORK in words(said)
    taken = await evening.pressed(evening.you, said, "me.export")
    message = await taken.message()
    with await _file(message) as file:
        kept = json.loads(file.read("reallyok.json"))["kept"]
        page = file.read("reallyok.html").decode()
    assert [row["level_sealed"] for row in kept["checkin"]] == ["not-ok"]
    assert NETWORK in page
    assert message["flags"] & 64, "seen by one person alone"
    for other in evening.world.people.values():
        if other is not evening.you:
            assert str(other.id) not in json.dumps(kept)


async def test_somebody_unknown_has_nothing_and_is_told_so(evening: Evening) -> None:
    stranger = evening.world.people["kate"]
    (said,) = (await evening.run(stranger, "me privacy")).messages
    assert "Nothing" in words(said)
    exchange = await evening.run(stranger, "me export")
    assert not (await exchange.message())["attachments"]
    (said,) = (await evening.run(stranger, "me forget")).messages
    assert not any(
        b.get("custom_id", "").endswith(":yes") for row in said["components"] for b in row["components"]
    )


async def test_forgetting_is_asked_about_done_and_can_be_repeated(evening: Evening) -> None:
    await _answered_once(evening)
    (asked,) = (await evening.run(evening.you, "me forget")).messages
    await evening.tap(evening.you, asked, "me.forget=no")
    assert evening.rows("SELECT 1 FROM checkin")
    receipt = await (await evening.pressed(evening.you, asked, "me.forget=yes")).message()
    assert "1 membership" in words(receipt)
    for table in ("person", "membership", "checkin", "checkin_plan", "consent"):
        assert evening.rows(f"SELECT * FROM {table}") == [], table
    again = await (await evening.pressed(evening.you, asked, "me.forget=yes")).message()
    assert "1 membership" not in words(again)
    sent = len(evening.dms(evening.you))
    await evening.wait(days=15)
    assert len(evening.dms(evening.you)) == sent, "nothing comes afterwards"
    found = evening.database.read_bytes()
    for trace in (str(evening.you.id).encode(), evening.you.id.to_bytes(8, "big")):
        assert trace not in found


async def test_what_somebody_else_keeps_is_untouched(evening: Evening) -> None:
    await _answered_once(evening)
    other = evening.world.people["kate"]
    await evening.joined(other)
    (asked,) = (await evening.run(evening.you, "me forget")).messages
    await (await evening.pressed(evening.you, asked, "me.forget=yes")).message()
    assert evening.rows("SELECT user_id FROM membership") == [(other.id,)]


async def test_a_double_click_brings_one_greeting(evening: Evening) -> None:
    await evening.set_up()
    person = evening.world.people["tom"]
    (explained,) = (await evening.run(person, "join")).messages
    consent = await evening.tap(person, explained, "members.agree=yes")
    yes = button(consent, "members.consent=yes")
    both = [await person.press(int(consent["id"]), yes) for _ in range(2)]
    for exchange in both:
        await exchange.message()
    assert len(evening.from_bot(person)) == 1


async def test_a_forgetting_nothing_lets_happen_says_what_is_still_here(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any) -> int:
        raise StoreUnavailable

    await _answered_once(evening)
    (asked,) = (await evening.run(evening.you, "me forget")).messages
    with monkeypatch.context() as patch:
        patch.setattr(own, "erase_from", locked)
        told = await (await evening.pressed(evening.you, asked, "me.forget=yes")).message()
    assert "**Still here:**" in words(told)
    assert "Sessions you answered" in words(told), "in words for people"
    receipt = await (await evening.pressed(evening.you, told, "me.forget=again")).message()
    expect(receipt, "me.forgotten")
