"""Series, their meetings, who runs them, and what is written and not yet saved.

* `session_series` holds the rule. `session_occurrence` holds one meeting, made some weeks ahead, named for ever by
  (series, original local date); it is also the exception: moved, skipped, cancelled or with words of its own. A column
  of it that is None means "as the series has it" (`shown` in `planning.py` puts the two together).
* Everything due hangs on an indexed instant that is None once done: `announce_at`, `remind_at`, `door_at`,
  `question_at` of a meeting; `plan_at` of a series; `mirror_at` of a network.
* Sessions are no secret within their network, so titles and places are not sealed. Who is coming stands in
  `coming_tables.py`.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    String,
    Time,
    UniqueConstraint,
)
from sqlmodel import Field, Session, col, select, update

from bot.db.columns import Keep, Row, UtcDateTime, impersonal, new_id, personal
from bot.db.store import wake
from bot.sessions.rules import MirrorState, OccurrenceState, SeriesState, Where, Who

WHILE_FACILITATOR = Keep("while you run it")
WHILE_INVITED = Keep("while you are invited")
DRAFT_KEPT = Keep("2 days", days=2, since="made_at")


def key(**declared: Any) -> Column[int]:
    """A random row id."""
    return Column(BigInteger, primary_key=True, autoincrement=False, **declared)


def of(parent: str, **declared: Any) -> Column[int]:
    """A column that hangs on a row of `parent`, and goes with it."""
    return Column(
        BigInteger, ForeignKey(f"{parent}.id", ondelete="CASCADE"), nullable=False, index=True, **declared
    )


class SessionNetwork(Row, table=True):
    """How one network holds sessions: its channel, and whether Discord's own events are used."""

    __tablename__ = "session_network"

    network_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("network.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            **impersonal("which server it is for"),
        )
    )
    channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    mirror_since: datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("an organiser's choice for the network"),
    )
    mirror_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when Discord's own events are looked at"),
    )


class SeriesRow(Row, table=True):
    """One series, or a single meeting (a rule of one date)."""

    __tablename__ = "session_series"

    id: int = Field(default_factory=new_id, sa_column=key(**impersonal("a random number")))
    network_id: int = Field(sa_column=of("network", **impersonal("which server it is in")))
    title: str = Field(max_length=80, sa_column_kwargs=impersonal("what a session is called"))
    neutral_title: str = Field(
        default="", max_length=80, sa_column_kwargs=impersonal("what calendars show instead")
    )
    about: str = Field(default="", max_length=1000, sa_column_kwargs=impersonal("what to expect"))
    standing: str | None = Field(
        default=None, max_length=20, sa_column_kwargs=impersonal("which of the two sessions setup offers")
    )
    # The rule: see bot.schedule.recurrence.Series.
    start_on: date = Field(sa_type=Date, sa_column_kwargs=impersonal("a session's rule"))
    at: time = Field(sa_type=Time, sa_column_kwargs=impersonal("a session's rule"))
    zone: str = Field(max_length=64, sa_column_kwargs=impersonal("a session's rule"))
    unit: str = Field(max_length=8, sa_column_kwargs=impersonal("a session's rule"))
    every: int = Field(default=1, sa_column_kwargs=impersonal("a session's rule"))
    weekdays: str = Field(default="", max_length=20, sa_column_kwargs=impersonal("a session's rule: 0,2,4"))
    nth: int = Field(
        default=0, sa_column_kwargs=impersonal("a session's rule: 1, -1 the last, 13 two of them")
    )
    until_on: date | None = Field(default=None, sa_type=Date, sa_column_kwargs=impersonal("a session's rule"))
    count: int | None = Field(default=None, sa_column_kwargs=impersonal("a session's rule"))
    skip_closures: bool = Field(default=True, sa_column_kwargs=impersonal("a session's rule"))
    minutes: int = Field(default=60, sa_column_kwargs=impersonal("how long it takes"))
    where_kind: Where = Field(sa_type=String, max_length=8, sa_column_kwargs=impersonal("where it is"))
    where_channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    where_text: str = Field(default="", max_length=300, sa_column_kwargs=impersonal("a link or a place"))
    who: Who = Field(
        default=Who.OPEN, sa_type=String, max_length=8, sa_column_kwargs=impersonal("for whom it is")
    )
    role_id: int | None = Field(default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a role's id"))
    places: int | None = Field(default=None, sa_column_kwargs=impersonal("how many may come"))
    state: SeriesState = Field(
        default=SeriesState.RUNNING,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=impersonal("whether it runs"),
    )
    revision: int = Field(default=1, sa_column_kwargs=impersonal("a count of changes"))
    plan_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when to make the next meetings"),
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it was made"))


class Change(Row, table=True):
    """What one edit of a series changed, so that a second person editing can be shown it. Not who did."""

    __tablename__ = "session_change"
    __table_args__ = (UniqueConstraint("series_id", "revision"),)

    id: int = Field(default_factory=new_id, sa_column=key(**impersonal("a random number")))
    series_id: int = Field(sa_column=of("session_series", **impersonal("which series")))
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=impersonal("which server it is in"))
    revision: int = Field(sa_column_kwargs=impersonal("the revision it made"))
    what: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        sa_type=JSON,
        sa_column_kwargs=impersonal("which fields, before and after"),
    )
    made_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when"))


