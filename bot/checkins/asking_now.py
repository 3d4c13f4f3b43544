"""Asking now, because the member wants to be asked. One public function, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.checkins.asking import used_wordings
from bot.checkins.rules import LOOKING_BACK, State, next_wording
from bot.checkins.tables import Checkin
from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.tables import Membership, Network, Person, memberships_of


@dataclass(frozen=True)
class Asked:
    """A question that stands: its row and the network it comes from."""

    checkin_id: int
    wording: int
    network: Network
    language: str
    missed_at: datetime | None
    """When a question last could not be delivered, if DMs are closed: to be told, never dropped silently."""


async def ask_now(
    store: Store,
    user_id: int,
    network_id: int | None,
    name: str,
    event_id: int,
    now: datetime,
    wordings: int,
) -> Asked:
    """The member asks to be asked. `network_id` None: their only (or oldest) network; `name` is the server's.

    The same event makes one question. Raises `Refusal` for somebody who is not a member there.
    """
    return await store.write(_ask_now, user_id, network_id, name, event_id, now, wordings)


def _ask_now(
    session: Session,
    user_id: int,
    network_id: int | None,
    name: str,
    event_id: int,
    now: datetime,
    wordings: int,
) -> Asked:
    found = [
        (membership, network)
        for membership, network in memberships_of(session, user_id)
        if network_id is None or network.id == network_id
    ]
    if not found:
        if network_id is None:
            raise Refusal("errors.server_only")
        raise Refusal("errors.not_member", network=name)
    membership, network = found[0]
    new = first_time(session, "interaction", event_id, now)
    asked = None if new else _newest(session, membership)
    if asked is None:
        asked = Checkin(membership_id=membership.id, user_id=user_id, network_id=network.id, due_at=now)
        used = used_wordings(session, [membership.id], LOOKING_BACK).get(membership.id, [])
        asked.wording = next_wording(wordings, used, asked.id)
        session.add(asked)
    person = session.get_one(Person, user_id)
    missed = None
    if person.dm_closed_at is not None:
        missed = session.exec(
            select(func.max(Checkin.due_at)).where(Checkin.user_id == user_id, Checkin.state == State.DROPPED)
        ).one()
    return Asked(asked.id, asked.wording, network, person.language or network.language, missed)


def _newest(session: Session, membership: Membership) -> Checkin | None:
    query = select(Checkin).where(Checkin.membership_id == membership.id).order_by(col(Checkin.due_at).desc())
    return session.exec(query.limit(1)).first()
