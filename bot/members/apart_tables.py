"""Who is kept apart from whom: the asker's own list, and codes that outlive it.

The codes are made with a secret of their own, which lies sealed in the database. So they survive a new key, though
nobody could make them again from the accounts once those are forgotten.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, Session

from bot.db.columns import Erase, Keep, Row, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.keys import Keyring

UNTIL_UNDONE = Keep("until you undo it")
AFTERWARDS = Keep("until it is undone, even after somebody is forgotten")
WHY = "so that you are never put together with somebody one of you wanted to be kept apart from"


class Apart(StrEnum):
    """Why two people are kept apart. What it means is the same: never put together, either way round."""

    AVOID = "avoid"
    BLOCK = "block"
    REPORT = "report"
    ENDED = "ended"  # they were buddies, and one of them asked for it never to happen again


class Separation(Row, table=True):
    """That one account is to be kept apart from another, as a code of the two. Nobody's row: it names nobody."""

    __tablename__ = "separation"

    pair: bytes = Field(
        sa_column=Column(
            LargeBinary,
            primary_key=True,
            **personal(export=None, erase=Erase.KEEP, keep=AFTERWARDS, why=WHY),
        )
    )
    kind: Apart = Field(
        sa_column=Column(
            String(12), primary_key=True, **personal(export=None, erase=Erase.KEEP, keep=AFTERWARDS, why=WHY)
        )
    )
    made_at: datetime = Field(
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export=None, erase=Erase.KEEP, keep=AFTERWARDS, why=WHY),
    )


class SeparationSecret(Row, table=True):
    """One row: the secret the codes are made with."""

    __tablename__ = "separation_secret"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs=impersonal("always 1"))
    secret_sealed: bytes = Field(sa_type=Sealed, sa_column_kwargs=impersonal("a random secret of the bot's"))


class ApartRow(Row, table=True):
    """Somebody on a member's own list, which they alone see and can undo. Empty of the other once those are forgotten."""

    __tablename__ = "apart"
    __table_args__ = (UniqueConstraint("user_id", "other_id"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=UNTIL_UNDONE)
        ),
    )
    user_id: int = Field(
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export="Discord id", keep=UNTIL_UNDONE, subject=True),
    )
    other_id: int | None = Field(
        default=None,
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export=None, erase=Erase.CLEAR, keep=UNTIL_UNDONE),
    )
    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            nullable=False,
            **personal(export="Network", keep=UNTIL_UNDONE),
        )
    )
    kind: Apart = Field(
        sa_type=String, max_length=12, sa_column_kwargs=personal(export="How", keep=UNTIL_UNDONE)
    )
    made_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Since", keep=UNTIL_UNDONE)
    )


def secret_of(session: Session, keys: Keyring) -> bytes | None:
    """The secret the codes are made with; None when nobody was ever kept apart."""
    row = session.get(SeparationSecret, 1)
    if row is None:
        return None
    return base64.b64decode(keys.open(row.secret_sealed, "separation_secret", "secret_sealed", 1))


def secret_made(session: Session, keys: Keyring) -> bytes:
    """The secret, made now if there is none, in the caller's transaction."""
    known = secret_of(session, keys)
    if known is None:
        known = secrets.token_bytes(32)
        sealed = keys.seal(base64.b64encode(known).decode(), "separation_secret", "secret_sealed", 1)
        session.add(SeparationSecret(secret_sealed=sealed))
        session.flush()
    return known


def pair(secret: bytes, asker: int, other: int) -> bytes:
    """The code that says `asker` is to be kept apart from `other`; the other way round is another code."""
    return hmac.digest(secret, f"{asker} {other}".encode(), "sha256")[:16]
