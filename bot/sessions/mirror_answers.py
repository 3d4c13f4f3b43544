"""What is done about an event somebody changed in Discord's own screen: ours kept, or Discord's taken over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.db.store import Store
from bot.errors import Refusal
from bot.members.habits import Habits
from bot.sessions import changing
from bot.sessions.meeting import put_together
from bot.sessions.mirror_look import step
from bot.sessions.rules import MirrorState, OccurrenceState, Where
from bot.sessions.running import Actor, series_of
from bot.sessions.tables import Mirror, Occurrence, SeriesRow, look_soon, occurrence_with_series


async def decide(
    store: Store, habits: Habits, mirror_id: int, *, ours: bool, actor: Actor, now: datetime
) -> str:
    """Keep ours, or take Discord's; returns the session's title. Raises `Refusal`; decided twice, it is decided once."""

    def act(session: Session) -> str:
        mirror = session.get(Mirror, mirror_id)
        both = occurrence_with_series(session, mirror.occurrence_id) if mirror else None
        if mirror is None or both is None:
            raise Refusal("errors.old_button")
        series_of(session, both[1].id, actor)
        if mirror.state == MirrorState.ASKED:
            theirs = dict(mirror.theirs)
            if ours:
                _keep_ours(mirror, theirs)
            else:
                _take_theirs(session, habits, mirror, both, theirs, now)
            session.add(mirror)
            look_soon(session, mirror.network_id, now)
        return both[1].title

    return await store.write(act)


def _keep_ours(mirror: Mirror, theirs: dict[str, Any]) -> None:
    if theirs:  # how it looks now: the next look sees that it is not as we have it, and puts it right
        mirror.state, mirror.snapshot, mirror.theirs = step(mirror, MirrorState.MADE), theirs, {}
    else:
        mirror.state, mirror.event_id, mirror.attempts = step(mirror, MirrorState.WANTED), None, 0


def _take_theirs(
    session: Session,
    habits: Habits,
    mirror: Mirror,
    both: tuple[Occurrence, SeriesRow],
    theirs: dict[str, Any],
    now: datetime,
) -> None:
    occurrence, series = both
    was = put_together(occurrence, series)
    if not theirs:
        mirror.state, mirror.event_id = step(mirror, MirrorState.GONE), None
        changing.call_off(session, habits, both, OccurrenceState.CANCELLED, "", now, set())
        return
    before = mirror.snapshot
    mirror.state, mirror.snapshot, mirror.theirs = step(mirror, MirrorState.MADE), theirs, {}
    if theirs.get("name") != before.get("name"):
        occurrence.title = str(theirs["name"])[:80]
    if theirs.get("about") != before.get("about"):
        occurrence.about = str(theirs.get("about") or "")[:1000]
    if theirs.get("where") != before.get("where"):
        kind = Where(theirs.get("kind", Where.PLACE))
        occurrence.where_kind = kind
        occurrence.where_channel_id = int(theirs["where"]) if kind in (Where.VOICE, Where.STAGE) else None
        occurrence.where_text = "" if occurrence.where_channel_id else str(theirs.get("where") or "")[:300]
    session.add(occurrence)
    start, end = (datetime.fromisoformat(theirs[n]) if theirs.get(n) else None for n in ("start", "end"))
    if start is not None and end is not None and end > start:
        occurrence.minutes = int((end - start).total_seconds() // 60)
        occurrence.ends_at = occurrence.starts_at + (end - start)
    told: set[int] = set()
    if start is not None and start > now and start != occurrence.starts_at:
        changing.move(session, habits, both, start, now, told, by_hand=True)
        was = replace(was, starts_at=occurrence.starts_at, ends_at=occurrence.ends_at)
    changing.follow(session, habits, both, was, now, told)
