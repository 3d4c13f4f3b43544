"""The composition root: the one place that wires everything together.

`build(settings, clock=...)` is public. The sandbox and the tests' launcher pass another clock; nothing else differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Callable, Collection, Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import discord

from bot import features, opening
from bot.buddies.desk import Desk as BuddyDesk
from bot.buddies.rounds import Rounds
from bot.checkins import asking
from bot.client import ReallyOk, point_at
from bot.clock import Clock, MovableClock, SystemClock, night_of
from bot.content.library import Library, default_root, load
from bot.db import keys, own
from bot.db.ledger import Ledger
from bot.db.store import Store
from bot.errors import OperatorError, StoreUnavailable
from bot.listeners import relay_posts
from bot.listeners.desk import Desk
from bot.listeners.relay import Carrier, Relay
from bot.networks import service as networks
from bot.outbox.circuit import Circuit
from bot.outbox.pace import Pace, urgency
from bot.outbox.pump import Pump
from bot.outbox.sender import DiscordSender
from bot.outbox.tables import Outbox, Priority, State
from bot.schedule.alarm import Alarm
from bot.sessions import feed
from bot.settings import Settings
from bot.support.cards import Cards
from bot.support.lines import NetworkLines
from bot.support.recognise import Recogniser
from bot.support.signposts import Signposts
from bot.ui.render import Origin, draw

if TYPE_CHECKING:
    from bot.web.server import Web

log = logging.getLogger("reallyok")

YOUNG = 20_000  # new objects before the garbage among them is looked for
TIDY_S = 3600.0
CLOCK_SLACK = timedelta(minutes=1)  # a clock is kept right in small steps; more is somebody setting it


class App:
    """Everything the bot is made of. Support needs `library`, `signposts` and `lines`: all in memory."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        root = default_root()
        self.library: Library = load(root)
        self.signposts = Signposts.load(root, self.library)
        self.signposts.warm(clock.now())
        self.cards = Cards(self.library, self.signposts)
        self.recogniser = Recogniser.load(root)
        self.lines = NetworkLines(settings.data / "support.json")
        if self.lines.problem:
            log.error("%s", self.lines.problem)
        self.openings = len(self.library.template(asking.OPENING).wordings)
        point_at(settings.api_url, settings.gateway_url)
        self.client = ReallyOk(self, Pace(), settings.data / "commands-told")
        self.sender = DiscordSender(self.client, self._render)
        self.first_contacts = Circuit()
        self.alarm = Alarm(clock, self.next_due, self._ring)
        self.before_opening: Callable[[], None] | None = None
        """What must succeed before the database is opened, where it failed at the start; raises `OperatorError`."""
        self.pump: Pump | None = None
        self.relay: Relay | None = None
        self.web: Web | None = None
        if settings.http_port is not None:
            from bot.web.server import Web  # 3 MB that a bot without a port does without

            self.web = Web(
                settings.http_host,
                settings.http_port,
                lambda: self._store is not None and self.client.is_ready(),
                lambda secret: feed.file_for(self.store, self.library, secret, clock.now()),
            )
        self.keys: keys.Keyring | None = None
        self._desk: Desk | None = None
        self.rounds = Rounds(self.alarm.rearm)
        self._ledger: Ledger | None = None
        self._store: Store | None = None
        self._work: set[asyncio.Task[Any]] = set()
        self._opened = asyncio.Event()
        self._better: asyncio.Task[Any] | None = None
        self._tidied_at = float("-inf")
        self._rang_at = clock.now()
        self._counted_on = night_of(clock.now())
        self._ending: asyncio.Event | None = None

    # What cogs ask for

    @property
    def store(self) -> Store:
        """The database. Raises `StoreUnavailable` while it is not open; support never asks for it."""
        if self._store is None:
            raise StoreUnavailable
        return self._store

    @property
    def keyring(self) -> keys.Keyring:
        """The key, once the database is open. Raises `StoreUnavailable` before."""
        if self.keys is None:
            raise StoreUnavailable
        return self.keys

    @property
    def desk(self) -> Desk:
        """What services of listeners speak with, once the database is open. Raises `StoreUnavailable` before."""
        if self._desk is None:
            raise StoreUnavailable
        return self._desk

    @property
    def buddy_desk(self) -> BuddyDesk:
        """What services of buddies work with, once the database is open. Raises `StoreUnavailable` before."""
        return features.buddy_desk(self.keyring, self.library)

    @property
    def ledger(self) -> Ledger:
        """The ledger of erasures, once the database is open. Raises `StoreUnavailable` before."""
        if self._ledger is None:
            raise StoreUnavailable
        return self._ledger

    def origin_of(self, interaction: discord.Interaction[Any]) -> Origin:
        """Which network an interaction is about, as far as that is known without asking the database."""
        network_id = interaction.guild_id or 0
        return Origin(network_id, self.lines.get(network_id).language)

    def one_line(self, origin: Origin) -> str:
        """One number that answers at any hour, for the foot of a message. From memory."""
        own = self.lines.get(origin.network_id)
        return self.signposts.line(own.nation, origin.language, self.clock.now(), education=own.education)

    def _line(self, network_id: int, language: str) -> str:
        return self.one_line(Origin(network_id, language))

    async def outcome(self, row_id: int, patience_s: float) -> State | None:
        """How a message just put in the outbox ended, or None if it has not in that time."""
        return None if self.pump is None else await self.pump.outcome(row_id, patience_s)

    # Starting and ending

    async def run(self) -> None:
        """Log in and work until `stop` is called or the task is cancelled.

        Raises `OperatorError` when Discord refuses the token.
        """
        assert self.settings.token, "the command line asks for a token before it builds an app"
        self._ending = asyncio.Event()
        if self.web is not None:
            await self.web.start()
        connection = asyncio.create_task(self._connect(self.settings.token))
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({connection, ending}, return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                connection.result()
        finally:
            await self._end(connection, ending)

    async def _connect(self, token: str) -> None:
        wait = 1.0
        while True:
            try:
                await self.client.login(token)
                break
            except discord.LoginFailure:
                raise OperatorError(
                    "Discord does not accept the token.",
                    "Copy it again from the developer portal (Bot, Reset Token) into DISCORD_TOKEN.",
                ) from None
            except (OSError, aiohttp.ClientError, discord.HTTPException) as error:
                log.warning(
                    "Discord cannot be reached (%s); trying again in %d s.", type(error).__name__, wait
                )
                await asyncio.sleep(wait)
                wait = min(60.0, wait * 2)
        await self.client.connect(reconnect=True)

    def logged_in(self) -> None:
        """Called by the client once Discord knows us: support answers from here on, whatever the database does."""
        self._spawn(self.client.sync_commands())
        self._spawn(self._open())

    def expect_words(self) -> asyncio.Task[Any]:
        """Load what reads words better, once, in another thread. A bot nobody writes to does without the 75 MB."""
        if self._better is None:
            self._better = self._spawn(asyncio.to_thread(self.recogniser.load_encoder))
        return self._better

    def after_ready(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something once the bot is connected, at the lowest urgency."""

        async def gently() -> None:
            urgency.set(Priority.CATCH_UP)
            try:
                await work
            except (StoreUnavailable, discord.HTTPException, OSError, aiohttp.ClientError) as error:
                log.warning("Something that can wait was left for the next time (%s).", type(error).__name__)

        # Ended before it had begun, as at the end of everything, Python would say of it that nobody waited for it.
        self._spawn(gently()).add_done_callback(lambda _: work.close())

    async def _open(self) -> None:
        store = await opening.at_last(self._open_once)
        self._desk = desk = Desk(self.keyring, self.library, self._line)
        self._store = store
        store.partings += features.partings(desk, self.buddy_desk)
        self.pump = Pump(store, self.sender, self.clock, features.consequences(desk), features.waits(desk))
        carrier = cast("Carrier", self.client.get_cog("TalkCarrier"))
        self.relay = Relay(store, desk.keys, carrier, self.clock)
        store.on_commit(self._woken)
        self._spawn(self.pump.run())
        self._spawn(self.relay.run())
        self.alarm.start()
        # What was loaded to get here stays to the end. The collector went through all of it again and again while
        # members waited: a tenth of the time of an answer (measured).
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        self._opened.set()

    async def _open_once(self) -> Store:
        if self.before_opening is not None:
            self.before_opening()
            self.before_opening = None
        store, self.keys, self._ledger = await opening.open_store(self.settings, self.clock.now())
        return store

    async def opened(self) -> None:
        """Return once the database is open and messages go out."""
        await self._opened.wait()

    @property
    def ending(self) -> bool:
        """Whether the bot was told to end."""
        return self._ending is not None and self._ending.is_set()

    def stop(self) -> None:
        """Begin to end; safe to call from a signal handler, more than once."""
        if self._ending is not None:
            self._ending.set()

    async def _end(self, connection: asyncio.Task[None], ending: asyncio.Task[Any]) -> None:
        await self.alarm.stop()
        await self.rounds.stop()
        if self.pump is not None:
            await self.pump.stop()
        if self.relay is not None:
            await self.relay.stop()
        # Work under way goes first: it would only find its connections closed beneath it, and call that a fault.
        work = list(self._work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        if self.web is not None:
            await self.web.stop()
        with contextlib.suppress(Exception):
            await self.client.close()
        connection.cancel()
        ending.cancel()
        await asyncio.gather(connection, ending, return_exceptions=True)
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.critical("A part of the bot ended; restart it and report this.", exc_info=task.exception())

    # Time

    def _woken(self, what: set[str]) -> None:
        if self.pump is not None:
            self.pump.wake()
        if self.relay is not None and relay_posts.TALKS in what:
            self.relay.wake()
        self.alarm.rearm()

    async def next_due(self) -> datetime | None:
        """When something is next due."""
        return await self.store.read(features.earliest, self.desk, self.clock.now(), self.rounds.aside)

    async def _ring(self) -> None:
        now = self.clock.now()
        opening.mind_the_file(self.settings)
        if time.monotonic() - self._tidied_at > TIDY_S:
            self._tidied_at = time.monotonic()
            await self._tidy(now)
        if now < self._rang_at - CLOCK_SLACK:
            log.warning("The clock was set back. What it had put off is reckoned anew.")
            await features.recount(self.store, now)
        self._rang_at = now
        if (tonight := night_of(now)) > self._counted_on:
            self._counted_on = tonight
            self.after_ready(self.client.do_nightly())
            self.store.leftovers = True  # of what retention let go of
        self.rounds.begin(self.store, self.buddy_desk, now)
        hands = features.Hands(self.client.here, self.client.in_room, lambda: self._after_due(now))
        await features.do_due(self.store, self.desk, self.buddy_desk, hands, now, self.openings)

    def _after_due(self, now: datetime) -> None:
        self.after_ready(self.client.do_due(now))
        if self.store.leftovers:
            self.store.compact()
        if self.pump is not None:
            self.pump.wake()

    async def _tidy(self, now: datetime) -> None:
        """Let go of what has been kept long enough, in small steps so that nobody waits for it."""
        self.client.answers.tell_of_support()
        while await self.store.write(own.expire, now):
            pass
        if not self.client.matched:
            return  # a network noted as left may be one we came back to while we were off
        for network_id in await networks.let_go(self.store, now):
            await asyncio.to_thread(self.lines.forget, network_id)

    async def seen(self, network_id: int, user_id: int, role_ids: Collection[int]) -> None:
        """Discord says, in the night, which roles a member has."""
        await features.seen(self.store, self.desk, network_id, user_id, role_ids, self.clock.now())

    async def upcoming(self) -> tuple[datetime, str] | None:
        """When something is next due, and the name of the words for it under `sandbox.due`."""
        return await self.store.read(features.upcoming, self.desk, self.clock.now(), self.rounds.aside)

    async def play_until(self, clock: MovableClock, target: datetime) -> None:
        """Move a rehearsal's clock to `target`, stopping at every due instant on the way, in order; never back."""
        await self.opened()
        assert self.pump is not None
        while (due := await self.next_due()) is not None and due <= target:
            clock.move_to(max(due, clock.now()))
            await self.alarm.ring()
            await self._drain()
        clock.move_to(max(target, clock.now()))  # playing may have taken longer than the time it played
        await self.alarm.ring()
        await self._drain()

    async def _drain(self) -> None:
        """Until whatever is due has gone: what the relay passes on may put something in the outbox, and not the reverse."""
        assert self.pump is not None
        assert self.relay is not None
        await self.rounds.drain()
        await self.relay.drain()
        await self.pump.drain()
        await self.relay.drain()

    # Words

    def _render(self, row: Outbox) -> dict[str, Any]:
        if row.template.startswith("checkins."):
            self.expect_words()  # a question is on its way
        return draw(
            self.library,
            row.template,
            row.params,
            origin=Origin(row.network_id or 0, row.language),
            subject_id=row.subject_id,
            outbox_id=row.id,
        )


def build(settings: Settings, *, clock: Clock | None = None) -> App:
    """The whole bot, wired and not yet started. Raises `OperatorError` or `ContentError` for what cannot work."""
    return App(settings, clock or SystemClock())
