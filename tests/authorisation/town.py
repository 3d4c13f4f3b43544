"""A town in which everybody of the table lives, the bot awake in it, and everything one press did seen from outside."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pytest
from simcord.backend.models import Message
from simcord.backend.serializers import user_payload
from simcord.enums import InteractionType

from bot.db import own
from bot.sandbox.exchange import Exchange
from bot.sandbox.filling import Form, command_data, command_path, nest
from bot.sandbox.people import Person
from bot.ui.flood import Flood
from tests.authorisation.friends import befriend
from tests.authorisation.holdings import ask_for_calls, wait_for_a_talk
from tests.authorisation.numbers import Numbers
from tests.authorisation.on import meet, write
from tests.authorisation.table import DM, SERVER
from tests.authorisation.told import tell
from tests.checkins.evening import Evening, an_evening, last, which
from tests.launch.scene import PATIENCE_S, WEDNESDAY, answered, offers_support, until, words

Dump = dict[str, set[tuple[Any, ...]]]
TEXT_INPUT, USER_MENU, STRING_MENU, LABEL = 4, 5, 3, 18


@dataclass
class Town(Numbers):
    """Two networks. `cast` are the people of the table; `kate` is another member, `tom` one of the other network."""

    evening: Evening
    cast: dict[str, Person]
    kate: Person
    tom: Person
    snapshot: Path
    kept: Dump

    # Numbers that stand in custom ids

    async def place(self, person: Person, where: str) -> int:
        """The channel for a place; `where` may also be "their-server", the second network's."""
        if where == DM:
            return await person.open_dm()
        return self.evening.welcome if where == SERVER else self.evening.demo.second_channel_id

    # Acting

    async def deliver(
        self,
        person: Person,
        channel: int,
        form: str,
        custom_id: str,
        values: Sequence[str] = (),
        fields: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """A press, choice or form exactly as told, whatever was ever offered."""
        if form == "button":
            return await person.press_raw(channel, 1, custom_id)
        if form == "menu" and custom_id.split(":")[1] in (
            "networks.named",
            "buddies.suggested",
            "sessions.roll",
            "sessions.unroll",
            "sessions.given",
        ):
            store = self.evening.world.backend
            resolved = {
                "users": {v: dict(user_payload(store.users[int(v)])) for v in values if v.isdecimal()}
            }
            guild = store.guilds[self.evening.demo.guild_id]
            resolved["members"] = {
                v: {"roles": [str(role) for role in guild.members[int(v)].role_ids]}
                for v in resolved["users"]
                if int(v) in guild.members
            }
            data = {
                "custom_id": custom_id,
                "component_type": USER_MENU,
                "values": values,
                "resolved": resolved,
            }
            source = Message(1, channel, store.bot_user.id, timestamp=store.now_iso())
            return person._ask(InteractionType.MESSAGE_COMPONENT, channel, data, source=source)
        if form == "menu":
            return await person.press_raw(channel, 1, custom_id, STRING_MENU, values)
        components = [
            {"type": LABEL, "id": number, "component": {"id": number + 50, **_field(name, value)}}
            for number, (name, value) in enumerate((fields or {}).items(), 1)
        ]
        data = {"custom_id": custom_id, "components": components, "resolved": {}}
        return person._ask(InteractionType.MODAL_SUBMIT, channel, data)

    async def command(self, person: Person, channel: int, name: str, options: Mapping[str, Any]) -> Exchange:
        """A command, even one that Discord offers this person nowhere: a server may show any command to anybody."""
        store = self.evening.world.backend
        first, *rest = name.removeprefix("/").split()
        root = store.find_command(first, None)
        assert root is not None, name
        leaf, layers = command_path(root, rest)
        home = self.evening.welcome if store.get_channel(channel).guild_id is None else channel
        form = Form(store, home, self.cast["owner"].id)
        built = nest(layers, form.options(name, leaf, options))
        return person._ask(InteractionType.APPLICATION_COMMAND, channel, command_data(root, built, form))

    async def seen(self, exchange: Exchange) -> list[dict[str, Any]]:
        """What was said, once everything is said and sent. Fails where Discord would show a failure."""
        await answered(exchange)
        pump = self.evening.app.pump
        assert pump is not None
        await pump.drain()
        # Two for one channel go one after the other.
        sending = "SELECT 1 FROM outbox WHERE state = 'sending' OR (state = 'pending' AND not_before <= ?)"
        now = self.evening.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")
        await until(lambda: not self.evening.rows(sending, now), "everything due going")
        messages = exchange.messages
        assert messages or exchange.modal is not None
        for message in messages:
            assert offers_support(message), words(message)
        return messages

    # What became of it

    def watch(self) -> Watch:
        """Note how everything is, to see what changes."""
        self.evening.wire.recorded.clear()
        self.evening.app.client.flood = Flood()
        return Watch(self, self._counts(), self.version())

    def _counts(self) -> dict[int, int]:
        return {channel: len(kept) for channel, kept in self.evening.world.backend.messages.items()}

    def dump(self) -> Dump:
        """Every row of every table but `seen`, which only says that an event was had."""
        return {
            table.name: set(self.looking.execute(f"SELECT * FROM {table.name}"))
            for table in own.tables()
            if table.name != "seen"
        }

    @cached_property
    def looking(self) -> sqlite3.Connection:
        """Kept open: most presses change nothing, and to be told so by SQLite is quicker than to look at every row."""
        return sqlite3.connect(self.evening.database, isolation_level=None)

    def version(self) -> int:
        """Another number whenever anybody else changed the database."""
        return self.looking.execute("PRAGMA data_version").fetchone()[0]

    def put_back(self) -> None:
        """Let the database be as it was when the town was built."""
        with contextlib.closing(sqlite3.connect(self.evening.database, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute("ATTACH ? AS kept", (str(self.snapshot),))
            database.execute("BEGIN IMMEDIATE")
            for table in own.tables():
                database.execute(f"DELETE FROM main.{table.name}")
                database.execute(f"INSERT INTO main.{table.name} SELECT * FROM kept.{table.name}")
            database.execute("COMMIT")


@dataclass
class Watch:
    """Everything as it was before a press."""

    town: Town
    counts: dict[int, int]
    version: int

    def changed(self) -> Dump:
        """The rows that are new, gone or different, by table; the database is then put back."""
        if self.town.version() == self.version:
            return {}
        now, before = self.town.dump(), self.town.kept
        found = {name: now[name] ^ before[name] for name in now if now[name] != before[name]}
        if found:
            self.town.put_back()
        return found

    def told(self, person: Person) -> set[int]:
        """The people besides `person` who can see anything that is new; 0 for everybody in a channel."""
        store = self.town.evening.world.backend
        others: set[int] = set()
        homes = {channel: user for user, channel in store.dm_channels.items()}
        for channel, messages in list(store.messages.items()):
            fresh = list(messages.values())[self.counts.get(channel, 0) :]
            if channel in homes:
                others |= {homes[channel]} if fresh else set()
            else:
                others |= {0 for message in fresh if not message.is_ephemeral}
                metadata = [message.interaction_metadata or {} for message in fresh if message.is_ephemeral]
                others |= {int(one["user"]["id"]) for one in metadata}
        return others - {person.id}

    def mentions_nobody(self) -> None:
        """Every message the bot asked for says in so many words that it mentions nobody."""
        for method, path, body, *_ in self.town.evening.wire.recorded:
            for part in (body, (body or {}).get("data") if isinstance(body, dict) else None):
                if (
                    isinstance(part, dict)
                    and ("content" in part or "components" in part)
                    and "title" not in part
                ):
                    assert part.get("allowed_mentions") == {"parse": []}, (method, path, part)


def rows_of_others(changed: Dump, person: Person) -> dict[str, set[tuple[Any, ...]]]:
    """Of the changed rows those that are not this person's own."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for table in own.tables():
        subject = own.subject_of(table)
        place = None if subject is None else list(table.columns).index(subject)
        foreign = {row for row in changed.get(table.name, ()) if place is None or row[place] != person.id}
        if foreign:
            found[table.name] = foreign
    return found


@lru_cache(1000)
def _kinds(text: str, flags: int) -> tuple[str, ...]:
    return tuple(which({"content": text, "flags": flags}))


def refused(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what was said is a kind no."""
    first = messages[0] if messages else None
    if first is None:
        return False
    names = _kinds(words(first), first.get("flags", 0) & 1 << 15)
    return bool(names) and all(name.startswith("errors.") for name in names)


def _field(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        kind = USER_MENU if name == "who" else STRING_MENU
        return {"type": kind, "custom_id": name, "values": [str(one) for one in value]}
    return {"type": TEXT_INPUT, "custom_id": name, "value": value}


@pytest.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    async for evening in an_evening(tmp_path, monkeypatch):
        made = await build(evening)
        yield made
        made.looking.close()
        evening.wire.recorded.clear()  # thousands of the same; other journeys hold them to the contract


async def build(evening: Evening) -> Town:
    """Both networks set up, everybody in their place, and a question put to every member."""
    people, demo = evening.world.people, evening.demo
    cast = {
        "stranger": people["fiona"],
        "member": evening.you,
        "facilitator": people["marcus"],
        "listener": people["joan"],
        "organiser": people["helen"],
        "owner": demo.organiser,
        "elsewhere": demo.second_organiser,
        "left": people["gareth"],
    }
    kate, tom = people["kate"], people["tom"]
    contact = {"nation": "england", "contact": people["dilys"].id, "zone": "Europe/London"}
    await (await demo.organiser.slash(evening.welcome, "network setup", contact)).message(
        patience_s=PATIENCE_S
    )
    evening.world.join(tom, demo.second_guild_id)
    other = {"nation": "wales", "contact": tom.id, "zone": "Europe/London"}
    await (await demo.second_organiser.slash(demo.second_channel_id, "network setup", other)).message(
        patience_s=PATIENCE_S
    )
    for person in (cast["member"], cast["left"], kate):
        await evening.join(person)
    await evening.join(tom, demo.second_channel_id)
    roles = evening.rows(
        "SELECT facilitator_role_id, listener_role_id, organiser_role_id FROM network WHERE id = ?",
        demo.guild_id,
    )[0]
    for name, role in zip(("facilitator", "listener", "organiser"), roles, strict=True):
        evening.world.give_role(cast[name], demo.guild_id, role)
    evening.world.give_role(cast["left"], demo.guild_id, roles[2])
    await meet(evening, cast["facilitator"], tom)
    await evening.play(WEDNESDAY)
    await write(evening, cast["facilitator"], cast["organiser"], cast["owner"], tom)
    await _counted(evening, cast["member"], cast["left"], kate)
    for person in (kate, tom):
        await evening.tap(person, evening.questions(person)[0], "checkins.level=not-ok")
    await tell(evening, cast["member"], cast["left"], kate, tom)
    await wait_for_a_talk(evening, kate)
    await ask_for_calls(evening, people["ade"], cast["member"], cast["left"], kate, tom)
    await evening.app.store.write(befriend, evening, cast["member"], cast["left"], kate, tom)
    evening.world.leave(cast["left"], demo.guild_id)
    for person in evening.world.people.values():
        await person.open_dm()
    snapshot = evening.folder / "town.db"
    with contextlib.closing(sqlite3.connect(evening.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(evening.database, snapshot)
    town = Town(evening, cast, kate, tom, snapshot, {})
    town.kept = town.dump()
    return town


async def _counted(evening: Evening, *people: Person) -> None:
    """Until the nightly pass has asked after everybody: who leaves from here on left a minute ago."""

    def asked() -> bool:
        paths = {path for _, path, *_ in evening.wire.recorded}
        return all(f"/guilds/{evening.demo.guild_id}/members/{person.id}" in paths for person in people)

    await until(asked, "the nightly pass")


def every_channel_and_role(town: Town) -> Iterator[tuple[int, int]]:
    """What a server is made of, to see whether anything was made or taken away."""
    for guild in town.evening.world.backend.guilds.values():
        yield from ((guild.id, channel) for channel in guild.channel_ids)
        yield from ((guild.id, role) for role in guild.roles)


__all__ = ["Town", "Watch", "last", "refused", "rows_of_others", "town"]
