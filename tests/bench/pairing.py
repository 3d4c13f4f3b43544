"""Rounds of buddies for networks of many sizes: how fast, how good, and whether anybody is put together who may not be.

Each size is a made-up network (`tests/buddies/people.py`): uneven employers, regions, wishes, whom they met of late;
`giant` is the share that works for one employer. The round is put together by the matching process, while a bot with
its wire is connected in this process. A line each:

`cpu_s` what the matching process used, its start included (`start_cpu_s`, in the sum, is that alone); `score_over_best`
the scores of all pairs, over those of the best matching among all pairs there could be (rustworkx; at 100 and 300
networkx finds it too, from scores and rules asked one pair at a time); `pairs_short` how many pairs fewer than that has;
`avoidable` how many of the `unmatched` another round could have put in a pair: none, where it is 0. Up to 1,001 people
that is by the best matching; above, by what no matching can exceed: half of those who have any legal partner, and no
more pairs than there are people outside the largest employer (two within it are never one; the best matching is
checked against that too);
`violations` what a checker finds that knows the rules and none of the code; `rss_mb` the most that process held;
`loop_stall_ms` the longest the bot's event loop was late, `quiet_stall_ms` the same for as long with nothing to match,
`beside_stall_ms` the same for as long beside a process that does nothing but use as much of the machine: the floor;
and `loop_held_ms` the longest it was busy without a pause, which other programs on the machine do not stretch.
`networkx_ratio`: how many times as much CPU networkx takes for the best matching as we for our round.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx
import psutil
import rustworkx

from bot.buddies.crowd import Crowd
from bot.buddies.matching import ranks_of
from bot.buddies.matchmaker import Matchmaker
from bot.buddies.rules import Forbidden, Person, Round, legal
from bot.buddies.scoring import score
from tests.buddies.judge import violations
from tests.buddies.people import history, network
from tests.checkins.evening import Evening

SIZES = ("100", "300", "1000", "1001", "1000:0.6", "10000", "10001", "10000:0.6", "50000", "50000:0.6")
DENSE = 1001
LONGEST_QUIET_S = 30.0
BURN = "import os; os.nice(10)\nwhile True: pass"
SEED = 1


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, help="people, or people:share of the giant employer"
    )
    parser.add_argument("--networkx", nargs="*", type=int, default=[100, 300], help="sizes it is asked about")


async def run(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    evening = Evening(folder / "evening")
    await evening.open()
    maker, rows = Matchmaker(), list[dict[str, Any]]()
    try:
        start = (await _round(maker, network(2), Forbidden()))[1].cpu_s
        for size in chosen.sizes:
            many, _, giant = size.partition(":")
            rows.append(
                await _size(maker, int(many), float(giant or 0), int(many) in chosen.networkx and not giant)
            )
            print(json.dumps(rows[-1]), flush=True)
    finally:
        await maker.close()
        await evening.close()
    plain = [
        (row["n"], max(row["cpu_s"] - start, 0.001)) for row in rows if not row["giant"] and row["n"] % 2 == 0
    ]
    return {
        "sizes": list(chosen.sizes),
        "cpu_s": {size: row["cpu_s"] for size, row in zip(chosen.sizes, rows, strict=True)},
        "start_cpu_s": round(start, 2),
        "growth_exponent": _exponent([each for each in plain if each[0] >= 1000] or plain),
        "score_over_best": min(
            (row["score_over_best"] for row in rows if "score_over_best" in row), default=None
        ),
        "networkx_ratio": _last(rows, "networkx_ratio"),
        "violations": sum(row["violations"] for row in rows),
        "pairs_short": sum(row.get("pairs_short", 0) for row in rows),
        "avoidable": sum(row["avoidable"] for row in rows),
        "rss_mb": max(row["rss_mb"] for row in rows),
        "loop_stall_ms": max(row["loop_stall_ms"] for row in rows),
        "quiet_stall_ms": max(row["quiet_stall_ms"] for row in rows),
        "beside_stall_ms": max(row["beside_stall_ms"] for row in rows),
        "loop_held_ms": max(row["loop_held_ms"] for row in rows),
    }


def _last(rows: Sequence[dict[str, Any]], key: str) -> Any:
    return next((row[key] for row in reversed(rows) if key in row), None)


def _exponent(points: Sequence[tuple[int, float]]) -> float | None:
    """The slope of a straight line through the logarithms: 1 is "twice the people, twice the time"."""
    xs, ys = [math.log(n) for n, _ in points], [math.log(cpu) for _, cpu in points]
    if len(set(xs)) < 2:
        return None
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
    return round(slope, 2)


async def _size(maker: Matchmaker, many: int, giant: float, with_networkx: bool) -> dict[str, Any]:
    people = network(many, giant=giant)
    forbidden = history(people)
    gc.collect()
    gc.freeze()  # made-up people are not the bot's garbage
    found, cost = await _round(maker, people, forbidden)
    quiet, beside, span = _Watch(None), _Watch(None), min(max(cost.wall_s, 0.5), LONGEST_QUIET_S)
    async with quiet:
        await asyncio.sleep(span)
    burning = await asyncio.create_subprocess_exec(sys.executable, "-c", BURN)
    try:
        async with beside:
            await asyncio.sleep(span)
    finally:
        burning.kill()
        await burning.wait()
    row: dict[str, Any] = {
        "n": many,
        "giant": giant,
        "cpu_s": round(cost.cpu_s, 2),
        "wall_s": round(cost.wall_s, 2),
        "pairs": len(found.pairs),
        "trios": len(found.trios),
        "unmatched": len(found.left),
        "unmatched_why": Counter(why.value for _, why in found.left),
        "violations": len(violations(people, list(forbidden.pairs()), found)),
        "rss_mb": round(cost.watch.rss / 2**20, 1),
        "loop_stall_ms": round(cost.watch.stall * 1000, 1),
        "quiet_stall_ms": round(quiet.stall * 1000, 1),
        "beside_stall_ms": round(beside.stall * 1000, 1),
        "loop_held_ms": round(cost.watch.held * 1000, 1),
    }
    most = _most(people, forbidden)
    row["avoidable"] = 2 * (most - len(found.groups))
    if many <= DENSE:
        ours, by_id = 0, {person.id: person for person in people}
        for group in found.groups:
            ours += max(score(by_id[one], by_id[two]) for one, two in combinations(group, 2))
        best, pairs = _dense(people, forbidden)
        assert pairs <= most, "no matching has more pairs than there can be"
        row["avoidable"] = 2 * (pairs - len(found.groups))
        row |= {"score_over_best": round(ours / best, 6), "pairs_short": pairs - len(found.groups)}
        if with_networkx:
            oracle, oracle_pairs, cpu_s = _networkx(people, forbidden)
            assert (oracle, oracle_pairs) == (best, pairs), "two who look for the best find the same"
            row |= {"networkx_cpu_s": round(cpu_s, 2), "networkx_ratio": round(cpu_s / cost.cpu_s, 1)}
    gc.unfreeze()
    return row


@dataclass
class _Cost:
    cpu_s: float
    wall_s: float
    watch: _Watch


class _Watch:
    """How late the event loop was and how long it was busy, at the worst; the most memory the process had."""

    def __init__(self, maker: Matchmaker | None) -> None:
        self._maker = maker
        self.stall = self.held = 0.0
        self.rss = 0

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._look())
        await asyncio.sleep(0)

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        beats = 0
        while True:
            begun, busy = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.stall = max(self.stall, time.perf_counter() - begun - 0.001)
            self.held = max(self.held, time.thread_time() - busy)
            beats += 1
            if beats % 10 == 0 and self._maker is not None and self._maker.pid is not None:
                try:
                    self.rss = max(self.rss, psutil.Process(self._maker.pid).memory_info().rss)
                except psutil.Error:
                    continue


async def _round(maker: Matchmaker, people: Sequence[Person], forbidden: Forbidden) -> tuple[Round, _Cost]:
    before, begun, watch = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), _Watch(maker)
    async with watch:
        found = await maker.match(people, forbidden, SEED)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found, _Cost(cpu, wall, watch)


def _most(people: Sequence[Person], forbidden: Forbidden) -> int:
    """A number of pairs that no round can exceed, by counting alone."""
    crowd = Crowd([person for person in people if person.work.known], forbidden)
    able = [person.work for place, person in enumerate(crowd.people) if crowd.has_partners(place)]
    under = Counter(body for work in able for body in work.employers | work.trusts)
    return min(len(able) // 2, len(able) - max(under.values(), default=0))


def _dense(people: Sequence[Person], forbidden: Forbidden) -> tuple[int, int]:
    """The score and the number of pairs of the best matching, when all pairs there could be are looked at."""
    known = [person for person in people if person.work.known]
    ranks, crowd = ranks_of(known), Crowd(known, forbidden)
    places = range(len(known))
    scores, allowed = crowd.scores(places).tolist(), crowd.allowed(places).tolist()
    graph = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(places))
    graph.add_edges_from(
        [
            (a, b, _weight(scores[a][b], ranks[a], ranks[b]))
            for a, b in combinations(places, 2)
            if allowed[a][b]
        ]
    )
    best = rustworkx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    return sum(scores[a][b] for a, b in best), len(best)


def _networkx(people: Sequence[Person], forbidden: Forbidden) -> tuple[int, int, float]:
    """The same by networkx, and what it used."""
    ranks, graph = ranks_of(people), networkx.Graph()
    for a, b in combinations(range(len(people)), 2):
        if legal(people[a], people[b], forbidden):
            graph.add_edge(a, b, weight=_weight(score(people[a], people[b]), ranks[a], ranks[b]))
    begun = time.process_time()
    best = networkx.max_weight_matching(graph, maxcardinality=True)
    used = time.process_time() - begun
    return sum(score(people[a], people[b]) for a, b in best), len(best), used


def _weight(points: int, one: int, other: int) -> int:
    return points + 10_000_000 * (one + other)
