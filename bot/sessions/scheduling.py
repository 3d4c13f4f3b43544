"""Saving a session somebody wrote, or what they changed. One public function, one transaction.

Two people changing one series: the second is shown what the first changed and decides; nothing is overwritten unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, func, select, update

from bot.db.columns import new_id
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.habits import Habits
from bot.members.tables import Network
from bot.schedule.recurrence import Series, Unit, local_date, resolve
from bot.sessions import changing, drafts
from bot.sessions.drafts import Writing, kept, own
from bot.sessions.fields import Fields, Place, differing, from_json
from bot.sessions.making import create, fields_of, invite, put
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.planning import rule_of, set_rule
from bot.sessions.rules import MOST_SERIES, OccurrenceState, SeriesState
from bot.sessions.running import Actor, may_schedule, meeting_of, series_of, set_facilitators
from bot.sessions.tables import Change, Draft, Occurrence, SeriesRow, SessionNetwork, facilitators_of


class Scope(StrEnum):
    """Which meetings an edit is for."""

    ONE = "one"
    LATER = "later"
    ALL = "all"


@dataclass(frozen=True)
class Saved:
    """What saving came to. `conflict`: the names of what somebody else changed meanwhile, and nothing was saved."""

    series_id: int
    title: str
    first: datetime | None
    channel_id: int | None
    again: bool = False
    conflict: tuple[str, ...] = ()


async def save(store: Store, habits: Habits, draft_id: int, actor: Actor, now: datetime) -> Saved:
    """Save a draft: a new series, or a change to one. Saved twice (a double tap, a restart), it is saved once.

    Raises `Refusal` for a draft that is gone or not theirs, for somebody who may not, and for what is not complete.
    """
    return await store.write(_save, habits, draft_id, actor, now)


def _save(session: Session, habits: Habits, draft_id: int, actor: Actor, now: datetime) -> Saved:
    saved_to = _saved_to(session, draft_id)
    if saved_to is not None:
        return _saved(session, series_of(session, saved_to, actor), now, again=True)
    draft = own(session, draft_id, actor.network_id, actor.user_id)
    fields = from_json(draft.fields["now"])
    where = fields.where
    if fields.rule is None or (where.channel_id is None and not where.text):
        raise Refusal("errors.when_missing")
    if draft.series_id is None:
        may_schedule(actor)
        series = _new(session, draft, fields, actor, now)
    else:
        series = series_of(session, draft.series_id, actor)
        others = _changed_since(session, series, draft.revision)
        if others:
            return replace(_saved(session, series, now), conflict=others)
        series = _edit(session, habits, series, draft, fields, now)
    session.delete(draft)
    session.flush()
    return _saved(session, series, now)


def _saved_to(session: Session, draft_id: int) -> int | None:
    """The series a draft was saved to, if it was: a new series, and a change to one, bear their draft's number."""
    if session.get(Draft, draft_id) is not None:
        return None
    made, change = session.get(SeriesRow, draft_id), session.get(Change, draft_id)
    if made is not None:
        return made.id
    return None if change is None else change.series_id


def _saved(session: Session, series: SeriesRow, now: datetime, *, again: bool = False) -> Saved:
    first = next(
        (o for o in changing.to_come(session, series.id, now) if o.state == OccurrenceState.PLANNED), None
    )
    sessions = session.get(SessionNetwork, series.network_id)
    return Saved(series.id, series.title, first and first.starts_at, sessions and sessions.channel_id, again)


def _new(session: Session, draft: Draft, fields: Fields, actor: Actor, now: datetime) -> SeriesRow:
    assert fields.rule is not None
    running = (
        select(func.count())
        .select_from(SeriesRow)
        .where(SeriesRow.network_id == actor.network_id, SeriesRow.state == SeriesState.RUNNING)
    )
    if session.exec(running).one() >= MOST_SERIES:
        raise Refusal("errors.too_many_sessions")
    first = next(fields.rule.dates(fields.rule.start), None)
    if first is None or _over(fields.rule, now):
        raise Refusal("errors.when_gone_by")
    return create(session, draft.id, actor.network_id, actor.user_id, fields, now)


def _over(rule: Series, now: datetime) -> bool:
    """Whether a rule has no date to come."""
    since = local_date(now, rule.zone)
    return all(
        resolve(on, rule.at, rule.zone) <= now for on, _ in zip(rule.dates(since), range(2), strict=False)
    )


