"""The relay: passes on what people in a talk write, each side's messages in order, each once.

It works as the outbox's pump does: "sending" is committed before a message is sent and "sent" after, and what is found
as "sending" at a start is looked for before it is sent again. It is not the outbox itself, whose rows say openly to
whom a message goes: of one talk, they would say who talked with whom.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlmodel import Session

from bot.clock import Clock
from bot.db.keys import Keyring
from bot.db.store import Store
from bot.errors import StoreUnavailable
from bot.listeners import relay_quick, relay_sending, talks_ending, talks_looking
from bot.listeners.relay_posts import tell
from bot.listeners.relay_sending import Ending, Parcel
from bot.listeners.talk_tables import Post, Side
from bot.listeners.talks_looking import Which
from bot.outbox.pace import urgency
from bot.outbox.tables import Priority

log = logging.getLogger("reallyok.talks")

HANG_S = 30.0
"""A request nobody answered in this time is in doubt, like one the process died in."""
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
NOT_REACHED = "talks.not_reached"


class Unsure(Exception):
    """Nobody knows whether Discord did it: look, or ask, and try again."""


class There(StrEnum):
    """Whether somebody may still take part, as Discord says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Carrier(Protocol):
    """The one that speaks to Discord."""

    async def there(self, network_id: int, user_id: int, *, listening: bool) -> There:
        """Whether somebody is in the server, and a listener if they listen; an answer may be a minute old."""
        ...

    async def send(self, parcel: Parcel) -> tuple[Ending, int | None]:
        """Send it; how that ended, and the message's id. Raises `Unsure`."""
        ...

    async def look(self, parcel: Parcel) -> int | None:
        """The message an earlier attempt left, if it is there. Raises `Unsure`."""
        ...

    async def change(self, parcel: Parcel) -> None:
        """Change what was sent to the parcel's words, or delete it when it has none. Raises `Unsure`."""
        ...

    async def keep_waiting(self, parcel: Parcel) -> None:
        """Tell whoever wrote it that their words are kept, and go on as soon as that is possible."""
        ...


