"""Discord's rate limits: what is counted, how many are allowed, and what a bot is told.

Windows are fixed and open with the first request after the last one closed, as Discord's do: 50 requests
in the second that starts with the first of them. They run on the monotonic clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# One window is kept for each channel; closed ones are dropped when there are this many.
_MANY = 5_000


@dataclass(slots=True)
class Limits:
    """How much the wire allows. None switches a limit off; all may be changed while it runs."""

    per_second: int | None = 50
    """Requests a second for the whole bot. Interaction answers and follow-ups are exempt, as on Discord."""
    messages: tuple[int, float] | None = (5, 5.0)
    """Messages created in one channel: how many, in how many seconds."""
    edits: tuple[int, float] | None = (5, 5.0)
    """Messages edited in one channel: how many, in how many seconds."""


@dataclass(slots=True)
class Stats:
    """What has been counted since the wire started."""

    requests: int = 0
    http_429: int = 0
    global_429: int = 0
    channel_429: int = 0
    invalid: int = 0
    """Answers of 401, 403 or 429: ten thousand in ten minutes and Discord bans the address."""
    identifies: int = 0
    resumes: int = 0
    by_status: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell the bot. `retry_after` is in seconds and set when the request is refused."""

    headers: dict[str, str]
    retry_after: float | None = None
    everywhere: bool = False


class _Window:
    __slots__ = ("closes", "used")

    def __init__(self) -> None:
        self.closes = 0.0
        self.used = 0

    def take(self, now: float, length: float, allowed: int) -> bool:
        if now >= self.closes:
            self.closes, self.used = now + length, 0
        self.used += 1
        return self.used <= allowed


class RateLimiter:
    """Counts requests in their windows."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._second = _Window()
        self._channels: dict[str, _Window] = {}

    def forget(self) -> None:
        """Open every window afresh."""
        self._second = _Window()
        self._channels.clear()

    def take(self, method: str, segments: list[str], *, exempt: bool, wall: float) -> Verdict:
        """Count a request; `wall` is the world's time in seconds, for the header that tells it."""
        if exempt:
            return Verdict({})
        now = time.monotonic()
        allowed = self.limits.per_second
        if allowed is not None and not self._second.take(now, 1.0, allowed):
            left = max(self._second.closes - now, 0.001)
            headers = {"Retry-After": f"{left:.3f}", "X-RateLimit-Global": "true"}
            headers["X-RateLimit-Scope"] = "global"
            return Verdict(headers, left, everywhere=True)
        bucket = self._bucket(method, segments)
        if bucket is None:
            return Verdict({})
        name, rule = bucket
        window = self._window(name + segments[1], now)
        fits = window.take(now, rule[1], rule[0])
        left = max(window.closes - now, 0.001)
        headers = {
            "X-RateLimit-Limit": str(rule[0]),
            "X-RateLimit-Remaining": str(max(rule[0] - window.used, 0)),
            "X-RateLimit-Reset": f"{wall + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if fits:
            return Verdict(headers)
        return Verdict(headers | {"Retry-After": f"{left:.3f}", "X-RateLimit-Scope": "user"}, left)

    def _bucket(self, method: str, segments: list[str]) -> tuple[str, tuple[int, float]] | None:
        if segments[0] != "channels" or len(segments) < 3 or segments[2] != "messages":
            return None
        if method == "POST" and len(segments) == 3 and self.limits.messages is not None:
            return "rehearsal-messages", self.limits.messages
        if method == "PATCH" and len(segments) == 4 and self.limits.edits is not None:
            return "rehearsal-edits", self.limits.edits
        return None

    def _window(self, key: str, now: float) -> _Window:
        window = self._channels.get(key)
        if window is None:
            if len(self._channels) >= _MANY:
                self._channels = {k: w for k, w in self._channels.items() if w.closes > now}
            window = self._channels[key] = _Window()
        return window
