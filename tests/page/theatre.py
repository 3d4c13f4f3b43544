"""A small network, a real wire, a real bot, the page, and a real browser to look at it with."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import discord
from playwright.async_api import Browser, Playwright

from bot.clock import MovableClock
from bot.sandbox.page import Page
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from tests.launch.scene import ANSWER_S, PATIENCE_S, until
from tests.page.small_bot import SmallBot

# A Monday afternoon in winter.
START = datetime(2026, 1, 12, 15, 30, tzinfo=UTC)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Diary:
    """A clock control of the tests' own: a queue of things that happen at their instants."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._queue: list[tuple[datetime, int, str, Callable[[], Awaitable[object]]]] = []
        self._order = itertools.count()

    def plan(self, at: datetime, what: str, do: Callable[[], Awaitable[object]]) -> None:
        heapq.heappush(self._queue, (at, next(self._order), what, do))

    def now(self) -> datetime:
        return self._clock.now()

    def next_due(self) -> datetime | None:
        return self._queue[0][0] if self._queue else None

    def describe_due(self) -> str | None:
        return self._queue[0][2] if self._queue else None

    async def advance_to(self, instant: datetime) -> None:
        while self._queue and self._queue[0][0] <= instant:
            at, _, _, do = heapq.heappop(self._queue)
            self._clock.move_to(at)
            await do()
        self._clock.move_to(instant)


class Theatre:
    """Everything one page test needs; `open` it once, and start each test with fresh people and channels."""

    def __init__(self) -> None:
        self.clock = MovableClock(START, ticking=False)
        self.world = World(self.clock)
        self.diary = Diary(self.clock)
        self.you = self.world.person("you", "Sam Ellery")
        self.ruth = self.world.person("ruth", "Ruth Pemberton")
        self.guild = self.world.guild("Saturday Coffee", self.ruth)
        self.lobby = self.world.text_channel(self.guild, "welcome", topic="Say hello.")
        self.world.join(self.you, self.guild)
        self.world.add_bot(self.guild)
        self.world.backend.answer_within = ANSWER_S
        self.wire = Wire(self.world)
        self.bot = SmallBot()
        self.page: Page | None = None
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the bot on the wire and wait until it is ready."""
        self._running = asyncio.create_task(self.bot.start(self.world.token))
        await until(lambda: self._running_no_more() or self.bot.is_ready(), "the small bot becoming ready")
        if self._running.done():
            await self._running

    def _running_no_more(self) -> bool:
        return self._running is not None and self._running.done()

    async def close(self) -> None:
        await self.bot.close()
        if self._running is not None:
            with contextlib.suppress(asyncio.CancelledError, discord.DiscordException):
                await asyncio.wait_for(self._running, PATIENCE_S)
        await self.wire.stop()


def find_chromium() -> str:
    """Where the browser is. Its absence is a failure with the mend, never a silent skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError(
        "The page's tests drive a real browser and found none. Install one: `apt-get install chromium` on Debian "
        "and Ubuntu, `dnf install chromium` on Fedora, `brew install --cask chromium` on macOS."
    )


async def launch(playwright: Playwright) -> Browser:
    return await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
