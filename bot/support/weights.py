"""The model's weights: one small file, written by `tests/support/train.py`, read without any library.

A line of JSON says what is in it and from what it was made; after it come the numbers, compressed.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("weights.bin")
_MAGIC = b"reallyok-weights-1\n"
_TYPES = {"int8": "b", "uint8": "B", "float32": "f"}


@dataclass(frozen=True, slots=True)
class Weights:
    """`about`: made from what, for which constructs, with which thresholds. `numbers`: the rows of each table, flat."""

    about: Mapping[str, Any]
    numbers: Mapping[str, array[int] | array[float]]


def save(path: Path, about: Mapping[str, Any], numbers: Mapping[str, array[int] | array[float]]) -> None:
    """Write a file that `load` reads. The same numbers make the same file (but for the version of zlib)."""
    names = {name: [_name_of(values.typecode), len(values)] for name, values in sorted(numbers.items())}
    head = json.dumps({**about, "tables": names}, sort_keys=True, ensure_ascii=True).encode() + b"\n"
    body = b"".join(_little(numbers[name]).tobytes() for name in names)
    path.write_bytes(_MAGIC + head + zlib.compress(body, 9))


def load(path: Path = FILE) -> Weights:
    """The weights in a file. Raises OSError when it cannot be read, ValueError when it is not what it should be."""
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise ValueError("this is not a file of weights")
    end = data.index(b"\n", len(_MAGIC))
    about = json.loads(data[len(_MAGIC) : end])
    try:
        body = zlib.decompress(data[end + 1 :])
    except zlib.error as error:
        raise ValueError("the weights are damaged") from error
    numbers: dict[str, array[int] | array[float]] = {}
    at = 0
    for name, (kind, length) in about.pop("tables").items():
        values: array[int] | array[float] = array(_TYPES[kind])
        size = length * values.itemsize
        values.frombytes(body[at : at + size])
        numbers[name] = _little(values)
        at += size
    if at != len(body):
        raise ValueError("the weights are cut off")
    return Weights(about, numbers)


def _name_of(typecode: str) -> str:
    return next(name for name, code in _TYPES.items() if code == typecode)


def _little(values: array[Any]) -> array[Any]:
    """The same numbers with their bytes in the file's order; a no-op on nearly every machine."""
    import sys

    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values
