"""Words passed on between people, with the bot killed at every moment: none lost, doubled, out of order, or astray."""

from __future__ import annotations

from tests.crash.pairs import Counted
from tests.crash.relayed import Relayed
from tests.launch.scene import Scene

KILLS = 6


async def test_what_people_write_to_one_another_survives_every_kill(scene: Scene) -> None:
    rounds = Relayed(scene, seed=20261122)
    counted = await rounds.run(KILLS)
    assert rounds.blows.total() == KILLS
    assert len(rounds.blows) == 3
    assert counted == Counted(written=counted.written)
    assert counted.written > KILLS
