"""A member and several listeners in a real database, with Discord as a list: what calls are tried on at speed."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, select

from bot.db.keys import Keyring
from bot.db.store import Store, engine_for
from bot.listeners import calls, due, holding, parted, serving, steps
from bot.listeners.desk import Desk
from bot.listeners.rules import Promise, State
from bot.listeners.standing import Standing, Written
from bot.listeners.tables import Call, CallOffer
from bot.members import apart, facts, lists, service
from bot.members.apart_tables import Apart
from bot.members.facts_rules import Kind
from bot.members.tables import Network, Person
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox
from bot.outbox.tables import State as Sending
from bot.own import service as own
from bot.tables import TABLES
from bot.ui.render import Origin, draw
from tests.checkins.evening import library

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)  # a Sunday evening
KEYS = Keyring(b"k" * 32)
NET = 900000000000000001
SAM = 11
# Of other schools; and one each who must never hear of Sam's calls: a colleague, one in the same trust, one Sam avoids,
# and one who said nothing of where they work.
ANN, BOB, CEM, COLLEAGUE, TRUST, AVOIDED, UNKNOWN = range(21, 28)
LISTENERS = (ANN, BOB, CEM, COLLEAGUE, TRUST, AVOIDED, UNKNOWN)
NEVER = {COLLEAGUE, TRUST, AVOIDED}
EMPLOYERS = {
    SAM: "Ash School",
    ANN: "Birch School",
    BOB: "Cherry School",
    CEM: "Damson School",
    COLLEAGUE: "Ash School",
    TRUST: "Elder School",
    AVOIDED: "Fir School",
}
SCHOOLS = "\n".join(sorted(set(EMPLOYERS.values())))
SAYS = Written("Sam", "07700 900123", "After seven", "A governor")


@dataclass
class Sent:
    """A message as the server has it."""

    to: int
    key: str
    template: str
    subject: int
    text: str
    at: datetime


class Room:
    """Everybody has joined; listeners are set up and off until `on`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(furnished(), self.folder / "room.db")
        self.url = f"sqlite:///{self.folder / 'room.db'}"
        self.now = NOW
        self.desk = Desk(KEYS, library(), lambda *_: "ring **116 123**")
        self.server: list[Sent] = []
        self.closed_dms: set[int] = set()
        self.events = 1000
        self._open()

    def _open(self) -> None:
        self.store = Store(self.url)
        self.store.partings.append(partial(due.parting, self.desk))
        self.consequences = {steps.TOPIC: partial(due.ended, self.desk)}

    def close(self) -> None:
        self.store.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def restart(self) -> None:
        """Another process with the same file."""
        self.store.close()
        self._open()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def ask(self, query: Callable[..., T], *more: object) -> T:
        return self.run(self.store.read(query, *more))

    def rows(self, table: type[T]) -> list[T]:
        return self.ask(lambda session: list(session.exec(select(table))))

    def event(self) -> int:
        self.events += 10
        return self.events

    # People

    def on(self, *people: int, until: datetime | None = None) -> None:
        for who in people:
            self.run(
                serving.begin(
                    self.store, self.desk, NET, who, until or self.now + timedelta(hours=3), self.now
                )
            )
        self.ring()

    def off(self, *people: int) -> None:
        for who in people:
            self.run(serving.finish(self.store, self.desk, NET, who, self.now))

    def forget(self, who: int) -> None:
        self.run(own.forget(self.store, KEYS, self.url, who, lambda *_: None, self.now))

    def leave(self, who: int) -> None:
        self.run(service.leave(self.store, NET, who, self.now))

    # The member

    def write(self, whom: int | None = None) -> Standing:
        work = calls.draft(
            self.store, self.desk, NET, SAM, whom, SAYS, "Europe/London", self.event(), self.now
        )
        return self.run(work)

    def send(self, whom: int | None = None) -> Standing:
        drafted = self.write(whom)
        sent = self.run(calls.send(self.store, self.desk, drafted.id, SAM, self.event(), self.now))
        self.post()
        return sent

    def accept(self, who: int, promise: Promise = Promise.HALF_HOUR) -> holding.Held:
        """Take what was put before somebody."""
        offer = self.offer(who)
        assert offer is not None
        held = self.run(holding.accept(self.store, self.desk, offer.id, who, promise, self.event(), self.now))
        self.post()
        return held

    @property
    def call(self) -> Call:
        """The newest call there is."""
        return max(self.rows(Call), key=lambda call: call.made_at)

    @property
    def state(self) -> State:
        return State(self.call.state)

    def offer(self, who: int) -> CallOffer | None:
        call = self.call.id
        return next((o for o in self.rows(CallOffer) if o.user_id == who and o.call_id == call), None)

    # The bot at work

    def ring(self) -> None:
        """What the alarm does."""
        self.run(due.calls_due(self.store, self.desk, self.now))
        self.run(parted.part_due(self.store, self.desk, self.now))
        self.post()

    def wait(self, **span: float) -> None:
        """Let time pass; what is due on the way happens in order."""
        self.until(self.now + timedelta(**span))

    def until(self, target: datetime) -> None:
        for _ in range(500):
            times = [
                self.ask(due.next_due),
                self.ask(parted.next_due, KEYS),
                self.ask(lambda s: queue.next_due(s, after=self.now)),
            ]
            at = min((at for at in times if at is not None and at <= target), default=None)
            if at is None:
                break
            self.now = max(self.now, at)
            self.ring()
        else:
            raise AssertionError("something is due for ever")
        self.now = target
        self.ring()

    def post(self) -> None:
        """What the pump does."""
        while taken := self.run(self.store.write(queue.claim, self.now, 16, set(), {}, self.consequences)):
            for row in taken:
                self.run(
                    self.store.write(queue.settle, {row.id: self._arrive(row)}, self.now, self.consequences)
                )

    def _arrive(self, row: Outbox) -> Ending:
        drawn = draw(
            library(),
            row.template,
            row.params,
            origin=Origin(row.network_id or 0),
            subject_id=row.subject_id,
            outbox_id=row.id,
        )
        assert row.channel_id == (row.user_id or 0) + 1000
        if row.user_id in self.closed_dms:
            return Ending(Sending.UNDELIVERABLE, error="50007")
        template = row.template.partition("#")[0]
        self.server.append(
            Sent(row.user_id or 0, row.dedupe_key, template, row.subject_id, drawn["content"], self.now)
        )
        return Ending(Sending.SENT, len(self.server))

    def told(self, who: int) -> list[str]:
        """The templates somebody was sent, oldest first."""
        return [sent.template for sent in self.server if sent.to == who]

    def asked(self) -> list[int]:
        """Everybody the call was put before, in order."""
        return [sent.to for sent in self.server if sent.template == "listeners.offer"]


