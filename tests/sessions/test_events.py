"""Discord's own events: made once each, followed, and asked about when somebody changes them there."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from simcord.backend.models import ScheduledEvent

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import until, words
from tests.sessions.held import COFFEE, room
from tests.sessions.test_changing import MONDAY, coffee
from tests.sessions.test_scheduling import announced, facilitator, starts


def events(evening: Evening) -> list[ScheduledEvent]:
    """The server's own events, the soonest first."""
    guild = evening.world.backend.guilds[evening.demo.guild_id]
    return sorted(guild.scheduled_events.values(), key=lambda event: event.scheduled_start_time)


def change(evening: Evening, statement: str) -> None:
    """Change a row from outside, while the bot is away."""
    with contextlib.closing(sqlite3.connect(evening.database, isolation_level=None)) as database:
        database.execute(statement)


def moments(evening: Evening) -> list[str]:
    return [event.scheduled_start_time[:16] for event in events(evening)]


def asked(evening: Evening, template: str) -> list[dict[str, Any]]:
    ((channel,),) = evening.rows(
        "SELECT organisers_channel_id FROM network WHERE id = ?", evening.demo.guild_id
    )
    return [m for m in evening.demo.organiser.visible_messages(channel) if says(m, template)]


async def turned_on(evening: Evening, *people: Person) -> None:
    """A weekly series, and Discord's own events turned on by an organiser who read what they show."""
    evening.clock.move_to(MONDAY)
    await facilitator(evening, *people)
    await coffee(evening)
    owner = evening.demo.organiser
    shown = last(await evening.run(owner, "network setup", nation="england", contact=owner.id))
    pressed = await owner.press_raw(evening.welcome, 1, "ok1:sessions.mirror:0:ask")
    await pressed.message()
    shown = last(pressed)
    expect(shown, "sessions.mirror_ask")
    assert "names" in words(shown)
    assert events(evening) == []
    expect(await evening.tap(owner, shown, "sessions.mirror=on"), "sessions.mirror_on")
    await evening.wait(minutes=2)
    await until(lambda: len(events(evening)) == 4, "four events")


async def test_the_next_four_dates_once_each_also_after_a_restart_in_the_middle(evening: Evening) -> None:
    await turned_on(evening)
    dates = ["2026-11-28T09:00", "2026-12-05T09:00", "2026-12-12T09:00", "2026-12-19T09:00"]
    assert moments(evening) == dates
    assert {(event.name, event.channel_id, event.entity_type) for event in events(evening)} == {
        (COFFEE, room(evening), 2)
    }
    # As if the process had ended after Discord made two of them and before that was written down: one is there, one not.
    lost = events(evening)[1]
    del evening.world.backend.guilds[evening.demo.guild_id].scheduled_events[events(evening)[2].id]
    await evening.sleep()
    change(
        evening,
        "UPDATE session_mirror SET state = 'making', event_id = NULL WHERE occurrence_id IN "
        "(SELECT id FROM session_occurrence ORDER BY starts_at LIMIT 2 OFFSET 1)",
    )
    change(evening, "UPDATE session_network SET mirror_at = '2026-11-23 12:00:00.000000'")
    await evening.wake()
    await evening.wait(minutes=12)
    await until(lambda: len(events(evening)) == 4, "four events again")
    assert moments(evening) == dates
    assert lost.id in [event.id for event in events(evening)]
    kept = "SELECT state, count(*) FROM session_mirror GROUP BY state"
    await until(lambda: evening.rows(kept) == [("made", 4)], "each written down")


async def test_what_is_changed_in_discord_is_asked_about_and_ours_is_followed(evening: Evening) -> None:
    kate, owner = evening.world.people["kate"], evening.demo.organiser
    await turned_on(evening, kate)
    await evening.tap(kate, announced(evening)[0], "sessions.coming")
    backend, guild = evening.world.backend, evening.demo.guild_id
    first, _, third, _ = events(evening)
    # Ours changes: theirs follows, without a question.
    marcus = evening.demo.facilitators[0]
    meeting = evening.rows("SELECT id FROM session_occurrence ORDER BY starts_at")[1][0]
    await evening.run(marcus, "session move", session=str(meeting), when="6 December 2026 10am")
    await evening.wait(minutes=2)
    await until(lambda: moments(evening)[1] == "2026-12-06T10:00", "the event following")
    assert asked(evening, "sessions.event_changed") == []

    # Theirs changes: asked once, and nothing overwritten meanwhile.
    backend.edit_scheduled_event(
        guild,
        first.id,
        {
            "scheduled_start_time": "2026-11-28T10:00:00+00:00",
            "scheduled_end_time": "2026-11-28T11:00:00+00:00",
        },
    )
    await until(lambda: evening.rows("SELECT 1 FROM session_network WHERE mirror_at IS NOT NULL"), "a look")
    await evening.wait(minutes=3)
    await until(lambda: asked(evening, "sessions.event_changed"), "a question")
    (question,) = asked(evening, "sessions.event_changed")
    assert starts(evening)[0] == "2026-11-28 09:00"
    assert moments(evening)[0] == "2026-11-28T10:00"
    expect(await evening.tap(owner, question, "sessions.event=theirs"), "sessions.event_theirs")
    await evening.wait(minutes=2)
    assert starts(evening)[0] == "2026-11-28 10:00"
    assert [m for m in evening.from_bot(kate) if says(m, "sessions.told_moved")] != []

    # Deleted there: ours is kept, and put back.
    backend.delete_scheduled_event(guild, third.id)
    await until(lambda: evening.rows("SELECT 1 FROM session_network WHERE mirror_at IS NOT NULL"), "a look")
    await evening.wait(minutes=3)
    await until(lambda: asked(evening, "sessions.event_deleted"), "a question")
    (question,) = asked(evening, "sessions.event_deleted")
    expect(await evening.tap(owner, question, "sessions.event=ours"), "sessions.event_ours")
    await evening.wait(minutes=2)
    await until(lambda: len(events(evening)) == 4, "the event put back")

    # Turned off, they go; the sessions stay.
    pressed = await owner.press_raw(evening.welcome, 1, "ok1:sessions.mirror:0:off")
    await pressed.message()
    await evening.wait(minutes=2)
    await until(lambda: events(evening) == [], "the events gone")
    assert len(starts(evening)) == 5
