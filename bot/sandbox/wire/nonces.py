"""Discord's memory of nonces: a message sent again with the same one is the same message.

With `enforce_nonce`, a repeat by the same author in the same channel answers with the first message and
stores nothing; if that was deleted meanwhile, the answer is 10008. Discord remembers for "a few minutes";
after that the repeat is a second message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from simcord.backend import serializers
from simcord.http.router import RequestContext

from bot.sandbox.store import Store


class Nonces:
    """What has been sent with a nonce lately. `lifetime` is in real seconds and may be changed at any time."""

    def __init__(self, lifetime: float = 180.0) -> None:
        self.lifetime = lifetime
        self._sent: dict[tuple[int, str], tuple[float, int]] = {}

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
        channel_id = int(segments[1])
        key = (channel_id, str(nonce))
        now = time.monotonic()
        if context.body().get("enforce_nonce") is True:
            sent_at, message_id = self._sent.get(key, (0.0, 0))
            if message_id and now - sent_at < self.lifetime:
                first: dict[str, Any] = dict(
                    serializers.message_payload(store, store.get_message(channel_id, message_id))
                )
                return first | {"nonce": nonce}
        store.nonce = nonce
        try:
            answer = handler(context)
        finally:
            store.nonce = None
        self._expire(now)
        self._sent[key] = (now, int(answer["id"]))
        return answer | {"nonce": nonce}

    def _expire(self, now: float) -> None:
        # The oldest come first; a lifetime that was changed only delays this.
        for key in list(islice(self._sent, 2)):
            if now - self._sent[key][0] >= self.lifetime:
                del self._sent[key]
