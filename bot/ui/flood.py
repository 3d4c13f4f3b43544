"""How much of one person's tapping the bot takes at once. Support is never counted."""

from __future__ import annotations

BURST = 30
PER_SECOND = 2.0
_MOST = 5_000


class Flood:
    """A bucket a person: thirty taps at once, two a second after that. In memory, and forgotten within seconds.

    Nobody in need taps faster; a program, a stuck key or a cat does, and would slow everybody down.
    """

    def __init__(self) -> None:
        self._full_at: dict[int, float] = {}

    def allows(self, user_id: int, now: float) -> bool:
        """Whether one more is taken from this person. `now` is in seconds by the monotonic clock."""
        if len(self._full_at) > _MOST:
            self._full_at = {who: at for who, at in self._full_at.items() if at > now}
        full_at = max(now, self._full_at.get(user_id, now))
        if full_at - now > (BURST - 1) / PER_SECOND:
            return False
        self._full_at[user_id] = full_at + 1 / PER_SECOND
        return True
