"""Calls with the bot killed at every moment: nobody unasked or asked twice, one holder, the details to nobody else."""

from __future__ import annotations

from tests.crash.rung import Rung, Told
from tests.launch.scene import Scene

KILLS = 6


async def test_a_call_survives_every_kill_from_asking_to_closing(scene: Scene) -> None:
    rounds = Rung(scene, seed=20261122)
    told = await rounds.run(KILLS)
    assert rounds.blows.total() >= KILLS - 1, rounds.blows
    assert told == Told(calls=len(rounds.members))
