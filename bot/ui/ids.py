"""Custom ids: all the state a button carries, `ok1:<kind>:<id>:<arg>`.

Parsing checks the form and nothing else: what a press may do is decided by rows, never by having the button.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PREFIX = "ok1"
LIMIT = 100  # Discord's
LARGEST_ROW = (1 << 63) - 1  # the database's
_FORM = re.compile(r"ok1:([a-z][a-z.-]{0,39}):([0-9]{1,19}):([A-Za-z0-9.-]{0,60})")


@dataclass(frozen=True, slots=True)
class Press:
    """What a custom id says: the kind of control, the row it speaks of (0: none), and a choice."""

    kind: str
    id: int = 0
    arg: str = ""

    def __str__(self) -> str:
        return f"{PREFIX}:{self.kind}:{self.id}:{self.arg}"


def parse(custom_id: str) -> Press | None:
    """The press, or None for anything that is not one of ours: foreign, truncated, forged, of a later version."""
    found = _FORM.fullmatch(custom_id)
    if found is None or len(custom_id) > LIMIT or int(found[2]) > LARGEST_ROW:
        return None
    return Press(found[1], int(found[2]), found[3])


def presses(custom_ids: Iterable[str]) -> Iterator[Press]:
    """What those of ours among some custom ids say."""
    return (press for each in custom_ids if (press := parse(each)) is not None)


def make(reference: str, row: int = 0, arg: str = "") -> str:
    """The custom id for a button reference from `prompts/` (`kind` or `kind=choice`).

    A reference's own choice wins over `arg`. Raises `ValueError` for what would not parse again.
    """
    kind, _, choice = reference.partition("=")
    custom_id = str(Press(kind, row, choice or arg))
    if parse(custom_id) is None:
        raise ValueError(f"not a custom id: {custom_id}")
    return custom_id
