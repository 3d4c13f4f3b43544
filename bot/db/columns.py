"""Column types, and what each column declares about the people in it.

Every column is declared either `personal` or `impersonal`; a test reads the metadata and fails on one that
is neither. Export, erasure and retention are driven by these declarations, not by lists kept elsewhere.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SEAL_VERSION = b"\x01"


class Row(SQLModel):
    """What every table is made from."""

    if TYPE_CHECKING:
        # A table's name is a plain text here; SQLModel declares the function it would make one up with.
        __tablename__: ClassVar[str]  # pyright: ignore[reportIncompatibleVariableOverride] - plain here


class Keep(str):
    """For how long something is kept, in words; and, where the clock decides, as days since another column.

    `Keep("90 days", days=90, since="due_at")`. Without days it is kept until something else ends it.
    """

    days: int | None
    since: str | None

    def __new__(cls, words: str, *, days: int | None = None, since: str | None = None) -> Keep:
        keep = super().__new__(cls, words)
        keep.days, keep.since = days, since
        return keep


class Erase(StrEnum):
    """What happens to a column when its person asks to be forgotten."""

    ROW = "row"  # the whole row goes
    CLEAR = "clear"  # this value goes, the row stays for what else it holds
    KEEP = "keep"  # it stays; `why` in the declaration is told to the member


def personal(
    *, export: str | None, erase: Erase = Erase.ROW, keep: Keep, subject: bool = False, why: str = ""
) -> dict[str, Any]:
    """Declare a column that refers to, or tells something of, a person.

    `export` is the label it is exported under (None: a key with no meaning to its owner); `keep` says for how
    long in words ("while a member", "90 days"); `subject` marks the column that says whose row it is.
    """
    if erase is Erase.KEEP and not why:
        raise ValueError("a value that outlives forgetting needs a reason the member can be told")
    return {
        "info": {
            "personal": True,
            "export": export,
            "erase": erase,
            "keep": keep,
            "subject": subject,
            "why": why,
        }
    }


def impersonal(why: str) -> dict[str, Any]:
    """Declare a column that tells nothing of any person, and why that is so."""
    return {"info": {"personal": False, "why": why}}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; stored without a zone, since SQLite has none. Refuses a naive one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Sealed(TypeDecorator[bytes]):
    """Encrypted bytes made by `Keyring.seal`, bound to their row. Refuses anything that is not sealed."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if value is not None and not value.startswith(SEAL_VERSION):
            raise ValueError("only sealed values go into this column")
        return value


class KeyedIndex(TypeDecorator[bytes]):
    """Sixteen bytes made by `Keyring.index` that say "same" or "not the same" of a sealed column in the same row.

    `of` names that column and `purpose` is what the index was made for: a new key makes it anew from the two.
    None stays None (a value that is to match nobody yet).
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, of: str, purpose: str) -> None:
        super().__init__()
        self.of = of
        self.purpose = purpose

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        if value is not None and len(value) != 16:
            raise ValueError("only what Keyring.index makes goes into this column")
        return value


def new_id() -> int:
    """A random row id of 62 bits: it can stand in a button without saying how many came before it."""
    return secrets.randbits(62) | 1
