"""Keeping people apart who are never to be put together: asked for by one of them, told to nobody, held both ways."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, select

from bot.db.keys import Keyring
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.apart_tables import Apart, ApartRow, Separation, pair, secret_made, secret_of
from bot.members.tables import membership_of

# One person's own list; a program could fill a disk, and nobody avoids so many.
MOST = 200
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Avoided:
    """Somebody on a member's own list. `id` is the row's, for undoing it."""

    id: int
    other_id: int
    kind: Apart


async def keep_apart(
    store: Store,
    keys: Keyring,
    network_id: int,
    name: str,
    user_id: int,
    other_id: int,
    kind: Apart,
    now: datetime,
) -> bool:
    """Never put these two together, in any network; the other is not told. Says whether that is new.

    A block takes the place of having avoided somebody, and not the other way round. `name` is what the server is
    called. Raises `Refusal` for somebody who is not a member, and for somebody who means themselves.
    """
    if other_id == user_id:
        raise Refusal("me.apart_self")

    def act(session: Session) -> bool:
        if membership_of(session, network_id, user_id) is None:
            raise Refusal("errors.not_member", network=name)
        return _keep(session, keys, network_id, user_id, other_id, kind, now)

    return await store.write(act)


def _keep(
    session: Session,
    keys: Keyring,
    network_id: int,
    user_id: int,
    other_id: int,
    kind: Apart,
    now: datetime,
) -> bool:
    rows = session.exec(select(ApartRow).where(ApartRow.user_id == user_id)).all()
    row = next((row for row in rows if row.other_id == other_id), None)
    if row is not None and (row.kind == kind or kind is Apart.AVOID):
        return False
    if row is None and len(rows) >= MOST:
        raise Refusal("me.fact_too_many", limit=MOST)
    if row is None:
        row = ApartRow(user_id=user_id, other_id=other_id, network_id=network_id, kind=kind, made_at=now)
    else:
        _undo(session, keys, row)
        row.kind, row.made_at = kind, now
    session.add(row)
    separate(session, keys, user_id, other_id, kind, now)
    return True


def separate(
    session: Session, keys: Keyring, asker_id: int, other_id: int, kind: Apart, now: datetime
) -> None:
    """Note that two people are kept apart, in the caller's transaction; twice is once.

    By itself, without a row on anybody's list, it can be undone by nobody: for whom a report is about.
    """
    code = pair(secret_made(session, keys), asker_id, other_id)
    if session.get(Separation, (code, kind)) is None:
        session.add(Separation(pair=code, kind=kind, made_at=now))


async def list_of(store: Store, user_id: int) -> list[Avoided]:
    """Whom a member asked to be kept apart from, in every network, the newest first."""

    def look(session: Session) -> list[Avoided]:
        rows = session.exec(
            select(ApartRow)
            .where(ApartRow.user_id == user_id, col(ApartRow.other_id).is_not(None))
            .order_by(col(ApartRow.made_at).desc(), col(ApartRow.id))
        )
        return [Avoided(row.id, row.other_id, Apart(row.kind)) for row in rows if row.other_id is not None]

    return await store.read(look)


async def undo(store: Store, keys: Keyring, user_id: int, row_id: int) -> int:
    """Take somebody off one's own list; returns who. What the other, or a report, asked for stays.

    Raises `Refusal` when the row is not there any more, or not theirs.
    """

    def act(session: Session) -> int:
        row = session.get(ApartRow, row_id)
        if row is None or row.user_id != user_id or row.other_id is None:
            raise Refusal("errors.old_button")
        _undo(session, keys, row)
        session.delete(row)
        return row.other_id

    return await store.write(act)


def _undo(session: Session, keys: Keyring, row: ApartRow) -> None:
    secret = secret_of(session, keys)
    if secret is None or row.other_id is None:
        return
    session.connection().execute(
        delete(Separation).where(
            col(Separation.pair) == pair(secret, row.user_id, row.other_id),
            col(Separation.kind).in_([Apart.AVOID, Apart.BLOCK]),
        )
    )


# For those who put people together


def forbidden_among(session: Session, keys: Keyring, user_id: int, others: Collection[int]) -> set[int]:
    """Which of `others` are never to be put together with somebody, whichever of the two asked for it."""
    secret = secret_of(session, keys)
    if secret is None:
        return set()
    codes = {pair(secret, user_id, other): other for other in others}
    codes |= {pair(secret, other, user_id): other for other in others}
    asked = list(codes)
    found: set[int] = set()
    for first in range(0, len(asked), _AT_ONCE):
        some = asked[first : first + _AT_ONCE]
        held = session.exec(select(Separation.pair).where(col(Separation.pair).in_(some)))
        found |= {codes[code] for code in held}
    return found


def together_forbidden(session: Session, keys: Keyring, one: int, other: int) -> bool:
    """Whether these two are never to be put together, whichever of them asked for it, and why ever."""
    return bool(forbidden_among(session, keys, one, (other,)))
