from __future__ import annotations

from tests.checkins.evening import evening

__all__ = ["evening"]
