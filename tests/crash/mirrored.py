"""Kills the bot again and again while it makes, changes and takes away Discord's own events, and counts them there.

Discord takes no key of ours with an event, so nothing but looking keeps each single. Between two lives a meeting may be
moved, left out or put back, as facilitators do; and Discord itself may keep what it is asked and then say that it
failed, or say nothing. Everything random comes from the seed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.members.habits import no_habits
from bot.members.tables import Network
from bot.sandbox.wire.faults import Rule
from bot.schedule.recurrence import Series
from bot.sessions import changing
from bot.sessions.mirroring import DATES
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import OccurrenceState, Where
from bot.sessions.tables import Occurrence, SeriesRow, SessionNetwork, occurrence_with_series
from tests.bench.members import writing
from tests.crash.lives import STAGES, Aim, Lives
from tests.launch.scene import Scene

TITLES = ("Saturday coffee", "Wednesday evening")
FAR = timedelta(days=40)
"""How far ahead the first of them is: the looks between two lives take hours of the rehearsal's time."""
BETWEEN = timedelta(minutes=6)  # longer than anything waits that is tried again
EVENTS = "/guilds/*/scheduled-events*"


METHODS = ("POST", "PATCH", "DELETE")
KILLS = tuple(Aim(stage, method, EVENTS) for method in METHODS for stage in STAGES)
# Kept, and then an error discord.py tries again by itself, one it does not, and a broken line; or a long silence.
LIES = tuple((method, what) for method in METHODS for what in ("500", "503", "drop", "hang"))


@dataclass
class Counted:
    """What the server says at the end. `asked`: questions to the organisers, though nobody changed anything there."""

    events: int = 0
    lost: int = 0
    doubled: int = 0
    asked: int = 0


