"""Discord's memory of nonces: a message sent again with the same one is the same message.

With `enforce_nonce`, a repeat by the same author in the same channel answers with the first message and
stores nothing. Discord remembers for "a few minutes"; after that the repeat is a second message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from simcord.http.router import RequestContext

from bot.sandbox.store import Store


class Nonces:
    """What has been sent with a nonce lately. `lifetime` is in real seconds and may be changed at any time."""

    def __init__(self, lifetime: float = 180.0) -> None:
        self.lifetime = lifetime
        self._sent: dict[tuple[int, str], tuple[float, Any]] = {}

    def forget(self) -> None:
        """Remember nothing, as Discord does after a few minutes."""
        self._sent.clear()

    def carry_out(
        self,
        store: Store,
        segments: list[str],
        context: RequestContext,
        handler: Callable[[RequestContext], Any],
    ) -> Any:
        """Run the handler, unless it would store a message that was already stored."""
        if context.method != "POST" or segments[0] != "channels" or segments[2:] != ["messages"]:
            return handler(context)
        nonce = context.body().get("nonce")
        if nonce is None:
            return handler(context)
        key = (int(segments[1]), str(nonce))
        now = time.monotonic()
        if context.body().get("enforce_nonce") is True:
            known = self._sent.get(key)
            if known is not None and now - known[0] < self.lifetime:
                return known[1]
        store.nonce = nonce
        try:
            answer = handler(context)
        finally:
            store.nonce = None
        answer["nonce"] = nonce
        self._expire(now)
        self._sent[key] = (now, answer)
        return answer

    def _expire(self, now: float) -> None:
        # The oldest come first; a lifetime that was changed only delays this.
        for key, (sent_at, _) in list(self._sent.items())[:2]:
            if now - sent_at >= self.lifetime:
                del self._sent[key]
