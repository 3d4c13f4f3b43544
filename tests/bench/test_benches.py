"""Every bench in small, so that none rots; what they count must be right at any size, what they time is not looked at."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from tests.bench.__main__ import NAMES
from tests.launch.processes import ROOT

SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "checkin-round": ("--members 20", {"http_429": 0, "lost": 0, "doubled": 0}),
    "crash": (
        "--kills 6 --talk-kills 2 --session-kills 0",
        {"lost": 0, "doubled": 0, "talk_lost": 0, "talk_doubled": 0, "talk_crossed": 0, "event_lost": 0},
    ),
    "due-scan": ("--plans 200 --due 20", {"plans": 200, "due": 20}),
    "footprint": ("--starts 1", {"starts": 1}),
    "history": ("--days 60", {"answers": 9}),
    "interactions": ("--seconds 0.2 --burst 20", {"answers": 10}),
    "outbox-round": ("--messages 20", {"http_429": 0, "lost": 0, "doubled": 0}),
    "pairing": ("--sizes 40 41 40:0.6 --networkx 40", {"violations": 0, "pairs_short": 0, "avoidable": 0}),
    "privacy": ("--members 60 --weeks 10 --persons 10", {"canary_hits": 0, "retention_rows": 50}),
    "talk": (
        "--messages 5 --runs 1 --talks 4 --each 1",
        {"talks": 4, "written": 8, "lost": 0, "doubled": 0, "crossed": 0, "disordered": 0},
    ),
    "recognise": ("--replies 40 --every 40", {"sockets": 0, "encoder": True}),
    "replies": ("--members 20 --seconds 0.1 --runs 1", {}),
    "sessions": (
        "--series 20 --networks 4 --presses 10 --seconds 0.1 --runs 1 --reminders 20",
        {"lost": 0, "doubled": 0},
    ),
}


async def bench(name: str, options: str) -> dict[str, Any]:
    """The figures of one bench, run as people run it."""
    command = [sys.executable, "-m", "tests.bench", name, *options.split()]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(600):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def test_none_is_left_out() -> None:
    assert set(SMALL) == set(NAMES)


@pytest.mark.parametrize("name", SMALL)
async def test_it_runs_and_counts_right(name: str) -> None:
    options, counted = SMALL[name]
    figures = await bench(name, options)
    assert {key: figures[key] for key in counted} == counted
    if name == "replies":
        assert figures["told"] >= 10, "the kill comes when half have been told"
        assert figures["kept"] >= figures["told_kept"] == figures["told"]
