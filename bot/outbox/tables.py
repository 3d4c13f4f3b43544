"""One row a message the bot means to send."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import JSON, BigInteger, Column, Index, String, text
from sqlmodel import Field

from bot.db.columns import Keep, Row, UtcDateTime, impersonal, new_id, personal

KEPT = Keep("7 days after sending", days=7, since="ended_at")


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # a process took it; after a crash nobody knows whether Discord has it
    SENT = "sent"
    EXPIRED = "expired"  # too late to be of use: recorded, not sent
    UNDELIVERABLE = "undeliverable"  # the member takes no DMs from us (50007, 50278)
    FORBIDDEN = "forbidden"  # no permission in that channel (403)
    GONE = "gone"  # the channel is no more (404)
    REFUSED = "refused"  # Discord rejects the message itself (400): ours to mend


NEXT: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.EXPIRED}),
    State.SENDING: frozenset(
        {
            State.SENDING,
            State.SENT,
            State.EXPIRED,  # only after a look showed that Discord does not have it
            State.UNDELIVERABLE,
            State.FORBIDDEN,
            State.GONE,
            State.REFUSED,
        }
    ),
    State.SENT: frozenset(),
    State.EXPIRED: frozenset(),
    State.UNDELIVERABLE: frozenset(),
    State.FORBIDDEN: frozenset(),
    State.GONE: frozenset(),
    State.REFUSED: frozenset(),
}


class Priority(IntEnum):
    """Lower goes first."""

    ANSWER = 0  # something a member has just asked for
    REMINDER = 10
    ROUND = 20  # check-ins, many at once
    CATCH_UP = 30


class Outbox(Row, table=True):
    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_open",
            "priority",
            "not_before",
            sqlite_where=text("state IN ('pending', 'sending')"),
        ),
    )

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, **impersonal("a random number")),
    )
    dedupe_key: str = Field(
        unique=True,
        max_length=120,
        sa_column_kwargs=personal(export=None, keep=KEPT),
    )
    user_id: int | None = Field(
        default=None,
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export=None, keep=KEPT, subject=True),
    )
    network_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("which server the words are from")
    )
    channel_id: int = Field(index=True, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=KEPT))
    template: str = Field(max_length=80, sa_column_kwargs=personal(export="Message", keep=KEPT))
    params: dict[str, str] = Field(
        default_factory=dict[str, str],
        sa_type=JSON,
        sa_column_kwargs=personal(export=None, keep=Keep("until sent", days=0, since="ended_at")),
    )
    subject_id: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=KEPT))
    language: str = Field(default="en", max_length=8, sa_column_kwargs=personal(export=None, keep=KEPT))
    priority: int = Field(default=Priority.ROUND, sa_column_kwargs=impersonal("the order of sending"))
    not_before: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Due", keep=KEPT))
    expires_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it is too late to be of use")
    )
    state: State = Field(
        default=State.PENDING,
        index=True,
        max_length=20,
        sa_type=String,
        sa_column_kwargs=personal(export="State", keep=KEPT),
    )
    attempts: int = Field(default=0, sa_column_kwargs=impersonal("a count of tries"))
    first_attempt_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=impersonal("a time of work, not of a person")
    )
    after_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("where to begin to look")
    )
    edits_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("the bot's own message it puts right")
    )
    message_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=KEPT)
    )
    error: str | None = Field(
        default=None,
        max_length=80,
        sa_column_kwargs=impersonal("Discord's own error number, and what the bot lacks"),
    )
    ended_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Ended", keep=KEPT)
    )

    @property
    def topic(self) -> str:
        """The feature it belongs to: what stands before the first colon of the dedupe key."""
        return self.dedupe_key.partition(":")[0]

    @property
    def nonce(self) -> str:
        """What Discord drops a repeat by, for as long as it remembers: the row's id (25 characters at most)."""
        return str(self.id)
