"""Whom members work for, sealed, and the list of each network that says which names are the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, String
from sqlmodel import Field, Session, select

from bot.db.columns import Keep, KeyedIndex, Row, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.keys import Keyring
from bot.members.facts_rules import Kind, Listed, State, canonical

KEPT = Keep("until you remove it or leave")
SAME_BODY = "organisation"


class Organisation(Row, table=True):
    """One name on a network's list of employers, trusts or authorities."""

    __tablename__ = "organisation"

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
            **impersonal("which server it is for"),
        )
    )
    kind: Kind = Field(sa_type=String, max_length=12, sa_column_kwargs=impersonal("a kind of organisation"))
    name: str = Field(max_length=80, sa_column_kwargs=impersonal("an organisation's name"))
    aliases: list[str] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs=impersonal("other names of an organisation")
    )

    def listed(self) -> Listed:
        return Listed(self.name, tuple(self.aliases), self.id)


class Fact(Row, table=True):
    """One thing a member told of whom they work for: what they said, and what it counts as once it is confirmed."""

    __tablename__ = "fact"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=KEPT)
        ),
    )
    membership_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("membership.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            **personal(export=None, keep=KEPT),
        )
    )
    user_id: int = Field(
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export="Discord id", keep=KEPT, subject=True),
    )
    network_id: int = Field(
        index=True, sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=KEPT)
    )
    kind: Kind = Field(
        sa_type=String, max_length=12, sa_column_kwargs=personal(export="What it is", keep=KEPT)
    )
    name_sealed: bytes = Field(sa_type=Sealed, sa_column_kwargs=personal(export="Its name", keep=KEPT))
    compared_sealed: bytes | None = Field(
        default=None, sa_type=Sealed, sa_column_kwargs=personal(export="Compared as", keep=KEPT)
    )
    compared_index: bytes | None = Field(
        default=None,
        sa_column=Column(KeyedIndex("compared_sealed", SAME_BODY), **personal(export=None, keep=KEPT)),
    )
    state: State = Field(
        default=State.TYPED,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=personal(export="Whether it is confirmed", keep=KEPT),
    )
    given_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Given on", keep=KEPT))
    confirmed_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Confirmed on", keep=KEPT)
    )

    def said(self, keys: Keyring) -> str:
        """What the member typed or chose. Raises `OperatorError` for another key."""
        return keys.open(self.name_sealed, "fact", "name_sealed", self.id)

    def compared(self, keys: Keyring) -> str:
        """The name on the list it counts as, in the form that is compared; empty until it is confirmed."""
        if self.compared_sealed is None:
            return ""
        return keys.open(self.compared_sealed, "fact", "compared_sealed", self.id)

    def say(self, keys: Keyring, said: str) -> None:
        """Keep what the member said."""
        self.name_sealed = keys.seal(said, "fact", "name_sealed", self.id)

    def confirm(self, keys: Keyring, listed: Listed, now: datetime) -> None:
        """Let it count as a name on the list."""
        name = canonical(listed.name)
        if self.state == State.CONFIRMED and self.compared(keys) == name:
            return
        self.compared_sealed = keys.seal(name, "fact", "compared_sealed", self.id)
        self.compared_index = keys.index(name, SAME_BODY)
        self.state, self.confirmed_at = State.CONFIRMED, now

    def release(self, state: State) -> None:
        """Let it match nobody from now on."""
        self.compared_sealed = self.compared_index = self.confirmed_at = None
        self.state = state


def list_of(session: Session, network_id: int, kind: Kind) -> list[Listed]:
    """A network's list of one kind, in alphabetical order."""
    rows = session.exec(
        select(Organisation).where(Organisation.network_id == network_id, Organisation.kind == kind)
    )
    return sorted((row.listed() for row in rows), key=lambda one: canonical(one.name))


def facts_of(session: Session, network_id: int, user_id: int) -> list[Fact]:
    """What somebody told in a network, oldest first."""
    found = session.exec(select(Fact).where(Fact.user_id == user_id, Fact.network_id == network_id))
    return sorted(found, key=lambda fact: (fact.given_at, fact.id))
