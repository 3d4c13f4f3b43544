"""Unnamed talks: what was asked for, who stands where in them, and what is passed on.

Who is behind a made-up name stands in one table, `talk_side`, sealed, and nowhere else: no other table, no outbox row
and no log line holds a member's account together with a talk. Which messages of Discord's belong to a talk is sealed
too, since whoever knows a message's number and has the bot's token could look whose it is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlmodel import Field, Session, col, select

from bot.db.columns import Keep, KeyedIndex, Row, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.keys import Keyring
from bot.listeners.talk_rules import KEPT_FOR, PARTIES, Role, Step, Talk, Wishes

KEPT = Keep(f"{KEPT_FOR.days} days after closing", days=KEPT_FOR.days, since="closed_at")
WHO = "talk person"
WHICH = "talk message"


class TalkRow(Row, table=True):
    """One talk: how it stands and what was asked for. It names nobody."""

    __tablename__ = "talk"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, **impersonal("a random number")),
    )
    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            **impersonal("which server it is in"),
        )
    )
    state: Talk = Field(
        default=Talk.DRAFT, sa_type=String, max_length=12, sa_column_kwargs=impersonal("how it stands")
    )
    step: Step = Field(
        default=Step.FIRST,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=impersonal("how far asking has got"),
    )
    turns: int = Field(default=0, sa_column_kwargs=impersonal("how often it was offered anew"))
    next_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when its next step is due"),
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("a time of nobody named here"))
    opened_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=impersonal("a time of nobody named here")
    )
    closed_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("a time of nobody named here"),
    )


class Side(Row, table=True):
    """One person's part in one talk, and the name they go by in it. The only place that says who."""

    __tablename__ = "talk_side"
    __table_args__ = (UniqueConstraint("talk_id", "person_index"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=KEPT)
        ),
    )
    talk_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("talk.id", ondelete="CASCADE"),
            nullable=False,
            **personal(export=None, keep=KEPT),
        )
    )
    role: Role = Field(
        sa_type=String, max_length=12, sa_column_kwargs=personal(export="Part in it", keep=KEPT)
    )
    person_sealed: bytes = Field(sa_type=Sealed, sa_column_kwargs=personal(export="Discord id", keep=KEPT))
    person_index: bytes = Field(
        sa_column=Column(
            KeyedIndex("person_sealed", WHO),
            nullable=False,
            index=True,
            **personal(export=None, keep=KEPT, subject=True),
        )
    )
    name_sealed: bytes = Field(
        sa_type=Sealed, sa_column_kwargs=personal(export="Name shown in it", keep=KEPT)
    )
    shown: bool = Field(
        default=False, sa_column_kwargs=impersonal("whether a member saw name and organisation before")
    )
    wishes_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="What you asked for", keep=KEPT)
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Since", keep=KEPT))
    closed_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Closed", keep=KEPT)
    )

    def user_id(self, keys: Keyring) -> int:
        """Whose part it is. Raises `OperatorError` for another key."""
        return int(keys.open(self.person_sealed, "talk_side", "person_sealed", self.id))

    def name(self, keys: Keyring) -> str:
        """What they are called in this talk."""
        return keys.open(self.name_sealed, "talk_side", "name_sealed", self.id)

    def wishes(self, keys: Keyring) -> Wishes:
        """What a member asked for; nothing in particular for anybody else."""
        if self.wishes_sealed is None:
            return Wishes()
        return Wishes.read(keys.open(self.wishes_sealed, "talk_side", "wishes_sealed", self.id))

    def call(self, keys: Keyring, name: str) -> None:
        """Give them a name for this talk."""
        self.name_sealed = keys.seal(name, "talk_side", "name_sealed", self.id)

    def wish(self, keys: Keyring, wishes: Wishes) -> None:
        """Keep what a member asks for."""
        self.wishes_sealed = keys.seal(str(wishes), "talk_side", "wishes_sealed", self.id)


def side(keys: Keyring, talk_id: int, user_id: int, role: Role, name: str, now: datetime) -> Side:
    """A new part in a talk, sealed; not yet added to the session."""
    row = Side(
        talk_id=talk_id,
        role=role,
        person_sealed=b"",
        person_index=keys.index(str(user_id), WHO),
        name_sealed=b"",
        made_at=now,
    )
    row.person_sealed = keys.seal(str(user_id), "talk_side", "person_sealed", row.id)
    row.call(keys, name)
    return row


class Going(StrEnum):
    """How far a message of a talk has got."""

    HELD = "held"  # its writer is in several talks and was asked which it is for
    READY = "ready"
    SENDING = "sending"  # a process took it; after a crash nobody knows whether Discord has it
    SENT = "sent"
    DROPPED = "dropped"  # the talk ended, its writer took it back, or it was nothing that can be passed on


WAITING_TO_GO = (Going.READY, Going.SENDING)


