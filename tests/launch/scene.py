"""A world, its wire and a data folder in this process; the bot in another. What journeys and crash tests stand on."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.clock import MovableClock, SystemClock
from bot.content.library import default_root, load
from bot.sandbox import demo
from bot.sandbox.exchange import Exchange
from bot.sandbox.people import Person
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from tests.launch.processes import Bot, Nursery, Program
from tests.launch.waiting import PATIENCE_S, until

SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 25, 18, 0, 5, tzinfo=UTC)  # the usual hour in London, and five seconds

# Discord's three seconds are the business of the benches, and of the tests of the wire: a machine that is busy with
# other tests may take longer, and what a test waits for is the answer.
ANSWER_S = 60.0


class Scene:
    """The demo network behind a wire. `bot`s and `program`s started here are ended with it."""

    def __init__(self, folder: Path, nursery: Nursery, clock: MovableClock | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.database = self.data / "reallyok.db"
        self.log = folder / "bot.log"
        self.clock = clock or MovableClock(SUNDAY)
        self.world = World(self.clock)
        self.world.backend.answer_within = ANSWER_S
        self.demo = demo.build(self.world)
        self.wire = Wire(self.world)
        self.you = self.demo.you
        self.welcome = self.demo.channels["welcome"]
        self._nursery = nursery
        self._started: list[Bot | Program] = []

    async def open(self) -> None:
        await self.wire.start()

    async def close(self) -> None:
        for bot in self._started:
            if bot.code is None:
                bot.kill()
            await bot.ended()
        await self.wire.stop()

    def today(self) -> None:
        """Have the world's clock show the machine's time, by which `reallyok run` goes."""
        self.clock.move_to(SystemClock().now())

    @property
    def environ(self) -> dict[str, str]:
        """The settings of a bot for this world."""
        return {
            "DISCORD_TOKEN": self.world.token,
            "DISCORD_API_URL": self.wire.api_url,
            "DISCORD_GATEWAY_URL": self.wire.gateway_url,
            "REALLYOK_DATA": str(self.data),
            "REALLYOK_KEY_FILE": str(self.folder / "reallyok.key"),
        }

    # Bots

    async def fork(self, **how: Any) -> Bot:
        """A bot that has only just begun, at the world's time; settings in capitals, the rest as in `Start`."""
        environ = self.environ | {name: how.pop(name) for name in list(how) if name.isupper()}
        bot = Bot(self._nursery, self.log)
        await bot.start(environ, self.clock.now(), **how)
        self._started.append(bot)
        return bot

    async def bot(self, *, opened: bool = True, **how: Any) -> Bot:
        """A bot that is connected and known, and whose database is open unless `opened` is False."""
        bot = await self.fork(**how)
        await bot.do("ready")
        if opened:
            await bot.opened()
        await self.known()
        return bot

    def program(self, *arguments: str, module: str = "bot", **environ: str) -> Program:
        """`reallyok` itself (or another program for this wire); returns at once."""
        program = Program({**self.environ, **environ}, self.log, *arguments, cwd=self.folder, module=module)
        self._started.append(program)
        return program

    async def known(self) -> None:
        """Until a bot is connected and its commands are offered."""
        await until(lambda: self.wire.gateway.connections and self.world.backend.commands, "a bot coming")

    async def advance_to(self, bot: Bot, instant: datetime) -> None:
        """Move the world and the bot on to an instant; the bot does what is due on the way."""
        self.clock.move_to(instant)
        await bot.advance_to(instant)

    async def bot_is_quiet(self) -> None:
        """Until nothing was asked of the wire for half a second."""
        seen = -1
        while seen != (seen := self.wire.stats.requests):  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(0.5)

    # People

    async def set_up(self, *, nation: str = "england") -> Exchange:
        """The organiser runs `/network setup` and reads the answer."""
        contact = self.demo.organiser
        options = {"nation": nation, "contact": contact.id, "zone": "Europe/London"}
        return await answered(await contact.slash(self.welcome, "network setup", options))

    async def join(self, person: Person, channel: int | None = None) -> Exchange:
        """Join and say yes to everything; the last exchange, answered."""
        exchange = await answered(await person.slash(channel or self.welcome, "join"))
        while yes := [i for i in custom_ids(exchange.messages[-1]) if i.endswith(":yes") and "members." in i]:
            exchange = await answered(await person.press(int(exchange.messages[-1]["id"]), yes[0]))
        return exchange

    async def joined(self, *people: Person) -> None:
        """Set the network up and have these people join it."""
        await self.set_up()
        for person in people:
            await self.join(person)

    def dms(self, person: Person) -> list[dict[str, Any]]:
        """Everything in somebody's direct messages with the bot, oldest first."""
        return person.visible_messages(person.dm_id) if person.dm_id else []

    def questions(self, person: Person) -> list[dict[str, Any]]:
        """The check-in questions somebody was sent."""
        return [m for m in self.dms(person) if any("checkins.level" in i for i in custom_ids(m))]


