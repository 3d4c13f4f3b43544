"""A network's own lines and nation: one small file, replaced whole, held in memory.

It is not in the database so that support answers while the database is locked, gone or being
changed. The answering path reads memory only; the file is read once, at start.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

_VERSION = 1
MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of a network's own: its name and how to reach it, as the organiser wrote them."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class NetworkSupport:
    """What a network's card needs to know. `nation` None is the whole UK."""

    nation: str | None = None
    language: str = "en"
    education: bool = True
    lines: tuple[OwnLine, ...] = ()


_NOTHING_SAID = NetworkSupport()


class NetworkLines:
    """Every network's own lines. Reading is from memory; a change is on the disk before it is in memory."""

    def __init__(self, path: Path) -> None:
        """Load `path`. Never raises: what cannot be read is set aside, and `problem` says so in words."""
        self._path = path
        self._changing = threading.Lock()
        self._networks: Mapping[int, NetworkSupport] = {}
        self._in_the_way = False
        self.problem: str | None = None
        self._load()

    def get(self, guild_id: int | None) -> NetworkSupport:
        """What is known of this network; the defaults if nothing is. Memory only."""
        return _NOTHING_SAID if guild_id is None else self._networks.get(guild_id, _NOTHING_SAID)

    def set(self, guild_id: int, support: NetworkSupport) -> None:
        """Keep this for the network. Writes a file: call it away from the event loop.

        Raises ValueError for more than MOST_LINES lines, OSError when the disk refuses; then nothing
        has changed, neither on the disk nor in memory.
        """
        if len(support.lines) > MOST_LINES:
            raise ValueError(f"a network has at most {MOST_LINES} lines of its own")
        with self._changing:
            self._replace({**self._networks, guild_id: support})

    def forget(self, guild_id: int) -> None:
        """Delete what is known of this network. Raises OSError when the disk refuses."""
        with self._changing:
            if guild_id in self._networks:
                self._replace({key: value for key, value in self._networks.items() if key != guild_id})

    def _replace(self, networks: dict[int, NetworkSupport]) -> None:
        if self._in_the_way:
            raise OSError(f"{self._path} could not be read or moved aside, so it is not overwritten")
        content = {
            "version": _VERSION,
            "networks": {str(key): asdict(value) for key, value in networks.items()},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        self._networks = networks
        # The rename itself is on the disk only once the folder is. Not every system can open a folder.
        with contextlib.suppress(OSError):
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _load(self) -> None:
        try:
            text = self._path.read_text(encoding="utf-8")
            self._networks = _understood(json.loads(text))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as mistake:
            self._set_aside(mistake)

    def _set_aside(self, mistake: Exception) -> None:
        reason = mistake.strerror if isinstance(mistake, OSError) else "its content is damaged"
        try:
            aside = next(
                place
                for number in range(1, 1000)
                if not (place := self._path.with_name(f"{self._path.name}.torn-{number}")).exists()
            )
            self._path.rename(aside)
        except (OSError, StopIteration):
            self._in_the_way = True
            self.problem = (
                f"{self._path} cannot be used ({reason}) and cannot be moved aside. Support shows the "
                "national lines only, and networks cannot change theirs until the file is mended."
            )
            return
        self.problem = (
            f"{self._path} could not be used ({reason}). It is kept as {aside.name}; until networks set "
            "their lines again, support shows the national lines only."
        )


def _understood(content: Any) -> dict[int, NetworkSupport]:
    if content["version"] != _VERSION:
        raise ValueError("written by another version")
    return {int(key): _network(value) for key, value in content["networks"].items()}


def _network(value: Mapping[str, Any]) -> NetworkSupport:
    nation = value["nation"]
    lines = tuple(
        OwnLine(str(line["name"]), str(line["contact"]))
        for line in cast("list[Mapping[str, Any]]", value["lines"])[:MOST_LINES]
    )
    return NetworkSupport(
        nation=None if nation is None else str(nation),
        language=str(value["language"]),
        education=bool(value["education"]),
        lines=lines,
    )
