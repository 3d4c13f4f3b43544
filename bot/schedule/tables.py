"""The days a network is closed, as its organiser keeps them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Column, Date, ForeignKey
from sqlmodel import Field, Session, col, delete, select

from bot.db.columns import Row, impersonal, new_id
from bot.schedule.closures import Closure


class ClosureRow(Row, table=True):
    """One holiday or half-term of one network."""

    __tablename__ = "closure"

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
    first_on: date = Field(sa_type=Date, sa_column_kwargs=impersonal("a network's term dates"))
    last_on: date = Field(sa_type=Date, sa_column_kwargs=impersonal("a network's term dates"))
    name: str = Field(default="", max_length=80, sa_column_kwargs=impersonal("a network's term dates"))


def closures_of(session: Session, network_id: int) -> list[Closure]:
    """A network's closures in order."""
    rows = session.exec(
        select(ClosureRow).where(ClosureRow.network_id == network_id).order_by(col(ClosureRow.first_on))
    )
    return [Closure(row.first_on, row.last_on, row.name) for row in rows]


def replace_closures(session: Session, network_id: int, closures: list[Closure]) -> None:
    """Keep exactly these closures for a network, in the caller's transaction."""
    session.connection().execute(delete(ClosureRow).where(col(ClosureRow.network_id) == network_id))
    for closure in dict.fromkeys(closures):
        session.add(
            ClosureRow(network_id=network_id, first_on=closure.first, last_on=closure.last, name=closure.name)
        )