class Mirrored:
    """Two series among the server's own events, and a bot that is hit in each of its lives."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._lives = Lives(scene, seed)
        self._dice = self._lives.dice
        self.lied: Counter[str] = Counter()
        """How often Discord said something else than what it did."""

    @property
    def blows(self) -> Counter[str]:
        """How often the bot was killed, by the moment."""
        return self._lives.blows

    async def run(self, kills: int) -> Counted:
        """Lives until the bot was killed so often, most with a lie in them as well; then one that is left in peace."""
        self._furnish()
        blows: list[Aim] = []
        lies: list[tuple[str, str]] = []
        while self._lives.kills < kills:
            if not blows:
                blows = list(KILLS)
                self._dice.shuffle(blows)
            if not lies:
                lies = list(LIES)
                self._dice.shuffle(lies)
            await self._life(blows.pop(), lies.pop() if self._dice.random() < 0.7 else None)
        await self._life(None)
        return self._count()

    def _furnish(self) -> None:
        guild, now = self._scene.demo.guild_id, self._scene.clock.now()
        welcome = self._scene.welcome
        with writing(self._scene.database) as session:
            network = Network(id=guild, name="Heads", made_at=now, organisers_channel_id=welcome)
            session.add(network)
            session.add(SessionNetwork(network_id=guild, channel_id=welcome, mirror_since=now, mirror_at=now))
            session.flush()
            for number, title in enumerate(TITLES):
                rule = Series((now + FAR).date() + timedelta(days=number), time(19), "Europe/London")
                series = SeriesRow(
                    network_id=guild,
                    title=title,
                    start_on=rule.start,
                    at=rule.at,
                    zone=rule.zone,
                    unit=rule.unit.value,
                    where_kind=Where.LINK,
                    where_text="https://meet.example.org/coffee",
                    made_at=now,
                )
                set_rule(series, rule)
                session.add(series)
                session.flush()
                plan(session, series, network, now)

    # Lives

    async def _life(self, blow: Aim | None, lie: tuple[str, str] | None = None) -> None:
        """What somebody changes, then a bot that puts it in order, until it is killed or has."""
        scene, lives = self._scene, self._lives
        for method in sorted({one for one in (blow and blow.method, lie and lie[0]) if one}):
            self._edit(method)
        rule = self._lie(*lie) if lie is not None else None
        scene.clock.move_to(scene.clock.now() + BETWEEN)
        await lives.begin(blow and blow._replace(skip=self._dice.randrange(2)))
        if await lives.alive(lives.bot.opened()):
            await self._until_in_order()
        if await lives.end() and self._dice.random() < 0.5:
            self._edit(self._dice.choice(METHODS))  # somebody changes their mind while the bot is away
        if rule is not None and rule.happened:
            self.lied[" ".join(lie or ())] += 1
        scene.wire.faults.clear()

    def _lie(self, method: str, what: str) -> Rule:
        where: dict[str, Any] = {"method": method, "path": EVENTS, "when": "after"}
        if what in ("drop", "hang"):
            return self._scene.wire.faults.add(Rule(what, seconds=0.5, **where))
        return self._scene.wire.faults.add(Rule("error", status=int(what), **where))

    async def _until_in_order(self) -> None:
        """Let time pass for the bot until every event is as it should be, or it is killed."""
        scene, lives = self._scene, self._lives
        while not self._in_order():
            scene.clock.move_to(scene.clock.now() + BETWEEN)
            if not await lives.alive(lives.bot.advance_to(scene.clock.now())):
                return
            await asyncio.sleep(0.1)

    def _in_order(self) -> bool:
        looks = self._lives.rows("SELECT count(*) FROM session_network WHERE mirror_at IS NOT NULL")
        return looks == [(0,)] and self._lives.quiet()

    # What people do meanwhile

    def _edit(self, method: str) -> None:
        """Something that has the bot ask Discord with this method."""
        now = self._scene.clock.now()
        with writing(self._scene.database) as session:
            meetings = list(session.exec(select(Occurrence).order_by(col(Occurrence.starts_at))))
            held = [one for one in meetings if one.state == OccurrenceState.PLANNED]
            skipped = [one for one in meetings if one.state == OccurrenceState.SKIPPED]
            # The soonest are those that are shown; the same one changed again is what is hardest.
            both = occurrence_with_series(session, self._dice.choice(held[:4]).id)
            assert both is not None
            if method == "PATCH":
                to = both[0].starts_at + timedelta(minutes=self._dice.choice((-45, 45, 90)))
                changing.move(session, no_habits, both, to, now, set(), by_hand=True)
            elif skipped and (len(skipped) > 2 or self._dice.random() < 0.5):
                back = occurrence_with_series(session, self._dice.choice(skipped).id)
                assert back is not None
                changing.put_back(session, no_habits, back, now)
            else:
                changing.call_off(session, no_habits, both, OccurrenceState.SKIPPED, "", now, set())

    # What became of it

    def _count(self) -> Counted:
        backend = self._scene.world.backend
        there = Counter(
            (event.name, datetime.fromisoformat(event.scheduled_start_time))
            for event in backend.guilds[self._scene.demo.guild_id].scheduled_events.values()
        )
        wanted = Counter[tuple[str, datetime]]()
        with writing(self._scene.database) as session:
            for series in session.exec(select(SeriesRow)).all():
                wanted.update(self._next_dates(session, series))
        asked = backend.messages[self._scene.welcome].values()
        return Counted(
            events=wanted.total(),
            lost=(wanted - there).total(),
            doubled=(there - wanted).total(),
            asked=sum(message.author_id == backend.bot_user.id for message in asked),
        )

    def _next_dates(self, session: Session, series: SeriesRow) -> list[tuple[str, datetime]]:
        dates = session.exec(
            select(Occurrence.starts_at)
            .where(Occurrence.series_id == series.id, Occurrence.state == OccurrenceState.PLANNED)
            .order_by(col(Occurrence.starts_at))
            .limit(DATES)
        ).all()
        return [(series.title, at) for at in dates]
