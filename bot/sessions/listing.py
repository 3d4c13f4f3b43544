"""What is on, as one member may see it; and their own choices about reminders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.db.store import Store, wake
from bot.errors import Refusal
from bot.members.tables import Membership, Person, membership_of, memberships_of
from bot.sessions.coming_tables import Coming, ReminderChoice
from bot.sessions.meeting import Meeting, put_together
from bot.sessions.places import told_count
from bot.sessions.reminding import next_lead, write_leads
from bot.sessions.rules import Answer, OccurrenceState, Place, SeriesState, Who
from bot.sessions.steps import leads_of, wants
from bot.sessions.tables import Facilitator, Invited, Occurrence, SeriesRow

WEEKS_AHEAD = timedelta(weeks=5)
MOST = 25
LOOKED_AT = 200


@dataclass(frozen=True)
class Listed:
    """A meeting and how somebody stands with it. `coming`: how many are, as members may be told."""

    meeting: Meeting
    network: str
    answer: Answer | None
    place: Place
    until: datetime | None
    coming: int | None


@dataclass(frozen=True)
class On:
    """What is on for a member. `unreachable`: direct messages to them did not arrive of late."""

    listed: Sequence[Listed]
    networks: int
    unreachable: bool


async def whats_on(
    store: Store,
    network_id: int | None,
    server: str,
    user_id: int,
    roles: Collection[int] | None,
    now: datetime,
) -> On:
    """The meetings of the next five weeks that a member may come to, the soonest first, at most 25.

    In one network, or with None in all of theirs. Those for a role are shown to who has it (`roles`, where Discord says
    them) or has answered before; those by invitation to the invited. Raises `Refusal` for somebody who is no member.
    """
    return await store.read(_whats_on, network_id, server, user_id, roles, now)


def _whats_on(
    session: Session,
    network_id: int | None,
    server: str,
    user_id: int,
    roles: Collection[int] | None,
    now: datetime,
) -> On:
    names = {
        network.id: network.name
        for _, network in memberships_of(session, user_id)
        if network_id is None or network.id == network_id
    }
    if not names:
        raise Refusal("errors.not_member", network=server) if server else Refusal("errors.no_network")
    rows = session.exec(
        select(Occurrence, SeriesRow)
        .where(
            SeriesRow.id == Occurrence.series_id,
            col(Occurrence.network_id).in_(names),
            col(Occurrence.starts_at) < now + WEEKS_AHEAD,
            col(Occurrence.starts_at) > now - timedelta(hours=12),
            col(Occurrence.ends_at) > now,
            col(Occurrence.state) == OccurrenceState.PLANNED,
            col(SeriesRow.state) != SeriesState.CANCELLED,
        )
        .order_by(col(Occurrence.starts_at), col(Occurrence.id))
        .limit(LOOKED_AT)
    ).all()
    meetings = [put_together(*row) for row in rows]
    said = {
        one.occurrence_id: one
        for one in session.exec(
            select(Coming).where(
                Coming.user_id == user_id, col(Coming.occurrence_id).in_([meeting.id for meeting in meetings])
            )
        )
    }
    invited = set(session.exec(select(Invited.series_id).where(Invited.user_id == user_id)))
    shown = [
        meeting
        for meeting in meetings
        if meeting.who is Who.OPEN
        or meeting.id in said
        or (meeting.who is Who.INVITED and meeting.series_id in invited)
        or (meeting.who is Who.ROLE and meeting.role_id in (roles or ()))
    ][:MOST]
    counts = counted(session, [meeting.id for meeting in shown])
    person = session.get(Person, user_id)
    return On(
        [_listed(meeting, names[meeting.network_id], said.get(meeting.id), counts, now) for meeting in shown],
        len(names),
        person is not None and (person.dm_closed_at is not None or person.dm_channel_id is None),
    )


def counted(session: Session, occurrences: Collection[int]) -> dict[int, int]:
    """How many have a place in each of these meetings."""
    rows = session.exec(
        select(Coming.occurrence_id, func.count())
        .where(col(Coming.occurrence_id).in_(list(occurrences)), Coming.place == Place.IN)
        .group_by(col(Coming.occurrence_id))
    )
    return dict(rows.all())


def _listed(
    meeting: Meeting, network: str, said: Coming | None, counts: dict[int, int], now: datetime
) -> Listed:
    place = Place(said.place) if said is not None else Place.NONE
    until = said.offered_until if said is not None else None
    if place is Place.OFFERED and (until is None or until <= now):
        place, until = Place.NONE, None
    return Listed(
        meeting,
        network,
        Answer(said.answer) if said is not None else None,
        place,
        until,
        told_count(counts.get(meeting.id, 0)),
    )


# Reminders


@dataclass(frozen=True)
class Reminders:
    """When a member is reminded. `leads` are minutes before the start, longest first."""

    leads: Sequence[timedelta]
    maybe: bool
    after: bool


async def reminders_of(store: Store, network_id: int | None, server: str, user_id: int) -> Reminders:
    """A member's choices, those of one network or of their first. Raises `Refusal` for somebody who is no member."""

    def look(session: Session) -> Reminders:
        return _reminders(_choice(session, _memberships(session, network_id, server, user_id)[0]))

    return await store.read(look)


