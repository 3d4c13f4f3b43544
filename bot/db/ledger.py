"""The ledger of erasures: who asked to be forgotten, as keyed hashes, kept outside the database and its backups.

A backup put back would bring forgotten people back. It says how far the ledger had come when it was made; whoever
was noted after that is erased again. Places in the ledger decide, not times: a clock may be wrong on the day.

The hashes are keyed with a secret of the ledger's own, which stands at its head sealed with the bot's key. So the
key can change without the ledger changing, and the file alone says of nobody that they are in it.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.db.keys import Keyring, replace_file
from bot.errors import OperatorError

# No backup is put back that is older than what the ledger still remembers.
KEEP = timedelta(days=400)
_TITLE = "Really OK erasures 1"
_ENTRY = re.compile(r"(\d{4}-\d{2}-\d{2}) ([0-9a-f]{32})")
_PLACE = ("ledger", "secret", 0)


@dataclass(frozen=True)
class Mark:
    """How far which ledger has come: everybody noted before `position` was erased already."""

    ledger: str
    position: int


@dataclass(frozen=True)
class _Contents:
    secret: bytes
    seals: dict[str, str]
    first: int
    entries: list[tuple[date, str]]

    @property
    def name(self) -> str:
        return hmac.digest(self.secret, b"which ledger", "sha256")[:8].hex()

    def tag(self, user_id: int) -> str:
        return hmac.digest(self.secret, str(user_id).encode(), "sha256")[:16].hex()


class Ledger:
    """The ledger in one file. Blocking; several processes may use it at once."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path = path
        self._keyring = keyring

    def note(self, user_id: int, on: date) -> None:
        """Remember that somebody was erased; on the disk when this returns.

        Call it last in the write that erases, inside its transaction: a backup waits for that transaction before
        it looks at the ledger. Noting somebody twice does no harm. Raises `OperatorError` when it cannot be kept.
        """
        with self._held():
            contents = self._made()
            line = f"{on:%Y-%m-%d} {contents.tag(user_id)}\n".encode()
            with open(self.path, "rb+") as file:
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":  # a line torn by a crash: it was never acknowledged
                    line = b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())

    def mark(self) -> Mark:
        """Where the ledger stands now; it is made if there is none."""
        with self._held():
            contents = self._made()
        return Mark(contents.name, contents.first + len(contents.entries))

    def tag(self, user_id: int) -> str:
        """What stands in the ledger for somebody."""
        with self._held():
            return self._made().tag(user_id)

    def noted_since(self, mark: Mark) -> frozenset[str] | None:
        """The tags noted after `mark`; None when this ledger does not know: lost, another, older, or tidied since."""
        contents = self._read()
        if contents is None or contents.name != mark.ledger:
            return None
        if not contents.first <= mark.position <= contents.first + len(contents.entries):
            return None
        return frozenset(tag for _, tag in contents.entries[mark.position - contents.first :])

    def all_noted(self) -> frozenset[str]:
        """Every tag there is."""
        contents = self._read()
        return frozenset(tag for _, tag in contents.entries) if contents else frozenset()

    def erased_among(self, tags: frozenset[str], user_ids: set[int]) -> set[int]:
        """Which of these people the tags stand for."""
        contents = self._read()
        return {user_id for user_id in user_ids if contents.tag(user_id) in tags} if contents else set()

    def tidy(self, today: date) -> int:
        """Let go of what is older than `KEEP`; returns how many went."""
        with self._held():
            contents = self._read()
            if contents is None:
                return 0
            old = 0
            while old < len(contents.entries) and contents.entries[old][0] < today - KEEP:
                old += 1
            if old:
                self._write(contents.seals, contents.first + old, contents.entries[old:])
        return old

    def seal_for(self, *keyrings: Keyring) -> None:
        """Have the ledger open with exactly these keys from now on. Nothing to do when there is no ledger."""
        with self._held():
            contents = self._read()
            if contents is None or contents.seals.keys() == {ring.fingerprint() for ring in keyrings}:
                return
            seals = {ring.fingerprint(): _sealed(contents.secret, ring) for ring in keyrings}
            self._write(seals, contents.first, contents.entries)

    def _made(self) -> _Contents:
        contents = self._read()
        if contents is None:
            secret = secrets.token_bytes(32)
            self._write({self._keyring.fingerprint(): _sealed(secret, self._keyring)}, 0, [])
            contents = self._read()
        assert contents is not None
        return contents

    def _read(self) -> _Contents | None:
        try:
            lines = self.path.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None
        try:
            if lines[0] != _TITLE:
                raise ValueError
            first = int(lines[1].removeprefix("first "))
            seals = {
                fingerprint: sealed
                for word, fingerprint, sealed in (
                    line.split(" ") for line in lines[2:4] if line.startswith("seal ")
                )
                if word == "seal"
            }
        except (IndexError, ValueError):
            raise OperatorError(
                f"The ledger of erasures {self.path} is damaged at its head.",
                "Put back your copy of it; without one, move it away: backups made before today then need --without-ledger.",
            ) from None
        own = seals.get(self._keyring.fingerprint())
        if own is None:
            raise OperatorError(
                f"The ledger of erasures {self.path} was sealed with another key.",
                "Put back the key it belongs to, or set REALLYOK_LEDGER to this key's own ledger.",
            )
        secret = base64.b64decode(self._keyring.open(base64.b64decode(own), *_PLACE))
        entries: list[tuple[date, str]] = []
        for line in lines[2 + len(seals) :]:
            if found := _ENTRY.fullmatch(line):
                entries.append((date.fromisoformat(found[1]), found[2]))
        return _Contents(secret, seals, first, entries)

    def _write(self, seals: dict[str, str], first: int, entries: list[tuple[date, str]]) -> None:
        lines = [_TITLE, f"first {first}"]
        lines += [f"seal {fingerprint} {sealed}" for fingerprint, sealed in seals.items()]
        lines += [f"{on:%Y-%m-%d} {tag}" for on, tag in entries]
        replace_file(self.path, "".join(f"{line}\n" for line in lines).encode())

    @contextmanager
    def _held(self) -> Generator[None]:
        """Alone with the file: it may be replaced while somebody else appends."""
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(self.path.name + ".lock"), timeout=2, mode=0o600):
                yield
        except (OSError, Timeout) as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> OperatorError:
        return OperatorError(
            f"The ledger of erasures {self.path} cannot be used ({error.strerror or type(error).__name__}).",
            "Make its folder writable for the bot's user, or set REALLYOK_LEDGER.",
        )


def _sealed(secret: bytes, keyring: Keyring) -> str:
    return base64.b64encode(keyring.seal(base64.b64encode(secret).decode(), *_PLACE)).decode()
