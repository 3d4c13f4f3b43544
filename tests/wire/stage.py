"""What every wire test starts from: one server, one channel, two people, and ordinary discord.py clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import discord

from bot.clock import MovableClock
from bot.sandbox.wire.limits import Limits
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World

START = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


class Stage:
    def __init__(self, *, limits: Limits) -> None:
        self.clock = MovableClock(START)
        self.world = World(self.clock)
        self.bea = self.world.person("bea", "Bea Hartley")
        self.cal = self.world.person("cal", "Cal Dewhurst")
        self.guild = self.world.guild("Saturday Coffee", self.bea)
        self.channel = self.world.text_channel(self.guild, "general")
        self.world.join(self.cal, self.guild)
        self.world.add_bot(self.guild)
        self.wire = Wire(self.world, limits=limits)
        self.gaps_allowed = False
        self._clients: list[tuple[discord.Client, asyncio.Task[None]]] = []

    async def connect(self, client: discord.Client) -> discord.Client:
        """Run a client against the wire until it is ready."""
        task = asyncio.create_task(client.start(self.world.token))
        self._clients.append((client, task))
        ready = asyncio.create_task(client.wait_until_ready()) if client.http else None
        # wait_until_ready refuses before login; give login its turn first.
        while ready is not None and ready.done() and ready.exception() is not None:
            await asyncio.sleep(0.005)
            ready = asyncio.create_task(client.wait_until_ready())
            await asyncio.wait([ready, task], timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
        assert ready is not None
        await asyncio.wait([ready, task], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            await task
        assert ready.done(), "the client did not become ready"
        return client

    async def close(self) -> None:
        for client, task in self._clients:
            await client.close()
            with contextlib.suppress(asyncio.CancelledError, discord.DiscordException):
                await asyncio.wait_for(task, 5)
        await self.wire.stop()


async def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """Wait for something to become true; the limit is generous and never the measure of anything."""
    for _ in range(1500):
        if value := condition():
            return value
        await asyncio.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


Handler = Callable[[discord.Interaction[Any]], Awaitable[None]]
