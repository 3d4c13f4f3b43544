"""The page's server on 127.0.0.1: it shows one person's view, passes on their deeds, and moves the clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote

from aiohttp import WSCloseCode, WSMsgType, web

from bot.clock import Clock, SystemClock
from bot.sandbox.page.deeds import MAX_FILE, Deeds, Unclear
from bot.sandbox.page.guard import Guard, is_loopback
from bot.sandbox.page.jumps import NoSuchJump, destination
from bot.sandbox.page.view import Json, arrivals, instant, newest, project, visible
from bot.sandbox.people import CannotDo, Person

if TYPE_CHECKING:
    from bot.sandbox.wire.server import Wire
    from bot.sandbox.world import World

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_GATHER = 0.05  # seconds in which a burst of events becomes one new view
_GLANCE = 2.0  # seconds after which a view is taken anyway: time passes without events
_SETTLE = 0.4  # seconds of quiet after the clock has arrived, for answers still in flight
_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}


class ClockControl(Protocol):
    """Something that moves the rehearsal's time."""

    def now(self) -> datetime:
        """The rehearsal's time, aware and in UTC."""
        ...

    async def advance_to(self, instant: datetime) -> None:
        """Move to `instant`, playing everything due on the way in order; back in time plays nothing."""
        ...

    def next_due(self) -> datetime | None:
        """When the next thing is due, if anything is."""
        ...

    def describe_due(self) -> str | None:
        """What that is, in plain words."""
        ...


