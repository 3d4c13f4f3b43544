"""What the model sees of a text besides what it means: its letters, its words, its parts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

BUCKETS = 1 << 16
# A text is read whole and in its parts, so that one sentence in a ramble is not drowned by the rest.
MOST_PARTS = 24
_SHORTEST_PART = 3  # words
_LONGEST_WORD = 30

_SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+|\s-+\s|\.{2,}|[()]")
_WORDS = re.compile(r"[a-z0-9']+")


def parts(text: str) -> list[str]:
    """The text itself, then its sentences and neighbouring pairs of them, at most `MOST_PARTS` in all."""
    sentences = [found for piece in _SENTENCES.split(text) if (found := piece.strip(" ,-"))]
    if len(sentences) < 2:
        return [text]
    sentences = sentences[:MOST_PARTS]
    pairs = [f"{one} {next_}" for one, next_ in pairwise(sentences)]
    many = [part for part in sentences if len(part.split()) >= _SHORTEST_PART]
    if len(sentences) > 2:
        many += pairs
    return list(dict.fromkeys([text, *many]))[:MOST_PARTS]


def buckets(text: str) -> dict[int, float]:
    """How often each hashed run of letters (two to five within a word) and of words (one to three) stands in the text.

    Dampened: the second time counts less than the first.
    """
    counts: dict[int, int] = {}
    words = [word[:_LONGEST_WORD] for word in _WORDS.findall(text)]
    for word in words:
        edged = f" {word} ".encode()
        for size in range(2, 6):
            for at in range(max(1, len(edged) - size + 1)):
                bucket = crc32(edged[at : at + size]) & (BUCKETS - 1)
                counts[bucket] = counts.get(bucket, 0) + 1
    for size in (1, 2, 3):
        for at in range(len(words) - size + 1):
            bucket = crc32(" ".join(words[at : at + size]).encode(), 7 + size) & (BUCKETS - 1)
            counts[bucket] = counts.get(bucket, 0) + 1
    return {bucket: 1.0 + math.log(count) for bucket, count in counts.items()}


def weighted(counts: dict[int, float], rarity: Sequence[float]) -> list[tuple[int, float]]:
    """Each bucket by how rare it is (0 leaves it out), scaled so that long and short texts count alike."""
    found = [(bucket, count * rarity[bucket]) for bucket, count in counts.items() if rarity[bucket]]
    length = math.sqrt(sum(value * value for _, value in found)) or 1.0
    return [(bucket, value / length) for bucket, value in found]
