"""Who may talk to the page, and what it never lets through."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import discord
import pytest
from playwright.async_api import expect

import bot.sandbox.page
from bot.sandbox.page import Page
from tests.page.theatre import Theatre
from tests.page.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")

STATIC = Path(bot.sandbox.page.__file__).parent / "static"
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


async def _status(
    page: Page, path: str, method: str = "GET", *, key: str | None = None, **headers: str
) -> int:
    base, _, own = page.url.partition("/?k=")
    chosen = own if key is None else key
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method,
            f"{base}{path}",
            headers={"X-Rehearsal-Token": chosen, **headers},
            json={"do": "open-dm"} if method == "POST" else None,
        ) as answer,
    ):
        return answer.status


async def test_only_this_computer_with_this_run_s_key_is_answered(visit: Visit) -> None:
    page = visit.page
    own = page.url.split("/?")[0]
    paths = [
        ("/", "GET"),
        ("/api/act", "POST"),
        ("/api/clock", "POST"),
        ("/api/live", "GET"),
        ("/api/file", "GET"),
    ]
    for path, method in paths:
        for key in ("", "wrong", page.token[:-1], "é"):
            assert await _status(page, path, method, key=key) == 403
        assert await _status(page, path, method, Host="rehearsal.example.org") == 403
        assert await _status(page, path, method, Host=own.removeprefix("http://").split(":")[0] + ":1") == 403
        assert await _status(page, path, method, Origin="https://example.org") == 403
        assert await _status(page, path, method, Origin="null") == 403
        assert await _status(page, path, method, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert await _status(page, "/") == 200
    assert await _status(page, "/", Origin=own) == 200
    assert await _status(page, "/api/act", "POST") == 200


async def test_a_link_from_elsewhere_may_open_the_page_and_do_nothing_else(visit: Visit) -> None:
    led_here = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert await _status(visit.page, "/", **led_here) == 200
    assert await _status(visit.page, "/", key="", **led_here) == 403
    assert await _status(visit.page, "/api/act", "POST", **led_here) == 403


async def test_it_listens_on_this_computer_only(theatre: Theatre) -> None:
    page = Page(theatre.world, clock_control=theatre.diary)
    for host in ("0.0.0.0", "192.168.1.20", "::", "example.org", ""):  # noqa: S104 - refused, which is the point
        with pytest.raises(ValueError, match="this computer only"):
            await page.start(host)
    with pytest.raises(RuntimeError):
        _ = page.url


async def test_every_answer_carries_the_strict_policy(visit: Visit) -> None:
    base = visit.page.url.split("/?")[0]
    async with aiohttp.ClientSession() as session:
        for path in (
            f"/?k={visit.page.token}",
            "/static/app.js",
            "/static/style.css",
            "/nowhere",
            "/static/nowhere",
        ):
            async with session.get(base + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "http:" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_is_made_of_its_own_files_and_never_writes_markup() -> None:
    files = [path for path in STATIC.iterdir() if path.is_file()]
    assert {"index.html", "style.css", "app.js"} <= {path.name for path in files}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|srcdoc|setHTML)\b", text
        ), path.name
        elsewhere = set(re.findall(r"(?:src|href|url|from|import)\W{1,3}((?:https?:)?//[^\s\"')]+)", text))
        assert not elsewhere, path.name
        assert len(text.splitlines()) <= 400, path.name


async def test_nothing_somebody_wrote_becomes_part_of_the_page(visit: Visit) -> None:
    theatre = visit.theatre
    await theatre.ruth.send(visit.channel, HOSTILE)
    await theatre.ruth.send(
        visit.channel, "[press me](javascript:document.title='taken') <javascript:alert(1)>"
    )
    await theatre.ruth.send(
        visit.channel, f"# {HOSTILE}\n> {HOSTILE}\n- {HOSTILE}\n```{HOSTILE}```\n||{HOSTILE}||"
    )
    await expect(visit.log.locator("article")).to_have_count(3)
    await expect(visit.log).to_contain_text(HOSTILE)
    assert await visit.log.locator("script, img, iframe, object, a[href^=javascript]").count() == 0
    assert "taken" not in await visit.tab.title()


async def test_names_topics_and_buttons_are_only_words(visit: Visit) -> None:
    theatre = visit.theatre
    backend = theatre.world.backend
    backend.channels[visit.channel].topic = HOSTILE
    backend.users[theatre.ruth.id].global_name = HOSTILE
    try:
        channel = theatre.bot.get_partial_messageable(visit.channel)

        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label=HOSTILE[:80], custom_id=HOSTILE[:100]))
        view.add_item(
            discord.ui.Select(
                custom_id='"]<b>',
                placeholder=HOSTILE[:100],
                options=[discord.SelectOption(label=HOSTILE[:100])],
            )
        )
        embed = discord.Embed(title=HOSTILE, description=HOSTILE)
        embed.add_field(name=HOSTILE, value=HOSTILE)
        embed.set_image(url="https://example.org/outside.png")
        await channel.send(HOSTILE, view=view, embed=embed)
        await theatre.ruth.send(visit.channel, "me", files=[("<svg onload=alert(1)>.svg", b"<svg/>")])
        await expect(visit.log.locator("article")).to_have_count(2)
        await expect(visit.tab.locator("#topic")).to_have_text(HOSTILE)
        await visit.log.get_by_role("button", name=HOSTILE[:100], exact=True).click()
        await expect(visit.tab.get_by_role("dialog")).to_contain_text(HOSTILE[:60])
        await visit.tab.keyboard.press("Escape")
        await expect(visit.log).to_contain_text("Picture not loaded in a rehearsal: example.org")
        assert await visit.tab.locator("body script, body img, iframe, object, svg, b").count() == 0
        assert "taken" not in await visit.tab.title()
    finally:
        backend.users[theatre.ruth.id].global_name = "Ruth Pemberton"


async def test_an_uploaded_page_or_drawing_is_never_run(visit: Visit) -> None:
    script = b"<script>document.title='taken'</script>"
    await visit.theatre.ruth.send(
        visit.channel,
        "three",
        files=[
            ("page.html", script),
            ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("a.png", script),
        ],
    )
    await expect(visit.last.locator("a.file")).to_have_count(2)
    base = visit.page.url.split("/?")[0]
    async with aiohttp.ClientSession() as session:
        for path in await visit.last.locator("a.file").evaluate_all(
            "links => links.map(a => a.getAttribute('href'))"
        ):
            async with session.get(base + path) as answer:
                assert answer.status == 200
                assert answer.content_type == "application/octet-stream"
                assert answer.headers["Content-Disposition"].startswith("attachment")
                assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_nonsense_is_refused_kindly_and_breaks_nothing(visit: Visit) -> None:
    page, you = visit.page, str(visit.theatre.you.id)
    base = page.url.split("/?")[0]
    headers = {"X-Rehearsal-Token": page.token}
    nonsense = [
        {},
        {"person": "0", "do": "send"},
        {"person": you},
        {"person": you, "do": "explode"},
        {"person": you, "do": "send", "channel": "x", "text": "a"},
        {"person": you, "do": "send", "channel": "1", "text": "a"},
        {"person": you, "do": "send", "channel": str(visit.channel), "text": 5},
        {"person": you, "do": "send", "channel": str(visit.channel), "files": "x"},
        {"person": you, "do": "send", "channel": str(visit.channel), "files": [{"file": "a", "data": "%%"}]},
        {"person": you, "do": "press", "message": "1", "customId": "x"},
        {"person": you, "do": "submit", "exchange": "1", "values": {}},
        {"person": you, "do": "submit", "exchange": "", "values": []},
        {"person": you, "do": "slash", "channel": str(visit.channel), "command": "", "options": {}},
        {
            "person": you,
            "do": "slash",
            "channel": str(visit.channel),
            "command": "cake",
            "options": {"kind": 1},
        },
        {
            "person": you,
            "do": "autocomplete",
            "channel": str(visit.channel),
            "command": "cake",
            "option": "no",
        },
    ]
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in nonsense:
            async with session.post(f"{base}/api/act", json=body) as answer:
                assert answer.status == 200, body
                told = await answer.json()
                assert told["ok"] is False, body
                assert told["reason"].endswith("."), told
        for data, kind, status in (
            (b"{", "application/json", 400),
            (b"[]", "application/json", 400),
            (b"a=1", "text/plain", 415),
        ):
            async with session.post(f"{base}/api/act", data=data, headers={"Content-Type": kind}) as answer:
                assert answer.status == status
        async with session.ws_connect(f"{base}/api/live") as socket:
            for look in ({}, {"person": 5, "channel": []}, {"channel": "9" * 30, "limit": "many"}):
                await socket.send_json(look)
                view = await socket.receive_json()
                assert view["me"]["id"] == you
