"""The room of `room.py` with an unnamed talk in it: real services, the real relay, and Discord as lists of messages."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot.clock import MovableClock
from bot.errors import Refusal
from bot.listeners import relay_posts, relay_quick, talks, talks_due, talks_ending, talks_looking
from bot.listeners.relay import Relay, There
from bot.listeners.relay_posts import Heard, Taken, Took
from bot.listeners.relay_sending import Ending, Parcel
from bot.listeners.talk_rules import Role, Step, Talk, Want, Wishes
from bot.listeners.talk_tables import Post, Side, TalkRow
from tests.listeners.room import KEYS, NET, SAM, Room

NAMES = (["Quiet", "Amber", "Early", "Little"], ["Heron", "Otter", "Robin", "Wren", "Linnet"])
AVOID = "my father"


@dataclass
class Message:
    """A message of the bot in somebody's direct messages."""

    id: int
    mark: int
    template: str
    text: str
    reply_to: int | None = None


class Discord:
    """The carrier: keeps messages in lists, and can die before or after it has one."""

    def __init__(self) -> None:
        self.dms: dict[int, list[Message]] = {}
        self.ids = 1_000_000
        self.closed: set[int] = set()
        self.gone: set[int] = set()
        self.silent = False
        self.die: str | None = None
        self.dead = asyncio.Event()

    def next_id(self) -> int:
        self.ids += 10
        return self.ids

    async def there(self, network_id: int, user_id: int, *, listening: bool) -> There:
        if self.silent:
            return There.UNKNOWN
        return There.NO if user_id in self.gone else There.YES

    async def send(self, parcel: Parcel) -> tuple[Ending, int | None]:
        if parcel.user_id in self.closed:
            return Ending.CLOSED_DMS, None
        if self.die == "before":
            await self._die()
        text = f"{parcel.name}:{parcel.words}" if parcel.words else str(dict(parcel.params or {}))
        message = Message(self.next_id(), parcel.post_id, parcel.template, text, parcel.reply_to)
        self.dms.setdefault(parcel.user_id, []).append(message)
        if self.die == "after":
            await self._die()
        return Ending.DONE, message.id

    async def _die(self) -> None:
        self.die = None
        self.dead.set()
        await asyncio.Event().wait()

    async def look(self, parcel: Parcel) -> int | None:
        return next((m.id for m in self.dms.get(parcel.user_id, []) if m.mark == parcel.post_id), None)

    async def change(self, parcel: Parcel) -> None:
        kept = self.dms.get(parcel.user_id, [])
        for message in [m for m in kept if m.id == parcel.copy_id]:
            if parcel.words:
                message.text = f"{parcel.name}:{parcel.words}"
            else:
                kept.remove(message)

    async def keep_waiting(self, parcel: Parcel) -> None:
        pass


class TalkRoom(Room):
    """Sam's talks. What is said in it is told apart by its number."""

    def __init__(self) -> None:
        self.discord = Discord()
        super().__init__()

    def _open(self) -> None:
        super()._open()
        self.store.partings.append(partial(talks_ending.parted, KEYS))
        self.consequences[talks.TOPIC] = talks.offered
        self.relay = Relay(self.store, KEYS, self.discord, MovableClock(self.now))
        self.store.on_commit(lambda what: self.relay.wake() if relay_posts.TALKS in what else None)
        self.running = self.loop.create_task(self.relay.run())

    def close(self) -> None:
        self._end()
        super().close()

    def _end(self) -> None:
        self.running.cancel()
        self.run(self.relay.stop(0))
        self.run(asyncio.sleep(0))

    def restart(self) -> None:
        self._end()
        super().restart()

    def ring(self) -> None:
        super().ring()
        self.run(talks_due.advance_due(self.store, self.desk, self.now))
        self.post()

    def post(self) -> None:
        super().post()
        if hasattr(self, "relay"):
            self.relay._clock.move_to(self.now)
            self.run(self.relay.drain())

    def do(self, change: Any, *more: Any) -> Any:
        return self.run(self.store.write(change, *more))

    # The member

    def ask_talk(self, who: int = SAM) -> int:
        """Three questions, a name, and a yes; the talk's id."""
        self.now += timedelta(seconds=1)
        wishes = Wishes(Want.LISTEN, avoid=AVOID)
        made = self.do(talks.draft, self.desk, NAMES, NET, "", who, wishes, self.now)
        self.do(talks.ask, self.desk, who, made.talk_id, who + 1000, self.now)
        self.post()
        return made.talk_id

    @property
    def talk(self) -> TalkRow | None:
        """The newest talk there is."""
        return max(self.rows(TalkRow), key=lambda one: one.made_at, default=None)

    def parts(self, *roles: Role) -> dict[int, Side]:
        """Who stands so to the newest talk."""
        talk = self.talk
        rows = [one for one in self.rows(Side) if talk is not None and one.talk_id == talk.id]
        return {one.user_id(KEYS): one for one in rows if one.role in roles}

    def may_all(self, yes: bool = True) -> None:
        """Say yes (or no) to everybody Sam was shown."""
        for part in self.parts(Role.SHOWN).values():
            self.do(talks.may_ask, self.desk, SAM, part.id, yes, self.now)
        self.post()

    def run_parting(self, who: int) -> None:
        """Somebody is forgotten, as far as talks go."""
        self.do(partial(talks_ending.parted, KEYS), None, who, self.now)
        self.post()

    # Both

    def say(self, who: int, text: str, message_id: int = 0, answers: int | None = None) -> Taken:
        """Write to the bot; what became of it."""
        heard = Heard(message_id or self.discord.next_id(), who, text, self.now, answers)
        line = None if answers else self.relay.lines.get(who)
        quick = line and self.do(
            relay_quick.take, KEYS, line, heard.message_id, text, heard.somebody, self.now, self.now
        )
        if line is not None and quick:
            taken = Taken(Took.PASSED, line.to_id, quick, quick.post_id)
        else:
            taken = self.do(relay_posts.take, KEYS, heard, self.now)
        if taken.outcome is Took.PASSED:
            self.run(self._pass_on(taken))
            if taken.line is not None:
                self.relay.lines[who] = taken.line
        return taken

    async def _pass_on(self, taken: Taken) -> None:
        assert taken.to_id is not None
        self.relay.pass_on(taken.to_id, taken.now)

    def try_to(self, change: Any, *more: Any) -> Any:
        """What it came to, or None for a kind no."""
        try:
            done = self.do(change, *more)
        except Refusal:
            return None
        self.post()
        return done

    def heard(self, who: int) -> list[str]:
        """What somebody was sent of the other's words, in order."""
        return [m.text.partition(":")[2] for m in self.discord.dms.get(who, []) if not m.template]

    def notices(self, who: int) -> list[str]:
        """The bot's own words to somebody in talks."""
        return [m.template for m in self.discord.dms.get(who, []) if m.template]

    def offered_to(self) -> list[int]:
        return [sent.to for sent in self.server if sent.template == talks.OFFER]

    def standing(self, who: int = SAM) -> Any:
        return self.ask(talks_looking.standing, KEYS, who)

    @property
    def posts(self) -> list[Post]:
        return self.rows(Post)

    @property
    def talk_state(self) -> Talk | None:
        talk = self.talk
        return None if talk is None else Talk(talk.state)

    @property
    def step(self) -> Step:
        talk = self.talk
        assert talk is not None
        return Step(talk.step)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, as it lies in the file."""
        with contextlib.closing(sqlite3.connect(self.folder / "room.db")) as file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: file.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
