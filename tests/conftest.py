from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from bot.sandbox.exchange import Exchange
from tests.launch.processes import Nursery
from tests.launch.scene import PATIENCE_S

# Hypothesis draws the same examples each time and holds nothing to a time, so that a run says something of what
# changed and not of the machine. To look elsewhere: `pytest --hypothesis-profile=default`.
settings.load_profile("ci")

# People here wait as long as it takes: how busy the machine is decides nothing.
Exchange.wait.__defaults__ = (PATIENCE_S,)
Exchange.message.__defaults__ = (1, PATIENCE_S)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One fork server for the whole run; it starts with the first test that needs a bot."""
    nursery = Nursery()
    yield nursery
    nursery.close()