class Occurrence(Row, table=True):
    """One meeting of a series."""

    __tablename__ = "session_occurrence"
    __table_args__ = (
        UniqueConstraint("series_id", "original_on"),
        Index("ix_session_occurrence_upcoming", "network_id", "starts_at"),
    )

    id: int = Field(default_factory=new_id, sa_column=key(**impersonal("a random number")))
    series_id: int = Field(sa_column=of("session_series", **impersonal("which series")))
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=impersonal("which server it is in"))
    original_on: date = Field(sa_type=Date, sa_column_kwargs=impersonal("the local date the rule gave it"))
    starts_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=impersonal("when it begins")
    )
    ends_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it ends"))
    moved: bool = Field(default=False, sa_column_kwargs=impersonal("not when the rule says"))
    state: OccurrenceState = Field(
        default=OccurrenceState.PLANNED,
        sa_type=String,
        max_length=12,
        sa_column_kwargs=impersonal("whether it is held"),
    )
    reason: str = Field(default="", max_length=300, sa_column_kwargs=impersonal("why it is not held"))
    revision: int = Field(default=0, sa_column_kwargs=impersonal("a count of changes, for calendars"))
    # Its own, where it differs from the series.
    title: str | None = Field(default=None, max_length=80, sa_column_kwargs=impersonal("what it is called"))
    about: str | None = Field(default=None, max_length=1000, sa_column_kwargs=impersonal("what to expect"))
    minutes: int | None = Field(default=None, sa_column_kwargs=impersonal("how long it takes"))
    where_kind: Where | None = Field(
        default=None, sa_type=String, max_length=8, sa_column_kwargs=impersonal("where it is")
    )
    where_channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    where_text: str | None = Field(
        default=None, max_length=300, sa_column_kwargs=impersonal("a link or a place")
    )
    places: int | None = Field(default=None, sa_column_kwargs=impersonal("how many may come"))
    # What is still to do, each None once done.
    announce_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=impersonal("when it is announced")
    )
    remind_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when the channel is reminded"),
    )
    door_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime, sa_column_kwargs=impersonal("when the door opens")
    )
    question_at: datetime | None = Field(
        default=None,
        index=True,
        sa_type=UtcDateTime,
        sa_column_kwargs=impersonal("when those who came are asked"),
    )
    # Where it was announced.
    channel_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("a channel's id")
    )
    message_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=impersonal("the bot's own message")
    )


