"""The bot in a process of its own: `app.build` as the sandbox calls it, with a clock that tests can move.

A test asks by lines of JSON over a socket on loopback: {"do": "advance_to", "at": "..."}. Each is answered by a line
when it is done.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import logs, opening, settings
from bot.app import App, build
from bot.cli import end_on_signals, holding
from bot.clock import MovableClock, SystemClock
from bot.db import upgrade
from bot.errors import OperatorError
from bot.schedule import alarm
from tests.launch.start import Start
from tests.launch.waiting import until

NO_LIMIT = float("inf")  # whoever asked has one


def play(start: Start) -> int:
    """The whole life of the process; its exit code."""
    try:
        chosen = settings.read(start.environ, Path(os.devnull))
        logs.start(chosen.log_level)
        with holding(chosen) as hold:
            asyncio.run(_live(start, chosen, hold))
    except OperatorError as error:
        os.write(2, f"{error}\n".encode())
        return 1
    return 0


async def _live(start: Start, chosen: settings.Settings, hold: Callable[[], None] | None) -> None:
    clock = MovableClock(datetime.fromisoformat(start.clock)) if start.clock else SystemClock()
    app = build(chosen, clock=clock)
    app.before_opening = hold
    # A second's work, in each of the hundreds of processes the tests start; without it the rules read words alike.
    app.recogniser.load_encoder = lambda: False
    if start.blind:
        app.sender.look = _sees_nothing
    if start.migrating:
        _take_long(Path(start.migrating))
    if start.sweep_s:
        alarm.SWEEP_S = start.sweep_s
    if start.reopen_s:
        opening.REOPEN_S = start.reopen_s
    end_on_signals(app)
    obeying = asyncio.create_task(_obey(app, clock, start.port))
    try:
        await app.run()
    finally:
        obeying.cancel()


async def _sees_nothing(_: object) -> None:
    return None


def _take_long(until_gone: Path) -> None:
    quick = upgrade.upgrade

    def slow(url: str) -> None:
        while until_gone.exists():
            time.sleep(0.01)
        quick(url)

    upgrade.upgrade = slow


async def _obey(app: App, clock: MovableClock | SystemClock, port: int) -> None:
    if not port:
        return
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while line := await reader.readline():
        try:
            answer = await _carry_out(app, clock, json.loads(line))
        except Exception as error:  # the test is told, and fails with the reason
            answer = {"failed": repr(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()


async def _carry_out(app: App, clock: MovableClock | SystemClock, order: dict[str, Any]) -> dict[str, Any]:
    what = order["do"]
    if what == "opened":
        await app.opened()
    elif what == "ready":
        # discord.py calls itself ready when it was told of no server for a while, be it that this machine was slow; its
        # own event exists only after the login.
        await until(
            lambda: app.client.is_ready() and not any(g.unavailable for g in app.client.guilds),
            "ready",
            NO_LIMIT,
        )
    elif what == "quiet":
        await _quiet(app)
    elif what == "due":
        due = await app.next_due()
        return {"due": due.isoformat() if due else None}
    else:
        assert isinstance(clock, MovableClock), "this bot goes by the machine's clock"
        at = datetime.fromisoformat(order["at"])
        if what == "advance_to":
            await app.play_until(clock, at)
        elif what == "jump_to":
            clock.move_to(at)  # as if somebody had set the machine's clock: nobody is told
        else:
            raise ValueError(what)
    return {"done": what}


async def _quiet(app: App) -> None:
    """Until nothing is under way that was begun: answers, a start's own work, rings, messages; all of it written down."""

    def busy() -> bool:
        begun = {task.get_coro().__qualname__ for task in app._work}
        names = {task.get_name() for task in asyncio.all_tasks()}
        answering = any(name.startswith(("discord.py: ", "CommandTree-invoker")) for name in names)
        return answering or bool(begun - {"Pump.run", "Relay.run"} or app.alarm._tasks)

    await until(lambda: app._opened.is_set() and not busy(), "quiet", NO_LIMIT)
    await app._drain()
    if busy():
        await _quiet(app)


if __name__ == "__main__":
    sys.exit(play(Start(**json.loads(sys.argv[1]))))
