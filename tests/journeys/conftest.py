from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.openapi import Contract
from tests.launch.processes import Nursery
from tests.launch.scene import Scene


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    """The demo network on a real wire. What the bot sent is as Discord describes it, and nothing was unknown."""
    scene = Scene(tmp_path, nursery)
    scene.wire.record = True
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps
    contract = Contract.from_environment()
    if contract is not None:
        problems = {
            line for m, path, body, *_ in scene.wire.recorded for line in contract.request(m, path, body)
        }
        assert not problems, "\n".join(sorted(problems))
