"""A series made from what somebody said, and read back as what might be said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from bot.members.tables import Network
from bot.schedule.recurrence import Series, Unit
from bot.sessions import announcing
from bot.sessions.fields import Fields, Place
from bot.sessions.meeting import put_together
from bot.sessions.planning import plan, rule_of, set_rule
from bot.sessions.rules import MOST_INVITED, Where, Who
from bot.sessions.running import set_facilitators
from bot.sessions.tables import Invited, Occurrence, SeriesRow, facilitators_of


def create(
    session: Session, series_id: int, network_id: int, lead: int | None, fields: Fields, now: datetime
) -> SeriesRow:
    """A new series with its first meetings, the nearest of them announced at once; in the caller's transaction."""
    assert fields.rule is not None
    series = SeriesRow(
        id=series_id,
        network_id=network_id,
        title=fields.title,
        start_on=fields.rule.start,
        at=fields.rule.at,
        zone=fields.rule.zone,
        unit=fields.rule.unit.value,
        where_kind=fields.where.kind,
        standing=fields.standing,
        made_at=now,
    )
    put(series, fields)
    set_rule(series, fields.rule)
    session.add(series)
    session.flush()
    if lead is not None:
        set_facilitators(session, series, lead, fields.helpers)
    invite(session, series, fields.invited)
    network = session.get_one(Network, network_id)
    meetings = plan(session, series, network, now)
    if meetings:
        first = min(meetings, key=lambda one: one.starts_at)
        first.announce_at = now if fields.who is Who.INVITED else None
        session.add(first)
        if fields.who is not Who.INVITED:
            announcing.post(session, put_together(first, series), network, now)
    return series


def put(series: SeriesRow, fields: Fields) -> None:
    """Give a series everything but its rule."""
    series.title, series.about, series.neutral_title = fields.title, fields.about, fields.neutral_title
    series.minutes, series.places, series.skip_closures = fields.minutes, fields.places, fields.skip_closures
    series.where_kind, series.where_channel_id = fields.where.kind, fields.where.channel_id
    series.where_text, series.who, series.role_id = fields.where.text, fields.who, fields.role_id


def invite(session: Session, series: SeriesRow, invited: tuple[int, ...]) -> None:
    """Have a series be for exactly these, in the caller's transaction."""
    known = {one.user_id: one for one in session.exec(select(Invited).where(Invited.series_id == series.id))}
    for user_id, row in known.items():
        if user_id not in invited:
            session.delete(row)
    for user_id in list(dict.fromkeys(invited))[:MOST_INVITED]:
        if user_id not in known:
            session.add(Invited(series_id=series.id, network_id=series.network_id, user_id=user_id))
    session.flush()


def fields_of(session: Session, series: SeriesRow, occurrence: Occurrence | None = None) -> Fields:
    """What is said of a series, or of one meeting of it."""
    rows = facilitators_of(session, series.id)
    invited = session.exec(select(Invited.user_id).where(Invited.series_id == series.id)).all()
    fields = Fields(
        title=series.title,
        rule=rule_of(series),
        where=Place(Where(series.where_kind), series.where_channel_id, series.where_text),
        minutes=series.minutes,
        who=Who(series.who),
        role_id=series.role_id,
        invited=tuple(invited),
        places=series.places,
        about=series.about,
        neutral_title=series.neutral_title,
        skip_closures=series.skip_closures,
        helpers=tuple(row.user_id for row in rows if not row.leads),
        standing=series.standing,
    )
    if occurrence is None:
        return fields
    local = occurrence.starts_at.astimezone(ZoneInfo(series.zone)).replace(tzinfo=None)
    own: dict[str, Any] = {
        "rule": Series(local.date(), local.time(), series.zone, Unit.DAY, count=1),
        "skip_closures": False,
        "minutes": occurrence.minutes or series.minutes,
    }
    for name in ("title", "about", "places"):
        if getattr(occurrence, name) is not None:
            own[name] = getattr(occurrence, name)
    if occurrence.where_kind is not None:
        own["where"] = Place(
            Where(occurrence.where_kind), occurrence.where_channel_id, occurrence.where_text or ""
        )
    return fields.with_(**own)