def custom_ids(message: Mapping[str, Any]) -> list[str]:
    """Every custom id in a message, in order."""
    found: list[str] = []

    def gather(components: Any) -> None:
        for component in components or ():
            if "custom_id" in component:
                found.append(component["custom_id"])
            gather(component.get("components"))
            gather([component["accessory"]] if component.get("accessory") else ())

    gather(message.get("components"))
    return found


def words(message: Mapping[str, Any]) -> str:
    """Everything a message says, in its content or its layout."""
    found = [str(message.get("content") or "")]

    def gather(components: Any) -> None:
        for component in components or ():
            found.append(str(component.get("content") or ""))
            gather(component.get("components"))

    gather(message.get("components"))
    return "\n".join(filter(None, found))


def button(message: Mapping[str, Any], kind: str) -> str:
    """The custom id on a message that belongs to `kind` ("support", "checkins.level=ok")."""
    kind, _, choice = kind.partition("=")
    for custom_id in custom_ids(message):
        parts = custom_id.split(":")
        if parts[1] == kind and (not choice or parts[3] == choice):
            return custom_id
    raise AssertionError(f"no {kind} among {custom_ids(message)}")


async def answered(exchange: Exchange) -> Exchange:
    """The exchange once its first whole message is there; fails with what Discord would show if none comes.

    Of a bot in this process, once all it has to say and do about it is said and done.
    """
    await exchange.wait(PATIENCE_S)
    assert exchange.error is None, exchange.error
    if exchange.modal is None:
        await exchange.message(patience_s=PATIENCE_S)
    if at_it := [task for task in asyncio.all_tasks() if _is_answering(task, exchange.id)]:
        await asyncio.wait(at_it, timeout=PATIENCE_S)
    return exchange


def _is_answering(task: asyncio.Task[Any], interaction_id: int) -> bool:
    """Whether discord.py's task is the one that handles a command or a press."""
    if task.get_name() not in ("CommandTree-invoker", "discord.py: on_interaction"):
        return False
    frame = getattr(task.get_coro(), "cr_frame", None)
    held = frame.f_locals if frame is not None else {}
    asked = held.get("interaction") or next(iter(held.get("args", ())), None)
    return getattr(asked, "id", None) == interaction_id


def offers_support(message: Mapping[str, Any]) -> bool:
    """Whether a message has the way to support on it."""
    return any(i.split(":")[1] == "support" for i in custom_ids(message))


@functools.cache
def _openings(template: str) -> list[list[str]]:
    return [re.split(r"\{[^}]*\}", wording) for wording in load(default_root()).template(template).wordings]


def says(message: Mapping[str, Any], template: str) -> bool:
    """Whether a message is this template in one of its wordings, whatever was filled in."""
    said = words(message)
    return any(all(part.strip() in said for part in wording) for wording in _openings(template))
