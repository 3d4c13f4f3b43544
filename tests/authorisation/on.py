"""What is on in the town: a session in each network, what somebody is writing about it, and Discord's event for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from sqlmodel import Session, select

from bot.sandbox.people import Person
from bot.sessions.drafts import kept
from bot.sessions.making import fields_of
from bot.sessions.tables import Draft, Mirror, Occurrence, SeriesRow
from tests.checkins.evening import Evening
from tests.launch.scene import WEDNESDAY
from tests.sessions.held import hold

OF_A_SESSION = {
    "draft": "",
    "meeting": "SELECT id FROM session_occurrence WHERE network_id = ? ORDER BY starts_at LIMIT 1 OFFSET 1",
    "series": "SELECT id FROM session_series WHERE network_id = ?",
    "event": "SELECT id FROM session_mirror WHERE network_id = ?",
}


def part_of(evening: Evening, number: str, network_id: int, person: Person) -> int:
    """Something of a session in a network; a draft of this person's, or somebody's who has one."""
    if number == "draft":
        query = "SELECT id FROM session_draft ORDER BY user_id = ? DESC, id LIMIT 1"
        return evening.rows(query, person.id)[0][0]
    return evening.rows(OF_A_SESSION[number], network_id)[0][0]


async def meet(evening: Evening, facilitator: Person, tom: Person) -> None:
    """A session that is on in each network."""
    demo, quarter_to = evening.demo, time(17, 45)
    for network, runs in ((demo.guild_id, facilitator), (demo.second_guild_id, tom)):
        await hold(evening, WEDNESDAY.date(), quarter_to, guild=network, facilitator=runs)
    # What is offered where the operator gave calendars an address.
    app = evening.app
    app.client.nightly.clear()
    app.client.due.clear()  # what is done with Discord a moment later would be taken for the next press's doing
    app.settings = replace(app.settings, http_port=8080, http_address="https://calendar.example.org")


async def write(evening: Evening, *people: Person) -> None:
    """A change of the session that each of these has begun and not saved, and an event for each session."""

    def put(session: Session) -> None:
        now = evening.clock.now()
        for network in (evening.demo.guild_id, evening.demo.second_guild_id):
            meeting = session.exec(select(Occurrence).where(Occurrence.network_id == network)).first()
            assert meeting is not None
            series = session.get_one(SeriesRow, meeting.series_id)
            session.add(Mirror(occurrence_id=meeting.id, network_id=network, event_id=1, state="made"))
            for person in people:
                if (person is people[-1]) == (network == evening.demo.second_guild_id):
                    fields = fields_of(session, series)
                    begun = kept(fields, "Saturday 9am", ("Saturdays 9am",), before=fields)
                    of = {"series_id": series.id, "occurrence_id": meeting.id, "scope": "all", "revision": 1}
                    session.add(Draft(network_id=network, user_id=person.id, fields=begun, made_at=now, **of))

    await evening.app.store.write(put)
