"""What a listener and a member have open with each other once they are kept apart: it goes to somebody else.

However they came to be kept apart, in whatever network: the codes are looked at, not who asked. A call goes at once: its
two know each other by name. Whoever is in an unnamed talk must not learn who the other is by seeing it end when
they have just reported, avoided or blocked somebody; so a talk goes on for a while that nobody can foresee. The same
holds for a call between two of whom one blocked the other in a talk, without knowing that it is they.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.db.keys import Keyring
from bot.db.store import Store
from bot.listeners.desk import Desk
from bot.listeners.holding import handed_back
from bot.listeners.rules import Offer, State
from bot.listeners.tables import Call
from bot.listeners.talk_rules import PARTIES, Role, Talk
from bot.listeners.talk_tables import Side, TalkRow
from bot.listeners.talks_ending import another_instead
from bot.members.apart_tables import Apart, Separation, pair, secret_of

SOONEST, SPREAD = timedelta(hours=1), timedelta(hours=3)
SLACK = timedelta(days=1)
"""For clocks that were set back: a talk opened later than this after anybody was last kept apart is not looked into."""
_HOLDING = (State.HELD, State.CHECKING)


@dataclass(frozen=True)
class _Open:
    """A call or a talk that two people have with each other, and whether either knows who the other is."""

    member_id: int
    listener_id: int
    call: Call | None = None
    talk: TalkRow | None = None

    def ends_at(self, row: Separation) -> datetime:
        if self.call is not None and row.kind != Apart.BLOCK:
            return row.made_at
        return unforeseen(row.pair, row.made_at)


def unforeseen(code: bytes, made_at: datetime) -> datetime:
    """An instant from one to four hours after these two came to be kept apart, by a code only the bot can make."""
    return made_at + SOONEST + SPREAD * (int.from_bytes(code[:4]) / (1 << 32))


def _open(session: Session, keys: Keyring, newest: datetime) -> Iterator[_Open]:
    held = select(Call).where(
        col(Call.holder_id).is_not(None), col(Call.state).in_(_HOLDING), col(Call.spoken_at).is_(None)
    )
    for call in session.exec(held):
        yield _Open(call.user_id, call.holder_id or 0, call=call)
    rows = session.exec(
        select(Side, TalkRow).where(
            Side.talk_id == TalkRow.id,
            TalkRow.state == Talk.OPEN,
            # Whoever was kept apart before could not have taken it; unsealing everybody takes 15 ms for 200 talks.
            col(TalkRow.opened_at) <= newest + SLACK,
            col(Side.role).in_(list(PARTIES)),
        )
    ).all()
    listeners = {talk.id: side for side, talk in rows if side.role == Role.LISTENER}
    for side, talk in rows:
        if side.role == Role.MEMBER and talk.id in listeners:
            yield _Open(side.user_id(keys), listeners[talk.id].user_id(keys), talk=talk)


def _ending(session: Session, keys: Keyring) -> Iterator[tuple[datetime, _Open]]:
    newest, secret = session.exec(select(func.max(Separation.made_at))).first(), secret_of(session, keys)
    if newest is None or secret is None:
        return
    codes: dict[bytes, list[_Open]] = {}
    for one in _open(session, keys, newest):
        for asker, other in ((one.member_id, one.listener_id), (one.listener_id, one.member_id)):
            codes.setdefault(pair(secret, asker, other), []).append(one)
    if not codes:
        return
    for row in session.exec(select(Separation).where(col(Separation.pair).in_(list(codes)))).all():
        for one in codes[row.pair]:
            yield one.ends_at(row), one


def next_due(session: Session, keys: Keyring) -> datetime | None:
    """When something two people have with each other is next to go to somebody else."""
    return min((at for at, _ in _ending(session, keys)), default=None)


async def part_due(store: Store, desk: Desk, now: datetime) -> None:
    """Give what is due to others. Mostly nothing is, and then this is a read and no lock."""
    at = await store.read(next_due, desk.keys)
    if at is not None and at <= now:
        await store.write(_part, desk, now)


def _part(session: Session, desk: Desk, now: datetime) -> None:
    done: set[int] = set()
    for at, one in list(_ending(session, desk.keys)):
        row = one.call or one.talk
        if at > now or row is None or row.id in done:
            continue
        done.add(row.id)
        if one.call is not None:
            handed_back(session, desk, one.call, Offer.DECLINED, now, tell=True)
        elif one.talk is not None:
            another_instead(session, desk.keys, one.talk, now)
        session.flush()
