"""The wire: one local server that is REST, gateway, file store and, for tests, remote control."""

from __future__ import annotations

import ipaddress
import json
import logging
import secrets
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.sandbox.wire.control import Control
from bot.sandbox.wire.faults import Dropped, Faults
from bot.sandbox.wire.gateway import Gateway
from bot.sandbox.wire.limits import Limits, RateLimiter, Stats
from bot.sandbox.wire.rest import Gap, Rest
from bot.sandbox.world import World

log = logging.getLogger(__name__)

_API = "/api/v10"


class Wire:
    """A Discord on this machine alone.

    Point any discord.py program at it with `discord.http.Route.BASE = wire.api_url` and
    `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(wire.gateway_url)`, and give it `world.token`.
    """

    def __init__(self, world: World, *, faults: Faults | None = None, limits: Limits | None = None) -> None:
        self.world = world
        self.stats = Stats()
        self.limits = limits or Limits()
        self.faults = faults or Faults()
        self.control_token = secrets.token_urlsafe(24)
        """Requests to /_rehearsal carry this in the header `X-Rehearsal-Token`."""
        self._limiter = RateLimiter(self.limits)
        self.gateway = Gateway(world.backend, world.token, self.stats)
        self._rest = Rest(world.backend, world.token, self.stats, self._limiter, self.faults)
        self._control = Control(
            world, self._rest, self.gateway, self._limiter, self.stats, self.control_token
        )
        self._runner: web.ServerRunner | None = None
        self._origin = ""

    @property
    def api_url(self) -> str:
        """The address of the REST API, as `Route.BASE` wants it."""
        return self._origin + _API

    @property
    def gateway_url(self) -> str:
        """The address of the gateway."""
        return f"ws{self._origin.removeprefix('http')}/gateway"

    @property
    def control_url(self) -> str:
        """The address of the remote control."""
        return f"{self._origin}/_rehearsal"

    @property
    def gaps(self) -> list[Gap]:
        """What was asked for and does not exist here. Empty in any test that means something."""
        return self._rest.gaps

    @property
    def record(self) -> bool:
        """Whether requests and answers are kept in `recorded`."""
        return self._rest.record

    @record.setter
    def record(self, wanted: bool) -> None:
        self._rest.record = wanted

    @property
    def recorded(self) -> list[tuple[str, str, Any, int, Any]]:
        """(method, path, request body, status, answer) of every request while `record` was on."""
        return self._rest.recorded

    @property
    def nonce_lifetime(self) -> float:
        """How long a nonce is remembered, in real seconds."""
        return self._rest.nonces.lifetime

    @nonce_lifetime.setter
    def nonce_lifetime(self, seconds: float) -> None:
        self._rest.nonces.lifetime = seconds

    def forget_nonces(self) -> None:
        """Forget every nonce now."""
        self._rest.nonces.forget()

    def forget_limits(self) -> None:
        """Start every rate limit window afresh."""
        self._limiter.forget()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on a loopback address; ValueError for any other. Port 0 takes a free one."""
        if not ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback:
            raise ValueError("the rehearsal's Discord listens on this machine alone")
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        name, chosen = self._runner.addresses[0][:2]
        self._origin = f"http://[{name}]:{chosen}" if ":" in name else f"http://{name}:{chosen}"
        self.gateway.url = self.gateway_url
        self.world.backend.move_files(f"{self._origin}/cdn")

    async def stop(self) -> None:
        """Let go of everything that hangs, end every connection and stop listening."""
        self.faults.clear()
        await self.gateway.drop(1001)
        self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.startswith(_API + "/"):
            path = path.removeprefix(_API)
            if path.startswith("/gateway"):
                return self._where_gateway(request, path)
            self._rest.reads_content = self.gateway.reads_content
            try:
                return await self._rest.serve(request, path)
            except Dropped:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
        if path.rstrip("/") == "/gateway" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.gateway.serve(request)
        if path.startswith("/cdn/"):
            data = self.world.backend.files.get(self._origin + unquote(path))
            return web.Response(status=404) if data is None else web.Response(body=data)
        if path.startswith("/_rehearsal/"):
            return await self._control.serve(request, path.removeprefix("/_rehearsal/"))
        self._rest.gaps.append(Gap("route", request.method, path, "no such address"))
        log.error("The rehearsal's Discord has no address %s %s", request.method, path)
        return web.json_response({"message": "404: Not Found", "code": 0}, status=404)

    def _where_gateway(self, request: web.BaseRequest, path: str) -> web.Response:
        answer: dict[str, Any] = {"url": self.gateway_url}
        if path == "/gateway/bot":
            if request.headers.get("Authorization") != f"Bot {self.world.token}":
                return _json({"message": "401: Unauthorized", "code": 0}, 401)
            left = max(1000 - self.stats.identifies, 0)
            answer["shards"] = 1
            answer["session_start_limit"] = {
                "total": 1000,
                "remaining": left,
                "reset_after": 86_400_000,
                "max_concurrency": 1,
            }
        return _json(answer, 200)


def _json(value: Any, status: int) -> web.Response:
    # Exactly this header: discord.py reads an answer as JSON only when it names no character set.
    return web.Response(
        body=json.dumps(value).encode(), status=status, headers={"Content-Type": "application/json"}
    )
