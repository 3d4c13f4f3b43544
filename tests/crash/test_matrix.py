"""Killed at every moment: nothing is lost and nothing is said twice; and the proof that looking is what does it.

Each moment comes several times here; `python -m tests.bench crash` strikes two hundred times.
"""

from __future__ import annotations

from tests.crash.matrix import EVERY, Matrix
from tests.launch.scene import Scene

KILLS = 72


async def test_killed_at_every_moment_nothing_is_lost_or_doubled(scene: Scene) -> None:
    tally = await Matrix(scene, seed=20261122).run(KILLS)
    assert tally.kills >= KILLS
    missed = [str(blow) for blow in EVERY if tally.blows[blow] < KILLS // 24]
    assert not missed, f"hardly ever struck: {missed}"
    assert (tally.lost, tally.doubled) == (0, 0)


async def test_without_looking_and_with_nonces_forgotten_messages_double(scene: Scene) -> None:
    posted = [blow for blow in EVERY if blow.forgotten and blow.stage == "stored"]
    tally = await Matrix(scene, seed=7, blows=posted, blind=True).run(6)
    assert tally.lost == 0
    assert tally.doubled >= 6, "the control doubles, or the test above proves nothing"
