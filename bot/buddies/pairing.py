"""The best pairs of a few hundred people. Needs numpy and rustworkx: only the worker process imports this.

Everybody is looked at with everybody, but only the best candidates of each go into the matching: an edge that the
best matching uses is hardly ever outside them. The best are not those with the highest score: they would be the same
few for all, who suit everybody. So each person has a price, by which the table of all scores is scaled until
everybody is asked for once; then what is left in the table says who is worth most to whom (Sinkhorn's scaling, kept
symmetric).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import rustworkx
from numpy.typing import NDArray

from bot.buddies.crowd import Allowed, Crowd, Scores

CANDIDATES = 16
# How many points of score make a partner e times as likely in the scaled table. Between 200 and 10 the result was
# within 0.01 % of the best one at a thousand people; after ten turns nothing changes.
SOFTNESS = 50.0
TURNS = 12
# More than the scores of a whole round can add up to: who has waited comes before all of them.
ABOVE_ALL = 1 << 13


def pair(crowd: Crowd, places: Sequence[int], ranks: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of these places: as many as can be, then with the highest ranks, then with the highest scores.

    True of the candidates. `ranks` are those of all places in the crowd.
    """
    if len(places) < 2:
        return []
    scores, allowed = crowd.scores(places), crowd.allowed(places)
    first, second = _candidates(scores, allowed)
    rank = np.array([ranks[place] for place in places], np.int64)
    step = ABOVE_ALL * len(places)
    weights = scores[first, second].astype(np.int64) + step * (rank[first] + rank[second])
    graph: rustworkx.PyGraph[None, int] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from([None] * len(places))
    graph.add_edges_from(list(zip(first.tolist(), second.tolist(), weights.tolist(), strict=True)))
    found = rustworkx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    return [(places[one], places[other]) for one, other in sorted(found)]


def _candidates(scores: Scores, allowed: Allowed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges worth looking at, each once: those that are among the best of either end."""
    many = len(scores)
    if many > CANDIDATES + 1:
        worth = _scaled(scores, allowed)
        best = np.argpartition(worth, many - CANDIDATES, axis=1)[:, many - CANDIDATES :]
        one, other = np.repeat(np.arange(many), CANDIDATES), best.ravel()
    else:
        one, other = np.nonzero(np.triu(allowed))
    kept = allowed[one, other]
    low, high = np.minimum(one, other)[kept], np.maximum(one, other)[kept]
    edges = np.unique(low * many + high)
    return edges // many, edges % many


def _scaled(scores: Scores, allowed: Allowed) -> NDArray[np.float64]:
    """How much of each person each other would get, if people could be had in parts."""
    table = np.where(allowed, np.exp((scores - scores.max(initial=0)) / SOFTNESS), 0.0)
    some = allowed.any(axis=1)
    price = np.where(some, 1.0, 0.0)
    for _ in range(TURNS):
        # Not `@`: a BLAS may add up in another order another time, and a round must come out the same.
        asked = np.einsum("ij,j->i", table, price)
        # Half a step each time: a whole one goes back and forth for ever.
        price[some] = np.sqrt(price[some] / asked[some])
    return table * price
