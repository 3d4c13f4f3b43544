"""How a call stands, for its member, and what they wrote for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.content.library import Words
from bot.listeners import duty
from bot.listeners.desk import Desk
from bot.listeners.duty import Candidate
from bot.listeners.rules import OPEN, Offer, Promise, State
from bot.listeners.steps import answer_time, may_go_to, next_on, offers_of
from bot.listeners.tables import Call
from bot.members.tables import Network, Person

ROOM = 300
"""Characters of one message for the names a call may go to."""
LONGEST = {"name": 60, "reach": 100, "suits": 100, "about": 300}


@dataclass(frozen=True)
class Written:
    """What a member wrote for a call; exactly this is what whoever takes it will see."""

    name: str
    reach: str
    suits: str = ""
    about: str = ""


@dataclass(frozen=True)
class Standing:
    """How a call stands, for its member."""

    id: int
    network_id: int
    network: str
    language: str
    zone: str
    state: State
    written: Written
    step_at: datetime | None
    """When it is taken a step further; while nobody could take it, when somebody is next on."""
    promise: Promise | None
    promised_at: datetime | None
    holder: tuple[str, str] | None
    """Name and organisation of whoever holds it."""
    named: tuple[str, str] | None
    """... of whom it was for, if it was for somebody."""
    named_id: int | None = None
    askable: tuple[Candidate, ...] = ()
    """Everybody it may go to, the one it is for first."""
    offers: tuple[tuple[Candidate, Offer], ...] = ()
    """Everybody the member was shown, and how they stand to it."""
    answer: timedelta = timedelta(minutes=30)
    dm_known: bool = True

    @property
    def open(self) -> bool:
        return self.state in OPEN


def read(desk: Desk, call: Call) -> Written:
    """What a member wrote, unsealed."""
    return Written(
        **{
            part: desk.keys.open(sealed, "call", f"{part}_sealed", call.id)
            for part in LONGEST
            if (sealed := getattr(call, f"{part}_sealed")) is not None
        }
    )


def standing_of(session: Session, desk: Desk, call: Call, now: datetime) -> Standing:
    """How a call stands now."""
    network = session.get_one(Network, call.network_id)
    person = session.get_one(Person, call.user_id)
    offers = offers_of(session, call.id)
    every = duty.suitable(session, desk.keys, call.network_id, call.user_id, now)
    askable = [one for one in every if may_go_to(one, offers.get(one.user_id))]
    return Standing(
        call.id,
        call.network_id,
        network.name,
        person.language or network.language,
        call.zone,
        State(call.state),
        read(desk, call),
        next_on(session, desk, call, now) if call.state == State.NOBODY else call.step_at,
        Promise(call.promise) if call.promise is not None else None,
        call.promised_at,
        called(session, desk, call.network_id, call.holder_id),
        called(session, desk, call.network_id, call.named_id),
        call.named_id,
        tuple(to_show(askable, call.named_id)),
        tuple((one, Offer(offer.state)) for one in every if (offer := offers.get(one.user_id)) is not None),
        answer_time(session, call.network_id),
        person.dm_channel_id is not None,
    )


def to_show(candidates: Iterable[Candidate], named_id: int | None) -> list[Candidate]:
    """In the order a member reads them: the one a call is for, then those it cannot go to unless they were read."""
    return sorted(candidates, key=lambda one: (one.user_id != named_id, not one.unknown))


def listed(desk: Desk, candidates: Iterable[Candidate], language: str) -> list[Words]:
    """The lines for as many of the first of these as there is room for. Whoever has none was not shown."""
    lines: list[Words] = []
    for one in candidates:
        line = desk.library.text("calls.goes.one", language, name=one.name, organisation=one.organisation)
        if sum(map(len, lines)) + len(line) > ROOM:
            break
        lines.append(line)
    return lines


def called(session: Session, desk: Desk, network_id: int, user_id: int | None) -> tuple[str, str] | None:
    """The name and organisation members see of a listener; None for somebody who is none any more."""
    listener = None if user_id is None else duty.listener_of(session, network_id, user_id)
    return None if listener is None else (listener.name(desk.keys), listener.organisation(desk.keys))
