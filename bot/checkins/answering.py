"""Answering: keeping the level a member chose, and asking twice. One public function, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists
from sqlalchemy import select as columns
from sqlmodel import Session, col, select, update

from bot.checkins.asking import later_keys, own_question, withdraw_from, withdraw_later
from bot.checkins.rules import LATE, LOOKING_BACK, Level, State, local_date, second_door
from bot.checkins.tables import Checkin, Plan
from bot.db.keys import Keyring
from bot.db.prepared import Prepared
from bot.db.store import Store
from bot.db.tables import first_time
from bot.errors import Refusal
from bot.members.service import reached
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox, Priority
from bot.schedule.recurrence import Quiet, next_allowed

FOLLOW = "follow"
UNTIL_LATE = timedelta(hours=20)  # an answer that long after the question is told for which day it counts


@dataclass(frozen=True)
class Answer:
    """An answer that is kept."""

    checkin_id: int
    level: Level
    before: Level | None
    """What had been kept for the same question, if anything."""
    counted: bool
    """Whether this very event was kept, rather than another that came before it or is newer."""
    network_id: int
    network: str
    language: str
    due_at: datetime
    zone: str
    late: bool
    door: bool
    """Whether to ask "really?" now."""
    follows: bool
    """Whether a softer question comes tomorrow."""
    company: bool
    """Whether it is a hard answer of somebody who has company."""


Company = Callable[[Session, int], bool]
"""Says of a person, by account, whether there is somebody who could say hello to them."""


async def answer(
    store: Store,
    keys: Keyring,
    company: Company,
    checkin_id: int,
    user_id: int,
    level: Level,
    event_id: int,
    now: datetime,
) -> Answer:
    """Keep the level a member chose for a question.

    The same event counts once, and of two events the later one (by Discord's id) wins whatever order they come
    in. `company` is asked of hard answers alone, in the same transaction: a reading of its own cost twice as
    much as keeping the answer (measured). Raises `Refusal` when the question is not theirs or is no
    longer kept.
    """
    return await store.write(_answer, keys, company, checkin_id, user_id, level, event_id, now)


class _Standing(NamedTuple):
    """All that becomes of an answer depends on, read by one statement.

    A thousand members may answer within a second, and this is what each of them waits for. Rows of the tables,
    read and changed one by one, took eight times as long (measured), so here alone are plain columns.
    """

    user_id: int
    membership_id: int
    due_at: datetime
    sealed: bytes | None
    answered_by: int
    door: bool
    network_id: int
    network: str
    language: str
    network_zone: str
    channel_id: int | None
    closed_at: datetime | None
    paused_until: datetime | None
    own_language: str | None
    plan_zone: str | None
    next_at: datetime | None
    quiet_from: time | None
    quiet_until: time | None
    unanswered: int | None
    later: bool
    """Whether the same question waits to be put again."""

    @property
    def zone(self) -> str:
        return self.plan_zone or self.network_zone


_STANDING = Prepared(
    columns(
        col(Checkin.user_id),
        col(Checkin.membership_id),
        col(Checkin.due_at),
        col(Checkin.level_sealed),
        col(Checkin.answered_by),
        col(Checkin.door),
        col(Checkin.network_id),
        col(Network.name),
        col(Network.language),
        col(Network.zone),
        col(Person.dm_channel_id),
        col(Person.dm_closed_at),
        col(Person.paused_until),
        col(Person.language),
        col(Plan.zone),
        col(Plan.next_at),
        col(Plan.quiet_from),
        col(Plan.quiet_until),
        col(Plan.unanswered),
        exists().where(col(Outbox.dedupe_key).between(bindparam("first"), bindparam("last"))),
    )
    .select_from(Checkin)
    .join(Network, col(Network.id) == col(Checkin.network_id))
    .join(Person, col(Person.user_id) == col(Checkin.user_id))
    .join(Plan, col(Plan.membership_id) == col(Checkin.membership_id), isouter=True)
    .where(col(Checkin.id) == bindparam("checkin_id"))
)
_EARLIER = Prepared(
    columns(col(Checkin.id), col(Checkin.level_sealed), col(Checkin.door))
    .where(
        col(Checkin.membership_id) == bindparam("membership_id"),
        col(Checkin.id) != bindparam("checkin_id"),
        col(Checkin.level_sealed).is_not(None),
    )
    .order_by(col(Checkin.due_at).desc())
    .limit(LOOKING_BACK)
)
_KEEP = Prepared(
    update(Checkin).where(col(Checkin.id) == bindparam("checkin_id")),
    sets=("level_sealed", "answered_at", "answered_by", "state", "door"),
)
_HEARD = Prepared(
    update(Plan)
    .where(col(Plan.membership_id) == bindparam("membership"), col(Plan.unanswered) > 0)
    .values(unanswered=0)
)


def _answer(
    session: Session,
    keys: Keyring,
    company: Company,
    checkin_id: int,
    user_id: int,
    level: Level,
    event_id: int,
    now: datetime,
) -> Answer:
    found = _STANDING.rows(session, {"checkin_id": checkin_id, **later_keys(checkin_id)})
    if not found:
        raise Refusal("errors.old_button")
    asked = _Standing(*found[0])
    if asked.user_id != user_id:
        raise Refusal("errors.not_yours")
    before = _opened(keys, checkin_id, asked.sealed)
    door = follows = counted = False
    if first_time(session, "interaction", event_id, now) and event_id > asked.answered_by:
        counted = True
        if before is None and not level.hard:
            door = second_door(level, _earlier(session, keys, checkin_id, asked.membership_id))
        kept = {
            "checkin_id": checkin_id,
            "level_sealed": keys.seal(level, "checkin", "level_sealed", checkin_id),
            "answered_at": now,
            "answered_by": event_id,
            "state": State.ANSWERED,
            "door": asked.door or door,
        }
        _KEEP.run(session, kept)
        if asked.unanswered:
            _HEARD.run(session, {"membership": asked.membership_id})
        if asked.later:
            withdraw_later(session, checkin_id)
        if before is not None and before.hard:
            withdraw_follow_up(session, checkin_id)
        if level.hard:
            follows = _follow_tomorrow(session, checkin_id, asked, now)
    else:
        level = before or level
    return Answer(
        checkin_id,
        level,
        before,
        counted,
        asked.network_id,
        asked.network,
        asked.language,
        asked.due_at,
        asked.zone,
        late=now - asked.due_at > UNTIL_LATE,
        door=door,
        follows=follows,
        company=level.hard and company(session, user_id),
    )


def _earlier(
    session: Session, keys: Keyring, checkin_id: int, membership_id: int
) -> list[tuple[Level, bool]]:
    rows = _EARLIER.rows(session, {"checkin_id": checkin_id, "membership_id": membership_id})
    return [(level, door) for id, sealed, door in rows if (level := _opened(keys, id, sealed)) is not None]


def _opened(keys: Keyring, checkin_id: int, sealed: bytes | None) -> Level | None:
    return None if sealed is None else Level(keys.open(sealed, "checkin", "level_sealed", checkin_id))


def level_of(keys: Keyring, asked: Checkin) -> Level | None:
    """The level a question was answered with."""
    return _opened(keys, asked.id, asked.level_sealed)


def _follow_tomorrow(session: Session, checkin_id: int, asked: _Standing, now: datetime) -> bool:
    """One softer question the next day, unless the next ordinary one comes that day anyway; says if it will come.

    Nothing is started during a pause. The row in the outbox is the only trace of it, and it is deleted when it is sent.
    """
    if asked.channel_id is None or asked.closed_at is not None:
        return False
    hours = (
        Quiet(asked.quiet_from, asked.quiet_until)
        if asked.quiet_from is not None and asked.quiet_until is not None
        else None
    )
    at = next_allowed(sociable(now + timedelta(days=1), asked.zone), asked.zone, hours)
    on = local_date(at, asked.zone)
    if asked.next_at is not None and local_date(asked.next_at, asked.zone) == on:
        return False
    if asked.paused_until is not None and asked.paused_until > at:
        return False
    enqueue(
        session,
        f"{FOLLOW}:{checkin_id}:{on}",
        asked.channel_id,
        f"checkins.follow_up#{checkin_id}",
        now=now,
        params={"network": asked.network},
        subject_id=checkin_id,
        user_id=asked.user_id,
        network_id=asked.network_id,
        language=asked.own_language or asked.language,
        priority=Priority.REMINDER,
        not_before=at,
        expires_at=at + LATE,
    )
    return True


def sociable(at: datetime, zone: str) -> datetime:
    """The same hour tomorrow, but not before eight or after nine: an answer at 3 am is not asked about at 3 am."""
    local = at.astimezone(ZoneInfo(zone))
    wanted = min(max(local.time(), time(8)), time(21))
    return at if wanted == local.time() else datetime.combine(local.date(), wanted, ZoneInfo(zone))


def withdraw_follow_up(session: Session, checkin_id: int) -> None:
    """Take back tomorrow's question, leaving no trace of it; in the caller's transaction."""
    withdraw_from(session, f"{FOLLOW}:{checkin_id}")


async def decline_follow_up(store: Store, checkin_id: int, user_id: int) -> None:
    """The member would rather not be asked tomorrow. Raises `Refusal` when the question is not theirs."""

    def act(session: Session) -> None:
        own_question(session, checkin_id, user_id)
        withdraw_follow_up(session, checkin_id)

    await store.write(act)


def followed(session: Session, row: Outbox, now: datetime) -> None:
    """The consequence of how a follow-up ended: however that was, its row goes."""
    reached(session, row, now)
    session.delete(row)


async def standing_of(
    store: Store, keys: Keyring, checkin_id: int, user_id: int
) -> tuple[Level | None, Network]:
    """What was answered to a question so far, and whose it is. Raises `Refusal` when it is not theirs."""

    def look(session: Session) -> tuple[Level | None, Network]:
        asked = own_question(session, checkin_id, user_id)
        return level_of(keys, asked), session.get_one(Network, asked.network_id)

    return await store.read(look)


@dataclass(frozen=True)
class Open:
    """A question somebody could be answering."""

    checkin_id: int
    network: Network
    level: Level | None
    answered_at: datetime | None

    def takes(self, level: Level, now: datetime) -> bool:
        """Whether one word in a message is an answer to this: the first, or the second answer behind an easy one.

        "No" to "really?" is the answer we asked twice for. "OK" to our reply is only good manners.
        """
        if self.level is None or self.answered_at is None:
            return True
        return level.hard and not self.level.hard and now - self.answered_at < UNTIL_LATE


RECENT = timedelta(days=7)


async def open_questions(
    store: Store, keys: Keyring, user_id: int, now: datetime, replied_to: int | None = None
) -> list[Open]:
    """The newest question of each of somebody's networks that words could be answering, newest first.

    A question of theirs they replied to, however old, is the only one.
    """

    def look(session: Session) -> list[Open]:
        chosen = None if replied_to is None else session.get(Checkin, replied_to)
        if chosen is not None and chosen.user_id == user_id:
            network = session.get_one(Network, chosen.network_id)
            return [Open(chosen.id, network, level_of(keys, chosen), chosen.answered_at)]
        rows = session.exec(
            select(Checkin, Network)
            .where(
                Checkin.user_id == user_id,
                Checkin.network_id == Network.id,
                col(Checkin.state) != State.DROPPED,
                col(Checkin.due_at) > now - RECENT,
            )
            .order_by(col(Checkin.due_at).desc())
        ).all()
        newest: dict[int, Open] = {}
        for asked, network in rows:
            newest.setdefault(network.id, Open(asked.id, network, level_of(keys, asked), asked.answered_at))
        return list(newest.values())

    return await store.read(look)


async def heard(store: Store, user_id: int) -> None:
    """Somebody wrote: whatever it said, they have not left us unanswered. Their words are not kept."""

    def act(session: Session) -> None:
        session.connection().execute(
            update(Plan).where(col(Plan.user_id) == user_id, col(Plan.unanswered) > 0).values(unanswered=0)
        )

    await store.write(act)


@dataclass(frozen=True)
class Past:
    """One answer of the past, for its owner's own picture."""

    at: datetime
    level: Level


async def history(store: Store, keys: Keyring, network_id: int | None, user_id: int) -> list[Past]:
    """A member's own answers, oldest first; in one network or in all."""

    def look(session: Session) -> list[Past]:
        query = select(Checkin).where(Checkin.user_id == user_id, col(Checkin.level_sealed).is_not(None))
        if network_id is not None:
            query = query.where(Checkin.network_id == network_id)
        rows = session.exec(query.order_by(col(Checkin.due_at))).all()
        return [Past(row.due_at, level) for row in rows if (level := level_of(keys, row)) is not None]

    return await store.read(look)