async def choose_reminders(
    store: Store,
    network_id: int | None,
    server: str,
    user_id: int,
    now: datetime,
    *,
    leads: Sequence[timedelta] | None = None,
    maybe: bool | None = None,
    after: bool | None = None,
) -> Reminders:
    """Change when a member is reminded, in one network or (None) in all of theirs; what is to come is counted anew.

    None leaves a thing as it is. Raises `Refusal` for somebody who is no member.
    """

    def act(session: Session) -> Reminders:
        mine = _memberships(session, network_id, server, user_id)
        chosen = [_change(session, membership, leads, maybe, after, now) for membership in mine]
        wake(session, "schedule")
        return _reminders(chosen[0])

    return await store.write(act)


def _memberships(session: Session, network_id: int | None, server: str, user_id: int) -> list[Membership]:
    if network_id is None:
        found = [membership for membership, _ in memberships_of(session, user_id)]
    else:
        found = [m for m in [membership_of(session, network_id, user_id)] if m is not None]
    if not found:
        raise Refusal("errors.not_member", network=server) if server else Refusal("errors.no_network")
    return found


def _choice(session: Session, membership: Membership) -> ReminderChoice | None:
    return session.exec(select(ReminderChoice).where(ReminderChoice.membership_id == membership.id)).first()


def _reminders(choice: ReminderChoice | None) -> Reminders:
    if choice is None:
        return Reminders(leads_of(None), maybe=True, after=True)
    return Reminders(leads_of(choice), choice.maybe, choice.after)


def _change(
    session: Session,
    membership: Membership,
    leads: Sequence[timedelta] | None,
    maybe: bool | None,
    after: bool | None,
    now: datetime,
) -> ReminderChoice:
    choice = _choice(session, membership) or ReminderChoice(
        membership_id=membership.id, network_id=membership.network_id, user_id=membership.user_id
    )
    choice.before = choice.before if leads is None else write_leads(leads)
    choice.maybe = choice.maybe if maybe is None else maybe
    choice.after = choice.after if after is None else after
    session.add(choice)
    for coming in session.exec(
        select(Coming).where(Coming.membership_id == membership.id, col(Coming.starts_at) > now)
    ):
        lead = next_lead(leads_of(choice), coming.starts_at, now) if wants(coming, choice) else None
        coming.remind_at = None if lead is None else coming.starts_at - lead
        session.add(coming)
    return choice


# A facilitator's own


Facilitated = tuple[int, str, datetime, str]
"""A meeting's id, title, start and zone."""


async def facilitated(store: Store, network_id: int, user_id: int, now: datetime) -> list[Facilitated]:
    """The meetings somebody may take the register of, the nearest to now first, at most 25."""

    def look(session: Session) -> list[Facilitated]:
        rows = session.exec(
            select(Occurrence, SeriesRow)
            .join(Facilitator, col(Facilitator.series_id) == col(Occurrence.series_id))
            .where(
                SeriesRow.id == Occurrence.series_id,
                Facilitator.user_id == user_id,
                SeriesRow.network_id == network_id,
                col(Occurrence.starts_at).between(now - timedelta(days=7), now + WEEKS_AHEAD),
                col(Occurrence.state) == OccurrenceState.PLANNED,
            )
        ).all()
        meetings = [put_together(*row) for row in rows]
        nearest = sorted((m for m in meetings if m.held), key=lambda m: abs(m.starts_at - now))[:MOST]
        return [(m.id, m.title, m.starts_at, m.zone) for m in nearest]

    return await store.read(look)


async def facilitates(store: Store, network_id: int, user_id: int, occurrence_id: int) -> bool:
    """Whether somebody is down as a facilitator of this meeting, in this network."""

    def look(session: Session) -> bool:
        return (
            session.exec(
                select(Facilitator.id)
                .join(Occurrence, col(Occurrence.series_id) == col(Facilitator.series_id))
                .where(
                    Occurrence.id == occurrence_id,
                    Occurrence.network_id == network_id,
                    Facilitator.user_id == user_id,
                )
            ).first()
            is not None
        )

    return await store.read(look)
