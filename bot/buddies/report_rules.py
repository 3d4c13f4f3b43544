"""What organisers are shown of buddies: totals that tell of nobody. Pure.

Nothing below eight people; rounded to fives; never a part whose rest would be below eight; and while fewer than three
people have changed since, the same figures as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

FLOOR = 8
STEP = 5
FEW = 3


@dataclass(frozen=True)
class Counts:
    """How it really stands. `waits` are days until introduced; `met` of `asked` pairs of two weeks had talked by then."""

    waiting: int = 0
    paired: int = 0
    waits: tuple[int, ...] = ()
    met: int = 0
    asked: int = 0


Figures = Mapping[str, int | None]
"""What is shown: `waiting`, `paired`, `wait` (days), `met` of `asked`; None is "too few to show"."""


def about(count: int) -> int | None:
    """A number of people as it may be shown: to the nearest five, from eight up."""
    return None if count < FLOOR else STEP * round(count / STEP)


def figures(counts: Counts) -> dict[str, int | None]:
    """The counts as they may be shown."""
    rest = counts.asked - counts.met
    whole = counts.met >= FLOOR and (rest >= FLOOR or rest == 0)
    return {
        "waiting": about(counts.waiting),
        "paired": about(counts.paired),
        "wait": round(median(counts.waits)) if len(counts.waits) >= FLOOR else None,
        "met": about(counts.met) if whole else None,
        "asked": about(counts.asked) if whole else None,
    }


def changed(before: Sequence[int], counts: Counts) -> bool:
    """Whether so many have changed since the last report that new figures tell of none of them.

    `before` are waiting, paired, met and asked, as they really stood. Each figure that moved must have moved by three
    or more: two reports must not differ by one person.
    """
    moves = [abs(new - old) for new, old in zip(real(counts), before, strict=True)]
    return any(moves) and all(move == 0 or move >= FEW for move in moves)


def real(counts: Counts) -> tuple[int, int, int, int]:
    """What is remembered of a report, to compare the next with."""
    return counts.waiting, counts.paired, counts.met, counts.asked


def nothing(shown: Figures) -> bool:
    """Whether there is no figure in it at all."""
    return all(value is None for value in shown.values())