async def begin_edit(
    store: Store,
    occurrence_id: int,
    scope: Scope,
    actor: Actor,
    event_id: int,
    now: datetime,
    *,
    copy: bool = False,
) -> Writing:
    """Begin to change a meeting, it and those after it, or all; or, with `copy`, to write a new one like it.

    Raises `Refusal`.
    """

    def act(session: Session) -> Writing:
        occurrence, series = meeting_of(session, occurrence_id, actor)
        if (
            scope is Scope.ONE
            and not copy
            and (occurrence.state != OccurrenceState.PLANNED or occurrence.starts_at <= now)
        ):
            raise Refusal("errors.not_to_come")
        fields = fields_of(session, series, occurrence if scope is Scope.ONE and not copy else None)
        if copy:
            again = kept(fields.with_(standing=None, helpers=()), "")
            return drafts.look(
                session, drafts.put(session, event_id, actor.network_id, actor.user_id, again, now), now
            )
        draft = drafts.put(
            session,
            event_id,
            actor.network_id,
            actor.user_id,
            kept(fields, "", before=fields),
            now,
            series_id=series.id,
            occurrence_id=occurrence.id,
            scope=scope,
            revision=series.revision,
        )
        return drafts.look(session, draft, now)

    return await store.write(act)


async def take_over(store: Store, draft_id: int, actor: Actor, now: datetime) -> Writing:
    """After being shown what somebody else changed: keep what they changed, and mine on top. Raises `Refusal`."""

    def act(session: Session) -> Writing:
        draft = own(session, draft_id, actor.network_id, actor.user_id)
        series = series_of(session, draft.series_id or 0, actor)
        occurrence = session.get(Occurrence, draft.occurrence_id) if draft.scope == Scope.ONE else None
        present = fields_of(session, series, occurrence)
        mine = differing(from_json(draft.fields["before"]), from_json(draft.fields["now"]))
        draft.fields = kept(present.with_(**mine), draft.fields["when"], before=present)
        draft.revision = series.revision
        session.add(draft)
        return drafts.look(session, draft, now)

    return await store.write(act)


async def closures_changed(store: Store, habits: Habits, network_id: int, now: datetime) -> None:
    """Fit a network's sessions to closures that changed: whoever was coming to what is left out is told."""

    def act(session: Session) -> None:
        network = session.get(Network, network_id)
        if network is None:
            return
        for series in session.exec(
            select(SeriesRow).where(
                SeriesRow.network_id == network_id,
                SeriesRow.state == SeriesState.RUNNING,
                col(SeriesRow.skip_closures).is_(True),
            )
        ).all():
            changing.fit(session, habits, series, network, now)

    await store.write(act)


def _changed_since(session: Session, series: SeriesRow, revision: int) -> tuple[str, ...]:
    if series.revision == revision:
        return ()
    rows = session.exec(
        select(Change)
        .where(Change.series_id == series.id, Change.revision > revision)
        .order_by(col(Change.revision))
    ).all()
    return tuple(dict.fromkeys(name for row in rows for name in row.what["names"])) or ("rule",)


def note_change(
    session: Session,
    series: SeriesRow,
    names: tuple[str, ...],
    now: datetime,
    change_id: int | None = None,
) -> None:
    """Count one more change of a series, and what it was about. `change_id`: the number of the draft it was written in."""
    series.revision += 1
    session.add(series)
    session.add(
        Change(
            id=change_id or new_id(),
            series_id=series.id,
            network_id=series.network_id,
            revision=series.revision,
            what={"names": list(names)},
            made_at=now,
        )
    )
    session.flush()


def _edit(
    session: Session, habits: Habits, series: SeriesRow, draft: Draft, fields: Fields, now: datetime
) -> SeriesRow:
    if series.state == SeriesState.CANCELLED:
        raise Refusal("errors.not_to_come")
    changed = differing(from_json(draft.fields["before"]), fields)
    if not changed:
        return series
    note_change(session, series, tuple(changed), now, draft.id)
    occurrence = session.get(Occurrence, draft.occurrence_id) if draft.occurrence_id else None
    if draft.scope == Scope.ONE:
        if occurrence is None:
            raise Refusal("errors.old_button")
        _edit_one(session, habits, (occurrence, series), changed, now)
        return series
    if draft.scope == Scope.LATER and occurrence is not None:
        series = _split(session, series, occurrence, draft.id, now)
    if fields.rule is not None and "rule" in changed and _over(fields.rule, now):
        raise Refusal("errors.when_gone_by")
    were = {
        one.id: put_together(one, series)
        for one in changing.to_come(session, series.id, now)
        if one.state == OccurrenceState.PLANNED
    }
    before = fields_of(session, series)
    put(series, before.with_(**{k: v for k, v in changed.items() if k not in ("rule", "helpers", "invited")}))
    if "rule" in changed and fields.rule is not None:
        set_rule(series, fields.rule)
        series.state = SeriesState.RUNNING
    if "helpers" in changed:
        lead = next((row.user_id for row in facilitators_of(session, series.id) if row.leads), draft.user_id)
        set_facilitators(session, series, lead, fields.helpers)
    if "invited" in changed:
        invite(session, series, fields.invited)
    session.add(series)
    session.flush()
    _carry_through(session, habits, series, changed, were, now)
    return series


