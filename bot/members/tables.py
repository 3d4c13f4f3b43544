"""Networks, the people in them, and what each of them agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, String, UniqueConstraint
from sqlmodel import Field, Session, col, select

from bot.db.columns import Erase, Keep, Row, UtcDateTime, impersonal, new_id, personal

WHILE_MEMBER = Keep("while you are a member")
UNTIL_FORGOTTEN = Keep("until forgotten")


class Purpose(StrEnum):
    """What a consent is for. Each is given and withdrawn by itself."""

    MEMBERSHIP = "membership"
    CHECKINS = "checkins"
    BUDDIES = "buddies"


class Network(Row, table=True):
    """One Discord server that has been set up."""

    __tablename__ = "network"

    id: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, **impersonal("the server's id"))
    )
    name: str = Field(max_length=100, sa_column_kwargs=impersonal("the server's name"))
    zone: str = Field(default="Europe/London", max_length=64, sa_column_kwargs=impersonal("a time zone"))
    nation: str = Field(default="england", max_length=24, sa_column_kwargs=impersonal("where the network is"))
    language: str = Field(default="en", max_length=8, sa_column_kwargs=impersonal("the network's language"))
    safeguarding_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs=personal(
            export="Safeguarding contact of a network",
            erase=Erase.CLEAR,
            keep=Keep("until the network names somebody else"),
        ),
    )
    second_safeguarding_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs=personal(
            export="Second safeguarding contact of a network",
            erase=Erase.CLEAR,
            keep=Keep("until the network names somebody else"),
        ),
    )
    welcome_channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    welcome_message_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("the bot's own message")
    )
    checkin_channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    checkin_message_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("the bot's own message")
    )
    organisers_channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    organiser_role_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a role's id")
    )
    facilitator_role_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a role's id")
    )
    listener_role_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a role's id")
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it was set up"))
    removed_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=impersonal("when the bot was removed")
    )


class Person(Row, table=True):
    """Somebody who is a member somewhere, and how to reach them. One row over all networks."""

    __tablename__ = "person"

    user_id: int = Field(
        sa_column=Column(
            BigInteger,
            primary_key=True,
            autoincrement=False,
            **personal(export="Discord id", keep=WHILE_MEMBER, subject=True),
        )
    )
    dm_channel_id: int | None = Field(
        default=None,
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export="Direct message channel", keep=WHILE_MEMBER),
    )
    dm_closed_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Direct messages closed since", keep=WHILE_MEMBER),
    )
    language: str | None = Field(
        default=None,
        max_length=8,
        sa_column_kwargs=personal(export="Language", keep=WHILE_MEMBER),
    )
    paused_until: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Paused until", keep=WHILE_MEMBER),
    )
    last_asked_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Last asked", keep=WHILE_MEMBER),
    )


class Membership(Row, table=True):
    """One person in one network."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("network_id", "user_id"),)

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger,
            primary_key=True,
            autoincrement=False,
            **personal(export=None, keep=WHILE_MEMBER),
        ),
    )
    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            nullable=False,
            **personal(export="Network", keep=WHILE_MEMBER),
        )
    )
    user_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("person.user_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            **personal(export="Discord id", keep=WHILE_MEMBER, subject=True),
        )
    )
    joined_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Joined", keep=WHILE_MEMBER)
    )


class Consent(Row, table=True):
    """What somebody agreed to, when, and when they took it back."""

    __tablename__ = "consent"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=UNTIL_FORGOTTEN)
        ),
    )
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=UNTIL_FORGOTTEN)
    )
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=UNTIL_FORGOTTEN, subject=True),
    )
    purpose: Purpose = Field(
        sa_type=String, max_length=20, sa_column_kwargs=personal(export="Agreed to", keep=UNTIL_FORGOTTEN)
    )
    given_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Agreed on", keep=UNTIL_FORGOTTEN)
    )
    withdrawn_at: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Taken back on", keep=UNTIL_FORGOTTEN),
    )


def membership_of(session: Session, network_id: int, user_id: int) -> Membership | None:
    """Somebody's membership of a network, if they have one."""
    return session.exec(
        select(Membership).where(Membership.network_id == network_id, Membership.user_id == user_id)
    ).first()


def memberships_of(session: Session, user_id: int) -> list[tuple[Membership, Network]]:
    """Every network somebody belongs to, oldest membership first."""
    return list(
        session.exec(
            select(Membership, Network)
            .where(Membership.user_id == user_id, Membership.network_id == Network.id)
            .order_by(col(Membership.joined_at))
        ).all()
    )


def open_consent(session: Session, network_id: int, user_id: int, purpose: Purpose) -> Consent | None:
    """The consent for a purpose that is in force, if any."""
    return session.exec(
        select(Consent).where(
            Consent.network_id == network_id,
            Consent.user_id == user_id,
            Consent.purpose == purpose,
            col(Consent.withdrawn_at).is_(None),
        )
    ).first()
