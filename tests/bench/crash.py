"""Kills the bot while it sends, as often as told, and counts on the server what was lost or doubled."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from tests.crash.matrix import EVERY, MOMENTS, Matrix
from tests.crash.relayed import Relayed
from tests.crash.rung import Rung, Told
from tests.launch.processes import Nursery
from tests.launch.scene import Scene


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--talk-kills", type=int, default=60, help="while words are passed on in talks")
    parser.add_argument(
        "--call-kills", type=int, default=24, help="while calls are asked for, taken and closed"
    )
    parser.add_argument("--seed", type=int, default=20261122)


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    nursery = Nursery()
    try:
        scene = Scene(folder / "looking", nursery)
        await scene.open()
        tally = await Matrix(scene, chosen.seed).run(chosen.kills)
        await scene.close()
        for stage, moment in MOMENTS.items():
            struck = {str(b): n for b, n in tally.blows.items() if b.stage == stage}
            print(moment, struck)
        blind = Scene(folder / "blind", nursery)
        await blind.open()
        posted = [blow for blow in EVERY if blow.forgotten and blow.stage == "stored"]
        control = await Matrix(blind, chosen.seed, blows=posted, blind=True).run(max(6, chosen.kills // 20))
        await blind.close()
        talking = Scene(folder / "talking", nursery)
        await talking.open()
        rounds = Relayed(talking, chosen.seed)
        counted = await rounds.run(chosen.talk_kills)
        await talking.close()
        print("in talks", dict(rounds.blows))
        told, blows = await _calls(folder, nursery, chosen.seed, chosen.call_kills)
        print("in calls", dict(blows))
    finally:
        nursery.close()
    return {
        "kills": tally.kills,
        "messages": tally.sent,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "control_kills": control.kills,
        "control_lost": control.lost,
        "control_doubled": control.doubled,
        "talk_kills": rounds.blows.total(),
        **{f"talk_{name}": number for name, number in asdict(counted).items()},
        "call_kills": blows.total(),
        **{f"call_{name}": number for name, number in asdict(told).items()},
    }


async def _calls(folder: Path, nursery: Nursery, seed: int, kills: int) -> tuple[Told, Counter[str]]:
    """Evenings of calls, each in a world of its own, until the bot was killed so often."""
    told, blows = Told(), Counter[str]()
    while blows.total() < kills:
        scene = Scene(folder / f"calls-{seed}", nursery)
        await scene.open()
        evening = Rung(scene, seed)
        one = await evening.run(min(6, kills - blows.total()))
        await scene.close()
        blows += evening.blows
        told = Told(*(mine + theirs for mine, theirs in zip(astuple(told), astuple(one), strict=True)))
        seed += 1
    return told, blows
