"""The small model: letters, words and constructs weighed without any library; meaning weighed by a small network when
the sentence encoder is there.

It answers with a number for each tier. A text is weighed whole and in its parts; the weightiest part speaks.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.support.constructs import AT_HAND, Reading, answered, denies, read
from bot.support.encoder import Encoder, plain
from bot.support.features import buckets, parts, weighted
from bot.support.lexicon import Lexicon
from bot.support.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterable

CLASSES = ("none", "crisis", "distress", "other_person", "bereavement")
# Beyond this many characters the model looks at the beginning and the end; Discord allows 4,000 in a form.
LONGEST = 4000
LONGEST_DENIAL = 14  # words
_CLAUSES = re.compile(r"(?<=[.!?;,\n])\s+|\s+(?=(?:but|though|although|except)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Share:
    """What the model makes of a text: the likelihood of each class of the whole, and the strongest of any part.

    `something`: log-odds that any card is called for; `crisis`: log-odds of the crisis tier.
    """

    likelihood: tuple[float, ...]
    something: float
    crisis: float
    with_encoder: bool


@functools.cache
def shared_encoder() -> Encoder:
    """One for the process: nothing changes it, and a rehearsal or a test starts the bot more than once."""
    return Encoder.load()


class Model:
    """Weighs texts. `load_encoder` may be called from another thread at any time; until then `weigh` does without."""

    def __init__(self, weights: Weights, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.about = weights.about
        numbers = weights.numbers
        self._rarity = numbers["rarity"]
        self._letters = numbers["letters"]
        self._steps = tuple(float(step) for step in numbers["letters_step"])
        self._marks = numbers["marks"]
        self._bias = tuple(float(value) for value in numbers["bias"])
        self._places = {name: place for place, name in enumerate(weights.about["constructs"])}
        self._numbers = numbers
        self._network: _Network | None = None

    def load_encoder(self) -> None:
        """Load the encoder and the network over it: about a second of work, so never on the event loop.

        Raises ImportError when the wheel is not installed, OSError or ValueError when it cannot be read.
        """
        if self._network is None:
            self._network = _Network(shared_encoder(), self._numbers)

    @property
    def with_encoder(self) -> bool:
        return self._network is not None

    def weigh(self, text: str, reading: Reading) -> Share:
        """The model's share in the verdict on a text whose constructs were found."""
        network = self._network
        some = parts(plain(shortened(undenied(text, reading, self._lexicon))))
        if len(some[0]) < 2:
            return Share((1.0, *(0.0,) * (len(CLASSES) - 1)), -9.0, -9.0, network is not None)
        sums = [self.letters(part) for part in some]
        marks = self.marks(reading)
        # What the constructs of the whole say counts for the whole alone.
        sums[0] = [value + mark for value, mark in zip(sums[0], marks, strict=True)]
        if network is not None:
            for row, more in zip(sums, network.weigh(some), strict=True):
                for place, value in enumerate(more):
                    row[place] += value
        shares = [_likelihoods(row) for row in sums]
        step = float(self.about["part_discount"])
        something = max(_odds(1 - share[0]) - (step if place else 0.0) for place, share in enumerate(shares))
        crisis = max(_odds(share[1]) - (step if place else 0.0) for place, share in enumerate(shares))
        return Share(tuple(shares[0]), something, crisis, network is not None)

    def letters(self, part: str) -> list[float]:
        """What the letters and words of a plain text say for each class."""
        letters, width = self._letters, len(CLASSES)
        sums = [0.0] * width
        for bucket, value in weighted(buckets(part), self._rarity):
            at = bucket * width
            for place in range(width):
                sums[place] += value * letters[at + place]
        return _centred(
            [value * step + bias for value, step, bias in zip(sums, self._steps, self._bias, strict=True)]
        )

    def marks(self, reading: Reading) -> list[float]:
        """What the constructs found say for each class."""
        width = len(CLASSES)
        sums = [0.0] * width
        for mark in marks_of(reading):
            row = self._places.get(mark)
            if row is not None:
                for place in range(width):
                    sums[place] += self._marks[row * width + place]
        return _centred(sums)


class _Network:
    """A few small layers over the encoder's two vectors; several trained apart, their answers averaged."""

    def __init__(self, encoder: Encoder, numbers: Any) -> None:
        import numpy as np

        def table(name: str, width: int) -> Any:
            values = np.asarray(numbers[name], dtype=np.float32)
            return values.reshape(-1, width) if width else values

        self._encoder = encoder
        self._mean, self._spread = table("mean", 0), table("spread", 0)
        self._layers: list[tuple[Any, Any, Any, Any]] = []
        member = 0
        while f"first_{member}" in numbers:
            first_bias = table(f"first_bias_{member}", 0)
            first = table(f"first_{member}", len(first_bias)) * table(f"first_step_{member}", 0)
            second = table(f"second_{member}", len(CLASSES))
            self._layers.append((first, first_bias, second, table(f"second_bias_{member}", 0)))
            member += 1

    def weigh(self, some: Sequence[str]) -> list[list[float]]:
        import numpy as np

        sense, words = self._encoder.encode(some)
        x = (np.concatenate((sense, words), axis=1) - self._mean) / self._spread
        total = np.zeros((len(some), len(CLASSES)), dtype=np.float32)
        for first, first_bias, second, second_bias in self._layers:
            out = np.maximum(x @ first + first_bias, 0) @ second + second_bias
            total += out - out.mean(axis=1, keepdims=True)
        total[~sense.any(axis=1)] = 0.0  # beyond what may be read at once
        return (total / len(self._layers)).tolist()


def marks_of(reading: Reading) -> Iterable[str]:
    """The constructs found, each as a mark: of oneself, of somebody else, or taken back."""
    found: set[str] = set()
    for hit in reading.hits:
        kind = "not " if hit.negated else "own " if hit.own else "other "
        found.add(kind + hit.construct.name)
    if reading.masked:
        found.add("masked")
    return sorted(found)


def undenied(text: str, reading: Reading, lexicon: Lexicon) -> str:
    """The text without the clauses that plainly deny: what remains is read as if they had not been said."""
    crisis = any(hit.construct.tier == "crisis" and hit.own and not hit.negated for hit in reading.hits)
    denied = any(hit.construct.tier == "denial" or denies(hit) for hit in reading.hits)
    if not denied:
        return text
    text = answered(text, lexicon)
    kept = [
        clause
        for clause in _CLAUSES.split(text[:LONGEST])
        if clause and not _is_denial(clause, lexicon, stands=crisis)
    ]
    return " ".join(kept)


def shortened(text: str) -> str:
    """At most `LONGEST` characters: the beginning and the end."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}. {text[-LONGEST // 2 :]}"


def _is_denial(clause: str, lexicon: Lexicon, *, stands: bool) -> bool:
    """Whether a clause denies, or names what its neighbour denies ("wishing I was dead, no"), if nothing `stands`.

    In a long stretch without a stop something else may stand beside it, so that it is kept.
    """
    hits = read(clause, lexicon).hits
    if any(hit.construct.tier == "denial" for hit in hits):
        return True
    return len(clause.split()) <= LONGEST_DENIAL and any(
        denies(hit)
        or (not stands and hit.own and hit.construct.tier == "crisis" and hit.construct.name not in AT_HAND)
        for hit in hits
    )


def _centred(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [value - mean for value in values]


def _likelihoods(values: Sequence[float]) -> list[float]:
    most = max(values)
    raised = [math.exp(value - most) for value in values]
    total = sum(raised)
    return [value / total for value in raised]


def _odds(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))
