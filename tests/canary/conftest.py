from __future__ import annotations

from tests.journeys.conftest import scene

__all__ = ["scene"]
