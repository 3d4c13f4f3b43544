"""Who may change a series, and what becomes of it when they go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.errors import Refusal
from bot.members.tables import Network, Person
from bot.outbox.queue import enqueue
from bot.outbox.tables import Priority
from bot.sessions.meeting import put_together, title_said
from bot.sessions.rules import MOST_FACILITATORS, SeriesState
from bot.sessions.tables import Facilitator, Occurrence, SeriesRow, facilitators_of, occurrence_with_series

TOPIC = "told"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who wants to change something, as Discord describes them with this very press."""

    user_id: int
    network_id: int
    facilitates: bool
    """They have the facilitators' role."""
    organises: bool
    """They look after the network."""


def may_schedule(actor: Actor) -> None:
    """Raises `Refusal` for somebody who may not make sessions here."""
    if not (actor.facilitates or actor.organises):
        raise Refusal("errors.facilitators_only")


def series_of(session: Session, series_id: int, actor: Actor) -> SeriesRow:
    """A series this person may change: their own while they have the role, or any as an organiser. Raises `Refusal`."""
    series = session.get(SeriesRow, series_id)
    if series is None or series.network_id != actor.network_id:
        raise Refusal("errors.old_button")
    if not runs(session, series_id, actor):
        raise Refusal("errors.not_your_session")
    return series


def runs(session: Session, series_id: int, actor: Actor) -> bool:
    """Whether this person runs a series."""
    if actor.organises:
        return True
    if not actor.facilitates:
        return False
    theirs = select(Facilitator.id).where(
        Facilitator.series_id == series_id, Facilitator.user_id == actor.user_id
    )
    return session.exec(theirs).first() is not None


def meeting_of(session: Session, occurrence_id: int, actor: Actor) -> tuple[Occurrence, SeriesRow]:
    """A meeting this person may change, and its series. Raises `Refusal`."""
    both = occurrence_with_series(session, occurrence_id)
    if both is None:
        raise Refusal("errors.old_button")
    series_of(session, both[1].id, actor)
    return both


def set_facilitators(session: Session, series: SeriesRow, lead: int, helpers: tuple[int, ...]) -> None:
    """Have exactly these run a series."""
    wanted = [lead, *(user for user in dict.fromkeys(helpers) if user != lead)][:MOST_FACILITATORS]
    known = {one.user_id: one for one in facilitators_of(session, series.id)}
    for user_id, row in known.items():
        if user_id not in wanted:
            session.delete(row)
    for user_id in wanted:
        row = known.get(user_id) or Facilitator(
            series_id=series.id, network_id=series.network_id, user_id=user_id
        )
        row.leads = user_id == lead
        session.add(row)
    session.flush()


def hand_over(session: Session, series: SeriesRow, to: int, by: str, event_id: int, now: datetime) -> None:
    """Let somebody else lead a series instead of whoever does; they hear of it, if we may write to them."""
    rows = facilitators_of(session, series.id)
    helpers = tuple(row.user_id for row in rows if not row.leads)
    set_facilitators(session, series, to, helpers)
    person, network = session.get(Person, to), session.get_one(Network, series.network_id)
    if person is None or person.dm_channel_id is None or person.dm_closed_at is not None:
        return
    enqueue(
        session,
        f"{TOPIC}:handed:{series.id}:{event_id}",
        person.dm_channel_id,
        f"sessions.handed#{event_id % 97}",
        now=now,
        params={"title": title_said(put_together(_any(series), series)), "who": by, "network": network.name},
        subject_id=series.id,
        user_id=to,
        network_id=network.id,
        language=person.language or network.language,
        priority=Priority.ANSWER,
    )


def _any(series: SeriesRow) -> Occurrence:
    """A meeting without words of its own, for putting a series' title the way meetings put theirs."""
    return Occurrence(
        series_id=series.id,
        network_id=series.network_id,
        original_on=series.start_on,
        starts_at=series.made_at,
        ends_at=series.made_at,
    )


def facilitator_gone(session: Session, network_id: int | None, user_id: int, now: datetime) -> int:
    """Somebody left, was forgotten or lost the role: their series run on, and the organisers are asked who leads them.

    In the caller's transaction. Returns how many series they led. `network_id` None: in every network.
    """
    theirs = select(Facilitator).where(Facilitator.user_id == user_id)
    if network_id is not None:
        theirs = theirs.where(Facilitator.network_id == network_id)
    led = 0
    for row in session.exec(theirs).all():
        series = session.get_one(SeriesRow, row.series_id)
        others = [one for one in facilitators_of(session, series.id) if one.id != row.id]
        session.delete(row)
        session.flush()
        if not row.leads or series.state != SeriesState.RUNNING:
            continue
        led += 1
        if others:
            others[0].leads = True
            session.add(others[0])
        _ask_organisers(session, series, others[0].user_id if others else None, now)
    return led


def _ask_organisers(session: Session, series: SeriesRow, next_one: int | None, now: datetime) -> None:
    network = session.get(Network, series.network_id)
    if network is None or network.organisers_channel_id is None:
        return
    params = {"title": title_said(put_together(_any(series), series)), "network": network.name}
    if next_one is not None:
        params["next"] = f"<@{next_one}>"
    enqueue(
        session,
        f"{TOPIC}:leads:{series.id}:{int(now.timestamp())}",
        network.organisers_channel_id,
        "sessions.who_leads_next" if next_one is not None else "sessions.who_leads",
        now=now,
        params=params,
        subject_id=series.id,
        network_id=network.id,
        language=network.language,
        priority=Priority.REMINDER,
    )


def roll(session: Session) -> list[tuple[int, int, int | None]]:
    """Everybody who runs a session: (network, user, that network's facilitators' role), for asking Discord."""
    return [
        (network_id, user_id, role_id)
        for network_id, user_id, role_id in session.exec(
            select(Facilitator.network_id, Facilitator.user_id, Network.facilitator_role_id)
            .where(Facilitator.network_id == Network.id, col(Network.removed_at).is_(None))
            .distinct()
        ).all()
    ]
