"""What organisers may do and see: a network's own lists, totals without names, and suggesting two people by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.buddies import report_rules
from bot.buddies.desk import Desk
from bot.buddies.life_rules import DAYS, Looking, Stage, State
from bot.buddies.proposing import propose
from bot.buddies.report_rules import Counts, Figures
from bot.buddies.rules import Field
from bot.buddies.tables import Buddying, Place, Request
from bot.buddies.told_rules import Lists, read_names
from bot.db.store import Store
from bot.errors import Refusal
from bot.members.tables import Network
from bot.schedule.recurrence import local_date

LATELY = timedelta(weeks=12)
KEPT = ("waiting", "paired", "met", "asked")


@dataclass(frozen=True)
class Report:
    """Totals of a network, and the day they are of. No figure at all: too few people for any."""

    network: Network
    figures: Figures
    on: date


async def report(store: Store, network_id: int, name: str, now: datetime) -> Report:
    """Totals without names. While too few have changed since the last report, that one again, with its day.

    `name` is what the server is called. Raises `Refusal` when it has not been set up.
    """

    def act(session: Session) -> Report:
        network = session.get(Network, network_id)
        if network is None:
            raise Refusal("errors.not_set_up", network=name)
        kept = session.get(Buddying, network_id) or Buddying(network_id=network_id)
        counts, today = _counts(session, network_id, now), local_date(now, network.zone)
        before = [kept.figures.get(f"real_{key}") or 0 for key in KEPT]
        if kept.reported_on is None or report_rules.changed(before, counts):
            real = dict(zip((f"real_{key}" for key in KEPT), report_rules.real(counts), strict=True))
            kept.figures = {**report_rules.figures(counts), **real}
            kept.reported_on = today
            session.add(kept)
        shown = {key: value for key, value in kept.figures.items() if not key.startswith("real_")}
        return Report(network, shown, kept.reported_on)

    return await store.write(act)


def _counts(session: Session, network_id: int, now: datetime) -> Counts:
    looking = dict(
        session.exec(
            select(Request.state, func.count())
            .where(Request.network_id == network_id)
            .group_by(col(Request.state))
        ).all()
    )
    fortnight = timedelta(days=DAYS[Stage.DAY_14])
    places = session.exec(
        select(Place.introduced_at, Place.met_at, Place.waited_days).where(
            Place.network_id == network_id, col(Place.introduced_at) > now - LATELY
        )
    ).all()
    old = [(at, met) for at, met, _ in places if at is not None and at <= now - fortnight]
    # Asked on the fourteenth day at five, they say so in the days after.
    met = sum(1 for at, when in old if when is not None and when - at <= fortnight + timedelta(days=3))
    waits = tuple(days for _, _, days in places if days is not None)
    return Counts(
        looking.get(Looking.WAITING, 0) + looking.get(Looking.PROPOSED, 0),
        session.exec(
            select(func.count()).where(Place.network_id == network_id, Place.state == State.INTRODUCED)
        ).one(),
        waits,
        met,
        len(old),
    )


async def lists(store: Store, desk: Desk, network_id: int, name: str) -> Lists:
    """A network's lists. Raises `Refusal` when it has not been set up."""

    def look(session: Session) -> Lists:
        network = session.get(Network, network_id)
        if network is None:
            raise Refusal("errors.not_set_up", network=name)
        return desk.lists(session, network)

    return await store.read(look)


async def keep_list(store: Store, desk: Desk, network_id: int, which: Field, text: str) -> int:
    """Keep a list as an organiser wrote it, one name a line; empty: the one that ships. Returns how many names it has.

    Raises `Refusal` when the network has not been set up.
    """

    def act(session: Session) -> int:
        network = session.get(Network, network_id)
        if network is None:
            raise Refusal("errors.old_button")
        kept = session.get(Buddying, network_id) or Buddying(network_id=network_id)
        names = read_names(text)
        kept.lists = {
            **{key: value for key, value in kept.lists.items() if key != which},
            **({which.value: names} if names else {}),
        }
        session.add(kept)
        session.flush()
        return len(desk.lists(session, network)[which])

    return await store.write(act)


async def suggest(store: Store, desk: Desk, network_id: int, user_ids: Sequence[int], now: datetime) -> None:
    """Suggest people to one another by hand. Whether it was done is told to nobody: it would tell who is looking.

    By the same rules as every other suggestion.
    """
    await propose(store, desk, network_id, user_ids, now)
