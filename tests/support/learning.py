"""How the weights are learned: a linear model over letters, words and constructs, and small networks over the encoder.

Plain numpy and fixed seeds: the same sentences give the same weights, but for the last digits of another processor's sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bot.support.features import BUCKETS
from bot.support.model import CLASSES

WIDTH = len(CLASSES)
HIDDEN = 64
MEMBERS = 3


@dataclass
class Bags:
    """Counted buckets of many texts, as rows of one sparse table."""

    counted: Sequence[dict[int, float]]
    rows: Any = field(init=False)
    places: Any = field(init=False)
    values: Any = field(init=False)

    def __post_init__(self) -> None:
        lengths = [len(bag) for bag in self.counted]
        self.rows = np.repeat(np.arange(len(lengths)), lengths)
        self.places = np.fromiter((place for bag in self.counted for place in bag), np.int32, sum(lengths))
        self.values = np.fromiter((v for bag in self.counted for v in bag.values()), np.float32, sum(lengths))

    def rarity(self, least: int = 3) -> Any:
        """How rare each bucket is among these texts; 0 for those in fewer than `least`."""
        found = np.bincount(self.places, minlength=BUCKETS)
        rare = np.log((1 + len(self.counted)) / (1 + found)) + 1
        return np.where(found < least, 0, rare).astype(np.float32)

    def scale(self, rarity: Any) -> Bags:
        """Weigh by rarity and bring every row to length one, as the product does."""
        self.values = self.values * rarity[self.places]
        length = np.sqrt(np.bincount(self.rows, self.values**2, minlength=len(self.counted)))
        length[length == 0] = 1
        self.values = (self.values / length[self.rows]).astype(np.float32)
        kept = self.values != 0
        self.rows, self.places, self.values = self.rows[kept], self.places[kept], self.values[kept]
        return self

    def dot(self, letters: Any) -> Any:
        out = np.empty((len(self.counted), WIDTH), np.float32)
        for place in range(WIDTH):
            products = self.values * letters[self.places, place]
            out[:, place] = np.bincount(self.rows, products, minlength=len(self.counted))
        return out


def softmax(z: Any) -> Any:
    raised = np.exp(z - z.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def centred(z: Any) -> Any:
    return z - z.mean(axis=1, keepdims=True)


def learn_letters(
    bags: Bags, marks: Any, tiers: Any, weights: Any, *, steps: int = 60
) -> tuple[Any, Any, Any]:
    """A multinomial logistic regression over scaled bags and marks: tables for both, and the bias."""
    wanted = np.eye(WIDTH, dtype=np.float32)[tiers]
    tables = [np.zeros((BUCKETS, WIDTH)), np.zeros((marks.shape[1], WIDTH)), np.zeros(WIDTH)]
    tables = [table.astype(np.float32) for table in tables]
    pace = [np.zeros_like(table) for table in tables]
    spread = [np.zeros_like(table) for table in tables]
    order = np.argsort(bags.places, kind="stable")
    used, starts = np.unique(bags.places[order], return_index=True)
    rows, values = bags.rows[order], bags.values[order]
    for step in range(1, steps + 1):
        z = bags.dot(tables[0]) + marks @ tables[1] + tables[2]
        wrong = ((softmax(z) - wanted) * weights[:, None]).astype(np.float32)
        slopes = [tables[0] / 10, marks.T @ wrong + 0.3 * tables[1], wrong.sum(axis=0)]
        for place in range(WIDTH):
            slopes[0][used, place] += np.add.reduceat(values * wrong[rows, place], starts)
        for table, slope, p, s in zip(tables, slopes, pace, spread, strict=True):
            _step(table, slope, p, s, step, 0.12 * (1 - step / (steps + 1)), 0.98, 1e-3)
    return tables[0], tables[1], tables[2]


def learn_network(x: Any, tiers: Any, weights: Any, seed: int, *, epochs: int = 30) -> list[Any]:
    """One small network over standardised vectors: its two layers and their biases."""
    random = np.random.default_rng(seed)
    width = x.shape[1]
    tables = [
        random.standard_normal((width, HIDDEN)) * np.sqrt(1 / width),
        np.zeros(HIDDEN),
        random.standard_normal((HIDDEN, WIDTH)) * np.sqrt(1 / HIDDEN),
        np.zeros(WIDTH),
    ]
    tables = [table.astype(np.float32) for table in tables]
    pace = [np.zeros_like(table) for table in tables]
    spread = [np.zeros_like(table) for table in tables]
    wanted = np.eye(WIDTH, dtype=np.float32)[tiers]
    chance = np.minimum(1, weights)
    step = 0
    for epoch in range(epochs):
        # Light rows come seldom instead of weighing little: quicker, and each time others.
        some = np.flatnonzero(random.random(len(x)) < chance)
        random.shuffle(some)
        rate = 2e-3 * (1 - epoch / epochs) + 1e-4
        for at in range(0, len(some), 64):
            rows = some[at : at + 64]
            seen = x[rows] * (random.random((len(rows), width), dtype=np.float32) > 0.15) / np.float32(0.85)
            raw = np.maximum(seen @ tables[0] + tables[1], 0)
            mask = (random.random(raw.shape, dtype=np.float32) > 0.3) / np.float32(0.7)
            inner = raw * mask
            wrong = softmax(inner @ tables[2] + tables[3]) - wanted[rows]
            wrong *= (weights[rows] / chance[rows])[:, None] / len(rows)
            back = (wrong @ tables[2].T) * mask * (raw > 0)
            slopes = [seen.T @ back, back.sum(axis=0), inner.T @ wrong, wrong.sum(axis=0)]
            step += 1
            for table, slope, p, s in zip(tables, slopes, pace, spread, strict=True):
                if table.ndim == 2:
                    table *= 1 - rate * 3e-3
                _step(table, slope.astype(np.float32), p, s, step, rate, 0.999, 1e-8)
    return tables


def _step(
    table: Any, slope: Any, pace: Any, spread: Any, step: int, rate: float, memory: float, least: float
) -> None:
    """One step of Adam, in place."""
    pace *= 0.9
    pace += 0.1 * slope
    spread *= memory
    spread += (1 - memory) * slope * slope
    table -= (rate * (pace / (1 - 0.9**step)) / (np.sqrt(spread / (1 - memory**step)) + least)).astype(
        np.float32
    )


def rounded(table: Any) -> tuple[Any, Any]:
    """A table as whole numbers from -127 to 127, with the size of a step for each column."""
    step = np.abs(table).max(axis=0) / 127
    step[step == 0] = 1
    return np.round(table / step).astype(np.int8), step.astype(np.float32)
