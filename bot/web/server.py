"""`/health`, `/ready` and `/calendar/<secret>.ics`. Only where the operator gives a port; on this machine alone by default.

An address is a key, so nothing of a request is logged: not the address, not who asked. What does not exist, what is
malformed and what was taken away all look the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.errors import StoreUnavailable

log = logging.getLogger("reallyok.web")

Calendar = Callable[[str], Awaitable[bytes | None]]
"""The file for a secret, or None where there is none. Raises `StoreUnavailable`."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
AT_ONCE = 4
"""Calendars made at the same moment; the others wait. Members' presses go before calendars."""
WAITING = 64
PATIENCE_S = 20.0
AGAIN_S = "60"
CALENDAR_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": 'inline; filename="sessions.ics"',
}


class Web:
    """Runs from the bot's start to its end. `ready` says whether members are being answered."""

    def __init__(self, host: str, port: int, ready: Callable[[], bool], calendar: Calendar) -> None:
        self._host = host
        self._port = port
        self._ready = ready
        self._calendar = calendar
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._runner: web.AppRunner | None = None
        self.bound = 0
        """The port it listens on; 0 while it does not."""

    async def start(self) -> None:
        """Listen. A port that is taken is said in the log, and the bot goes on without."""
        app = web.Application(client_max_size=1024)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._readiness)
        app.router.add_get("/calendar/{secret}.ics", self._give)
        # aiohttp's own loggers would write the address of whatever fails: it is a key.
        silent = logging.getLogger("reallyok.web.silent")
        silent.disabled = True
        self._runner = web.AppRunner(app, access_log=None, logger=silent)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            log.error(
                "The small web server cannot listen on %s, port %d (%s). Calendars and /health rest until the next "
                "start; everything else works.",
                self._host,
                self._port,
                error.strerror or type(error).__name__,
            )
            await self.stop()
            return
        self.bound = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Answer nobody any more."""
        runner, self._runner, self.bound = self._runner, None, 0
        if runner is not None:
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readiness(self, _: web.Request) -> web.Response:
        ready = self._ready()
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)

    async def _give(self, request: web.Request) -> web.Response:
        try:
            return await self._calendar_for(request)
        except (StoreUnavailable, TimeoutError):
            return web.Response(status=503, headers={"Retry-After": AGAIN_S})
        except web.HTTPException:
            raise
        except Exception as error:
            log.error("A calendar could not be made (%s).", type(error).__name__)
            return web.Response(status=500)

    async def _calendar_for(self, request: web.Request) -> web.Response:
        secret = request.match_info["secret"]
        if not _SECRET.fullmatch(secret):
            raise web.HTTPNotFound
        if self._waiting >= WAITING:
            return web.Response(status=503, headers={"Retry-After": AGAIN_S})
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S), self._room:
                body = await self._calendar(secret)
        finally:
            self._waiting -= 1
        if body is None:
            raise web.HTTPNotFound
        mark = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**CALENDAR_HEADERS, "ETag": mark}
        if mark in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)
