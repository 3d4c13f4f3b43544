from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.buddies.house import House
from tests.checkins.evening import evening

__all__ = ["evening"]


@pytest.fixture
def house() -> Iterator[House]:
    """A network with nobody in it yet."""
    one = House()
    yield one
    one.close()
