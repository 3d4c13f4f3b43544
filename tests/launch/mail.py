"""Messages put into a bot's outbox from outside, each with a number on its buttons, and counted on the server."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from bot.db.store import engine_for
from bot.db.upgrade import upgrade
from bot.outbox.queue import enqueue
from bot.sandbox.world import World
from tests.launch.scene import custom_ids


class Mail:
    """The database must not exist yet, or belong to a bot of this version."""

    def __init__(self, database: Path, world: World, template: str) -> None:
        self._database = database
        self._world = world
        self._template = template
        self._url = f"sqlite:///{database.as_posix()}"
        self.channel_of: dict[int, int] = {}
        """Every message put in so far: its number and its channel."""
        upgrade(self._url)

    def put(self, channels: Iterable[int], due: datetime) -> None:
        """One message into each channel (again for one named twice), due at an instant."""
        engine = engine_for(self._url, writing=True)
        with Session(engine) as session:
            for channel in channels:
                number = len(self.channel_of) + 1
                self.channel_of[number] = channel
                enqueue(
                    session,
                    f"mail:{number}",
                    channel,
                    self._template,
                    now=self._world.clock.now(),
                    not_before=due,
                    params={"network": "Saturday Coffee Heads"},
                    subject_id=number,
                )
            session.commit()
        engine.dispose()

    def unsent(self) -> list[int]:
        """The channels of the messages that have not ended, as the database says."""
        query = "SELECT channel_id FROM outbox WHERE state IN ('pending', 'sending')"
        with contextlib.closing(sqlite3.connect(self._database, timeout=60)) as connection:
            return [channel for (channel,) in connection.execute(query)]

    def lost_and_doubled(self) -> tuple[int, int]:
        """What the server holds too few and too many of."""
        found: Counter[int] = Counter()
        for channel in set(self.channel_of.values()):
            for message in self._world.backend.messages[channel].values():
                rows = {int(i.split(":")[2]) for i in custom_ids({"components": message.components})}
                found.update(rows & self.channel_of.keys())
        lost = sum(1 for number in self.channel_of if not found[number])
        return lost, sum(times - 1 for times in found.values() if times > 1)
