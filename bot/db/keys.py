"""The key that seals sensitive columns: read from the settings or a file made at the first start.

The key never lies in the database or in a backup: whoever takes only the file has nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
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
        return SEAL_VERSION + nonce + self._cipher().encrypt(nonce, text.encode(), _bound(table, column, row))

    def open(self, sealed: bytes, table: str, column: str, row: int) -> str:
        """The text again. Raises `OperatorError` for another key, another row, or a damaged value."""
        from cryptography.exceptions import InvalidTag

        version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if version != SEAL_VERSION or not body:
                raise InvalidTag
            return self._cipher().decrypt(nonce, body, _bound(table, column, row)).decode()
        except InvalidTag:
            raise OperatorError(
                "A sealed value in the database does not open with this key.",
                "Put back the key this database was made with (REALLYOK_KEY or REALLYOK_KEY_FILE).",
            ) from None

    def fingerprint(self) -> str:
        """Twelve characters that tell two keys apart and give neither away."""
        return hashlib.sha256(b"reallyok fingerprint" + self.key).hexdigest()[:12]

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
            return Keyring(_decode(key_file.read_text(errors="replace").strip(), str(key_file)))
        fresh = secrets.token_bytes(32)
        key_file.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: half a key would look like a lost one at the next start.
        part = key_file.with_name(key_file.name + ".part")
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(fresh).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, key_file)
        return Keyring(fresh, made_now=True)
    except OSError as error:
        raise OperatorError(
            f"The key file {key_file} cannot be read or made ({error.strerror}).",
            "Check its folder's permissions, or set REALLYOK_KEY.",
        ) from None


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
