"""Kills the bot while facilitators save sessions they wrote, and counts what each press made.

Killed at any moment after the press, with the answer on its way or the announcement; whoever was not told presses
again, and whoever was told too. Everything random comes from the seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta

from bot.db.columns import new_id
from bot.members.tables import Network
from bot.sandbox.exchange import Exchange
from bot.schedule.recurrence import Series
from bot.sessions import drafts
from bot.sessions.fields import Fields, Place
from bot.sessions.rules import Where
from bot.sessions.tables import SessionNetwork
from tests.bench.members import writing
from tests.crash.lives import STAGES, Aim, Lives
from tests.launch.scene import Scene, says, words

MEETINGS = 5
"""Of a weekly session, so many are made when it is saved."""
IN_A_LIFE = 2
HOWS = (
    *(Aim(stage, "POST", path) for stage in STAGES for path in ("*/callback", "*/messages")),
    *(None, None, None),  # at any moment
)


@dataclass
class Counted:
    """What became of everything that was written. `unfound`: whoever pressed again was not told that it is saved."""

    sessions: int = 0
    lost: int = 0
    doubled: int = 0
    unfound: int = 0


class Saved:
    """Rounds in which somebody saves two sessions."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._lives = Lives(scene, seed)
        self._written: dict[int, str] = {}
        """Every draft there ever was, and its title."""
        self._told: set[int] = set()

    @property
    def blows(self) -> Counter[str]:
        """How often the bot was killed, by the moment."""
        return self._lives.blows

    async def run(self, kills: int) -> Counted:
        """Lives until the bot was killed so often; then one in which everybody presses once more."""
        now, guild = self._scene.clock.now(), self._scene.demo.guild_id
        with writing(self._scene.database) as session:
            session.add(Network(id=guild, name="Heads", made_at=now))
            session.flush()
            session.add(SessionNetwork(network_id=guild, channel_id=self._scene.demo.channels["staffroom"]))
        deck: list[Aim | None] = []
        while self._lives.kills < kills:
            if not deck:
                deck = list(HOWS)
                self._lives.dice.shuffle(deck)
            await self._life(deck.pop())
        return await self._in_peace()

    def _write(self) -> None:
        """What somebody wrote and has not saved; nobody may have more than ten."""
        scene, now = self._scene, self._scene.clock.now()
        rule = Series((now + timedelta(days=6)).date(), time(9), "Europe/London")
        with writing(scene.database) as session:
            for _ in range(IN_A_LIFE):
                draft, title = new_id(), f"Session {len(self._written)}."
                fields = Fields(title, rule, Place(Where.LINK, text="https://meet.example.org/coffee"))
                kept = drafts.kept(fields, "Saturdays 9am")
                drafts.put(session, draft, scene.demo.guild_id, scene.demo.organiser.id, kept, now)
                self._written[draft] = title

    async def _press(self, draft: int) -> Exchange:
        person = self._scene.demo.organiser
        return await person.press_raw(self._scene.welcome, 1, f"ok1:sessions.save:{draft}:")

    async def _life(self, aim: Aim | None) -> None:
        if not self._waiting():
            self._write()
        lives = self._lives
        await lives.begin()
        if await lives.alive(lives.bot.opened()) and await lives.alive(lives.bot.do("ready")):
            lives.aim(aim and aim._replace(skip=lives.dice.randrange(2)))
            pressed = [(draft, await self._press(draft)) for draft in self._waiting()]
            pressed.append((pressed[0][0], await self._press(pressed[0][0])))  # a thumb that pressed twice
            if aim is None:
                await lives.strike_at_any_moment(0.06)
            answered = [exchange.answered for _, exchange in pressed]
            await lives.until(lambda: all(one.is_set() for one in answered) and lives.quiet(), "the answers")
            self._told |= {draft for draft, exchange in pressed if _saved(exchange)}
        await lives.end()

    def _waiting(self) -> list[int]:
        return [draft for draft in self._written if draft not in self._told]

    async def _in_peace(self) -> Counted:
        lives, counted = self._lives, Counted(sessions=len(self._written))
        await lives.begin()
        await lives.bot.opened()
        await lives.bot.do("ready")
        for draft in self._written:
            exchange = await (await self._press(draft)).wait(30)
            while exchange.error is not None:  # the machine took longer than Discord's three seconds
                exchange = await (await self._press(draft)).wait(30)
            await exchange.message(patience_s=30)
            counted.unfound += not _saved(exchange)
        await lives.until(lives.quiet, "the last announcement")
        await lives.end()
        self._count(counted)
        return counted

    def _count(self, counted: Counted) -> None:
        lives, channel = self._lives, self._scene.demo.channels["staffroom"]
        posted = [
            words(message)
            for message in self._scene.demo.organiser.visible_messages(channel)
            if says(message, "sessions.announcement")
        ]
        titles = [title for (title,) in lives.rows("SELECT title FROM session_series")]
        meetings = Counter(
            title
            for (title,) in lives.rows(
                "SELECT s.title FROM session_occurrence o JOIN session_series s ON s.id = o.series_id"
            )
        )
        for title in self._written.values():
            announced = sum(title in said for said in posted)
            for there, wanted in ((titles.count(title), 1), (meetings[title], MEETINGS), (announced, 1)):
                counted.lost += max(0, wanted - there)
                counted.doubled += max(0, there - wanted)
        counted.doubled += len(titles) - len(self._written) if len(titles) > len(self._written) else 0
        counted.lost += sum(n for (n,) in lives.rows("SELECT count(*) FROM session_draft"))


def _saved(exchange: Exchange) -> bool:
    return any(says(message, "sessions.saved") for message in exchange.messages)
