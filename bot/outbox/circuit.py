"""First contacts stop for a while when Discord says they come too fast (40003): going on gets a bot quarantined."""

from __future__ import annotations

import logging
import time

log = logging.getLogger("reallyok.outbox")

REST_S = 600.0


class Circuit:
    """Closed in ordinary times. Once opened, no DM is opened for ten minutes, for anybody."""

    def __init__(self) -> None:
        self._closes_at = float("-inf")

    def open(self) -> None:
        """Discord refused to open a DM because there were too many."""
        if not self.is_open():
            log.warning(
                "Discord says direct messages are opened too fast (40003). Nobody's is opened for %d minutes; people "
                "who join meanwhile are asked to press again later. If it comes back, let fewer people join at once.",
                REST_S // 60,
            )
        self._closes_at = time.monotonic() + REST_S

    def is_open(self) -> bool:
        """Whether first contacts rest."""
        return time.monotonic() < self._closes_at
