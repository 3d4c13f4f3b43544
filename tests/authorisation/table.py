"""The tables of `bot/AUTHORISATION.md`, read as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parents[2] / "bot" / "AUTHORISATION.md"
WHO = ("stranger", "member", "facilitator", "listener", "organiser", "owner", "elsewhere", "left")
SERVER, DM = "server", "dm"
CANNOT = "–"


@dataclass(frozen=True)
class Row:
    """What one command or kind of control answers: to whom and where, "yes", "no" or "–"."""

    name: str
    form: str  # command, button, menu or form
    number: str  # what the number in its custom id speaks of
    answers: dict[tuple[str, str], str]


@cache
def rows() -> dict[str, Row]:
    """Every row by name: commands with their slash. Fails on one that is there twice or is not whole."""
    found: dict[str, Row] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| `"):
            continue
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        name = cells[0].strip("`")
        form, number = ("command", "not read") if name.startswith("/") else (cells[1], cells[2])
        answers = cells[1:] if form == "command" else cells[3:]
        assert len(answers) == len(WHO), f"{name} does not answer everybody"
        assert name not in found, f"{name} stands there twice"
        found[name] = Row(name, form, number, _by_place(answers))
    return found


def _by_place(cells: list[str]) -> dict[tuple[str, str], str]:
    answers: dict[tuple[str, str], str] = {}
    for who, cell in zip(WHO, cells, strict=True):
        server, _, dm = (part.strip() for part in cell.partition("/"))
        answers[who, SERVER], answers[who, DM] = server, dm or server
    assert set(answers.values()) <= {"yes", "no", CANNOT}, cells
    return answers
