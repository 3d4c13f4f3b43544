"""A Saturday coffee that is moved, skipped and put back in the middle of its own rounds, with the bot killed throughout.

A facilitator does each by command or button while messages are on their way, and does it again when nobody answered.
Everything random comes from the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.exchange import Exchange
from tests.checkins.evening import says
from tests.crash.coffee import ANNOUNCED, NINE, Coffee
from tests.crash.lives import STAGES, Aim, Lives
from tests.launch.scene import Scene

PEOPLE = 6
HALF_PAST_TEN = NINE + timedelta(minutes=90)
HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=5)
KILLS = 9
"""In one story."""
Act = Callable[[], Awaitable[Exchange]]


@dataclass
class Counted:
    """What became of everything that was to be said once. `stale`: of a time or a meeting that was called off before."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    stale: int = 0


class Edited:
    """One story, in a world of its own."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._lives = Lives(scene, seed)
        self._coffee = Coffee(scene, PEOPLE)
        self._asked: list[Exchange] = []

    @property
    def blows(self) -> Counter[str]:
        """How often the bot was killed, by the moment."""
        return self._lives.blows

    async def run(self) -> Counted:
        """From the announcement to the door."""
        await self._peace(ANNOUNCED - MOMENT)  # Discord hears of the commands
        await self._killed(ANNOUNCED + MOMENT, Aim(self._stage(), "POST", "*/messages"))
        await self._peace(ANNOUNCED + 2 * MOMENT)
        await self._changed(NINE - HOUR + MOMENT, self._move, "sessions.moved")
        await self._changed(HALF_PAST_TEN - HOUR + MOMENT, self._skip, "sessions.skipped")
        await self._changed(HALF_PAST_TEN - HOUR / 2, self._put_back, "sessions.put_back")
        await self._killed(HALF_PAST_TEN + MOMENT, self._any_message())
        await self._peace(HALF_PAST_TEN + 2 * MOMENT)
        await self._lives.end()
        return self._count()

    # What the facilitator does

    async def _move(self) -> Exchange:
        which = {"session": str(self._coffee.meeting_id), "when": "28 November 2026 10:30am"}
        return await self._scene.demo.organiser.slash(self._scene.welcome, "session move", which)

    async def _skip(self) -> Exchange:
        which = {"session": str(self._coffee.meeting_id)}
        return await self._scene.demo.organiser.slash(self._scene.welcome, "session skip", which)

    async def _put_back(self) -> Exchange:
        pressed = f"ok1:sessions.back:{self._coffee.meeting_id}:"
        return await self._scene.demo.organiser.press_raw(self._scene.welcome, 1, pressed)

    # Lives

    def _stage(self) -> str:
        return self._lives.dice.choice(STAGES)

    def _any_message(self) -> Aim:
        return Aim(self._stage(), "POST", "*/messages", self._lives.dice.randrange(4))

    async def _changed(self, at: datetime, act: Act, told: str) -> None:
        """A round, cut short; one in the middle of which something is changed, cut short; and the rest in peace."""
        if act != self._put_back:  # for which no round is due
            await self._killed(at, self._any_message())
        # Once at least it is kept and nobody hears: whoever did it does it again.
        unheard = Aim("arrived", "POST", "*/callback")
        aims = (Aim(self._stage(), "POST", "*/callback"), self._any_message())
        await self._killed(at + MOMENT, unheard if act == self._move else self._lives.dice.choice(aims), act)
        while not any(says(message, told) for one in self._asked for message in one.messages):
            await self._awake()
            await (await self._ask(act)).wait(30)
        self._asked.clear()
        await self._peace(at + 2 * MOMENT)

    async def _killed(self, at: datetime, aim: Aim, act: Act | None = None) -> None:
        """To what is due at an instant, with somebody doing something in the middle of it, and to the blow."""
        lives = self._lives
        await self._awake()
        lives.aim(aim)
        if act is not None:
            lives.meanwhile(Aim("arrived", "POST", "*/messages"), lambda: self._ask(act))
        self._scene.clock.move_to(at)
        if await lives.alive(lives.bot.advance_to(at)) and act is not None and not self._asked:
            lives.meanwhile(None)
            await lives.alive((await self._ask(act)).wait(30))  # nothing was on its way
        await lives.until(lives.quiet, "the end of a round")
        if await lives.spare():
            await lives.end()

    async def _peace(self, at: datetime) -> None:
        """Everything that is due at an instant."""
        lives = self._lives
        await self._awake()
        self._scene.clock.move_to(at)
        await lives.bot.advance_to(at)
        await lives.until(lives.quiet, "everything that is due")

    async def _awake(self) -> None:
        """A bot that hears what people do: the one that lives, or the next."""
        lives = self._lives
        if not lives.living:
            await lives.begin()
            await lives.bot.opened()
            await lives.bot.do("ready")
            await self._scene.known()

    async def _ask(self, act: Act) -> Exchange:
        exchange = await act()
        self._asked.append(exchange)
        return exchange

    # What became of it

    def _count(self) -> Counted:
        coffee, counted = self._coffee, Counted()
        for template in ("told_moved", "told_skipped", "told_back", "door"):
            self._once(counted, coffee.told(f"sessions.{template}"))
        for template in ("announcement", "channel_moved", "channel_skipped", "channel_back", "channel_door"):
            self._once(counted, [coffee.said(f"sessions.{template}")])
        for of in (NINE, HALF_PAST_TEN):  # what had not gone when it was changed is taken back
            reminded = [
                *coffee.told("sessions.reminder", of=of),
                coffee.said("sessions.channel_reminder", of=of),
            ]
            counted.messages += sum(reminded)
            counted.doubled += sum(times - 1 for times in reminded if times > 1)
        for person in coffee.people:
            counted.stale += self._stale(self._scene.dms(person))
        return counted

    def _once(self, counted: Counted, times: list[int]) -> None:
        counted.messages += sum(times)
        counted.lost += times.count(0)
        counted.doubled += sum(number - 1 for number in times if number > 1)

    def _stale(self, messages: list[dict[str, object]]) -> int:
        """Reminders of what somebody had heard is not so."""
        news = [n for n, m in enumerate(messages) if says(m, "sessions.told_moved")]
        gone = [n for n, m in enumerate(messages) if says(m, "sessions.told_skipped")]
        reminders = [n for n, m in enumerate(messages) if says(m, "sessions.reminder")]
        first = str(int(NINE.timestamp()))
        late = [n for n in reminders if news and n > news[0] and first in str(messages[n]["content"])]
        return len(late) + sum(bool(gone) and n > gone[0] for n in reminders)
