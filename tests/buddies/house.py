"""A network's buddies over weeks on a real database file, with real services; only Discord is a list of messages.

What the pump does is done here in a few lines: a message is taken, arrives or not, and how it ended is written down.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, select

from bot.buddies import asking, due, matching, proposing, weekly
from bot.buddies.desk import Desk
from bot.buddies.life_rules import Said, State
from bot.buddies.rules import Field, Forbidden, Person, Round
from bot.buddies.tables import Place, Request
from bot.buddies.told_rules import Told
from bot.db import keys
from bot.db.store import Store, engine_for
from bot.members import facts, lists, service
from bot.members.facts_rules import Kind
from bot.members.habits import Habit
from bot.members.tables import Network
from bot.members.tables import Person as Member
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox
from bot.outbox.tables import State as Sending
from bot.tables import TABLES
from bot.ui.render import Origin, draw
from tests.checkins.evening import library

T = TypeVar("T")
NET, NAME = 900000000000000001, "Saturday"
FRIDAY = datetime(2026, 10, 23, 11, tzinfo=UTC)  # the clocks go back on Sunday
EMPLOYERS = tuple(
    f"{name} Trust" for name in ("Alder", "Birch", "Cedar", "Damson", "Elm", "Fir", "Gorse", "Holly")
)
ANN, BOB, CEM, DEE, EVE = (n * 10**17 for n in range(1, 6))
USUAL = Told({Field.ROLE: "headteacher", Field.PHASE: "primary"}, shares=frozenset(Field))


WANTING = Told({Field.ROLE: "headteacher"}, same=frozenset({Field.REGION}), shares=frozenset(Field))
"""Nobody is good for anybody who tells this: each wants what nobody has. So it is a matter for the round."""


@cache
def blank() -> Path:
    """A database of one network with its list of employers, and nobody in it."""
    file = Path(tempfile.mkdtemp()) / "blank.db"
    engine = engine_for(f"sqlite:///{file}", writing=True)
    TABLES.create_all(engine)
    with Session(engine) as session:
        session.add(Network(id=NET, name=NAME, made_at=FRIDAY))
        session.commit()
    engine.dispose()
    return file


@dataclass
class Sent:
    """A message somebody has."""

    to: int
    template: str
    text: str
    subject: int
    key: str
    at: datetime


class House:
    """Everybody's id is a small number times ten to the seventeenth, as Discord's are that long."""

    def __init__(self, now: datetime = FRIDAY) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(blank(), self.folder / "reallyok.db")
        self.keys = keys.load(None, self.folder / "key")
        self.store = Store(f"sqlite:///{self.folder / 'reallyok.db'}")
        self.habits: dict[int, Habit] = {}
        """Who said by which clock, and when not, they are written to."""
        self.desk = Desk(
            self.keys,
            library(),
            lambda _, users: {one: self.habits[one] for one in users if one in self.habits},
        )
        self.store.partings.append(partial(due.parting, self.desk))
        self.now = now
        self.sent: list[Sent] = []
        self.gone: set[int] = set()
        self.silent: set[int] = set()
        """Servers' members Discord would not say anything of."""
        self.closed: set[int] = set()
        self.rounds: list[Round] = []
        self._events = 1000
        self._listed = False

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def event(self) -> int:
        self._events += 10
        return self._events

    # People

    async def joins(self, user: int, employer: str | None = None) -> None:
        """A member who can be written to, and whose employer is confirmed if one is given."""
        await service.join(self.store, NET, NAME, user, self.now)

        def opened(session: Session) -> None:
            session.get_one(Member, user).dm_channel_id = user + 1

        await self.store.write(opened)
        if employer is not None:
            await self.works_for(user, employer)

    async def works_for(self, user: int, employer: str, kind: Kind = Kind.EMPLOYER) -> None:
        if not self._listed:
            for one in (Kind.EMPLOYER, Kind.AUTHORITY):
                await lists.keep(self.store, self.keys, NET, NAME, one, "\n".join(EMPLOYERS), self.now)
            self._listed = True
        given = await facts.give(self.store, self.keys, NET, NAME, user, kind, employer, self.now)
        if given.outcome is facts.Outcome.KNOWN:
            return
        meant = next(one for one in given.offered if one.name == employer)
        await facts.choose(self.store, self.keys, user, given.fact_id, meant.id, self.now)

    async def looks(self, user: int, told: Told = USUAL, **more: Any) -> None:
        """Agree, tell, and begin to look."""
        await asking.agree(self.store, self.desk, NET, NAME, user, self.now)
        wanted = replace(told, **more)
        await asking.tell(self.store, self.desk, NET, NAME, user, lambda _: wanted)
        await asking.look(self.store, self.desk, NET, NAME, user, self.now)

    async def says(self, user: int, said: Said) -> None:
        """Answer the newest suggestion."""
        (place,) = await self.open(user)
        await proposing.answer(self.store, place.id, user, said, self.event(), self.now)

    # What is kept

    async def all(self, table: type[T]) -> list[T]:
        return await self.store.read(lambda session: list(session.exec(select(table))))

    async def open(self, user: int) -> list[Place]:
        """Somebody's suggestion or pair, if they have one."""
        return [one for one in await self.all(Place) if one.user_id == user and one.state != State.ENDED]

    async def request(self, user: int) -> Request:
        (found,) = [one for one in await self.all(Request) if one.user_id == user]
        return found

    async def with_(self, user: int) -> set[int]:
        """Whom somebody is together with, suggested or introduced."""
        match = {one.match_id for one in await self.open(user)}
        return {
            one.user_id for one in await self.all(Place) if one.match_id in match and one.state != State.ENDED
        } - {user}

    def got(self, user: int, template: str = "") -> list[Sent]:
        """What somebody was sent, by the end of its name."""
        return [one for one in self.sent if one.to == user and one.template.startswith(f"buddies.{template}")]

    # Time

    async def here(self, network_id: int, user: int) -> tuple[bool | None, str]:
        assert network_id == NET
        return (None if user in self.silent else user not in self.gone), f"Name{user}"

    async def match(self, people: Iterable[Person], forbidden: Forbidden, seed: int) -> Round:
        found = matching.match([*people], forbidden, seed)
        self.rounds.append(found)
        return found

    async def see_to(self) -> None:
        """What the alarm does."""
        while await weekly.round_due(self.store, self.desk, self.match, self.now):
            pass
        await due.see_to(self.store, self.desk, self.here, self.now)

    async def ring(self) -> None:
        """What the alarm does, and then the pump."""
        await self.see_to()
        await self.post()

    async def post(self) -> None:
        while taken := await self.store.write(queue.claim, self.now, 16, set(), {}, CONSEQUENCES):
            for row in taken:
                await self.store.write(queue.settle, {row.id: self.arrive(row)}, self.now, CONSEQUENCES)

    def arrive(self, row: Outbox) -> Ending:
        drawn = draw(
            library(),
            row.template,
            row.params,
            origin=Origin(row.network_id or 0),
            subject_id=row.subject_id,
            outbox_id=row.id,
        )
        assert row.user_id is not None
        assert "ok1:support:" in str(drawn["view"].to_components())
        if row.user_id in self.closed:
            return Ending(Sending.UNDELIVERABLE, error="50007")
        assert row.dedupe_key not in {one.key for one in self.sent}, "told twice"
        template = row.template.partition("#")[0]
        self.sent.append(
            Sent(row.user_id, template, drawn["content"], row.subject_id, row.dedupe_key, self.now)
        )
        return Ending(Sending.SENT, len(self.sent))

    async def earliest(self) -> datetime | None:
        def look(session: Session) -> datetime | None:
            times = (due.next_due(session, self.now), queue.next_due(session, after=self.now))
            return min((at for at in times if at is not None), default=None)

        return await self.store.read(look)

    async def play(self, to: datetime | None = None, **span: float) -> None:
        """Let time pass; what is due on the way happens in order."""
        target = to or self.now + timedelta(**span)
        await self.ring()
        while (at := await self.earliest()) is not None and at <= target:
            self.now = max(at, self.now)
            await self.ring()
        self.now = target
        await self.ring()

    async def change(self, act: Callable[[Session], T]) -> T:
        return await self.store.write(act)

    async def asked(self, *users: int, told: Told = USUAL) -> None:
        """These join, each working for somebody else, and look for a buddy."""
        for user, employer in zip(users, EMPLOYERS, strict=False):
            await self.joins(user, employer)
            await self.looks(user, told)

    async def suggested(self, *users: int) -> None:
        """Two ask and are suggested to one another."""
        await self.asked(*users)
        await self.ring()
        assert await self.with_(users[0]) == {*users[1:]}

    async def introduced(self, *users: int) -> None:
        """Two ask, say yes, and meet."""
        await self.suggested(*users)
        for user in users:
            await self.says(user, Said.YES)
        await self.ring()


CONSEQUENCES = {due.TOPIC: due.ended}
