"""Who may drive the page: this computer's own browser, with this run's token, and nobody else.

A page on the internet can make a browser send requests to 127.0.0.1, by a form, a script or a name that
is re-pointed here. Hence three checks on every request: the Host is ours, the Origin (if any) is ours, and the token is this run's.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def policy(port: int) -> str:
    """The content security policy: everything from this page's own address, nothing from anywhere else."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        f"connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this computer alone."""
    return host in {"127.0.0.1", "localhost", "::1"}


class Guard:
    """Middleware that refuses what did not come from the page itself."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.port = 0

    def knows(self, request: web.Request) -> bool:
        """Whether the request carries this run's token, in the header or (for pictures and the socket) the address."""
        offered = request.headers.get("X-Rehearsal-Token") or request.query.get("k", "")
        return hmac.compare_digest(offered.encode(), self._token.encode())

    def _is_ours(self, request: web.Request) -> bool:
        hosts = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if request.headers.get("Host", "").lower() not in hosts:
            return False
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in hosts}:
            return False
        return request.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"} or _is_a_visit(
            request
        )

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._is_ours(request):
            response: web.StreamResponse = web.Response(
                status=403, text="This page answers only this computer.\n"
            )
        elif not request.path.startswith("/static/") and not self.knows(request):
            response = web.Response(
                status=403,
                text="This address lacks the rehearsal's key, or an older one. "
                "Open the whole address that the terminal printed.\n",
            )
        else:
            try:
                response = await handler(request)
            except web.HTTPException as refusal:
                refusal.headers.update(HEADERS)
                raise
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Content-Security-Policy", policy(self.port))
        return response


def _is_a_visit(request: web.Request) -> bool:
    """Somebody following a link to the page (with its key): a whole page opens, and nothing is done by it."""
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.path == "/"
    )
