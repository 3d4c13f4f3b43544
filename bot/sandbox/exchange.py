"""One thing a person asked of the bot, and what became of it.

Discord gives a bot three real seconds to answer an interaction and fifteen minutes to follow it up. Both
are measured here on the monotonic clock: a rehearsal's clock may jump days while an answer is in flight.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from simcord.backend.models import Interaction
from simcord.backend.models.interaction import ResponseKind

# Discord's flag for "is thinking...": a deferred answer that has not come yet.
LOADING = 1 << 7

_FAILED = "The application did not respond in time."


class Exchange:
    """An interaction as the person who started it sees it. `error` is None unless the bot failed to answer."""

    def __init__(
        self,
        record: Interaction,
        payload: dict[str, Any],
        *,
        read: Callable[[int, int, int], dict[str, Any] | None],
        changed: Callable[[Exchange], None],
        answer_within: float,
        opener: Exchange | None = None,
    ) -> None:
        self.id = record.id
        self.record = record
        self.payload = payload
        self.opener = opener
        """For a form: what opened it."""
        self.asked_at = time.monotonic()
        self.answered = asyncio.Event()
        self.error: str | None = None
        self._read = read
        self._changed = changed
        self._news = asyncio.Event()
        self._timer = asyncio.get_running_loop().call_later(answer_within, self._expire)

    @property
    def age(self) -> float:
        """Real seconds since the person asked."""
        return time.monotonic() - self.asked_at

    @property
    def kind(self) -> int:
        """Discord's interaction type: 2 command, 3 component, 4 autocomplete, 5 modal."""
        return self.record.type

    @property
    def modal(self) -> dict[str, Any] | None:
        """The form the bot opened, if it opened one that has not been sent yet."""
        return None if self.record.modal_consumed else self.record.modal

    @property
    def deferred(self) -> bool:
        """Whether the bot has only said "wait": thinking, or a silent acknowledgement of a button."""
        return self.record.deferred

    @property
    def ephemeral(self) -> bool:
        """Whether the first answer is for this person's eyes only."""
        return self.record.ephemeral

    @property
    def choices(self) -> list[dict[str, Any]]:
        """What an autocomplete offered."""
        return self.record.autocomplete_choices or []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The answer (or the message it edited) and every follow-up that still exists, oldest first."""
        first = self.record.message_id
        silent = self.record.response_kind == ResponseKind.DEFERRED_UPDATE
        ids = [first] if first is not None and not silent else []
        wanted = [*ids, *self.record.followup_ids]
        found = (self._read(self.record.channel_id, mid, self.record.user_id) for mid in wanted)
        return [message for message in found if message is not None]

    async def wait(self, patience_s: float = 5.0) -> Exchange:
        """Wait until the bot first answers, or fails to; raise TimeoutError after `patience_s` of neither."""
        await asyncio.wait_for(self.answered.wait(), patience_s)
        return self

    async def message(self, number: int = 1, patience_s: float = 5.0) -> dict[str, Any]:
        """The `number`-th finished message, waiting past "thinking..."; TimeoutError when it does not come."""
        async with asyncio.timeout(patience_s):
            while True:
                self._news.clear()
                done = [m for m in self.messages if not m["flags"] & LOADING]
                if len(done) >= number:
                    return done[number - 1]
                await self._news.wait()

    def refresh(self) -> None:
        """Called when the bot has answered, edited or followed up."""
        if self.record.responded and not self.answered.is_set():
            self._timer.cancel()
            self.answered.set()
        self._news.set()
        self._changed(self)

    def abandon(self) -> None:
        """Stop the clock of an exchange nobody waits for any more."""
        self._timer.cancel()

    def _expire(self) -> None:
        if not self.record.responded:
            self.error = _FAILED
            if self.opener is not None:
                self.opener.record.modal_consumed = False  # the form stays open, to be sent again
            self.answered.set()
            self._news.set()
            self._changed(self)
