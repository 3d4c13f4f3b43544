"""The private calendar: a secret only its owner has, nothing told to anybody else, nothing logged."""

from __future__ import annotations

import dataclasses
import logging
import socket
from collections.abc import AsyncIterator
from datetime import date, time
from typing import Any

import aiohttp
import pytest

from bot.errors import StoreUnavailable
from bot.sessions import feed
from bot.web.server import Web
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import words
from tests.sessions.held import COFFEE, hold

SECRET = "s" * 43


class Shelf:
    """A server over a dictionary of calendars."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes | Exception | None] = {SECRET: b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}
        self.ready = True
        self.web = Web("127.0.0.1", 0, lambda: self.ready, self._find)

    async def _find(self, secret: str) -> bytes | None:
        found = self.kept.get(secret)
        if isinstance(found, Exception):
            raise found
        return found

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, Any]:
        url = f"http://127.0.0.1:{self.web.bound}{path}"
        async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    one = Shelf()
    await one.web.start()
    yield one
    await one.web.stop()


async def test_health_readiness_and_a_calendar(shelf: Shelf) -> None:
    assert (await shelf.get("/health"))[:2] == (200, b"ok\n")
    assert (await shelf.get("/ready"))[0] == 200
    shelf.ready = False
    assert (await shelf.get("/ready"))[0] == 503
    status, body, headers = await shelf.get(f"/calendar/{SECRET}.ics")
    assert (status, body) == (200, shelf.kept[SECRET])
    assert headers["Content-Type"].startswith("text/calendar")
    assert headers["Cache-Control"] == "private, no-cache"
    assert (await shelf.get(f"/calendar/{SECRET}.ics", **{"If-None-Match": headers["ETag"]}))[:2] == (
        304,
        b"",
    )


async def test_whatever_is_no_calendar_looks_the_same_and_nothing_is_logged(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shelf.kept["t" * 43] = None
    answers = set()
    for path in (
        "x" * 43,
        "t" * 43,
        "short",
        "%00",
        "..%2f..%2fetc%2fpasswd",
        "é" * 43,
        "a" * 4000,
        "'; DROP TABLE--",
    ):
        status, body, _ = await shelf.get(f"/calendar/{path}.ics")
        answers.add((status, body))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    shelf.kept[SECRET] = StoreUnavailable()
    assert (await shelf.get(f"/calendar/{SECRET}.ics"))[0] == 503
    shelf.kept[SECRET] = RuntimeError(f"about {SECRET}")
    assert (await shelf.get(f"/calendar/{SECRET}.ics"))[0] == 500
    assert not [
        line for line in caplog.messages if SECRET in line or "127.0.0.1" in line or "calendar/" in line
    ]


async def test_a_port_that_is_taken_is_said_and_the_bot_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        web = Web("127.0.0.1", other.getsockname()[1], lambda: True, Shelf()._find)
        await web.start()
    assert web.bound == 0
    assert "cannot listen" in caplog.text
    await web.stop()


async def test_a_private_address_is_made_shown_once_made_neutral_and_taken_away(evening: Evening) -> None:
    you, app = evening.you, evening.app
    await evening.joined(you)

    async def at(secret: str) -> bytes | None:
        return await feed.file_for(app.store, app.library, secret, evening.clock.now())

    await hold(evening, date(2026, 11, 28), time(9), about="For tired heads")
    shown = last(await evening.run(you, "sessions"))
    without = await evening.tap(you, shown, "sessions.calendar")
    assert not any("sessions.feed" in i for row in without["components"] for i in [str(row)])
    assert without["attachments"][0]["filename"] == "sessions.ics"

    app.settings = dataclasses.replace(
        app.settings, http_address="https://calendar.example.org", http_port=8080
    )
    panel = await evening.tap(you, shown, "sessions.calendar")
    made = await evening.tap(you, panel, "sessions.feed=make")
    expect(made, "sessions.feed_made")
    secret = words(made).partition("/calendar/")[2].partition(".ics")[0]
    neutral = await at(secret)
    assert neutral is not None
    assert COFFEE.encode() not in neutral
    assert b"heads" not in neutral.lower()
    assert b"DTSTART;TZID=Europe/London:20261128T090000" in neutral
    named = await evening.tap(you, made, "sessions.feed=names")
    assert COFFEE.encode() in (await at(secret) or b"")
    assert secret not in words(named)
    panel = await evening.tap(you, shown, "sessions.calendar")
    again = await evening.tap(you, panel, "sessions.feed=again")
    assert await at(secret) is None, "the one before stops working"
    newer = words(again).partition("/calendar/")[2].partition(".ics")[0]
    assert await at(newer) is not None
    await evening.tap(you, again, "sessions.feed=off")
    assert await at(newer) is None
    await evening.sleep()
    kept = b"".join(path.read_bytes() for path in evening.folder.rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert newer.encode() not in kept
