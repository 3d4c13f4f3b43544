from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.checkins.evening import evening
from tests.members.place import Place

__all__ = ["evening", "place"]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    one = Place(tmp_path)
    await one.fill()
    yield one
    one.store.close()
