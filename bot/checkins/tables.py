"""When each member is asked, and what they answered."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import BigInteger, Column, Date, ForeignKey, String, Time, UniqueConstraint
from sqlmodel import Field

from bot.checkins.rules import State
from bot.db.columns import Keep, Row, Sealed, UtcDateTime, impersonal, new_id, personal

WHILE_MEMBER = Keep("while you are a member")
LEVELS_KEPT = Keep("90 days", days=90, since="due_at")


def _of_membership(keep: Keep) -> Column[int]:
    return Column(
        BigInteger,
        ForeignKey("membership.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        **personal(export=None, keep=keep),
    )


class Plan(Row, table=True):
    """One member's own day and time for being asked, in one network."""

    __tablename__ = "checkin_plan"
    __table_args__ = (UniqueConstraint("membership_id"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=WHILE_MEMBER)
        ),
    )
    membership_id: int = Field(sa_column=_of_membership(WHILE_MEMBER))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_MEMBER, subject=True),
    )
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_MEMBER)
    )
    often: str = Field(
        default="weekly", max_length=20, sa_column_kwargs=personal(export="How often", keep=WHILE_MEMBER)
    )
    anchor_on: date = Field(sa_type=Date, sa_column_kwargs=personal(export="From", keep=WHILE_MEMBER))
    at: time = Field(sa_type=Time, sa_column_kwargs=personal(export="At", keep=WHILE_MEMBER))
    zone: str = Field(max_length=64, sa_column_kwargs=personal(export="Time zone", keep=WHILE_MEMBER))
    quiet_from: time | None = Field(
        default=None, sa_type=Time, sa_column_kwargs=personal(export="Quiet from", keep=WHILE_MEMBER)
    )
    quiet_until: time | None = Field(
        default=None, sa_type=Time, sa_column_kwargs=personal(export="Quiet until", keep=WHILE_MEMBER)
    )
    nation: str | None = Field(
        default=None, max_length=24, sa_column_kwargs=personal(export="Bank holidays of", keep=WHILE_MEMBER)
    )
    in_closures: bool = Field(
        default=False, sa_column_kwargs=personal(export="Asked in closures", keep=WHILE_MEMBER)
    )
    unanswered: int = Field(
        default=0, sa_column_kwargs=personal(export="Unanswered in a row", keep=WHILE_MEMBER)
    )
    next_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Next question", keep=WHILE_MEMBER),
    )


class Checkin(Row, table=True):
    """One question to one member, and the level they gave, sealed."""

    __tablename__ = "checkin"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=LEVELS_KEPT)
        ),
    )
    membership_id: int = Field(sa_column=_of_membership(LEVELS_KEPT))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=LEVELS_KEPT, subject=True),
    )
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=LEVELS_KEPT))
    due_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export="Asked", keep=LEVELS_KEPT)
    )
    wording: int = Field(default=0, sa_column_kwargs=impersonal("which of our own openings was used"))
    state: State = Field(
        default=State.ASKED,
        sa_type=String,
        max_length=20,
        sa_column_kwargs=personal(export="State", keep=LEVELS_KEPT),
    )
    level_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="Answer", keep=LEVELS_KEPT)
    )
    answered_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Answered", keep=LEVELS_KEPT)
    )
    answered_by: int = Field(
        default=0,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export=None, keep=LEVELS_KEPT),
    )
    door: bool = Field(
        default=False, sa_column_kwargs=personal(export="Asked a second time", keep=LEVELS_KEPT)
    )
