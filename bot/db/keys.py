"""The key that seals sensitive columns: read from the settings or a file made at the first start.

The key never lies in the database or in a backup: whoever takes only the file has nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bot.db.columns import SEAL_VERSION
from bot.errors import OperatorError

_NONCE = 12


@dataclass(frozen=True)
class Keyring:
    """AES-256-GCM with the row as associated data, so that a value copied to another row does not open."""

    key: bytes = field(repr=False)
    made_now: bool = False

    def seal(self, text: str, table: str, column: str, row: int) -> bytes:
        """`text` encrypted for exactly this table, column and row."""
        nonce = secrets.token_bytes(_NONCE)
        return SEAL_VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _bound(table, column, row))

    def open(self, sealed: bytes, table: str, column: str, row: int) -> str:
        """The text again. Raises `OperatorError` for another key, another row, or a damaged value."""
        from cryptography.exceptions import InvalidTag

        version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if version != SEAL_VERSION or not body:
                raise InvalidTag
            return self._cipher.decrypt(nonce, body, _bound(table, column, row)).decode()
        except InvalidTag:
            raise OperatorError(
                "A sealed value in the database does not open with this key.",
                "Put back the key this database was made with (REALLYOK_KEY or REALLYOK_KEY_FILE).",
            ) from None

    def fingerprint(self) -> str:
        """Twelve characters that tell two keys apart and give neither away."""
        return hashlib.sha256(b"reallyok fingerprint" + self.key).hexdigest()[:12]

    def derive(self, purpose: str, salt: bytes = b"") -> bytes:
        """A key of 32 bytes for one purpose alone: whoever learns it learns neither this key nor another purpose's."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), 32, salt, f"reallyok {purpose}".encode()).derive(self.key)

    def index(self, text: str, purpose: str) -> bytes:
        """Sixteen bytes that are the same for the same text and tell nothing of it without the key.

        Capitals, width and blanks make no difference. Another purpose, or another key, gives other bytes: after
        the key rotates it is made anew from its sealed sibling (see `columns.KeyedIndex`).
        """
        plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
        return hmac.digest(self.derive(f"index {purpose}"), plain.encode(), "sha256")[:16]

    @cached_property
    def _cipher(self):  # its type is imported where it is used, to keep the start short
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.key)


def _bound(table: str, column: str, row: int) -> bytes:
    return f"{table}|{column}|{row}".encode()


def load(key: str | None, key_file: Path) -> Keyring:
    """The keyring from `key`, else from `key_file`, which is made (readable by its owner alone) if absent.

    Raises `OperatorError` when the key is not 32 bytes in base64 or the file cannot be read or written.
    """
    if key:
        return Keyring(_decode(key, "REALLYOK_KEY"))
    try:
        if key_file.exists():
            return read(key_file)
        return make(key_file)
    except OSError as error:
        raise OperatorError(
            f"The key file {key_file} cannot be read or made ({error.strerror}).",
            "Check its folder's permissions, or set REALLYOK_KEY.",
        ) from None


def read(file: Path) -> Keyring:
    """The keyring of a key file. Raises `OperatorError` when it holds no key, `OSError` when it cannot be read."""
    return Keyring(_decode(file.read_text(errors="replace").strip(), str(file)))


def make(file: Path) -> Keyring:
    """A new key, written to `file`. Raises `OSError`."""
    fresh = Keyring(secrets.token_bytes(32), made_now=True)
    write(file, fresh)
    return fresh


def write(file: Path, keyring: Keyring) -> None:
    """Write a key to `file`, readable by its owner alone, whole or not at all: half a key would look like a lost one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, base64.b64encode(keyring.key) + b"\n")


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise OperatorError(
            f"The key in {where} is not 32 bytes in base64.",
            "Put back the saved key; without it what was sealed cannot be read.",
        )
    return key


def replace_file(file: Path, content: bytes) -> None:
    """Put `content` in `file` so that after any crash it holds the old or the new, whole; mode 0600. Raises `OSError`."""
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    move(part, file)


def move(part: Path, file: Path) -> None:
    """Let `part` become `file`, on the disk when this returns. Raises `OSError`."""
    os.replace(part, file)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not be
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
