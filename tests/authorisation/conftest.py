from __future__ import annotations

from tests.authorisation.town import town

__all__ = ["town"]
