"""One person's visit to the page, in a window of its own."""

from __future__ import annotations

import itertools
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, expect
from playwright.async_api import Page as Tab

from bot.sandbox.page import Page
from bot.sandbox.people import Person
from tests.launch.scene import PATIENCE_S
from tests.page.theatre import Theatre

_numbers = itertools.count(1)
WIDE = (1280, 800)
PHONE = (360, 740)
PATIENCE_MS = PATIENCE_S * 1000

# Chromium's own words when a page is told to stop listening; the test that stops the server expects them.
_EXPECTED = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")


class Visit:
    def __init__(self, theatre: Theatre, browser: Browser) -> None:
        self.theatre = theatre
        self._browser = browser
        self.room = f"room-{next(_numbers)}"
        self.channel = theatre.world.text_channel(theatre.guild, self.room, topic="A quiet room.")
        self.page = Page(
            theatre.world,
            clock_control=theatre.diary,
            wire=theatre.wire,
            start_as=theatre.you,
            start_in=self.channel,
        )
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.stopping = False
        self._context: BrowserContext | None = None
        self._tab: Tab | None = None

    @property
    def tab(self) -> Tab:
        assert self._tab is not None
        return self._tab

    async def start(self) -> None:
        await self.page.start()
        await self.look(WIDE)

    async def look(self, size: tuple[int, int], **options: Any) -> None:
        """Open the page in a new window of this size."""
        if self._context is not None:
            await self._context.close()
        self._context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, **options
        )
        self._context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self._tab = tab = await self._context.new_page()
        own = self.page.url.split("/?")[0]
        sockets = own.replace("http", "ws", 1)
        tab.on("request", lambda r: None if r.url.startswith((own, "data:")) else self.outside.append(r.url))
        tab.on("websocket", lambda w: None if w.url.startswith(sockets) else self.outside.append(w.url))
        tab.on("console", lambda m: self._heard(m.text) if m.type in {"error", "warning"} else None)
        tab.on("pageerror", lambda e: self.complaints.append(str(e)))
        await tab.goto(self.page.url)
        await expect(tab.locator("#where")).to_have_text(f"#{self.room}")

    def _heard(self, text: str) -> None:
        if not (self.stopping and any(words in text for words in _EXPECTED)):
            self.complaints.append(text)

    async def end(self) -> None:
        if self._context is not None:
            await self._context.close()
        await self.page.stop()

    # What one does and sees.

    @property
    def log(self) -> Locator:
        return self.tab.get_by_role("log")

    @property
    def last(self) -> Locator:
        return self.log.locator("article").last

    @property
    def suggestions(self) -> Locator:
        return self.tab.locator("ul.suggestions:not([hidden])").get_by_role("option")

    def button(self, name: str, *, exact: bool = True) -> Locator:
        return self.tab.get_by_role("button", name=name, exact=exact).last

    async def write(self, text: str) -> None:
        await self.tab.locator("#text").fill(text)
        await self.tab.keyboard.press("Enter")

    async def command(self, name: str) -> None:
        """Run a command that has no options, by keyboard; until the page has heard that it ran.

        What the bot says of it may be on the page before that, and only then does the focus go where it is to be.
        """
        await self.tab.locator("#text").fill(f"/{name}")
        await expect(self.suggestions.first).to_contain_text(f"/{name}")
        await self.tab.keyboard.press("Enter")
        await expect(self.tab.get_by_role("button", name="Send command")).to_be_focused()
        await self.tab.keyboard.press("Enter")
        await expect(self.tab.locator("#command")).to_be_hidden()

    async def panel(self) -> Locator:
        """Have the bot post its panel; the message."""
        await self.command("panel")
        panel = self.log.locator("article", has_text="How was it?")
        await expect(panel).to_contain_text("Choose something.")
        return panel

    async def become(self, person: Person) -> None:
        await self.tab.get_by_label("Be somebody else").select_option(str(person.id))
        await expect(self.tab.locator("#say")).to_have_text(f"You are now {person.display_name}")

    async def private(self) -> None:
        """Go to the private messages with the bot."""
        await self.tab.locator("#places-list [data-place]").first.click()
        await expect(self.tab.locator("#where")).to_have_text("Really OK")
