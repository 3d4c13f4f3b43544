"""One Saturday coffee in a database before any bot starts: announced soon, and everybody coming."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, select

from bot.db.columns import new_id
from bot.members.tables import Membership, Network
from bot.schedule.recurrence import Series
from bot.sessions.coming_tables import Coming
from bot.sessions.planning import plan, set_rule
from bot.sessions.rules import Answer, Place, Where
from bot.sessions.tables import Occurrence, SeriesRow, SessionNetwork
from tests.bench import members
from tests.checkins.evening import says
from tests.launch.scene import Scene, words

NINE = datetime(2026, 11, 28, 9, tzinfo=UTC)
BEFORE = NINE - timedelta(minutes=70)
ANNOUNCED = BEFORE + timedelta(minutes=5)
TITLE = "Saturday coffee"


class Coffee:
    """The scene is at ten to eight; so many people hear of it by direct message, the rest of the world in a channel."""

    def __init__(self, scene: Scene, many: int, *, mirrored: bool = False) -> None:
        self.scene = scene
        self.channel = scene.demo.channels["saturday-coffee"]
        scene.clock.move_to(BEFORE)
        self.people = members.crowd(scene, many)
        far = NINE + timedelta(days=90)
        with members.writing(scene.database) as session:
            channels = {person.id: person.dm_id or 0 for person in self.people}
            members.enrol(session, scene.demo.guild_id, channels, lambda _: far)
            network = session.get_one(Network, scene.demo.guild_id)
            since = BEFORE if mirrored else None
            session.add(
                SessionNetwork(
                    network_id=network.id, channel_id=self.channel, mirror_since=since, mirror_at=since
                )
            )
            meeting = _meeting(session, network)
            self.meeting_id = meeting.id
            _all_coming(session, meeting)

    def told(self, template: str, *, of: datetime | None = None) -> list[int]:
        """How often each person has a message, about a meeting that begins `of`, where that is said."""
        return [
            sum(_is(message, template, of) for message in self.scene.dms(person)) for person in self.people
        ]

    def said(self, template: str, *, of: datetime | None = None) -> int:
        """How often it stands in the channel."""
        messages = self.scene.demo.organiser.visible_messages(self.channel)
        return sum(_is(message, template, of) for message in messages)

    def events(self) -> Counter[datetime]:
        """How often each date stands among the server's own events."""
        guild = self.scene.world.backend.guilds[self.scene.demo.guild_id]
        return Counter(
            datetime.fromisoformat(event.scheduled_start_time) for event in guild.scheduled_events.values()
        )


def _is(message: dict[str, Any], template: str, of: datetime | None) -> bool:
    return says(message, template) and (of is None or f"<t:{int(of.timestamp())}" in words(message))


def _meeting(session: Session, network: Network) -> Occurrence:
    rule = Series(NINE.date(), time(9), "Europe/London")
    series = SeriesRow(
        network_id=network.id,
        title=TITLE,
        start_on=rule.start,
        at=rule.at,
        zone=rule.zone,
        unit=rule.unit.value,
        where_kind=Where.LINK,
        where_text="https://meet.example.org/coffee",
        made_at=BEFORE,
    )
    set_rule(series, rule)
    session.add(series)
    session.flush()
    first = plan(session, series, network, BEFORE)[0]
    first.announce_at = ANNOUNCED
    session.add(first)
    session.flush()
    return first


def _all_coming(session: Session, meeting: Occurrence) -> None:
    rows = [
        {
            "id": new_id(),
            "occurrence_id": meeting.id,
            "membership_id": member.id,
            "network_id": member.network_id,
            "user_id": member.user_id,
            "answer": Answer.COMING,
            "place": Place.IN,
            "since": BEFORE,
            "starts_at": meeting.starts_at,
            "remind_at": meeting.starts_at - timedelta(hours=1),
        }
        for member in session.exec(select(Membership)).all()
    ]
    session.connection().execute(insert(Coming), rows)
