"""The file a backup is: a header anybody can read, the content encrypted in pieces, and a checksum at the end.

    Really OK backup 1\\n
    {"made_at": ..., "key": fingerprint, ...}\\n
    pieces of 1 MiB, AES-256-GCM, each 16 bytes longer than what it holds
    SHA-256 of all the above

Each file has a key of its own, derived from the bot's key and the salt in its header, so a counter can serve as
nonce: it fixes the order of the pieces, and its last byte says which is the last. The header is associated data of
every piece. The checksum needs no key: it tells a torn file from a wrong key. It stands at the end because the
header is written before anybody has seen the content.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from bot.db.keys import Keyring, move
from bot.errors import OperatorError

_NAME = b"Really OK backup "
_FORMAT = 1
_PIECE = 1 << 20
_TAG = 16
_CHECKSUM = 32
_LONGEST_HEADER = 4096


@dataclass(frozen=True)
class Header:
    """What a backup says of itself. None of it is about a person."""

    made_at: str
    revision: str
    key: str
    ledger: str
    position: int
    size: int
    salt: str

    @property
    def made(self) -> datetime:
        """When it was made, as the clock of that machine said."""
        return datetime.fromisoformat(self.made_at)


def new_salt() -> str:
    """A salt for one file."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write(target: Path, header: Header, content: bytes, keyring: Keyring) -> None:
    """Write `content` to `target`: whole or not at all, mode 0600. Raises `OSError`, and `FileExistsError` first."""
    if target.exists():
        raise FileExistsError(17, "there is a file of that name already")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    head = _NAME + b"%d\n" % _FORMAT + json.dumps(asdict(header)).encode() + b"\n"
    cipher, checksum = _cipher(keyring, header), hashlib.sha256(head)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(head)
            for nonce, start, end in _pieces(header.size):
                piece = cipher.encrypt(nonce, content[start:end], head)
                checksum.update(piece)
                file.write(piece)
            file.write(checksum.digest())
            file.flush()
            os.fsync(file.fileno())
        move(part, target)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def read_header(path: Path) -> Header:
    """What a backup says of itself, not yet proved. Raises `OperatorError` for what is no backup we can read."""
    with _opened(path) as file:
        return _head(file, path)[1]


def read(path: Path, keyring: Keyring) -> Iterator[bytes]:
    """The content, piece by piece, each proved before it is given out; a whole pass over the file comes first.

    Raises `OperatorError` for a torn or changed file and for another key. Only when the last piece has come is
    it known that all is well.
    """
    from cryptography.exceptions import InvalidTag

    with _opened(path) as file:
        head, header = _head(file, path)
        if header.key != keyring.fingerprint():
            raise OperatorError(
                f"The backup {path.name} was made with another key ({header.key}) than this ({keyring.fingerprint()}).",
                "Set REALLYOK_KEY_FILE (or REALLYOK_KEY) to the key with that fingerprint.",
            )
        _whole(file, path, head, header)
        file.seek(len(head))
        cipher = _cipher(keyring, header)
        for nonce, start, end in _pieces(header.size):
            try:
                yield cipher.decrypt(nonce, file.read(end - start + _TAG), head)
            except InvalidTag:
                raise OperatorError(
                    f"The backup {path.name} was changed after it was made, or not made with this key.",
                    "Use another backup.",
                ) from None


def _head(file: BinaryIO, path: Path) -> tuple[bytes, Header]:
    first = file.readline(len(_NAME) + 8)
    number = first[len(_NAME) :].strip()
    if not first.startswith(_NAME) or not number.isdigit():
        raise OperatorError(
            f"{path.name} is not a backup of Really OK.", "Give a file that `reallyok backup` made."
        )
    if int(number) > _FORMAT:
        raise OperatorError(
            f"The backup {path.name} was made by a newer program.", "Install that program, or a newer one."
        )
    line = file.readline(_LONGEST_HEADER)
    try:
        header = Header(**json.loads(line))
        if not line.endswith(b"\n") or header.made.tzinfo is None or header.size < 1 or header.position < 0:
            raise ValueError
    except (ValueError, TypeError):
        raise _torn(path) from None
    return first + line, header


def _whole(file: BinaryIO, path: Path, head: bytes, header: Header) -> None:
    """Whether the file is as long as it says and as it was written: said without the key."""
    pieces = -(-header.size // _PIECE)
    length = len(head) + header.size + pieces * _TAG
    if file.seek(0, os.SEEK_END) != length + _CHECKSUM:
        raise _torn(path)
    file.seek(0)
    checksum = hashlib.sha256()
    while length > 0 and (part := file.read(min(_PIECE, length))):
        checksum.update(part)
        length -= len(part)
    if checksum.digest() != file.read(_CHECKSUM):
        raise _torn(path)


def _pieces(size: int) -> Iterator[tuple[bytes, int, int]]:
    for number, start in enumerate(range(0, size, _PIECE)):
        end = min(start + _PIECE, size)
        yield number.to_bytes(11, "big") + (b"\x01" if end == size else b"\x00"), start, end


def _cipher(keyring: Keyring, header: Header):  # its type is imported where it is used, as in `keys`
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        salt = base64.b64decode(header.salt, validate=True)
    except ValueError:
        salt = b""
    return AESGCM(keyring.derive("backup", salt))


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise OperatorError(
            f"The backup {path} cannot be read ({error.strerror}).", "Check its name and its permissions."
        ) from None


def _torn(path: Path) -> OperatorError:
    return OperatorError(
        f"The backup {path.name} is torn or damaged.",
        "Copy it again from where you keep it, or use another.",
    )
