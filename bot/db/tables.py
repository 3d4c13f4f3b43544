"""Two tables every part relies on: what this database is, and which events were seen already."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.db.columns import UtcDateTime, impersonal, personal

KEEP_SEEN = timedelta(days=7)


class Install(SQLModel, table=True):
    """One row: which key sealed this database."""

    __tablename__ = "install"  # pyright: ignore[reportAssignmentType]

    id: int = Field(default=1, primary_key=True, sa_column_kwargs=impersonal("always 1"))
    key_fingerprint: str = Field(max_length=12, sa_column_kwargs=impersonal("tells keys apart"))
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it was made"))


class Seen(SQLModel, table=True):
    """An inbound event that had its effect. Discord may deliver one twice; it must count once."""

    __tablename__ = "seen"  # pyright: ignore[reportAssignmentType]

    source: str = Field(primary_key=True, max_length=20, sa_column_kwargs=impersonal("a kind of event"))
    event_id: str = Field(
        primary_key=True,
        max_length=24,
        sa_column_kwargs=personal(export=None, keep="7 days"),
    )
    seen_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export=None, keep="7 days")
    )


def first_time(session: Session, source: str, event_id: int | str, now: datetime) -> bool:
    """Whether this event is new; noted in the caller's transaction, so that it and its effect are one."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(Seen)
        .values(source=source, event_id=str(event_id), seen_at=now)
        .on_conflict_do_nothing(index_elements=["source", "event_id"])
    )
    return session.connection().execute(statement).rowcount == 1


def tidy_seen(session: Session, now: datetime, most: int = 500) -> int:
    """Delete notes of events older than a week, at most `most` at a time; returns how many went."""
    old = select(Seen.event_id).where(col(Seen.seen_at) < now - KEEP_SEEN).limit(most)
    return session.connection().execute(delete(Seen).where(col(Seen.event_id).in_(old))).rowcount


def check_key(session: Session, fingerprint: str, now: datetime) -> bool:
    """Whether this key sealed this database; the first key ever asked about is taken as the one."""
    install = session.get(Install, 1)
    if install is None:
        session.add(Install(key_fingerprint=fingerprint, made_at=now))
        return True
    return install.key_fingerprint == fingerprint
