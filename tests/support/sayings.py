"""The development sentences beside this file, and the calibration files an engineer may have."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("sentences")
VARIABLE = "REALLYOK_EVAL_DIR"
TIERS = ("crisis", "distress", "other_person", "bereavement", "none")


@dataclass(frozen=True)
class Saying:
    """One invented message, and what a careful reader would make of it; `author`: the file it stands in."""

    text: str
    tier: str
    kind: str
    scenario: str
    voice: str
    author: str


@cache
def sayings() -> tuple[Saying, ...]:
    """Every development sentence, in the order of the files."""
    return tuple(
        Saying(**json.loads(line), author=path.stem)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    )


def authors() -> list[str]:
    return sorted({saying.author for saying in sayings()})


def calibration(name: str) -> list[str]:
    """The texts of one calibration file. Raises LookupError when the folder is not named."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise LookupError(f"{VARIABLE} names no folder")
    with (Path(folder) / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]
