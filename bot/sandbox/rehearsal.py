"""The rehearsal: a local Discord, a demo network, the page, and the bot itself, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App, build
from bot.clock import MovableClock, SystemClock
from bot.sandbox import demo
from bot.sandbox.page.server import Page
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from bot.settings import Settings


class RehearsalClock:
    """The page's hand on the clock: moving it has the bot play everything due on the way."""

    def __init__(self, clock: MovableClock, app: App) -> None:
        self._clock = clock
        self._app = app
        self._due: datetime | None = None

    def now(self) -> datetime:
        return self._clock.now()

    async def advance_to(self, instant: datetime) -> None:
        """Move to `instant`, playing what is due in order; moving back plays nothing."""
        if instant < self._clock.now():
            self._clock.move_to(instant)
            self._app.alarm.rearm()
        else:
            await self._app.play_until(self._clock, instant)
        await self.refresh()

    def next_due(self) -> datetime | None:
        return self._due

    def describe_due(self) -> str | None:
        return None if self._due is None else self._app.library.text("sandbox.due")

    async def refresh(self) -> None:
        """Learn anew what is due next."""
        self._due = await self._app.next_due()


async def rehearse(settings: Settings, port: int, *, browser: bool) -> None:
    """Open the rehearsal and keep it open until interrupted. Everything it kept is gone afterwards."""
    clock = MovableClock(SystemClock().now())
    with tempfile.TemporaryDirectory(prefix="reallyok-rehearsal-") as folder:
        async with _wire(World(clock), 0) as (wire, network):
            data = Path(folder)
            app = build(
                replace(
                    settings,
                    token=wire.world.token,
                    api_url=wire.api_url,
                    gateway_url=wire.gateway_url,
                    data=data,
                    database_url=f"sqlite:///{(data / 'rehearsal.db').as_posix()}",
                    key=None,
                    key_file=data / "rehearsal.key",
                    servers=frozenset(),
                ),
                clock=clock,
            )
            bot = asyncio.create_task(app.run())
            ended = _interrupted()
            try:
                await _first(bot, app.opened())
                await _first(bot, app.client.wait_until_ready())
                await _set_up(network)
                control = RehearsalClock(clock, app)
                await control.refresh()
                app.store.on_commit(lambda _: _later(control))
                page = Page(
                    wire.world,
                    clock_control=control,
                    wire=wire,
                    greeting=app.library.text("sandbox.greeting"),
                    start_as=network.you,
                )
                await page.start(port=port)
                print(f"The rehearsal is open at {page.url}\nEnd it with Ctrl-C.", flush=True)
                if browser:
                    await asyncio.to_thread(webbrowser.open, page.url)
                await _first(bot, ended.wait())
                await page.stop()
            finally:
                app.stop()
                await asyncio.gather(bot, return_exceptions=True)


async def wire_only(port: int) -> None:
    """Run the local Discord alone, for a bot in another process, until interrupted."""
    clock = MovableClock(SystemClock().now())
    async with _wire(World(clock), port) as (wire, _):
        print(f"DISCORD_TOKEN={wire.world.token}")
        print(f"DISCORD_API_URL={wire.api_url}")
        print(f"DISCORD_GATEWAY_URL={wire.gateway_url}")
        print(f"# remote control: {wire.control_url} with the header X-Rehearsal-Token: {wire.control_token}")
        print(
            "# A local Discord with a demo network. Nothing reaches the real one. End it with Ctrl-C.",
            flush=True,
        )
        await _interrupted().wait()


@contextlib.asynccontextmanager
async def _wire(world: World, port: int) -> AsyncGenerator[tuple[Wire, demo.Demo]]:
    network = demo.build(world)
    wire = Wire(world)
    await wire.start(port=port)
    try:
        yield wire, network
    finally:
        await wire.stop()


async def _set_up(network: demo.Demo) -> None:
    """What the organisers did before the visitor came in: `/network setup` in both servers."""
    first = next(iter(network.channels.values()))
    for organiser, channel in (
        (network.organiser, first),
        (network.second_organiser, network.second_channel_id),
    ):
        exchange = await organiser.slash(
            channel, "network setup", {"nation": "england", "contact": organiser.id, "zone": "Europe/London"}
        )
        await exchange.message(timeout=20)


def _interrupted() -> asyncio.Event:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, event.set)
    return event


async def _first(bot: asyncio.Task[None], other: Coroutine[Any, Any, object]) -> None:
    """Wait for `other`; if the bot ends first, its error is the answer."""
    task = asyncio.create_task(other)
    await asyncio.wait({bot, task}, return_when=asyncio.FIRST_COMPLETED)
    if bot.done() and not task.done():
        task.cancel()
        bot.result()
        sys.exit("The bot ended by itself.")
    task.result()


_tasks: set[asyncio.Task[None]] = set()


def _later(control: RehearsalClock) -> None:
    task = asyncio.create_task(control.refresh())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
