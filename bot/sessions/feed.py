"""A member's own calendar: as a file now, or at a private address that only its hash is kept of."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from bot.content.library import Library
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.tables import Network, Person, memberships_of
from bot.schedule.recurrence import resolve
from bot.sessions.calendar import BACK, Changed, Entry, calendar
from bot.sessions.coming_tables import Coming, Feed
from bot.sessions.planning import closed_for, rule_of
from bot.sessions.rules import Answer, OccurrenceState, SeriesState, Where, Who
from bot.sessions.tables import Invited, Occurrence, SeriesRow

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Standing:
    """Somebody's private address: since when, and whether it shows neutral titles."""

    made_on: date
    neutral: bool


async def standing(store: Store, user_id: int) -> Standing | None:
    """Whether somebody has a private address. The address itself nobody knows any more."""

    def look(session: Session) -> Standing | None:
        feed = session.get(Feed, user_id)
        return None if feed is None else Standing(feed.made_at.date(), feed.neutral)

    return await store.read(look)


async def make(store: Store, user_id: int, now: datetime) -> str:
    """A new private address' secret part; the one before stops working. Raises `Refusal` for no member."""
    token = secrets.token_urlsafe(TOKEN_BYTES)

    def act(session: Session) -> None:
        if session.get(Person, user_id) is None:
            raise Refusal("errors.not_yours")
        feed = session.get(Feed, user_id) or Feed(user_id=user_id, token_hash=b"", made_at=now)
        feed.token_hash, feed.made_at = hashed(token), now
        session.add(feed)

    await store.write(act)
    return token


async def take_away(store: Store, user_id: int) -> bool:
    """End a private address at once; says whether there was one."""

    def act(session: Session) -> bool:
        feed = session.get(Feed, user_id)
        if feed is None:
            return False
        session.delete(feed)
        return True

    return await store.write(act)


async def set_neutral(store: Store, user_id: int, *, neutral: bool) -> bool:
    """Show neutral titles or the sessions' own; the address stays. Says whether there is one."""

    def act(session: Session) -> bool:
        feed = session.get(Feed, user_id)
        if feed is None:
            return False
        feed.neutral = neutral
        session.add(feed)
        return True

    return await store.write(act)


def hashed(token: str) -> bytes:
    """What is kept of a secret: it is 32 random bytes, so that nobody finds it from this."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class Shown:
    """What a calendar shows. `neutral`: titles only, and those that say nothing."""

    entries: list[Entry]
    neutral: bool


async def by_token(store: Store, token: str, busy: str, now: datetime) -> Shown | None:
    """What the calendar at a private address shows; None for an address there is not. `busy` is the neutral title."""

    def look(session: Session) -> Shown | None:
        feed = session.exec(select(Feed).where(Feed.token_hash == hashed(token))).first()
        if feed is None:
            return None
        return Shown(_entries(session, feed.user_id, busy if feed.neutral else None, now), feed.neutral)

    return await store.read(look)


async def file_for(store: Store, library: Library, token: str, now: datetime) -> bytes | None:
    """The calendar file for a private address; None for an address there is not. Made in a thread."""
    shown = await by_token(store, token, str(library.text("sessions.feed.busy")), now)
    if shown is None:
        return None
    # The file has a name of its own in somebody's calendar, and others look at that calendar too.
    name = str(library.text("sessions.feed.busy" if shown.neutral else "sessions.feed.mine"))
    return await asyncio.to_thread(calendar, shown.entries, now, name)


async def mine(store: Store, network_id: int | None, user_id: int, now: datetime) -> list[Entry]:
    """What a member's own file shows: what is on for them, in one network or in all."""

    def look(session: Session) -> list[Entry]:
        return _entries(session, user_id, None, now, network_id)

    return await store.read(look)


def _entries(
    session: Session, user_id: int, busy: str | None, now: datetime, network_id: int | None = None
) -> list[Entry]:
    """Every series a member may come to, but the meetings they said no to."""
    networks: dict[int, Network] = {
        network.id: network
        for _, network in memberships_of(session, user_id)
        if network.removed_at is None and (network_id is None or network.id == network_id)
    }
    rows = session.exec(
        select(SeriesRow)
        .where(col(SeriesRow.network_id).in_(networks), col(SeriesRow.state) != SeriesState.CANCELLED)
        .order_by(col(SeriesRow.made_at), col(SeriesRow.id))
    ).all()
    said: Mapping[int, Answer] = {
        occurrence_id: Answer(answer)
        for occurrence_id, answer in session.exec(
            select(Coming.occurrence_id, Coming.answer).where(Coming.user_id == user_id)
        )
    }
    invited = set(session.exec(select(Invited.series_id).where(Invited.user_id == user_id)))
    found: list[Entry] = []
    for series in rows:
        made = session.exec(
            select(Occurrence).where(
                Occurrence.series_id == series.id, col(Occurrence.starts_at) > now - BACK
            )
        ).all()
        theirs = (
            series.who == Who.OPEN
            or (series.who == Who.INVITED and series.id in invited)
            # Which roles somebody has, only Discord could say: those they answered to are theirs.
            or any(one.id in said for one in made)
        )
        if theirs:
            found.append(_entry(session, series, networks[series.network_id], made, said, busy))
    return found


def _entry(
    session: Session,
    series: SeriesRow,
    network: Network,
    made: Sequence[Occurrence],
    said: Mapping[int, Answer],
    busy: str | None,
) -> Entry:
    changed = [_changed(one, series, network, said.get(one.id), busy) for one in made]
    title, where, about = series.title, _where(series, series, network), series.about
    if busy is not None:
        title, where, about = series.neutral_title or busy, "", ""
    return Entry(
        uid=series.id,
        title=title,
        rule=rule_of(series),
        minutes=series.minutes,
        where=where,
        about=about,
        revision=series.revision,
        closed=closed_for(session, network, skip=series.skip_closures),
        changed=[one for one in changed if one is not None],
    )


def _changed(
    one: Occurrence, series: SeriesRow, network: Network, said: Answer | None, busy: str | None
) -> Changed | None:
    if one.state != OccurrenceState.PLANNED or said is Answer.CANT:
        return Changed(one.original_on)
    as_the_rule = resolve(one.original_on, series.at, series.zone) == one.starts_at
    length = one.ends_at - one.starts_at == timedelta(minutes=series.minutes)
    if as_the_rule and length and one.title is None and one.about is None and one.where_kind is None:
        return None
    if busy is not None:
        return Changed(one.original_on, one.starts_at, one.ends_at, revision=one.revision)
    return Changed(
        one.original_on,
        one.starts_at,
        one.ends_at,
        title=one.title or "",
        where="" if one.where_kind is None else _where(one, series, network),
        about=one.about or "",
        revision=one.revision,
    )


def _where(place: Occurrence | SeriesRow, series: SeriesRow, network: Network) -> str:
    """Where it is, for a calendar: Discord's channels have no address there."""
    kind = place.where_kind or series.where_kind
    return f"Discord, {network.name}" if kind in (Where.VOICE, Where.STAGE) else place.where_text or ""
