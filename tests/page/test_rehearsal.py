"""`reallyok` as a stranger types it: no settings, no Discord, an empty folder; and the first evening in a browser."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect
from playwright.async_api import Page as Tab

from tests.launch.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
PHONE = {"width": 360, "height": 740}


class Reallyok:
    """The command in a process of its own, with nothing in its environment that is ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "somewhere"
        self.temporary = folder / "tmp"
        self.home = folder / "home"
        for place in (self.folder, self.temporary, self.home):
            place.mkdir()
        self.lines: list[str] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "TMPDIR": str(self.temporary),
                "PYTHONPATH": str(ROOT),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def said(self, pattern: str) -> str:
        """Read what it prints until a line matches; the first group of it."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self._process.stdout.readline()).decode():
                self.lines.append(line)
                if found := re.search(pattern, line):
                    return found[1]
        raise AssertionError("".join(self.lines))

    async def ended(self) -> int:
        """Its exit code, and the rest of what it said in `lines`."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE_S):
            rest, _ = await self._process.communicate()
        self.lines += rest.decode().splitlines(keepends=True)
        assert self._process.returncode is not None
        return self._process.returncode

    async def interrupt(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.ended()

    def left_behind(self) -> list[str]:
        """Every file of ours that is still there. (Python's own compiled files are not ours.)"""
        places = (self.folder, self.temporary, self.home)
        return [str(path) for place in places for path in place.rglob("*") if path.is_file()]


@pytest_asyncio.fixture(loop_scope="package")
async def reallyok(tmp_path: Path) -> AsyncIterator[Reallyok]:
    program = Reallyok(tmp_path)
    yield program
    if program._process is not None:
        await program.interrupt(signal.SIGKILL)


class Visitor:
    """Somebody at the page who knows nothing."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    @property
    def last(self) -> Locator:
        return self.tab.get_by_role("log").locator("article").last

    async def press(self, name: str, *, within: Locator | None = None) -> None:
        place = within if within is not None else self.tab.get_by_role("log")
        await place.get_by_role("button", name=name, exact=True).last.click()

    async def command(self, name: str) -> None:
        await self.tab.locator("#text").fill(f"/{name}")
        await self.tab.locator("ul.suggestions:not([hidden])").get_by_role("option").first.wait_for()
        await self.tab.keyboard.press("Enter")
        await self.tab.get_by_role("button", name="Send command").click()

    async def sees(self, text: str | re.Pattern[str]) -> None:
        await expect(self.last).to_contain_text(text)


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(reallyok: Reallyok, browser: Browser) -> AsyncIterator[Visitor]:
    await reallyok.start()
    url = await reallyok.said(r"open at (http://127\.0\.0\.1:\d+/\?k=\S+)")
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_S * 1000)
    expect.set_options(timeout=PATIENCE_S * 1000)
    tab = await context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    await tab.goto(url)
    yield Visitor(tab)
    assert complaints == []
    await context.close()


async def join_and_reach_wednesday(visitor: Visitor) -> None:
    tab = visitor.tab
    await tab.get_by_role("button", name="Start with /join").click()
    await tab.get_by_role("button", name="Send command").click()
    await visitor.press("Join")
    await visitor.press("Yes, ask me")
    await visitor.sees("Wednesday")
    await expect(tab.locator("#due")).to_contain_text("a check-in question")
    if not await tab.locator("#step-clock").is_visible():
        await tab.locator("#open-tools").click()  # on a narrow screen the clock is behind a button
    await tab.locator("#step-clock").click()
    await tab.get_by_role("button", name="Open my message", exact=True).click()
    await expect(tab.locator("#where")).to_have_text("Really OK")
    await expect(visitor.last.get_by_role("button", name="Wobbly")).to_be_visible()


async def test_the_first_evening(visitor: Visitor, reallyok: Reallyok) -> None:
    tab = visitor.tab
    await expect(tab.locator("#where")).to_have_text("#welcome")
    await expect(tab.locator("#guide")).to_contain_text("Everybody here is invented")
    await expect(tab.locator("#about")).to_contain_text("two-form primary")
    await expect(tab.locator("#places-list")).to_contain_text("really-ok")
    await join_and_reach_wednesday(visitor)

    await visitor.press("OK")
    await visitor.press("Actually, a bit much")
    await visitor.sees("116 123")
    await visitor.press("Get support")
    for number in ("999", "116 123", "85258"):
        await visitor.sees(number)
    await visitor.sees("Only you can see this")

    await tab.locator("#text").fill("The budget, mostly. I have not slept.")
    await tab.keyboard.press("Enter")
    await visitor.sees("The budget, mostly.")
    # The bot waits for eight seconds of quiet before it answers words.
    answer = tab.get_by_role("log").locator("article", has_text="The budget, mostly.").locator("~ article")
    await expect(answer).to_have_count(1)
    await expect(answer.get_by_role("button", name="Get support")).to_be_visible()

    await visitor.command("checkin settings")
    await visitor.sees("You used /checkin settings")
    await visitor.sees("every week")
    await visitor.command("checkin history")
    await expect(visitor.last.locator("img")).to_have_attribute("alt", re.compile("OK"))

    await tab.goto("about:blank")  # a page whose server goes away complains, and should
    assert await reallyok.interrupt() == 0
    assert reallyok.left_behind() == []
    assert not [line for line in reallyok.lines if "ERROR" in line or "Traceback" in line]


async def test_an_organiser_writes_down_when_school_is_closed(visitor: Visitor) -> None:
    tab = visitor.tab
    await tab.get_by_label("Be somebody else").select_option(label="Ruth Pemberton")
    await expect(tab.locator("#about")).to_contain_text("owns the server")
    await visitor.command("network closures")
    await visitor.sees("No closures are written down yet.")
    await visitor.press("Change the closures")
    form = tab.get_by_role("dialog")
    year = datetime.now(UTC).year + 1  # the rehearsal begins today, and what is over is no closure
    dates = f"21 December {year} - 4 January {year + 1} Christmas"
    await form.get_by_role("textbox").fill(f"{dates}\nsome time in spring")
    await visitor.press("Send", within=form)
    kept = tab.get_by_role("log").locator("article", has_text="This is how I read it")
    await expect(kept).to_contain_text("Christmas")
    await visitor.sees("some time in spring")
    await visitor.command("network closures")
    await visitor.sees("Christmas")


async def test_on_a_telephone(visitor: Visitor) -> None:
    tab = visitor.tab
    await tab.set_viewport_size(PHONE)
    await tab.get_by_role("button", name="Show me").click()
    await join_and_reach_wednesday(visitor)
    await visitor.press("Not OK")
    await expect(visitor.last).to_contain_text(re.compile(r"\d{3}"))
    await visitor.press("Get support")
    await visitor.sees("116 123")
    assert await tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_can_be_ended_before_it_is_ready(reallyok: Reallyok, number: signal.Signals) -> None:
    await reallyok.start("sandbox", "--no-browser")
    await until(lambda: list(reallyok.temporary.glob("reallyok-rehearsal-*")), "its folder", PATIENCE_S)
    assert await reallyok.interrupt(number) == 0
    assert reallyok.left_behind() == []
    assert list(reallyok.temporary.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("--wire-only",)])
async def test_a_port_that_is_taken_is_said(reallyok: Reallyok, arguments: tuple[str, ...]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        await reallyok.start("sandbox", "--no-browser", "--port", str(port), *arguments)
        assert await reallyok.ended() == 1
    said = "".join(reallyok.lines)
    assert f"Port {port}" in said
    assert "--port" in said
    assert "Traceback" not in said
    assert reallyok.left_behind() == []


ANOTHER_PROGRAM = """
import os
import discord, yarl

discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])

client = discord.Client(intents=discord.Intents(guilds=True))


@client.event
async def on_ready():
    for guild in client.guilds:
        print(f"here: {guild.name}: {', '.join(channel.name for channel in guild.text_channels)}", flush=True)
    await client.close()


client.run(os.environ["DISCORD_TOKEN"])
"""


async def test_the_wire_alone_prints_what_another_program_needs(reallyok: Reallyok) -> None:
    await reallyok.start("sandbox", "--wire-only")
    await reallyok.said("(# A local Discord)")
    printed = [line.strip() for line in reallyok.lines if not line.startswith("#") and "=" in line]
    settings = dict(line.split("=", 1) for line in printed if line.startswith("DISCORD_"))
    assert set(settings) == {"DISCORD_TOKEN", "DISCORD_API_URL", "DISCORD_GATEWAY_URL"}
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ANOTHER_PROGRAM,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(PATIENCE_S):
        told, _ = await program.communicate()
    assert program.returncode == 0
    assert "here: Saturday Coffee Heads: welcome, staffroom" in told.decode()
    assert await reallyok.interrupt() == 0
