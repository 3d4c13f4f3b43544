from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.launch.processes import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One fork server for the whole run; it starts with the first test that needs a bot."""
    nursery = Nursery()
    yield nursery
    nursery.close()