class Page:
    """One rehearsal's page.

    `greeting` is a sentence shown above the first-visit guide; `about` says, by a person's name, who they are
    (else their roles are shown); `start_as` and `start_in` are the
    person and the channel id it opens with. `real` is what "now" means on the clock's first button.
    """

    def __init__(
        self,
        world: World,
        *,
        clock_control: ClockControl,
        wire: Wire | None = None,
        greeting: str = "",
        about: Mapping[str, str] | None = None,
        start_as: Person | None = None,
        start_in: int | None = None,
        real: Clock | None = None,
    ) -> None:
        self._world = world
        self._clock = clock_control
        self._wire = wire
        self._greeting = greeting
        self._about = dict(about or {})
        self._start_as = start_as
        self._start_in = start_in
        self._real = real if real is not None else SystemClock()
        self._deeds = Deeds()
        self._reads: dict[tuple[int, int], int] = {}
        self._since = newest(world)
        self._watchers: set[asyncio.Event] = set()
        self._sockets: set[web.WebSocketResponse] = set()
        self._journey: Json | None = None
        self._moving = asyncio.Lock()
        self.token = secrets.token_urlsafe(18)
        self._guard = Guard(self.token)
        self._runner: web.AppRunner | None = None
        self._unsubscribe: Any = None
        self._host = "127.0.0.1"
        self._port = 0

    @property
    def url(self) -> str:
        """The address to open, with this run's key."""
        if self._runner is None:
            raise RuntimeError("the page has not been started")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/?k={self.token}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on `host`, which must be this computer's own; port 0 takes a free one.

        Raises ValueError for any other host, OSError when the port is taken.
        """
        if not is_loopback(host):
            raise ValueError("the page listens on this computer only: 127.0.0.1, localhost or ::1")
        app = web.Application(middlewares=[self._guard.check], client_max_size=4 * MAX_FILE)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/api/live", self._live),
                web.get("/api/file", self._file),
                web.post("/api/act", self._act),
                web.post("/api/clock", self._move),
                web.static("/static", _STATIC),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._host = host
        self._port = cast(tuple[str, int], runner.addresses[0])[1]
        self._guard.port = self._port
        self._unsubscribe = self._world.subscribe(self._something_happened)

    async def stop(self) -> None:
        """Close every connection and the port. Calling it again does nothing."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ------------------------------------------------------------------ reading

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / "index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        url = request.query.get("u", "")
        blob = self._world.backend.cdn.get(url)
        if blob is None:
            raise web.HTTPNotFound(text="There is no such file in this rehearsal.\n")
        name = url.rsplit("/", 1)[-1]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        # Only plain pictures are shown in place: anything else somebody uploaded could run as our page.
        if kind not in _INLINE:
            kind = "application/octet-stream"
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
        return web.Response(body=blob, content_type=kind, headers=headers)

    def _address(self, url: str) -> str:
        if self._world.backend.cdn.get(url) is None:
            return url
        return f"/api/file?u={quote(url, safe='')}&k={quote(self.token)}"

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=64 * 1024)
        await socket.prepare(request)
        changed = asyncio.Event()
        look: Json = {}
        self._watchers.add(changed)
        self._sockets.add(socket)
        sender = asyncio.create_task(self._keep_showing(socket, look, changed))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                try:
                    asked: object = message.json()
                except ValueError:
                    break
                if isinstance(asked, dict):
                    look.clear()
                    look.update(cast(Json, asked))
                    changed.set()
        finally:
            self._watchers.discard(changed)
            self._sockets.discard(socket)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket

    async def _keep_showing(self, socket: web.WebSocketResponse, look: Json, changed: asyncio.Event) -> None:
        last: Json | None = None
        while not socket.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _GLANCE)
                await asyncio.sleep(_GATHER)
            changed.clear()
            try:
                view = self._view(look)
                if view != last:
                    await socket.send_json(view)
                    last = view
            except ConnectionError:
                return
            except Exception:
                # A page that stands still without a word would be worse than one that says it is trying again.
                log.exception("The page could not be drawn.")
                await socket.close(code=WSCloseCode.INTERNAL_ERROR)

    def _view(self, look: Json) -> Json:
        person = self._person(look.get("person"))
        channel = _whole(look.get("channel"))
        if "person" not in look and channel is None:
            channel = self._start_in
        if channel is not None and look.get("seen"):
            self._mark_read(person, channel)
        limit = min(max(_whole(look.get("limit")) or 60, 20), 1000)
        view = project(
            self._world,
            person,
            channel_id=channel,
            reads=self._reads,
            since=self._since,
            address=self._address,
            about=self._about,
            limit=limit,
        )
        view["asked"] = {"person": look.get("person"), "channel": look.get("channel")}
        view["bot"]["here"] = self._wire is None or bool(self._wire.gateway.connections)
        view["greeting"] = self._greeting
        view["clock"] = {
            "now": self._clock.now().replace(microsecond=0).isoformat(),
            "due": instant(self._clock.next_due()),
            "what": self._clock.describe_due(),
            "moving": self._moving.locked(),
            "journey": self._journey,
        }
        return view

    def _person(self, wanted: object) -> Person:
        people = self._world.people.values()
        chosen = next((p for p in people if str(p.id) == wanted), None)
        return chosen or self._start_as or next(iter(people))

    def _mark_read(self, person: Person, channel: int) -> None:
        there = visible(self._world, person.id, channel)
        if there:
            self._reads[person.id, channel] = there[-1].id

    def _something_happened(self, event: str, payload: Mapping[str, Any]) -> None:
        for watcher in self._watchers:
            watcher.set()

    # ------------------------------------------------------------------- acting

    async def _act(self, request: web.Request) -> web.StreamResponse:
        body = await _json(request)
        person = next((p for p in self._world.people.values() if str(p.id) == body.get("person")), None)
        if person is None:
            return _refuse("Nobody of that name is in this rehearsal.")
        try:
            outcome = await self._deeds.act(person, body)
        except (CannotDo, Unclear) as refusal:
            return _refuse(str(refusal))
        finally:
            self._something_happened("", {})
        return web.json_response({"ok": True, **outcome})

    async def _move(self, request: web.Request) -> web.StreamResponse:
        body = await _json(request)
        if self._moving.locked():
            return _refuse("The clock is already moving.")
        start = self._clock.now()
        try:
            goal = destination(
                str(body.get("to", "")), now=start, next_due=self._clock.next_due(), real=self._real.now()
            )
        except NoSuchJump as refusal:
            return _refuse(str(refusal))
        async with self._moving:
            before = newest(self._world)
            self._journey = None
            self._something_happened("", {})
            await self._clock.advance_to(goal)
            await self._settle()
            self._journey = {
                "from": start.astimezone(UTC).isoformat(),
                "to": self._clock.now().isoformat(),
                **arrivals(self._world, before),
            }
        self._something_happened("", {})
        return web.json_response({"ok": True, "journey": self._journey})

    async def _settle(self) -> None:
        """Wait until nothing new has been written for a moment: what was due may still be on its way."""
        last = newest(self._world)
        for _ in range(10):
            await asyncio.sleep(_SETTLE)
            latest = newest(self._world)
            if latest == last:
                return
            last = latest


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _refuse(reason: str) -> web.Response:
    return web.json_response({"ok": False, "reason": reason})


async def _json(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="The page speaks JSON.\n")
    try:
        body: object = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="That was not JSON.\n") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The page sends one JSON object.\n")
    return cast(Json, body)
