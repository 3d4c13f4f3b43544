"""What every wire test starts from: one server, one channel, two people, and ordinary discord.py clients."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands

from bot.clock import MovableClock
from bot.sandbox.wire.limits import Limits
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from tests.launch.scene import ANSWER_S
from tests.launch.waiting import PATIENCE_S, until

START = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
UNPRIVILEGED = discord.Intents(
    guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True, guild_scheduled_events=True
)
EVERYTHING = discord.Intents.all()


class Hasty(discord.Client):
    """Identifies at once; Discord would have it wait five seconds between two identifies, we need not."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        return


class Bot(Hasty):
    """An ordinary client with a command tree; it keeps the gateway messages it got, and syncs when told to."""

    def __init__(self, intents: discord.Intents = UNPRIVILEGED, **options: Any) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.events: list[str] = []

    async def setup_hook(self) -> None:
        if self.tree.get_commands():
            await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_socket_event_type(self, name: str) -> None:
        self.events.append(name)


class Stage:
    def __init__(self) -> None:
        self.clock = MovableClock(START)
        self.world = World(self.clock)
        self.world.backend.answer_within = ANSWER_S
        self.bea = self.world.person("bea", "Bea Hartley")
        self.cal = self.world.person("cal", "Cal Dewhurst")
        self.guild = self.world.guild("Saturday Coffee", self.bea)
        self.channel = self.world.text_channel(self.guild, "general")
        self.world.join(self.cal, self.guild)
        self.world.add_bot(self.guild)
        self.wire = Wire(self.world, limits=Limits())
        self.gaps_allowed = False
        self._running: list[tuple[discord.Client, asyncio.Task[None]]] = []

    async def connect(self, client: Bot | None = None) -> Bot:
        """Run a client against the wire until it is ready and knows its servers."""
        client = client or Bot()
        task = asyncio.create_task(client.start(self.world.token))
        self._running.append((client, task))
        await until(lambda: knows_all(client) or task.done(), "becoming ready")
        if task.done():
            await task
        return client

    async def close(self) -> None:
        for client, task in self._running:
            await client.close()
            with contextlib.suppress(discord.DiscordException, OSError):
                await asyncio.wait_for(task, PATIENCE_S)
        await self.wire.stop()


def knows_all(client: discord.Client) -> bool:
    """discord.py calls itself ready when no server was told of for a while, be it that this machine was slow."""
    return client.is_ready() and not (client.intents.guilds and any(g.unavailable for g in client.guilds))
