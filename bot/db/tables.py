"""Two tables every part relies on: what this database is, and which events were seen already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Field, Session

from bot.db.columns import Keep, Row, UtcDateTime, impersonal, personal
from bot.db.prepared import Prepared

WEEK = Keep("7 days", days=7, since="seen_at")


class Install(Row, table=True):
    """One row: which key sealed this database."""

    __tablename__ = "install"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs=impersonal("always 1"))
    key_fingerprint: str = Field(max_length=12, sa_column_kwargs=impersonal("tells keys apart"))
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it was made"))


class Seen(Row, table=True):
    """An inbound event that had its effect. Discord may deliver one twice; it must count once."""

    __tablename__ = "seen"

    source: str = Field(primary_key=True, max_length=20, sa_column_kwargs=impersonal("a kind of event"))
    event_id: str = Field(
        primary_key=True,
        max_length=24,
        sa_column_kwargs=personal(export=None, keep=WEEK),
    )
    seen_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export=None, keep=WEEK)
    )


_NOTE = Prepared(
    insert(Seen).on_conflict_do_nothing(index_elements=["source", "event_id"]),
    sets=("source", "event_id", "seen_at"),
)


def first_time(session: Session, source: str, event_id: int | str, now: datetime) -> bool:
    """Whether this event is new; noted in the caller's transaction, so that it and its effect are one."""
    return _NOTE.run(session, {"source": source, "event_id": str(event_id), "seen_at": now}) == 1


def check_key(session: Session, fingerprint: str, now: datetime) -> bool:
    """Whether this key sealed this database; the first key ever asked about is taken as the one."""
    install = session.get(Install, 1)
    if install is None:
        session.add(Install(key_fingerprint=fingerprint, made_at=now))
        return True
    return install.key_fingerprint == fingerprint
