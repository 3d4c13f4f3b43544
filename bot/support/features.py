"""What the model sees of a text besides what it means: its letters, its words, its parts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from zlib import crc32

BUCKETS = 1 << 16
# A long text is read whole and in stretches, so that one sentence in a ramble is not drowned by the rest.
MOST_PARTS = 40
_LONG, _STRETCH = 70, 40  # words
_LONGEST_WORD = 30

_SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+|\s-+\s|\.{2,}|[()]")
_WORDS = re.compile(r"[a-z0-9']+")


def parts(text: str) -> list[str]:
    """The text itself, and if it is long its stretches of a few sentences, overlapping; at most `MOST_PARTS` in all."""
    if len(text.split()) <= _LONG:
        return [text]
    sentences = [found for piece in _SENTENCES.split(text) if (found := piece.strip(" ,-"))]
    # Somebody who writes without full stops is cut by counting words.
    pieces = [
        " ".join(words[at : at + _STRETCH])
        for words in (sentence.split() for sentence in sentences)
        for at in range(0, len(words), _STRETCH)
    ]
    stretches: list[str] = []
    for at in range(len(pieces)):
        stretch = pieces[at]
        for more in pieces[at + 1 :]:
            if len(stretch.split()) + len(more.split()) > _STRETCH:
                break
            stretch = f"{stretch}. {more}"
        if not any(stretch in other for other in stretches[-3:]):
            stretches.append(stretch)
    return [text, *stretches[: MOST_PARTS - 1]]


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
