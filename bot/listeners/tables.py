"""Listeners and their hours, calls, and whom each call may go to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, String, UniqueConstraint
from sqlmodel import Field

from bot.db.columns import Erase, Keep, Row, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.keys import Keyring
from bot.listeners.rules import ANSWER_MINUTES, DEFAULT_OPEN, Ending, Hours, Offer, Promise, State, rota_of

WHILE_LISTENER = Keep("while you are a listener")
CALL_KEPT = Keep("7 days after closing", days=7, since="closed_at")
WITH_CALL = Keep("as long as the call")


def _of_membership(keep: Keep) -> Column[int]:
    return Column(
        BigInteger,
        ForeignKey("membership.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
        **personal(export=None, keep=keep),
    )


class Listening(Row, table=True):
    """What a network's organisers stated about listening."""

    __tablename__ = "listening"

    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            **impersonal("which server it is for"),
        )
    )
    answer_minutes: int = Field(
        default=ANSWER_MINUTES, sa_column_kwargs=impersonal("the stated answer time, in minutes")
    )


class Listener(Row, table=True):
    """One listener of one network: what members see of them, when they are on, and how much they take."""

    __tablename__ = "listener"
    __table_args__ = (UniqueConstraint("network_id", "user_id"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=WHILE_LISTENER)
        ),
    )
    membership_id: int = Field(sa_column=_of_membership(WHILE_LISTENER))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_LISTENER, subject=True),
    )
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_LISTENER)
    )
    name_sealed: bytes = Field(
        sa_type=Sealed, sa_column_kwargs=personal(export="Shown name", keep=WHILE_LISTENER)
    )
    organisation_sealed: bytes = Field(
        sa_type=Sealed, sa_column_kwargs=personal(export="Shown organisation", keep=WHILE_LISTENER)
    )
    confirmed_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Confirmed to be shown", keep=WHILE_LISTENER),
    )
    zone: str = Field(max_length=64, sa_column_kwargs=personal(export="Time zone", keep=WHILE_LISTENER))
    rota: str = Field(
        default="",
        max_length=600,
        sa_column_kwargs=personal(export="Weekly hours", keep=WHILE_LISTENER),
    )
    on_until: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="On until", keep=WHILE_LISTENER)
    )
    off_until: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Off until", keep=WHILE_LISTENER)
    )
    breather_until: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="A breather until", keep=WHILE_LISTENER),
    )
    most_open: int = Field(
        default=DEFAULT_OPEN, sa_column_kwargs=personal(export="At most open", keep=WHILE_LISTENER)
    )
    takes_calls: bool = Field(
        default=True, sa_column_kwargs=personal(export="Takes calls", keep=WHILE_LISTENER)
    )
    takes_talks: bool = Field(
        default=True, sa_column_kwargs=personal(export="Takes talks", keep=WHILE_LISTENER)
    )
    last_asked_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Last asked", keep=WHILE_LISTENER),
    )

    def introduce(self, keys: Keyring, name: str, organisation: str) -> None:
        """Keep what members are to see, not yet confirmed."""
        self.name_sealed = keys.seal(name, "listener", "name_sealed", self.id)
        self.organisation_sealed = keys.seal(organisation, "listener", "organisation_sealed", self.id)
        self.confirmed_at = None

    def name(self, keys: Keyring) -> str:
        """The name members see."""
        return keys.open(self.name_sealed, "listener", "name_sealed", self.id)

    def organisation(self, keys: Keyring) -> str:
        """The organisation members see."""
        return keys.open(self.organisation_sealed, "listener", "organisation_sealed", self.id)

    def hours(self, paused_until: datetime | None) -> Hours:
        """All that decides when they are on. `paused_until` is the person's, over all networks."""
        return Hours(
            self.zone, rota_of(self.rota), self.on_until, self.off_until, self.breather_until, paused_until
        )


class Call(Row, table=True):
    """One member's wish to be rung, what they wrote for it, and who took it."""

    __tablename__ = "call"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=CALL_KEPT)
        ),
    )
    membership_id: int = Field(sa_column=_of_membership(CALL_KEPT))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=CALL_KEPT, subject=True),
    )
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=CALL_KEPT))
    zone: str = Field(max_length=64, sa_column_kwargs=personal(export="Time zone", keep=CALL_KEPT))
    state: State = Field(
        default=State.DRAFT,
        sa_type=String,
        max_length=20,
        sa_column_kwargs=personal(export="State", keep=CALL_KEPT),
    )
    named_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export=None, erase=Erase.CLEAR, keep=CALL_KEPT),
    )
    holder_id: int | None = Field(
        default=None,
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export=None, erase=Erase.CLEAR, keep=CALL_KEPT),
    )
    name_sealed: bytes = Field(sa_type=Sealed, sa_column_kwargs=personal(export="Name", keep=CALL_KEPT))
    reach_sealed: bytes = Field(sa_type=Sealed, sa_column_kwargs=personal(export="How", keep=CALL_KEPT))
    suits_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="When", keep=CALL_KEPT)
    )
    about_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="About", keep=CALL_KEPT)
    )
    made_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Written", keep=CALL_KEPT)
    )
    asked_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Sent", keep=CALL_KEPT)
    )
    step: int = Field(default=0, sa_column_kwargs=impersonal("how many steps it has gone"))
    step_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Next step", keep=CALL_KEPT),
    )
    promise: Promise | None = Field(
        default=None,
        sa_type=String,
        max_length=20,
        sa_column_kwargs=personal(export="Promised", keep=CALL_KEPT),
    )
    promised_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Promised for", keep=CALL_KEPT)
    )
    spoken_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Rung, as the listener says", keep=CALL_KEPT),
    )
    ending: Ending | None = Field(
        default=None,
        sa_type=String,
        max_length=20,
        sa_column_kwargs=personal(export="How it ended", keep=CALL_KEPT),
    )
    closed_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Closed", keep=CALL_KEPT),
    )


class CallOffer(Row, table=True):
    """How one listener stands to one call: shown to the member, asked, or not to be asked."""

    __tablename__ = "call_offer"
    __table_args__ = (UniqueConstraint("call_id", "user_id"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=WITH_CALL)
        ),
    )
    call_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("call.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            **personal(export=None, keep=WITH_CALL),
        )
    )
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WITH_CALL, subject=True),
    )
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WITH_CALL))
    state: Offer = Field(
        sa_type=String, max_length=12, sa_column_kwargs=personal(export="State", keep=WITH_CALL)
    )
    shown_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Shown to the member", keep=WITH_CALL),
    )
    changed_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Since", keep=WITH_CALL)
    )
