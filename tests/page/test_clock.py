"""The clock's buttons, and what the page says when time has passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.sandbox.page.jumps import NoSuchJump, destination
from tests.page.theatre import START
from tests.page.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(autouse=True, loop_scope="package")
async def from_the_start(visit: Visit) -> AsyncIterator[None]:
    visit.theatre.clock.move_to(START)
    yield
    visit.theatre.clock.move_to(START)


async def test_the_time_is_london_s_with_its_weekday(visit: Visit) -> None:
    await expect(visit.tab.locator("#time")).to_have_text("Monday 12 January 2026, 15:30")
    await expect(visit.tab.locator("#due")).to_have_text("Nothing is waiting to happen yet.")
    await expect(visit.button("Next thing due")).to_be_disabled()


@pytest.mark.parametrize(
    ("button", "arrives"),
    [
        ("+1 hour", "Monday 12 January 2026, 16:30"),
        ("+1 day", "Tuesday 13 January 2026, 15:30"),
        ("Next Wednesday 18:00", "Wednesday 14 January 2026, 18:00"),
        ("Next Saturday 08:55", "Saturday 17 January 2026, 08:55"),
    ],
)
async def test_each_button_leads_where_it_says(visit: Visit, button: str, arrives: str) -> None:
    await visit.button(button).click()
    await expect(visit.tab.locator("#time")).to_have_text(arrives)
    await expect(visit.tab.locator("#journey")).to_contain_text(
        f"It is now {arrives}. Nothing new was written."
    )


async def test_a_typed_date_is_reached_and_an_earlier_one_refused(visit: Visit) -> None:
    await visit.tab.get_by_label("Any date and time, in London").fill("2026-07-01T09:00")
    await visit.button("Go").click()
    await expect(visit.tab.locator("#time")).to_have_text("Wednesday 1 July 2026, 09:00")
    assert visit.theatre.clock.now() == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    field = visit.tab.get_by_label("Any date and time, in London")
    await field.fill("2026-06-30T09:00")
    # Whatever happens meanwhile, what somebody typed stays theirs.
    await visit.write("Somebody says something")
    await expect(visit.last).to_contain_text("Somebody says something")
    await expect(field).to_have_value("2026-06-30T09:00")
    await visit.button("Go").click()
    await expect(visit.tab.locator("#journey")).to_contain_text("before the rehearsal's present time")


async def test_what_is_due_is_played_in_order_and_what_came_of_it_is_told(visit: Visit) -> None:
    theatre = visit.theatre
    dm = await theatre.you.open_dm()
    theirs = await theatre.ruth.open_dm()
    happened: list[tuple[str, datetime]] = []

    def post(channel: int, words: str):
        async def send() -> None:
            happened.append((words, theatre.clock.now()))
            await theatre.bot.get_partial_messageable(channel).send(words)

        return send

    theatre.diary.plan(
        START + timedelta(days=1), "a reminder in the room", post(visit.channel, "Tomorrow at six")
    )
    theatre.diary.plan(START + timedelta(hours=2), "a first word to two people", post(dm, "How are you?"))
    theatre.diary.plan(
        START + timedelta(hours=2), "a first word to two people", post(theirs, "How are you, Ruth?")
    )
    await expect(visit.tab.locator("#due")).to_have_text(
        "Next: a first word to two people, Mon 12 Jan, 17:30."
    )
    await visit.button("Next thing due").click()
    journey = visit.tab.locator("#journey")
    await expect(journey).to_contain_text(
        "2 new messages: a private message to you; a private message to Ruth Pemberton."
    )
    await expect(visit.tab.locator("#due")).to_have_text("Next: a reminder in the room, Tue 13 Jan, 15:30.")
    await visit.button("Next Saturday 08:55").click()
    await expect(journey).to_contain_text(f"1 new message: 1 in #{visit.room}.")
    assert happened == [
        ("How are you?", START + timedelta(hours=2)),
        ("How are you, Ruth?", START + timedelta(hours=2)),
        ("Tomorrow at six", START + timedelta(days=1)),
    ]
    await expect(visit.last.locator("time").first).to_have_text("Tue 13 Jan, 15:30")


async def test_how_long_it_is_to_something_is_told_anew_as_time_passes(visit: Visit) -> None:
    begins = int((START + timedelta(hours=3)).timestamp())
    await visit.theatre.bot.get_partial_messageable(visit.channel).send(f"It begins <t:{begins}:R>.")
    await expect(visit.last).to_contain_text("It begins in 3 hours.")
    await visit.button("+1 hour").click()
    await expect(visit.last).to_contain_text("It begins in 2 hours.")
    # Worded as Discord words it: nobody is told "in 60 minutes".
    said = await visit.tab.evaluate(
        """async (spans) => {
            const { styled } = await import("/static/time.js");
            const now = new Date("2026-11-27T09:00:00Z");
            return spans.map((seconds) => styled(new Date(+now + seconds * 1000), "R", now));
        }""",
        [20, 3590, -3590, 86380, 2 * 86400, -70 * 60, 40 * 60],
    )
    assert said == [
        "in a few seconds",
        "in an hour",
        "an hour ago",
        "in a day",
        "in 2 days",
        "an hour ago",
        "in 40 minutes",
    ]


async def test_a_new_private_message_is_one_press_away(visit: Visit) -> None:
    theatre = visit.theatre
    dm = await theatre.you.open_dm()

    async def ask() -> None:
        await theatre.bot.get_partial_messageable(dm).send("Are you really OK?")

    theatre.diary.plan(START + timedelta(hours=1), "a question", ask)
    await visit.button("+1 hour").click()
    await visit.button("Open my message").click()
    await expect(visit.tab.locator("#where")).to_have_text("Really OK")
    await expect(visit.last).to_contain_text("Are you really OK?")


async def test_while_it_moves_it_says_so_and_cannot_be_moved_again(visit: Visit) -> None:
    gate = asyncio.Event()
    visit.theatre.diary.plan(START + timedelta(minutes=5), "something slow", gate.wait)
    await visit.button("+1 hour").click()
    await expect(visit.tab.locator("#journey")).to_contain_text("The clock is moving…")
    await expect(visit.button("+1 day")).to_be_disabled()
    await expect(visit.tab.locator("#due")).to_have_text("The clock is moving…")
    # Whatever happens meanwhile, it goes on saying so.
    await visit.write("Somebody says something")
    await expect(visit.last).to_contain_text("Somebody says something")
    await expect(visit.tab.locator("#journey")).to_contain_text("The clock is moving…")
    gate.set()
    await expect(visit.tab.locator("#journey")).to_contain_text("It is now Monday 12 January 2026, 16:30.")
    await expect(visit.button("+1 day")).to_be_enabled()


async def test_jumps_keep_to_the_london_wall_clock_over_its_changes() -> None:
    spring = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)  # the day before summer time
    autumn = datetime(2026, 10, 24, 9, 0, tzinfo=UTC)

    def reach(jump: str, now: datetime) -> datetime:
        return destination(jump, now=now, next_due=None, real=now)

    assert reach("day", spring) == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)
    assert reach("wednesday", spring) == datetime(2026, 4, 1, 17, 0, tzinfo=UTC)
    assert reach("saturday", autumn) == datetime(2026, 10, 31, 8, 55, tzinfo=UTC)
    assert reach("saturday", datetime(2026, 10, 31, 8, 55, tzinfo=UTC)) == datetime(
        2026, 11, 7, 8, 55, tzinfo=UTC
    )
    assert reach("saturday", datetime(2026, 10, 31, 8, 54, 59, tzinfo=UTC)) == datetime(
        2026, 10, 31, 8, 55, tzinfo=UTC
    )
    assert reach("2026-07-01T09:00", spring) == datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
    assert reach("now", spring) == spring
    for nonsense in ("", "soon", "2026-13-01T00:00", "2026-07-01T09:00+02:00", "2036-01-01T00:00", "due"):
        with pytest.raises(NoSuchJump):
            reach(nonsense, spring)
