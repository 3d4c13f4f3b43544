"""Series put into a running bot's database as if a facilitator had saved them, and people in its rooms."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlmodel import Session, col, select

from bot.members.tables import Network
from bot.sandbox.people import Person
from bot.schedule.recurrence import Series
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import Where, Who
from bot.sessions.tables import Facilitator, Invited, Occurrence, SeriesRow, SessionNetwork
from tests.checkins.evening import Evening

COFFEE = "Saturday coffee"


async def hold(
    evening: Evening,
    start: date,
    at: time,
    *,
    zone: str = "Europe/London",
    facilitator: Person | None = None,
    invited: tuple[Person, ...] = (),
    channel: int | None = None,
    guild: int | None = None,
    **more: Any,
) -> list[Occurrence]:
    """A weekly series from `start`, in the voice channel of the demo network; the meetings made so far, in order."""
    guild = guild or evening.demo.guild_id
    rule = Series(start, at, zone, **more.pop("rule", {}))
    fields: dict[str, Any] = {
        "title": COFFEE,
        "where_kind": Where.VOICE,
        "where_channel_id": room(evening),
        **more,
    }

    def put(session: Session) -> list[Occurrence]:
        now = evening.clock.now()
        series = SeriesRow(
            network_id=guild, made_at=now, start_on=start, at=at, zone=zone, unit="week", **fields
        )
        set_rule(series, rule)
        session.add(series)
        usual = evening.demo.channels["saturday-coffee"] if guild == evening.demo.guild_id else None
        known = session.get(SessionNetwork, guild) or SessionNetwork(network_id=guild)
        known.channel_id = channel or usual
        session.add(known)
        session.flush()
        if facilitator is not None:
            session.add(
                Facilitator(series_id=series.id, network_id=guild, user_id=facilitator.id, leads=True)
            )
        for person in invited:
            session.add(Invited(series_id=series.id, network_id=guild, user_id=person.id))
        plan(session, series, session.get_one(Network, guild), now)
        return list(
            session.exec(
                select(Occurrence)
                .where(Occurrence.series_id == series.id)
                .order_by(col(Occurrence.starts_at))
            )
        )

    return await evening.app.store.write(put)


def facilitates(evening: Evening, person: Person) -> None:
    """Give somebody the facilitators' role."""
    ((role,),) = evening.rows("SELECT facilitator_role_id FROM network WHERE id = ?", evening.demo.guild_id)
    evening.world.give_role(person, evening.demo.guild_id, role)


def room(evening: Evening) -> int:
    """The demo network's voice channel."""
    channels = evening.world.backend.channels.values()
    return next(channel.id for channel in channels if channel.name == "The kettle")


def in_channel(evening: Evening, name: str = "saturday-coffee") -> list[dict[str, Any]]:
    """What the bot said in a channel, oldest first."""
    me = str(evening.world.backend.bot_user.id)
    messages = evening.demo.organiser.visible_messages(evening.demo.channels[name])
    return [m for m in messages if m["author"]["id"] == me]


def sent_at(message: dict[str, Any]) -> datetime:
    """The minute a message was sent in."""
    return datetime.fromisoformat(message["timestamp"]).replace(second=0, microsecond=0)


INVITED_ONLY = {"who": Who.INVITED}
