"""How a meeting looks among Discord's own events, whether two look alike to people, and what may follow what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sessions.meeting import Meeting
from bot.sessions.rules import MIRROR_NEXT, MirrorState, Where
from bot.sessions.tables import Mirror

LOCATION_LENGTH = 100
ABOUT_LENGTH = 900


def event_of(meeting: Meeting) -> dict[str, Any]:
    """How a meeting looks as one of Discord's events."""
    kind = meeting.where_kind
    room = meeting.where_channel_id if kind in (Where.VOICE, Where.STAGE) else None
    return {
        "name": meeting.title[:100],
        "start": meeting.starts_at.isoformat(),
        "end": meeting.ends_at.isoformat(),
        "kind": kind.value if room else Where.PLACE.value,
        "where": str(room) if room else (meeting.where_text or "-")[:LOCATION_LENGTH],
        "about": meeting.about[:ABOUT_LENGTH],
    }


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two events look alike to people: name, times, place and description."""
    return _seen(one) == _seen(other)


def _seen(event: Mapping[str, Any]) -> tuple[Any, ...]:
    times = [datetime.fromisoformat(event[name]) if event.get(name) else None for name in ("start", "end")]
    about = " ".join(str(event.get("about") or "").split())
    return event.get("name"), times, event.get("where"), about


def found(
    events: Mapping[int, Mapping[str, Any]], wanted: Mapping[str, Any], known: Sequence[int]
) -> int | None:
    """The event that was made and not noted, among `events` made by us that no row knows."""
    return next((n for n, event in events.items() if n not in known and same(event, wanted)), None)


def step(mirror: Mirror, to: MirrorState) -> MirrorState:
    """The next state. Raises `ValueError` for one that cannot follow."""
    if to not in MIRROR_NEXT[MirrorState(mirror.state)]:
        raise ValueError(f"an event cannot go from {mirror.state} to {to}")
    return to