def _edit_one(
    session: Session,
    habits: Habits,
    both: tuple[Occurrence, SeriesRow],
    changed: dict[str, Any],
    now: datetime,
) -> None:
    occurrence, series = both
    was = put_together(occurrence, series)
    if not was.held or was.starts_at <= now:  # called off, or begun, while this was written
        raise Refusal("errors.not_to_come")
    for name in ("title", "about", "places", "minutes"):
        if name in changed:
            setattr(occurrence, name, changed[name])
    if "where" in changed:
        where: Place = changed["where"]
        occurrence.where_kind, occurrence.where_channel_id = where.kind, where.channel_id
        occurrence.where_text = where.text
    if "minutes" in changed:
        occurrence.ends_at = occurrence.starts_at + timedelta(minutes=changed["minutes"])
    session.add(occurrence)
    told: set[int] = set()
    if "rule" in changed:
        rule: Series = changed["rule"]
        starts_at = resolve(rule.start, rule.at, rule.zone)
        if starts_at <= now:
            raise Refusal("errors.when_gone_by")
        changing.move(session, habits, both, starts_at, now, told, by_hand=True)
        was = replace(was, starts_at=occurrence.starts_at, ends_at=occurrence.ends_at)
    changing.follow(session, habits, both, was, now, told)


def _split(
    session: Session, series: SeriesRow, occurrence: Occurrence, new_id: int, now: datetime
) -> SeriesRow:
    """This meeting and those after it as a series of their own; the same series if none was before."""
    on = occurrence.original_on
    rule = rule_of(series)
    earlier = [day for day, _ in zip(rule.dates(rule.start), range(1001), strict=False) if day < on]
    if not earlier:
        return series
    count = None if rule.count is None else max(1, rule.count - len(earlier))
    # In step with the old one: a fortnight keeps its weeks.
    start = next(rule.dates(on), None)
    if start is None:  # it was moved by hand, and its rule has ended since: it stands for itself
        start, sooner = on, rule
        later = Series(on, rule.at, rule.zone, Unit.DAY, count=1)
    else:
        sooner = replace(rule, until=on - timedelta(days=1), count=None)
        later = replace(rule, start=start, count=count)
    fields = fields_of(session, series)
    rows = facilitators_of(session, series.id)
    copy = SeriesRow(
        id=new_id,
        network_id=series.network_id,
        title=series.title,
        start_on=start,
        at=series.at,
        zone=series.zone,
        unit=series.unit,
        where_kind=series.where_kind,
        standing=series.standing,
        made_at=now,
        plan_at=now,
    )
    put(copy, fields)
    set_rule(copy, later)
    series.standing = None
    set_rule(series, sooner)
    session.add_all([copy, series])
    session.flush()
    if rows:
        set_facilitators(session, copy, rows[0].user_id, tuple(row.user_id for row in rows[1:]))
    invite(session, copy, fields.invited)
    session.connection().execute(
        update(Occurrence)
        .where(col(Occurrence.series_id) == series.id, col(Occurrence.original_on) >= on)
        .values(series_id=copy.id)
    )
    session.expire_all()
    return copy


def _carry_through(
    session: Session,
    habits: Habits,
    series: SeriesRow,
    changed: dict[str, Any],
    were: dict[int, Meeting],
    now: datetime,
) -> None:
    """Have the meetings that are made already follow their series; `were` is how they stood before. Each hears once."""
    network = session.get_one(Network, series.network_id)
    told: set[int] = set()
    if "minutes" in changed:
        for one in changing.to_come(session, series.id, now):
            if one.minutes is None:
                one.ends_at = one.starts_at + timedelta(minutes=series.minutes)
                session.add(one)
    if "rule" in changed or "skip_closures" in changed:
        changing.fit(session, habits, series, network, now, told)
    for one in changing.to_come(session, series.id, now):
        was = were.get(one.id)
        if was is not None and one.state == OccurrenceState.PLANNED:
            if one.starts_at != was.starts_at:  # told with its new time, its place and its length
                was = replace(was, starts_at=one.starts_at, ends_at=one.ends_at)
            changing.follow(session, habits, (one, series), was, now, told)
