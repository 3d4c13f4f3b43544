"""Who looks for a buddy, what they told, who was suggested or introduced to whom, and when each hears of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlmodel import Field, Session, col, select

from bot.buddies import told_rules
from bot.buddies.life_rules import NEXT, Looking, Said, Stage, State
from bot.buddies.told_rules import Told
from bot.db.columns import Erase, Keep, Row, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.keys import Keyring

WHILE_LOOKING = Keep("until you stop it or leave")
YEAR = Keep("365 days after it ended", days=365, since="ended_at")
FOR_GOOD = Keep("as a code, even after somebody is forgotten")
WHY = "so that you aren't introduced again to somebody you were put together with before"


def _membership(keep: Keep, *, index: bool | None = None) -> Column[int]:
    """A membership with which the row goes."""
    whose = ForeignKey("membership.id", ondelete="CASCADE")
    return Column(BigInteger, whose, nullable=False, index=index, **personal(export=None, keep=keep))


class Buddying(Row, table=True):
    """A network's own lists, its weekly round, and the figures its organisers were last shown."""

    __tablename__ = "buddying"

    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            **impersonal("which server it is for"),
        )
    )
    lists: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        sa_type=JSON,
        sa_column_kwargs=impersonal("a network's names for roles, phases, sizes, places, years and regions"),
    )
    next_round_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when people are put together next"),
    )
    rounds: int = Field(default=0, sa_column_kwargs=impersonal("a count of rounds"))
    figures: dict[str, int | None] = Field(
        default_factory=dict[str, int | None],
        sa_type=JSON,
        sa_column_kwargs=impersonal("counts of people, as last reported"),
    )
    reported_on: date | None = Field(
        default=None, sa_type=Date, sa_column_kwargs=impersonal("when figures were last reported")
    )


class Request(Row, table=True):
    """One member's wish for a buddy in one network."""

    __tablename__ = "buddy_request"
    __table_args__ = (
        UniqueConstraint("membership_id"),
        Index("ix_buddy_request_waiting", "network_id", "state"),
    )

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=WHILE_LOOKING)
        ),
    )
    membership_id: int = Field(sa_column=_membership(WHILE_LOOKING))
    user_id: int = Field(
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_LOOKING, subject=True),
    )
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_LOOKING)
    )
    told_sealed: bytes = Field(
        sa_type=Sealed, sa_column_kwargs=personal(export="What you told", keep=WHILE_LOOKING)
    )
    state: Looking = Field(
        default=Looking.DRAFT,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=personal(export="How it stands", keep=WHILE_LOOKING),
    )
    since: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs=personal(export="Since", keep=WHILE_LOOKING)
    )
    looking_since: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export="Looking since", keep=WHILE_LOOKING),
    )
    waiting_rounds: int = Field(
        default=0, sa_column_kwargs=personal(export="Rounds waited", keep=WHILE_LOOKING)
    )
    ignored: int = Field(
        default=0, sa_column_kwargs=personal(export="Suggestions without an answer", keep=WHILE_LOOKING)
    )
    match_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=personal(export=None, keep=WHILE_LOOKING),
    )
    eager: bool = Field(
        default=False,
        sa_column_kwargs=personal(export="Whether anybody suitable will do", keep=WHILE_LOOKING),
    )

    def told(self, keys: Keyring) -> Told:
        """What they told."""
        return told_rules.read(keys.open(self.told_sealed, "buddy_request", "told_sealed", self.id))

    def tell(self, keys: Keyring, told: Told) -> None:
        """Keep what they told."""
        self.told_sealed = keys.seal(told_rules.as_text(told), "buddy_request", "told_sealed", self.id)

    def turn(self, state: Looking, now: datetime) -> None:
        """Let it stand another way from now on."""
        if self.state != state:
            self.state, self.since = state, now
        if state is not Looking.WAITING:
            self.match_at, self.eager = None, False


