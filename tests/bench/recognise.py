"""How long a reply takes to read, what memory that takes, and what it is worth: false alarms and held-out sentences.

Times and memory are measured in a process of its own that does nothing else, with and without the sentence encoder.
The replies are the development sentences, in turn. Rates on ordinary talk and idioms need REALLYOK_EVAL_DIR (null without);
held-out rates are those `python -m tests.support.train --measure` wrote down for the weights that are there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bot.support.weights import load as load_weights
from tests.launch.processes import ROOT
from tests.support.figures import HELD_OUT, wilson
from tests.support.sayings import calibration, sayings


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replies", type=int, default=2000)
    parser.add_argument("--every", type=int, default=1, help="of the calibration files, every so many rows")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.recognise", str(chosen.replies), str(chosen.every)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return {**json.loads(out.splitlines()[-1]), **held_out()}


def held_out() -> dict[str, Any]:
    """What was measured on authors the model did not know, and whether it is of the weights that are there."""
    written = json.loads(HELD_OUT.read_text(encoding="utf-8"))
    return {
        "held_out": written["figures"],
        "held_out_of_these_weights": written["made_from"] == load_weights().about["made_from"],
    }


def measured(replies: int, every: int) -> dict[str, Any]:
    """Run alone in a fresh process: everything that is loaded counts."""
    import psutil

    sockets: list[str] = []
    sys.addaudithook(lambda event, _: sockets.append(event) if event.startswith("socket.") else None)
    process = psutil.Process()
    texts = [saying.text for saying in sayings()]
    files = {name: _or_none(name) for name in ("ordinary_talk", "idioms")}

    def resident() -> float:
        return process.memory_info().rss / 2**20

    before = resident()
    from bot.content.library import default_root
    from bot.support.recognise import Recogniser

    recogniser = Recogniser.load(default_root())
    figures: dict[str, Any] = {"rss_delta_without_mb": round(resident() - before, 1)}
    figures |= _times(recogniser, texts, replies // 4, "_without")
    started = time.perf_counter()
    figures["encoder"] = recogniser.load_encoder()
    figures["load_s"] = round(time.perf_counter() - started, 2)
    figures |= _times(recogniser, texts, replies, "")
    figures["rss_delta_mb"] = round(resident() - before, 1)
    for name, some in files.items():
        figures[name] = None
        if some is not None:
            tiers = [recogniser.read(text).tier for text in some[::every]]
            figures[name] = {
                "any": wilson(sum(tier != "none" for tier in tiers), len(tiers)),
                "crisis": wilson(sum(tier == "crisis" for tier in tiers), len(tiers)),
            }
    figures["rss_delta_after_all_mb"] = round(resident() - before, 1)
    figures["replies"] = replies
    figures["sockets"] = len(sockets)
    return figures


def _times(recogniser: Any, texts: list[str], replies: int, ending: str) -> dict[str, float]:
    spent: list[float] = []
    for number in range(replies):
        text = texts[number * 7 % len(texts)]
        started = time.perf_counter()
        recogniser.read(text)
        spent.append((time.perf_counter() - started) * 1000)
    ranked = statistics.quantiles(spent, n=100)
    return {f"p50{ending}_ms": round(ranked[49], 2), f"p95{ending}_ms": round(ranked[94], 2)}


def _or_none(name: str) -> list[str] | None:
    try:
        return calibration(name)
    except LookupError:
        return None


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]))))