class Relay:
    """Runs while the database is open. `pass_on` what was just taken in; `wake` it for everything else."""

    def __init__(self, store: Store, keys: Keyring, carrier: Carrier, clock: Clock) -> None:
        self._store, self._keys, self._carrier, self._clock = store, keys, carrier, clock
        self._lanes: dict[int, deque[Parcel]] = {}
        self._again: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._woken.set()
        self._settled = asyncio.Event()
        self._stopping = self._looking = False
        self._changes = 0
        self._parties: dict[int, Which] = {}
        self._retrying: set[int] = set()
        self.lines: dict[int, relay_quick.Line] = {}
        """What is remembered of people's one open talk, by their account, until anything about talks changes."""

    def wake(self) -> None:
        """There may be something to pass on, or a talk may have ended."""
        self._changes += 1
        self._woken.set()

    def pass_on(self, to_id: int, now: Parcel | None) -> None:
        """Go on with one side of a talk: with `now`, which is noted as being sent, or with what is next."""
        if self._stopping:
            return
        running = self._lanes.get(to_id)
        if running is None:
            running = self._lanes[to_id] = deque()
            task = asyncio.create_task(self._run(to_id, running))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if now is not None:
            running.append(now)
        else:
            self._again.add(to_id)

    def side(self, user_id: int) -> Which:
        """Which side of an open talk somebody is on, from memory; empty for neither, or not known yet."""
        return self._parties.get(user_id, "")

    async def drain(self) -> None:
        """Return when nothing is on its way (what waits for a retry does not count)."""
        while self._lanes.keys() - self._retrying or self._woken.is_set() or self._looking:
            self._settled.clear()
            await self._settled.wait()

    async def run(self) -> None:
        """Pass on whatever is ready, until `stop`."""
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            self._looking = True
            self.lines.clear()
            try:
                self._parties = await self._store.read(talks_looking.parties, self._keys)
                for to_id in await self._store.read(relay_sending.lanes):
                    self.pass_on(to_id, None)
            except StoreUnavailable:
                await asyncio.sleep(FIRST_RETRY_S)
                self._woken.set()
            except Exception as error:
                # Whatever it is, ending here would keep every talk's words from ever going.
                log.error(
                    "What is to be passed on could not be looked up; it is tried again.", exc_info=error
                )
                await asyncio.sleep(LONGEST_RETRY_S)
                self._woken.set()
            finally:
                self._looking = False
                self._settled.set()

    async def stop(self, grace_s: float = 2.0) -> None:
        """Begin nothing more. What does not end in time is looked for at the next start."""
        self._stopping = True
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks), timeout=grace_s)
            for task in late:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and not self._stopping:
            log.error(
                "A talk's messages could not be handled; they are tried again.", exc_info=task.exception()
            )
            asyncio.get_running_loop().call_later(FIRST_RETRY_S, self.wake)

    async def _run(self, to_id: int, begun: deque[Parcel]) -> None:
        urgency.set(Priority.ANSWER)
        try:
            parcel: Parcel | None = None
            while not self._stopping:
                if parcel is None and begun:
                    parcel = begun.popleft()
                if parcel is None:
                    if to_id not in self._again:
                        return
                    self._again.discard(to_id)
                    parcel = await self._write(relay_sending.claim, self._keys, to_id)
                else:
                    parcel = await self._finish(parcel)
        finally:
            del self._lanes[to_id]
            self._settled.set()

    async def _finish(self, parcel: Parcel) -> Parcel | None:
        """Do one thing to its end, however long that takes; what is next on that side."""
        wait, told, tried = FIRST_RETRY_S, False, False
        while True:
            try:
                async with asyncio.timeout(HANG_S):
                    ending, copy_id = await self._attempt(parcel, tried=tried)
                break
            except _NobodySays:
                if not told:
                    told = True
                    await self._carrier.keep_waiting(parcel)
            except (Unsure, TimeoutError):
                parcel = replace(parcel, in_doubt=True)
            except StoreUnavailable:
                pass
            except Exception as error:
                # Tried again it would fail again, for ever, and hold up everything else for that side.
                log.error("A talk's message cannot be passed on; its writer is told.", exc_info=error)
                ending, copy_id = Ending.LOST, None
                break
            tried = True
            self._retrying.add(parcel.to_id)
            self._settled.set()
            await asyncio.sleep(wait)
            self._retrying.discard(parcel.to_id)
            wait = min(LONGEST_RETRY_S, wait * 2)
        if parcel.kept and ending is Ending.DONE and copy_id is not None:
            done, following = await self._write(relay_quick.settle, self._keys, parcel, copy_id)
            if done:
                return following
        return await self._write(_settle, self._keys, parcel, ending, copy_id, self._clock.now())

    async def _attempt(self, parcel: Parcel, *, tried: bool) -> tuple[Ending, int | None]:
        if parcel.copy_id is not None:
            await self._carrier.change(parcel)
            return Ending.DONE, None
        if parcel.in_doubt:
            found = await self._carrier.look(parcel)
            if found is not None:
                return Ending.DONE, found
        before = self._changes
        # While this waited, either of the two may have ended or blocked the talk: then it goes nowhere, and it holds
        # nothing up behind it, whether or not Discord says who is there.
        if (tried or parcel.in_doubt) and await self._over(parcel):
            return Ending.LOST, None
        if parcel.sender_id and not await self._both_there(parcel):
            return Ending.LOST, None
        # So they may have while Discord took its time to say so.
        if self._changes != before and await self._over(parcel):
            return Ending.LOST, None
        return await self._carrier.send(parcel)

    async def _over(self, parcel: Parcel) -> bool:
        return await self._store.read(relay_sending.over, parcel.post_id)

    async def _both_there(self, parcel: Parcel) -> bool:
        for user_id in (parcel.sender_id, parcel.user_id):
            listening = user_id == parcel.listener_id
            said = await self._carrier.there(parcel.network_id, user_id, listening=listening)
            if said is There.UNKNOWN:
                raise _NobodySays
            if said is There.NO:
                await self._store.write(
                    talks_ending.gone, self._keys, parcel.to_id, user_id, self._clock.now()
                )
                return False
        return True

    async def _write(self, *change: Any) -> Any:
        """It must be written down, however long the database takes to come back."""
        while True:
            try:
                return await self._store.write(*change)
            except StoreUnavailable:
                if self._stopping:
                    raise
                await asyncio.sleep(FIRST_RETRY_S)


class _NobodySays(Exception):
    """Discord would not say who is still there: nothing is passed on, and nothing is lost."""


def _settle(
    session: Session, keys: Keyring, parcel: Parcel, ending: Ending, copy_id: int | None, now: datetime
) -> Parcel | None:
    post = session.get(Post, parcel.post_id)
    if ending is not Ending.DONE and parcel.sender_id and post is not None and post.words_sealed is not None:
        writer, reader = session.get(Side, post.from_id), session.get(Side, parcel.to_id)
        if writer is not None and reader is not None and ending is Ending.CLOSED_DMS:
            tell(session, keys, writer, NOT_REACHED, {"name": reader.name(keys)}, now)
        elif writer is not None:
            tell(session, keys, writer, talks_ending.NOT_PASSED_ON, {}, now)
    return relay_sending.settle(session, keys, parcel, ending, copy_id, now)
