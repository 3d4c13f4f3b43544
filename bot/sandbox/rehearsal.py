"""The rehearsal: a local Discord, a demo network, the page, and the bot itself, in one process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import AsyncGenerator, Coroutine, Generator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import App, build
from bot.clock import MovableClock, SystemClock
from bot.errors import OperatorError, StoreUnavailable
from bot.sandbox import demo
from bot.sandbox.before import set_up
from bot.sandbox.page.server import Page
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from bot.settings import Settings

ANSWER_S = 30.0
"""Discord waits three seconds for an answer. Here Discord, the bot and the page share one process of a computer that may be
slow, and a visitor should not be told that something failed which only took long."""


class RehearsalClock:
    """The page's hand on the clock: moving it has the bot play everything due on the way."""

    def __init__(self, clock: MovableClock, app: App) -> None:
        self._clock = clock
        self._app = app
        self._due: datetime | None = None
        self._what: str | None = None
        self._one_look = asyncio.Lock()
        self._asked = self._answered = 0

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
        return self._what

    async def refresh(self) -> None:
        """Learn anew what is due next: as it is from now on, whatever looks are under way.

        Commits come faster than looks at the database end, and not in the order in which they began: one look at a
        time, and one for all who asked before it began.
        """
        self._asked += 1
        asked = self._asked
        async with self._one_look:
            if self._answered >= asked:
                return
            answering = self._asked
            coming = await self._app.upcoming()
            self._answered = answering
            self._due = coming and coming[0]
            self._what = coming and str(self._app.library.text(f"sandbox.due.{coming[1]}"))


async def rehearse(settings: Settings, port: int, *, browser: bool) -> None:
    """Open the rehearsal and keep it open until interrupted. Everything it kept is gone afterwards.

    Raises `OperatorError` when the page's port is taken.
    """
    await _until_interrupted(_rehearse(settings, port, browser))


async def _rehearse(settings: Settings, port: int, browser: bool) -> None:
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
                    # Thrown away with the folder: nobody should be told to save it.
                    key=base64.b64encode(secrets.token_bytes(32)).decode(),
                    servers=frozenset(),
                ),
                clock=clock,
            )
            bot = asyncio.create_task(app.run())
            try:
                await _while_running(bot, _begin(app, network, wire.world))
                control = RehearsalClock(clock, app)
                app.store.on_commit(lambda _: _later(control))
                await control.refresh()
                async with _page(app, wire, network, control, port) as page:
                    print(f"The rehearsal is open at {page.url}\nEnd it with Ctrl-C.", flush=True)
                    if browser and _has_screen():
                        # A thread of its own that nobody waits for: some browsers stay until they are closed.
                        threading.Thread(target=webbrowser.open, args=[page.url], daemon=True).start()
                    await bot
                    raise OperatorError("The bot ended by itself.", "Its last lines above say why.")
            finally:
                app.stop()
                await asyncio.gather(bot, return_exceptions=True)


async def _begin(app: App, network: demo.Demo, world: World) -> None:
    await app.opened()
    await app.client.wait_until_ready()
    world.backend.answer_within = ANSWER_S
    await set_up(app, network, world)


@contextlib.asynccontextmanager
async def _page(
    app: App, wire: Wire, network: demo.Demo, control: RehearsalClock, port: int
) -> AsyncGenerator[Page]:
    page = Page(
        wire.world,
        clock_control=control,
        wire=wire,
        greeting=app.library.text("sandbox.greeting"),
        about=network.about,
        start_as=network.you,
        start_in=network.channels["welcome"],
    )
    with _port_said(port):
        await page.start(port=port)
    try:
        yield page
    finally:
        await page.stop()


async def wire_only(port: int) -> None:
    """Run the local Discord alone, for a bot in another process, until interrupted.

    Prints the three settings another program needs, as lines of a `.env` file. Raises `OperatorError` when
    the port is taken.
    """
    await _until_interrupted(_wire_only(port))


async def _wire_only(port: int) -> None:
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
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _wire(world: World, port: int) -> AsyncGenerator[tuple[Wire, demo.Demo]]:
    network = demo.build(world)
    wire = Wire(world)
    with _port_said(port):
        await wire.start(port=port)
    try:
        yield wire, network
    finally:
        await wire.stop()


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` until it ends or somebody ends it with Ctrl-C or SIGTERM, whatever it is at: it cleans up after itself."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, ended.set)
    task, waiting = asyncio.create_task(work), asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        task.cancel()
        waiting.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


async def _while_running(bot: asyncio.Task[None], other: Coroutine[Any, Any, None]) -> None:
    """Wait for `other`; if the bot ends first, its error is the answer."""
    task = asyncio.create_task(other)
    try:
        await asyncio.wait({bot, task}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            bot.result()
            raise OperatorError("The bot ended by itself.", "Its last lines above say why.")
        task.result()
    finally:
        task.cancel()


@contextlib.contextmanager
def _port_said(port: int) -> Generator[None]:
    try:
        yield
    except (OSError, OverflowError):
        raise OperatorError(
            f"Port {port} on this computer cannot be used: another program has it, or it is no port.",
            "Give another with --port, or leave it out and a free one is taken.",
        ) from None


def _has_screen() -> bool:
    """Without one, Python would open a browser inside the terminal and hide the address just printed."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


_tasks: set[asyncio.Task[None]] = set()


async def _look_again(control: RehearsalClock) -> None:
    # The last commits are told of while the database closes; nobody looks at the clock any more.
    with contextlib.suppress(StoreUnavailable):
        await control.refresh()


def _later(control: RehearsalClock) -> None:
    task = asyncio.create_task(_look_again(control))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