class Mirror(Row, table=True):
    """One meeting as one of Discord's own events, and how it last looked there."""

    __tablename__ = "session_mirror"

    id: int = Field(default_factory=new_id, sa_column=key(**impersonal("a random number")))
    occurrence_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("session_occurrence.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
            **impersonal("which meeting"),
        )
    )
    network_id: int = Field(sa_type=BigInteger, sa_column_kwargs=impersonal("which server it is in"))
    event_id: int | None = Field(
        default=None, index=True, sa_type=BigInteger, sa_column_kwargs=impersonal("Discord's own event")
    )
    state: MirrorState = Field(
        default=MirrorState.WANTED,
        sa_type=String,
        max_length=8,
        sa_column_kwargs=impersonal("what became of it"),
    )
    snapshot: dict[str, Any] = Field(
        default_factory=dict[str, Any], sa_type=JSON, sa_column_kwargs=impersonal("how the event looked last")
    )
    theirs: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        sa_type=JSON,
        sa_column_kwargs=impersonal(
            "how the event looks in Discord, while it is asked about; or as it was last asked to look"
        ),
    )
    attempts: int = Field(default=0, sa_column_kwargs=impersonal("a count of tries"))


class Facilitator(Row, table=True):
    """Somebody who runs a series. They need not have joined the network; their role is asked of Discord each time."""

    __tablename__ = "session_facilitator"
    __table_args__ = (UniqueConstraint("series_id", "user_id"),)

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=WHILE_FACILITATOR)))
    series_id: int = Field(
        sa_column=of("session_series", **personal(export="Session", keep=WHILE_FACILITATOR))
    )
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_FACILITATOR)
    )
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_FACILITATOR, subject=True),
    )
    leads: bool = Field(
        default=False, sa_column_kwargs=personal(export="You made it", keep=WHILE_FACILITATOR)
    )


class Invited(Row, table=True):
    """Somebody a series by invitation is for."""

    __tablename__ = "session_invited"
    __table_args__ = (UniqueConstraint("series_id", "user_id"),)

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=WHILE_INVITED)))
    series_id: int = Field(sa_column=of("session_series", **personal(export="Session", keep=WHILE_INVITED)))
    network_id: int = Field(
        sa_type=BigInteger, sa_column_kwargs=personal(export="Network", keep=WHILE_INVITED)
    )
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=WHILE_INVITED, subject=True),
    )


class Draft(Row, table=True):
    """A session somebody is writing or changing and has not saved."""

    __tablename__ = "session_draft"

    id: int = Field(default_factory=new_id, sa_column=key(**personal(export=None, keep=DRAFT_KEPT)))
    network_id: int = Field(sa_column=of("network", **personal(export="Network", keep=DRAFT_KEPT)))
    user_id: int = Field(
        sa_type=BigInteger,
        index=True,
        sa_column_kwargs=personal(export="Discord id", keep=DRAFT_KEPT, subject=True),
    )
    series_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=DRAFT_KEPT)
    )
    occurrence_id: int | None = Field(
        default=None, sa_type=BigInteger, sa_column_kwargs=personal(export=None, keep=DRAFT_KEPT)
    )
    scope: str = Field(default="", max_length=8, sa_column_kwargs=personal(export=None, keep=DRAFT_KEPT))
    revision: int = Field(default=0, sa_column_kwargs=personal(export=None, keep=DRAFT_KEPT))
    fields: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        sa_type=JSON,
        sa_column_kwargs=personal(export="What you wrote", keep=DRAFT_KEPT),
    )
    made_at: datetime = Field(
        sa_type=UtcDateTime, index=True, sa_column_kwargs=personal(export="Begun", keep=DRAFT_KEPT)
    )


def facilitators_of(session: Session, series_id: int) -> list[Facilitator]:
    """Who runs a series, whoever leads it first."""
    return list(
        session.exec(
            select(Facilitator)
            .where(Facilitator.series_id == series_id)
            .order_by(col(Facilitator.leads).desc(), col(Facilitator.id))
        ).all()
    )


def occurrence_with_series(session: Session, occurrence_id: int) -> tuple[Occurrence, SeriesRow] | None:
    """A meeting and its series, if there is such a meeting."""
    return session.exec(
        select(Occurrence, SeriesRow).where(
            Occurrence.id == occurrence_id, SeriesRow.id == Occurrence.series_id
        )
    ).first()


def look_soon(session: Session, network_id: int, at: datetime) -> None:
    """Have Discord's own events of a network looked at then, where it uses them; in the caller's transaction."""
    session.connection().execute(
        update(SessionNetwork)
        .where(col(SessionNetwork.network_id) == network_id, col(SessionNetwork.mirror_since).is_not(None))
        .values(mirror_at=at)
    )
    wake(session, "schedule")
