"""A network, its wire and the bot in this one process: what most journeys of check-ins stand on.

The clock is the bot's and the server's alike, so a term passes in a second. When an evening closes, every message the
bot ever sent in it is read: each must carry the way to support, nothing may have been unknown to the wire, and nothing
may have been logged as an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from simcord.backend import serializers

from bot.app import App, build
from bot.clock import MovableClock
from bot.content.files import PLACEHOLDER
from bot.content.library import Library, default_root, load
from bot.db.upgrade import upgrade
from bot.sandbox.exchange import LOADING, Exchange
from bot.sandbox.people import Person
from bot.settings import Settings
from bot.support.lexicon import load_lexicon
from bot.support.recognise import Recogniser
from bot.ui.flood import Flood
from tests.contract.openapi import Contract
from tests.launch.scene import ANSWER_S, SUNDAY, Scene, answered, button, offers_support, until, words

QUIET_S = 0.05  # eight seconds for people; texts that are to be met as one are written `in_a_row`


class Slips(logging.Handler):
    """What the bot logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


class Evening(Scene):
    """`app` is the bot that is running, if one is. Errors a journey provokes on purpose are taken from `slips`."""

    app: App

    def __init__(self, folder: Path, at: datetime = SUNDAY) -> None:
        super().__init__(folder, cast("Any", None), MovableClock(at))
        self.wire.record = True
        # A term of messages passes in a second here; Discord's five in five seconds would be five seconds of waiting.
        self.wire.limits.per_second = self.wire.limits.messages = None
        self.slips = Slips()
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await super().open()
        self.data.mkdir()
        shutil.copy(migrated(), self.database)
        logging.getLogger("reallyok").addHandler(self.slips)
        await self.wake()

    async def close(self) -> None:
        await self.sleep()
        logging.getLogger("reallyok").removeHandler(self.slips)
        await super().close()

    def judge(self) -> None:
        """What must be true of every evening."""
        assert not self.slips.lines, "\n".join(self.slips.lines)
        assert not self.wire.gaps, self.wire.gaps
        for message in self.all_from_bot():
            assert offers_support(message), f"no way to support: {words(message)}"
        contract = Contract.from_environment()
        if contract is not None:
            recorded = self.wire.recorded
            problems = {line for m, path, body, *_ in recorded for line in contract.request(m, path, body)}
            assert not problems, "\n".join(sorted(problems))

    def all_from_bot(self) -> Iterator[dict[str, Any]]:
        """Every message of the bot in every channel, seen by whoever may see it."""
        store = self.world.backend
        for messages in store.messages.values():
            for message in list(messages.values()):
                if message.author_id == store.bot_user.id and not message.flags & LOADING:
                    yield dict(serializers.message_payload(store, message))

    # The bot

    async def wake(self) -> None:
        """Start the bot, and return when it is known and its database is open."""
        folder = self.data
        self.app = build(
            Settings(
                token=self.world.token,
                api_url=self.wire.api_url,
                gateway_url=self.wire.gateway_url,
                data=folder,
                database_url=f"sqlite:///{self.database}",
                key_file=self.folder / "reallyok.key",
            ),
            clock=self.clock,
        )
        # How long discord.py waits for one more server before it says it is ready; this wire has told all at once.
        self.app.client._connection.guild_ready_timeout = 0.02
        self._running = asyncio.create_task(self.app.run())
        ready = asyncio.create_task(self._ready())
        await asyncio.wait({self._running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
        await ready
        # discord.py loads an extension afresh for every bot, so this is that bot's alone.
        sys.modules["cogs.conversation"].QUIET_S = QUIET_S
        await self.known()
        # discord.py calls itself ready when it was told of no server for a while, be it that this machine was slow.
        await until(lambda: not any(g.unavailable for g in self.app.client.guilds), "knowing its servers")

    async def _ready(self) -> None:
        await self.app.opened()
        await self.app.client.wait_until_ready()

    async def sleep(self) -> None:
        """Stop the bot, as SIGTERM does, once it has said all it had to say to whoever pressed or asked."""
        if self._running is not None:
            await until(lambda: not _answering(), "everybody being answered to the end")
            self.app.stop()
            await self._running
            self._running = None

    async def restart(self) -> None:
        await self.sleep()
        await self.wake()
        await self.caught_up()

    async def caught_up(self) -> None:
        """Until the bot has read what was written while it was off: what is written next is heard as it is written."""
        await until(lambda: self._has_heard() and not _catching_up(), "the bot catching up")

    # Time

    async def play(self, to: datetime) -> None:
        """Let time pass: what is due on the way happens in order."""
        await self.app.play_until(self.clock, to)
        # Taps are counted in real seconds, of which a fast machine needs few for many minutes here.
        self.app.client.flood = Flood()

    async def wait(self, **span: float) -> None:
        await self.play(self.clock.now() + timedelta(**span))

    # People

    async def tap(self, person: Person, message: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Press a button and read the last thing said to it."""
        return last(await self.pressed(person, message, kind))

    async def pressed(self, person: Person, message: Mapping[str, Any], kind: str) -> Exchange:
        return await answered(await person.press(int(message["id"]), button(message, kind)))

    async def run(self, person: Person, command: str, channel: int | None = None, **options: Any) -> Exchange:
        """Use a slash command in the welcome channel, or another."""
        return await answered(await person.slash(channel or self.welcome, command, options))

    async def write(self, person: Person, text: str = "", **more: Any) -> dict[str, Any]:
        """Write to the bot, read its answer and pause, so that what is written next is another matter."""
        dm = await person.open_dm()
        before = len(self.from_bot(person))
        await person.send(dm, text, **more)
        await until(lambda: len(self.from_bot(person)) > before, f"an answer to {text!r}")
        answer = self.from_bot(person)[-1]
        cog: Any = self.app.client.get_cog("Conversation")
        await until(lambda: not cog.answering(person.id), "a pause")
        return answer

    def questions(self, person: Person) -> list[dict[str, Any]]:
        """The questions somebody was sent unasked."""
        return [m for m in self.from_bot(person) if says(m, "checkins.opening")]

    def from_bot(self, person: Person) -> list[dict[str, Any]]:
        """What the bot said in somebody's direct messages, oldest first."""
        me = str(self.world.backend.bot_user.id)
        return [m for m in self.dms(person) if m["author"]["id"] == me]

    async def heard(self) -> None:
        """Until the bot has heard of everything that has happened, and has begun on it."""
        await until(self._has_heard, "the bot hearing everything")

    def _has_heard(self) -> bool:
        sessions = [s for s in self.wire.gateway.sessions.values() if s.connection is not None]
        return all(s.seq == self.app.client.ws.sequence for s in sessions) and not any(
            task.get_name().startswith(("discord.py: ", "CommandTree-invoker"))
            for task in asyncio.all_tasks()
        )

    async def settled(self) -> None:
        """Until whatever was written has been heard and answered."""
        cog: Any = self.app.client.get_cog("Conversation")
        cards: Any = self.app.client.get_cog("Cards")
        await until(
            lambda: self._has_heard() and not cog._bursts and not cog._tasks and not cards._tasks, "quiet"
        )

    def nobody_pauses(self) -> None:
        """What is written from here on waits for more; what is met comes at once."""
        sys.modules["cogs.conversation"].QUIET_S = 3600.0

    @contextlib.asynccontextmanager
    async def in_a_row(self, person: Person) -> AsyncIterator[None]:
        """What somebody writes in here is written before they pause, however long this machine takes over it."""
        await self.settled()
        self.nobody_pauses()
        yield
        await self.heard()
        sys.modules["cogs.conversation"].QUIET_S = QUIET_S
        cog: Any = self.app.client.get_cog("Conversation")
        cog._bursts[person.id].timer.cancel()
        waiting = [t for t in asyncio.get_running_loop()._scheduled if t._callback == cog._answer_soon]
        assert all(timer.cancelled() for timer in waiting), "each text begins the wait anew"
        cog._answer_soon(person.id)
        await self.settled()

    # What is kept

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database from outside."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as connection:
            return connection.execute(query, values).fetchall()

    async def levels(self, person: Person) -> list[str]:
        """What somebody answered, oldest first."""
        from bot.checkins import answering

        return [
            str(p.level) for p in await answering.history(self.app.store, self.app.keyring, None, person.id)
        ]


def _answering() -> bool:
    """Whether a command or a press is still being answered: some are answered in several messages."""
    names = ("CommandTree-invoker", "discord.py: on_interaction")
    return any(task.get_name() in names for task in asyncio.all_tasks())


def _catching_up() -> bool:
    """Whether what is done once a bot is connected is still going on."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return any(name.startswith("App.after_ready.") for name in names)


def last(exchange: Exchange) -> dict[str, Any]:
    """The last thing an exchange said."""
    return exchange.messages[-1]


@cache
def migrated() -> Path:
    """An empty database of this version, made once for all evenings."""
    file = Path(tempfile.mkdtemp()) / "reallyok.db"
    upgrade(f"sqlite:///{file}")
    return file


@cache
def library() -> Library:
    """The words, as the bot loads them."""
    return load(default_root())


@cache
def recogniser() -> Recogniser:
    """What reads words, by rules alone: what is learnt may be learnt anew, and journeys are not about its figures."""
    return Recogniser(load_lexicon(default_root()), None)


@cache
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    return {
        template.id: [
            re.compile(
                ".*?".join(re.escape(part) for part in PLACEHOLDER.sub("\0", wording).split("\0")), re.DOTALL
            )
            for wording in template.wordings
        ]
        for template in library().templates
    }


def says(message: Mapping[str, Any], template: str) -> bool:
    """Whether a message is one of a template's wordings."""
    text = words(message)
    return any(
        p.search(text) if message.get("flags", 0) & 1 << 15 else p.fullmatch(text)
        for p in _patterns()[template]
    )


def wording(message: Mapping[str, Any], template: str) -> int:
    """Which of a template's wordings a message is."""
    return next(n for n, p in enumerate(_patterns()[template]) if p.fullmatch(words(message)))


def which(message: Mapping[str, Any]) -> list[str]:
    """Every template a message could be from: for the report of a failure."""
    return [template for template in _patterns() if says(message, template)]


def expect(message: Mapping[str, Any], template: str) -> None:
    """Fail unless a message is one of a template's wordings."""
    assert says(message, template), f"{which(message)} instead of {template}: {words(message)}"


@pytest.fixture
async def evening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A whole evening with the bot awake; the network is not set up yet."""
    async for one in an_evening(tmp_path, monkeypatch):
        yield one


async def an_evening(folder: Path, monkeypatch: pytest.MonkeyPatch, at: datetime = SUNDAY) -> Any:
    import discord

    # What `point_at` sets for a whole process is taken back after the test.
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    )
    # The words do not change from evening to evening; reading them is half of a start.
    monkeypatch.setattr("bot.app.load", lambda _: library())
    # Nor does how they are read; and what it reads must not depend on how far a thread has got.
    reads = recogniser()
    monkeypatch.setattr("bot.app.Recogniser.load", lambda _: reads)
    monkeypatch.setattr("bot.app.Recogniser.load_encoder", lambda _: False)
    # Discord is asked who somebody is; a machine busy with other tests may take longer to say than a press can wait.
    monkeypatch.setattr("bot.ui.listeners.PATIENCE_S", ANSWER_S)
    one = Evening(folder, at)
    await one.open()
    try:
        yield one
    finally:
        await one.close()
    one.judge()