class Place(Row, table=True):
    """One member's place in a match. Places with the same `match_id` were suggested to one another."""

    __tablename__ = "buddy_place"

    id: int = Field(
        default_factory=new_id,
        sa_column=Column(
            BigInteger, primary_key=True, autoincrement=False, **personal(export=None, keep=YEAR)
        ),
    )
    match_id: int = Field(index=True, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=YEAR))
    membership_id: int = Field(sa_column=_membership(YEAR, index=True))
    user_id: int = Field(
        index=True,
        sa_type=BigInteger,
        sa_column_kwargs=personal(export="Discord id", keep=YEAR, subject=True),
    )
    network_id: int = Field(
        index=True, sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=YEAR)
    )
    state: State = Field(
        default=State.PROPOSED,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=personal(export="What became of it", keep=YEAR),
    )
    said: Said = Field(
        default=Said.NOTHING,
        sa_type=String,
        max_length=4,
        sa_column_kwargs=personal(export="You said", keep=YEAR),
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Suggested", keep=YEAR))
    expires_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=personal(export="Until", keep=YEAR))
    introduced_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Introduced", keep=YEAR)
    )
    waited_days: int | None = Field(
        default=None, sa_column_kwargs=personal(export="Days you'd been looking by then", keep=YEAR)
    )
    met_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, sa_column_kwargs=personal(export="You said you'd met", keep=YEAR)
    )
    ended_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=personal(export="Ended", keep=YEAR)
    )
    stage: Stage = Field(
        default=Stage.DAY_3, sa_type=String, max_length=8, sa_column_kwargs=personal(export=None, keep=YEAR)
    )
    unanswered: int = Field(
        default=0, sa_column_kwargs=personal(export="Questions about it without an answer", keep=YEAR)
    )
    reminded: bool = Field(default=False, sa_column_kwargs=personal(export="Mentioned once more", keep=YEAR))
    due_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=personal(export=None, keep=YEAR)
    )

    def turn(self, state: State) -> None:
        """Let it stand another way. Raises `ValueError` for what cannot become of it."""
        if state not in NEXT[State(self.state)]:
            raise ValueError(f"a place cannot go from {self.state} to {state}")
        self.state = state

    def end(self, now: datetime) -> None:
        """Let it be over."""
        self.turn(State.ENDED)
        self.ended_at, self.due_at = now, None


class Past(Row, table=True):
    """That two accounts were introduced, as a code of the two that names neither; nobody's row."""

    __tablename__ = "buddy_past"

    pair: bytes = Field(
        sa_column=Column(
            LargeBinary, primary_key=True, **personal(export=None, erase=Erase.KEEP, keep=FOR_GOOD, why=WHY)
        )
    )
    last_on: date = Field(
        sa_type=Date, sa_column_kwargs=personal(export=None, erase=Erase.KEEP, keep=FOR_GOOD, why=WHY)
    )


def request_of(session: Session, network_id: int, user_id: int) -> Request | None:
    """A member's request in a network, if they made one."""
    return session.exec(
        select(Request).where(Request.network_id == network_id, Request.user_id == user_id)
    ).first()


def turn_request(session: Session, place: Place, before: Looking, after: Looking, now: datetime) -> None:
    """Let the request behind somebody's place stand another way from now on, if it stands as `before`."""
    request = request_of(session, place.network_id, place.user_id)
    if request is not None and request.state == before:
        request.turn(after, now)
        session.add(request)


def places_of(session: Session, match_id: int) -> list[Place]:
    """Every place of a match, in a steady order."""
    return list(session.exec(select(Place).where(Place.match_id == match_id).order_by(col(Place.id))))


def open_places(session: Session, network_id: int, user_id: int) -> list[Place]:
    """A member's places in a network that are not over, the newest first."""
    return list(
        session.exec(
            select(Place)
            .where(Place.network_id == network_id, Place.user_id == user_id, col(Place.ended_at).is_(None))
            .order_by(col(Place.made_at).desc(), col(Place.id))
        )
    )
