"""What each person said about one meeting, whether they were there, and how they are reminded.

Nobody but that member and the session's facilitators sees it. It goes after 90 days, and with the membership. What is
due hangs on an indexed instant that is None once done: `remind_at` and `offered_until`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field

from bot.db.columns import Keep, Row, UtcDateTime, new_id, personal
from bot.sessions.rules import Answer, Place
from bot.sessions.tables import key, of

WHILE_MEMBER = Keep("while you are a member")
UNTIL_REVOKED = Keep("until you take it back")
COMING_KEPT = Keep("90 days", days=90, since="starts_at")


class Coming(Row, table=True):
    """What one member said about one meeting, and their place in it."""

    __tablename__ = "session_coming"
    __table_args__ = (
        UniqueConstraint("occurrence_id", "user_id"),
        Index("ix_session_coming_line", "occurrence_id", "place", "since"),
    )

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=COMING_KEPT)))
    occurrence_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("session_occurrence.id", ondelete="CASCADE"),
            nullable=False,
            **personal(export="Session", keep=COMING_KEPT),
        )
    )
    membership_id: int = Field(sa_column=of("membership", **personal(export=None, keep=COMING_KEPT)))
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=COMING_KEPT))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=COMING_KEPT, subject=True),
    )
    answer: Answer = Field(
        sa_type=String, max_length=8, sa_column_kwargs=personal(export="You said", keep=COMING_KEPT)
    )
    place: Place = Field(
        default=Place.NONE,
        sa_type=String,
        max_length=8,
        sa_column_kwargs=personal(export="Your place", keep=COMING_KEPT),
    )
    since: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Since", keep=COMING_KEPT))
    offered_until: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="A place was offered until", keep=COMING_KEPT),
    )
    remind_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Next reminder", keep=COMING_KEPT),
    )
    # The meeting's own, kept here because retention counts from it; follows it when it is moved.
    starts_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export="When", keep=COMING_KEPT)
    )


class Attendance(Row, table=True):
    """That somebody was at a meeting."""

    __tablename__ = "session_attendance"
    __table_args__ = (UniqueConstraint("occurrence_id", "user_id"),)

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=COMING_KEPT)))
    occurrence_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("session_occurrence.id", ondelete="CASCADE"),
            nullable=False,
            **personal(export="Session", keep=COMING_KEPT),
        )
    )
    membership_id: int = Field(sa_column=of("membership", **personal(export=None, keep=COMING_KEPT)))
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=COMING_KEPT))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=COMING_KEPT, subject=True),
    )
    how: str = Field(max_length=8, sa_column_kwargs=personal(export="How it was noted", keep=COMING_KEPT))
    at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Noted", keep=COMING_KEPT))
    starts_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export="When", keep=COMING_KEPT)
    )


class ReminderChoice(Row, table=True):
    """When one member is reminded in one network; no row: a day and an hour before."""

    __tablename__ = "session_reminders"
    __table_args__ = (UniqueConstraint("membership_id"),)

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=WHILE_MEMBER)))
    membership_id: int = Field(sa_column=of("membership", **personal(export=None, keep=WHILE_MEMBER)))
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_MEMBER)
    )
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_MEMBER, subject=True),
    )
    before: str = Field(
        default="1440,60",
        max_length=40,
        sa_column_kwargs=personal(export="Minutes before", keep=WHILE_MEMBER),
    )
    maybe: bool = Field(
        default=True, sa_column_kwargs=personal(export="Also when you said maybe", keep=WHILE_MEMBER)
    )
    after: bool = Field(default=True, sa_column_kwargs=personal(export="Asked afterwards", keep=WHILE_MEMBER))


class Feed(Row, table=True):
    """One person's private calendar address over all their networks: only a hash of it."""

    __tablename__ = "session_feed"

    user_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("person.user_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            **personal(export="Discord id", keep=UNTIL_REVOKED, subject=True),
        )
    )
    # SHA-256 of 32 random bytes: nothing to guess, so no key is needed and a key rotation leaves it alone.
    token_hash: bytes = Field(
        sa_column=Column(
            LargeBinary, nullable=False, unique=True, **personal(export=None, keep=UNTIL_REVOKED)
        )
    )
    neutral: bool = Field(
        default=True, sa_column_kwargs=personal(export="Neutral titles", keep=UNTIL_REVOKED)
    )
    made_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Made", keep=UNTIL_REVOKED)
    )
