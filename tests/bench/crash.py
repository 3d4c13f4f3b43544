"""Kills the bot while it sends, as often as told, and counts on the server what was lost or doubled."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from tests.crash.edited import Edited
from tests.crash.matrix import EVERY, MOMENTS, Matrix
from tests.crash.mirrored import Mirrored
from tests.crash.relayed import Relayed
from tests.crash.rung import Rung, Told
from tests.crash.saved import Saved
from tests.crash.twins import Twins
from tests.launch.processes import Nursery
from tests.launch.scene import Scene


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--talk-kills", type=int, default=60, help="while words are passed on in talks")
    parser.add_argument(
        "--call-kills", type=int, default=24, help="while calls are asked for, taken and closed"
    )
    parser.add_argument(
        "--session-kills", type=int, default=6, help="in each of the four ways sessions are interrupted"
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
        sessions = await _sessions(folder, nursery, chosen.seed, chosen.session_kills)
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
        **sessions,
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


async def _sessions(folder: Path, nursery: Nursery, seed: int, kills: int) -> dict[str, int]:
    """Sessions saved, shown among Discord's own events, changed in the middle of a round, and two copies started at once."""
    figures: dict[str, int] = {}
    for name, kind in (("save", Saved), ("event", Mirrored)):
        scene = Scene(folder / name, nursery)
        await scene.open()
        rounds = kind(scene, seed)
        counted = await rounds.run(kills)
        await scene.close()
        print(f"{name}:", dict(rounds.blows))
        figures |= _named(name, rounds.blows, asdict(counted))
    for name, story in (("edit", Edited), ("twin", Twins)):
        blows, sums = Counter[str](), Counter[str]()
        while blows.total() < kills:
            scene = Scene(folder / f"{name}-{seed}", nursery)
            await scene.open()
            one = story(scene, seed)
            sums.update(asdict(await one.run()))
            await scene.close()
            blows += one.blows
            seed += 1
        print(f"{name}:", dict(blows))
        figures |= _named(name, blows, sums)
    return figures


def _named(name: str, blows: Counter[str], counted: Mapping[str, int]) -> dict[str, int]:
    return {f"{name}_kills": blows.total(), **{f"{name}_{what}": many for what, many in counted.items()}}