@cache
def furnished() -> Path:
    """The database, made once, copied for each room."""
    file = Path(tempfile.mkdtemp()) / "room.db"
    url = f"sqlite:///{file}"
    engine = engine_for(url, writing=True)
    TABLES.create_all(engine)
    engine.dispose()
    store = Store(url)
    asyncio.run(_furnish(store))
    store.close()
    return file


async def _furnish(store: Store) -> None:
    desk = Desk(KEYS, library(), lambda *_: "")

    def found(session: Session) -> None:
        session.add(Network(id=NET, name="Saturday Coffee Heads", made_at=NOW))

    await store.write(found)
    for kind, names in ((Kind.EMPLOYER, SCHOOLS), (Kind.TRUST, "Grove Trust")):
        await lists.keep(store, KEYS, NET, "", kind, names, NOW)
    for who in (SAM, *LISTENERS):
        await service.join(store, NET, "", who, NOW)

        def reachable(session: Session, who: int = who) -> None:
            person = session.get_one(Person, who)
            person.dm_channel_id = who + 1000
            session.add(person)

        await store.write(reachable)
        if who in EMPLOYERS:
            await _works(store, who, Kind.EMPLOYER, EMPLOYERS[who])
        if who in (SAM, TRUST):
            await _works(store, who, Kind.TRUST, "Grove Trust")
    for who in LISTENERS:
        name = f"Listener {who}"
        await serving.introduce(store, desk, NET, "", who, name, f"Place {who}", "Europe/London", NOW)
        await serving.confirm(store, desk, NET, who, NOW)
        await serving.finish(store, desk, NET, who, NOW)
    await apart.keep_apart(store, KEYS, NET, "", AVOIDED, SAM, Apart.AVOID, NOW)


async def _works(store: Store, who: int, kind: Kind, name: str) -> None:
    given = await facts.give(store, KEYS, NET, "", who, kind, name, NOW)
    await facts.choose(store, KEYS, who, given.fact_id, given.offered[0].id, NOW)
