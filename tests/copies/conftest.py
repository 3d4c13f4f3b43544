from __future__ import annotations

from pathlib import Path

import pytest

from tests.copies.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with three people in it."""
    house = House(tmp_path / "a house, 100% #1")
    house.fill()
    return house
