"""A session somebody is writing, kept until they save it: a phone may ring, and the bot may be started anew.

One public function, one transaction. Whoever calls has asked Discord who may do this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session, col, delete, select

from bot.db.store import Store
from bot.errors import Refusal
from bot.members.tables import Network
from bot.schedule.recurrence import Series, resolve
from bot.sessions.fields import Fields, from_json, to_json
from bot.sessions.planning import begun_at, later_from, rule_of
from bot.sessions.previewing import Preview, next_dates
from bot.sessions.tables import Draft, Occurrence, SeriesRow

MOST_DRAFTS = 10  # of one person: the oldest goes


@dataclass(frozen=True)
class Writing:
    """A draft as it stands. `when` is what was typed, `choices` what it may mean, while that is not clear."""

    id: int
    network_id: int
    network: str
    zone: str
    fields: Fields
    when: str
    choices: tuple[str, ...]
    preview: Preview | None
    series_id: int | None
    occurrence_id: int | None
    scope: str
    revision: int


def kept(
    fields: Fields, when: str, choices: tuple[str, ...] = (), before: Fields | None = None
) -> dict[str, Any]:
    """What stands in a draft's row."""
    return {
        "now": to_json(fields),
        "when": when,
        "choices": list(choices),
        "before": None if before is None else to_json(before),
    }


async def begin(
    store: Store,
    network_id: int,
    user_id: int,
    fields: Fields,
    when: str,
    choices: tuple[str, ...],
    event_id: int,
    now: datetime,
) -> Writing:
    """Keep what somebody began to write with the event `event_id`. Raises `Refusal` where the network is not set up."""

    def act(session: Session) -> Writing:
        draft = put(session, event_id, network_id, user_id, kept(fields, when, choices), now)
        return look(session, draft, now)

    return await store.write(act)


def put(
    session: Session,
    event_id: int,
    network_id: int,
    user_id: int,
    fields: dict[str, Any],
    now: datetime,
    **more: Any,
) -> Draft:
    """A new draft, in the caller's transaction; somebody's oldest makes room.

    It bears the number of the event that began it, so that an event delivered twice begins one.
    """
    known = session.get(Draft, event_id)
    if known is not None:
        return own(session, event_id, network_id, user_id)
    if session.get(Network, network_id) is None:
        raise Refusal("errors.old_button")
    theirs = (
        select(Draft.id).where(Draft.user_id == user_id).order_by(col(Draft.made_at).desc(), col(Draft.id))
    )
    old = session.exec(theirs.offset(MOST_DRAFTS - 1)).all()
    session.connection().execute(delete(Draft).where(col(Draft.id).in_(old)))
    draft = Draft(id=event_id, network_id=network_id, user_id=user_id, fields=fields, made_at=now, **more)
    session.add(draft)
    session.flush()
    return draft


async def read(store: Store, draft_id: int, network_id: int, user_id: int, now: datetime) -> Writing:
    """A draft as it stands. Raises `Refusal` for one that is gone, or is somebody else's."""

    def act(session: Session) -> Writing:
        return look(session, own(session, draft_id, network_id, user_id), now)

    return await store.read(act)


async def change(
    store: Store,
    draft_id: int,
    network_id: int,
    user_id: int,
    changed: Callable[[Fields], Fields],
    now: datetime,
    *,
    when: str | None = None,
    choices: tuple[str, ...] | None = None,
) -> Writing:
    """Change a draft and keep it. `when` and `choices` None: as they were."""

    def act(session: Session) -> Writing:
        draft = own(session, draft_id, network_id, user_id)
        fields = dict(draft.fields)
        was = from_json(fields["now"])
        now_said = changed(was)
        if now_said.rule is not None and now_said.rule != was.rule:
            since = _since(session, draft, now_said.rule)
            now_said = now_said if since is None else now_said.with_(rule=begun_at(now_said.rule, since))
        fields["now"] = to_json(now_said)
        if when is not None:
            fields["when"] = when
        if choices is not None:
            fields["choices"] = list(choices)
        draft.fields = fields
        session.add(draft)
        return look(session, draft, now)

    return await store.write(act)


async def drop(store: Store, draft_id: int, network_id: int, user_id: int) -> None:
    """Throw a draft away. Raises `Refusal` for somebody else's."""

    def act(session: Session) -> None:
        session.delete(own(session, draft_id, network_id, user_id))

    await store.write(act)


def own(session: Session, draft_id: int, network_id: int, user_id: int) -> Draft:
    """Somebody's own draft in this network. Raises `Refusal`."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.user_id != user_id or draft.network_id != network_id:
        raise Refusal("errors.draft_gone")
    return draft


def look(session: Session, draft: Draft, now: datetime) -> Writing:
    """A draft with its next dates."""
    network = session.get_one(Network, draft.network_id)
    fields = from_json(draft.fields["now"])
    preview = None
    if fields.rule is not None:
        since = _since(session, draft, fields.rule)
        shown_from = now if since is None else max(now, resolve(since, time(0), fields.rule.zone))
        preview = next_dates(session, network, fields.rule, fields.skip_closures, shown_from)
    return Writing(
        id=draft.id,
        network_id=network.id,
        network=network.name,
        zone=network.zone if fields.rule is None else fields.rule.zone,
        fields=fields,
        when=draft.fields["when"],
        choices=tuple(draft.fields["choices"]),
        preview=preview,
        series_id=draft.series_id,
        occurrence_id=draft.occurrence_id,
        scope=draft.scope,
        revision=draft.revision,
    )


def _since(session: Session, draft: Draft, rule: Series) -> date | None:
    """The first date a draft for one meeting and those after it is about; None for any other draft."""
    if draft.scope != "later" or draft.occurrence_id is None or draft.series_id is None:
        return None
    occurrence, series = session.get(Occurrence, draft.occurrence_id), session.get(SeriesRow, draft.series_id)
    if occurrence is None or series is None:
        return None
    return later_from(rule_of(series), occurrence.original_on, rule)