class Post(Row, table=True):
    """One message on its way to one side of a talk: words of the other side's, or of the bot's own."""

    __tablename__ = "talk_post"
    __table_args__ = (
        UniqueConstraint("source_index", "part"),
        Index(
            "ix_talk_post_going",
            "to_id",
            "seq",
            sqlite_where=text("state IN ('ready', 'sending') OR changed"),
        ),
    )

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=KEPT)
        ),
    )
    talk_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("talk.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            **personal(export=None, keep=KEPT),
        )
    )
    from_id: int | None = Field(
        default=None,
        sa_column=Column(
            BigInteger,
            ForeignKey("talk_side.id", ondelete="CASCADE"),
            index=True,
            **personal(export=None, keep=KEPT, subject=True),
        ),
    )
    to_id: int | None = Field(
        default=None,
        sa_column=Column(
            BigInteger,
            ForeignKey("talk_side.id", ondelete="CASCADE"),
            index=True,
            **personal(export=None, keep=KEPT),
        ),
    )
    seq: int = Field(index=True, sa_column_kwargs=impersonal("the order of passing on"))
    part: int = Field(default=0, sa_column_kwargs=impersonal("which piece of a long message"))
    source_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export=None, keep=KEPT)
    )
    source_index: bytes | None = Field(
        default=None, sa_column=Column(KeyedIndex("source_sealed", WHICH), **personal(export=None, keep=KEPT))
    )
    words_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="What you wrote", keep=KEPT)
    )
    notice: bool = Field(default=False, sa_column_kwargs=impersonal("whether they are the bot's own words"))
    answers_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a random number of another row")
    )
    copy_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export=None, keep=KEPT)
    )
    state: Going = Field(
        default=Going.READY,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=personal(export="State", keep=KEPT),
    )
    changed: bool = Field(
        default=False, sa_column_kwargs=impersonal("whether what was passed on must be changed or taken back")
    )
    late: bool = Field(default=False, sa_column_kwargs=impersonal("whether it is passed on late"))
    written_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Written", keep=KEPT))
    closed_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=personal(export=None, keep=KEPT)
    )

    def words(self, keys: Keyring) -> str:
        """What it says; empty once it was taken back."""
        if self.words_sealed is None:
            return ""
        return keys.open(self.words_sealed, "talk_post", "words_sealed", self.id)

    def copy_id(self, keys: Keyring) -> int | None:
        """The message on the other side, once it is there."""
        if self.copy_sealed is None:
            return None
        return int(keys.open(self.copy_sealed, "talk_post", "copy_sealed", self.id))

    def source_id(self, keys: Keyring) -> int | None:
        """The message it was written as."""
        if self.source_sealed is None:
            return None
        return int(keys.open(self.source_sealed, "talk_post", "source_sealed", self.id))


class TalkName(Row, table=True):
    """That a made-up name was given to somebody on a day, so that nobody else is met under it for a while."""

    __tablename__ = "talk_name"

    name: str = Field(primary_key=True, max_length=60, sa_column_kwargs=impersonal("made-up words"))
    used_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("a time of nobody named here"))


def sides_of(session: Session, keys: Keyring, user_id: int) -> list[tuple[Side, TalkRow]]:
    """Every part somebody has in a talk that is still kept, the newest first."""
    return list(
        session.exec(
            select(Side, TalkRow)
            .where(Side.person_index == keys.index(str(user_id), WHO), Side.talk_id == TalkRow.id)
            .order_by(col(Side.made_at).desc(), col(Side.id))
        ).all()
    )


def side_of(session: Session, keys: Keyring, talk_id: int, user_id: int) -> Side | None:
    """Somebody's part in one talk."""
    return session.exec(
        select(Side).where(Side.talk_id == talk_id, Side.person_index == keys.index(str(user_id), WHO))
    ).first()


def in_role(session: Session, talk_id: int, *roles: Role) -> list[Side]:
    """Whoever stands so to a talk."""
    return list(
        session.exec(
            select(Side).where(Side.talk_id == talk_id, col(Side.role).in_(roles)).order_by(col(Side.id))
        )
    )


def held_by(session: Session, keys: Keyring, user_ids: Collection[int]) -> dict[int, int]:
    """How many talks each of these people listens in."""
    if session.exec(select(func.count()).select_from(Side).where(col(Side.closed_at).is_(None))).one() == 0:
        return {}
    whose = {keys.index(str(user_id), WHO): user_id for user_id in user_ids}
    rows = session.exec(
        select(Side.person_index, func.count())
        .where(
            col(Side.person_index).in_(list(whose)),
            col(Side.role) == Role.LISTENER,
            col(Side.closed_at).is_(None),
        )
        .group_by(col(Side.person_index))
    )
    return {whose[index]: count for index, count in rows}


def talking(session: Session, keys: Keyring, user_ids: Collection[int]) -> set[int]:
    """Which of these people are in a talk that is open, on either side."""
    open_now = select(TalkRow.id).where(TalkRow.state == Talk.OPEN)
    parts = set(
        session.exec(
            select(Side.person_index).where(
                col(Side.talk_id).in_(open_now),
                col(Side.role).in_(list(PARTIES)),
                col(Side.closed_at).is_(None),
            )
        )
    )
    return {user_id for user_id in user_ids if keys.index(str(user_id), WHO) in parts} if parts else set()
