"""One meeting as people are shown it: its own words where it has any, else its series'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.content.library import Words
from bot.content.neutral import neutralise
from bot.sessions.rules import TITLE_LENGTH, WHERE_LENGTH, OccurrenceState, SeriesState, Where, Who
from bot.sessions.tables import Occurrence, SeriesRow


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting put together from its row and its series'."""

    id: int
    series_id: int
    network_id: int
    title: str
    neutral_title: str
    about: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    state: OccurrenceState
    reason: str
    where_kind: Where
    where_channel_id: int | None
    where_text: str
    who: Who
    role_id: int | None
    places: int | None
    channel_id: int | None
    """Where it was announced."""

    @property
    def held(self) -> bool:
        """Whether it takes place."""
        return self.state is OccurrenceState.PLANNED

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def room_id(self) -> int | None:
        """The voice or stage channel it is in."""
        return self.where_channel_id if self.where_kind in (Where.VOICE, Where.STAGE) else None


def put_together(occurrence: Occurrence, series: SeriesRow) -> Meeting:
    """The meeting of these two rows."""
    elsewhere = occurrence.where_kind is not None
    return Meeting(
        id=occurrence.id,
        series_id=series.id,
        network_id=series.network_id,
        title=occurrence.title or series.title,
        neutral_title=series.neutral_title,
        about=series.about if occurrence.about is None else occurrence.about,
        zone=series.zone,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        state=(
            OccurrenceState.CANCELLED
            if series.state == SeriesState.CANCELLED
            else OccurrenceState(occurrence.state)
        ),
        reason=occurrence.reason,
        where_kind=Where(occurrence.where_kind or series.where_kind),
        where_channel_id=occurrence.where_channel_id if elsewhere else series.where_channel_id,
        where_text=(occurrence.where_text or "") if elsewhere else series.where_text,
        who=Who(series.who),
        role_id=series.role_id,
        places=series.places if occurrence.places is None else occurrence.places,
        channel_id=occurrence.channel_id,
    )


def where_said(meeting: Meeting) -> Words:
    """Where it is, as it may stand in a message: a channel, a link, or a place in words made harmless."""
    if meeting.room_id is not None:
        return Words(f"<#{meeting.room_id}>")
    if meeting.where_kind is Where.LINK and is_link(meeting.where_text):
        return Words(meeting.where_text)
    return Words(neutralise(meeting.where_text, WHERE_LENGTH))


def is_link(text: str) -> bool:
    """Whether it is a plain https address and nothing else, so that it may stand in a message as it is."""
    return (
        text.startswith("https://") and len(text) <= WHERE_LENGTH and not set(text) & set(" \n\t<>()[]*`|\\")
    )


def title_said(meeting: Meeting) -> Words:
    """What it is called, made harmless."""
    return Words(neutralise(meeting.title, TITLE_LENGTH))


def moment(at: datetime, style: str = "F") -> str:
    """An instant that everybody's Discord shows in their own zone and language."""
    return f"<t:{int(at.timestamp())}:{style}>"
