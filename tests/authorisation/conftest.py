from __future__ import annotations

from tests.authorisation.town import town
from tests.checkins.evening import evening

__all__ = ["evening", "town"]
