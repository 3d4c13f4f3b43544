"""The scene every crash happens in: a wire that stays while processes die."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.launch.processes import Nursery
from tests.launch.scene import Scene


@pytest.fixture
async def scene(tmp_path: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, nursery)
    await scene.open()
    yield scene
    await scene.close()
    assert not scene.wire.gaps, scene.wire.gaps


@pytest.fixture
def unpaced(scene: Scene) -> None:
    """What is tested is what survives, not how fast it goes."""
    scene.wire.limits.per_second = scene.wire.limits.messages = None
