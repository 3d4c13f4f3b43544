"""From "Saturday 9am" to a saved series, and what becomes of it: as facilitators, over the whole wire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import discord
import pytest
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from bot.networks import service as networks
from bot.sandbox.people import Person
from bot.schedule.closures import Closure
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, custom_ids, words
from tests.sessions.held import COFFEE, facilitates

SCREEN = "sessions.draft"


async def facilitator(evening: Evening, *people: Person) -> Person:
    """A network that is set up, with one facilitator, where these people have joined."""
    marcus = evening.demo.facilitators[0]
    await evening.joined(evening.you, marcus, *people)
    facilitates(evening, marcus)
    return marcus


async def schedule(evening: Evening, who: Person, when: str, **more: Any) -> dict[str, Any]:
    options = {"title": COFFEE, "when": when, "where": "The kettle", **more}
    return last(await evening.run(who, "session schedule", **options))


async def pick(evening: Evening, who: Person, shown: dict[str, Any], kind: str, value: Any) -> dict[str, Any]:
    menu = next(i for i in custom_ids(shown) if i.split(":")[1] == kind)
    return last(await answered(await who.choose(int(shown["id"]), menu, [value])))


async def fill(
    evening: Evening, who: Person, shown: dict[str, Any], kind: str, **said: str
) -> dict[str, Any]:
    form = await evening.pressed(who, shown, kind)
    return last(await answered(await who.submit(form, said)))


def said_in_channel(evening: Evening, template: str) -> list[dict[str, Any]]:
    """What was said of a kind in the channel for sessions, oldest first."""
    ((channel,),) = evening.rows(
        "SELECT channel_id FROM session_network WHERE network_id = ?", evening.demo.guild_id
    )
    return [m for m in evening.demo.organiser.visible_messages(channel) if says(m, template)]


def announced(evening: Evening) -> list[dict[str, Any]]:
    return said_in_channel(evening, "sessions.announcement")


def starts(evening: Evening, state: str = "planned") -> list[str]:
    rows = evening.rows("SELECT starts_at FROM session_occurrence WHERE state = ? ORDER BY starts_at", state)
    return [at[:16] for (at,) in rows]


@pytest.mark.parametrize(
    ("today", "closed", "noted", "instants"),
    [
        # The clocks go back on 25 October, and half-term is the week after.
        (
            datetime(2026, 10, 19, 12, tzinfo=UTC),
            Closure(date(2026, 10, 26), date(2026, 10, 31), "half-term"),
            ["not held: half-term", "the clocks go back"],
            [
                "2026-10-24 08:00",
                "2026-11-07 09:00",
                "2026-11-14 09:00",
                "2026-11-21 09:00",
                "2026-11-28 09:00",
            ],
        ),
        # They go forward on 29 March.
        (
            datetime(2026, 3, 23, 12, tzinfo=UTC),
            Closure(date(2026, 4, 6), date(2026, 4, 17), "Easter"),
            ["not held: Easter", "the clocks go forward"],
            [
                "2026-03-28 09:00",
                "2026-04-04 08:00",
                "2026-04-18 08:00",
                "2026-04-25 08:00",
                "2026-05-02 08:00",
            ],
        ),
    ],
)
async def test_saturday_nine_becomes_a_series(
    evening: Evening, today: datetime, closed: Closure, noted: list[str], instants: list[str]
) -> None:
    evening.clock.move_to(today)
    kate = evening.world.people["kate"]
    marcus = await facilitator(evening, kate)
    await networks.keep_closures(evening.app.store, evening.demo.guild_id, "", [closed])

    asked = await schedule(evening, marcus, "Saturday 9am")
    expect(asked, "sessions.ask_when")
    shown = await pick(evening, marcus, asked, "sessions.choose", "1")
    expect(shown, SCREEN)
    assert "every Saturday at 9 am" in words(shown)
    for part in noted:
        assert part in words(shown)
    assert words(shown).count("• ") == 6  # five that are held, one that is not
    await evening.restart()
    saved = await evening.tap(marcus, shown, "sessions.save")
    expect(saved, "sessions.saved")
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")  # a thumb that pressed twice
    assert starts(evening) == instants
    await evening.wait(minutes=1)
    (first,) = announced(evening)
    assert not first["mentions"]

    # Announced in its turn, once the one before is over; the restart doubles nothing.
    expect(await evening.tap(kate, first, "sessions.coming"), "sessions.coming")
    await evening.restart()
    await evening.play(datetime.fromisoformat(instants[1]).replace(tzinfo=UTC) - timedelta(hours=2))
    assert len(announced(evening)) == 2
    assert len(starts(evening)) == 6


async def test_what_is_not_clear_is_asked_or_given_back_and_nothing_is_lost(evening: Evening) -> None:
    marcus, you = await facilitator(evening), evening.you
    expect(await schedule(evening, you, "Saturdays 9am"), "errors.facilitators_only")
    unread = await schedule(evening, marcus, "when the cows come home", length="ages")
    expect(unread, "sessions.when_unread")
    refused = await fill(evening, marcus, unread, "sessions.change", when="Saturdays 9", where="The kettle")
    expect(refused, "sessions.ask_when")
    shown = await pick(evening, marcus, refused, "sessions.choose", "0")
    assert "every Saturday at 9 am, 1 hour" in words(shown)
    again = await fill(
        evening, marcus, shown, "sessions.change", title="x" * 80, where="", length="1h30", about="🙂" * 4000
    )
    assert "Where isn't said yet" in words(again)
    expect(await evening.tap(marcus, again, "sessions.save"), "errors.when_missing")
    await fill(evening, marcus, again, "sessions.change", where="https://meet.example.org/" + "a" * 200)
    more = await evening.tap(marcus, again, "sessions.more")
    more = await pick(evening, marcus, more, "sessions.who", "invited")
    more = await pick(evening, marcus, more, "sessions.invite", str(you.id))
    assert "1 person you invite" in words(more)
    expect(
        await fill(evening, marcus, more, "sessions.details", places="many", neutral=""), "errors.bad_places"
    )
    more = await fill(evening, marcus, more, "sessions.details", places="12", neutral="Meeting")
    shown = await evening.tap(marcus, more, "sessions.closures")
    assert "12 places" in words(shown)
    # Somebody else's hands on it, and a role taken away while it was written.
    for kind in ("sessions.save", "sessions.drop", "sessions.more"):
        pressed = await answered(await you.press_raw(evening.welcome, 1, _id(shown, kind)))
        expect(last(pressed), "errors.facilitators_only")
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
    assert evening.rows("SELECT who, places, minutes, neutral_title, skip_closures FROM session_series") == [
        ("invited", 12, 90, "Meeting", 0)
    ]
    expect(await evening.tap(marcus, shown, "sessions.change"), "errors.draft_gone")
    await evening.wait(minutes=1)
    assert announced(evening) == []
    assert any(says(m, "sessions.invitation") for m in evening.from_bot(you))


async def test_a_room_that_may_be_meant_stands_above_what_was_typed_and_once(evening: Evening) -> None:
    marcus = await facilitator(evening)
    for typed, names in (
        ("kett", ["#The kettle", "kett"]),
        ("#The kettle", ["#The kettle"]),
        ("the hall", ["the hall"]),
    ):
        offered = await marcus.autocomplete(evening.welcome, "session schedule", "where", typed)
        assert [one["name"] for one in offered] == names


def _id(message: dict[str, Any], kind: str) -> str:
    return next(i for i in custom_ids(message) if i.split(":")[1] == kind)


async def test_a_channel_that_may_not_be_written_in_is_said_and_the_meeting_is_held(evening: Evening) -> None:
    marcus, backend = await facilitator(evening), evening.world.backend
    ((channel, organisers),) = evening.rows(
        "SELECT channel_id, organisers_channel_id FROM session_network JOIN network ON network.id = network_id"
    )
    everybody = backend.guilds[evening.demo.guild_id].id
    backend.get_channel(channel).overwrites.append(
        Overwrite(everybody, OverwriteType.ROLE, deny=discord.Permissions(send_messages=True).value)
    )
    shown = await schedule(evening, marcus, "Saturdays 9am")
    expect(await evening.tap(marcus, shown, "sessions.save"), "sessions.saved")
    await evening.wait(minutes=1)
    (told,) = [m for m in evening.from_bot(marcus) if says(m, "sessions.no_permission_send")]
    assert "View Channel" not in words(told)
    expect(evening.demo.organiser.visible_messages(organisers)[-1], "sessions.no_permission_send")
    assert evening.rows("SELECT state, error FROM outbox WHERE template LIKE 'sessions.announcement%'") == [
        ("forbidden", "50013 send_messages")
    ]
    assert len(starts(evening)) == 5
    # The doctor reads the same rows; once the channel is open again, setting up again announces nothing twice.
    backend.get_channel(channel).overwrites.pop()
    await evening.play(evening.clock.now() + timedelta(days=7))
    assert len(announced(evening)) == 1
