"""The rehearsal's clock says truly what it is waiting for, whatever kind of thing that is."""

from __future__ import annotations

import asyncio
import re
import tomllib
from datetime import datetime, time, timedelta
from pathlib import Path

from bot.sandbox import rehearsal
from bot.sandbox.rehearsal import RehearsalClock
from tests.buddies.lounge import EMPLOYERS, looks, one
from tests.checkins.evening import Evening, library
from tests.launch.scene import until
from tests.listeners.conversing import Conversing
from tests.listeners.scene import Listening
from tests.sessions.held import hold, in_channel

ROOT = Path(__file__).parents[2]
NAMING = ("features.py", "listeners/upcoming.py", "sessions/upcoming.py", "buddies/upcoming.py")


def called(name: str) -> str:
    return str(library().text(f"sandbox.due.{name}"))


async def waits_for(evening: Evening, clock: RehearsalClock, name: str) -> None:
    """Until the clock says that it waits for this, and for the instant at which the bot's own alarm rings."""
    async with asyncio.timeout(90):
        while True:
            await clock.refresh()
            if clock.describe_due() == called(name) and clock.next_due() == await evening.app.next_due():
                break
            await asyncio.sleep(0.02)


async def onwards(clock: RehearsalClock) -> str:
    """Let what is next happen; what that was said to be."""
    due, what = clock.next_due(), clock.describe_due()
    assert due is not None
    assert what
    await clock.advance_to(due)
    return what


async def test_a_call_is_named_at_each_step(evening: Evening) -> None:
    scene, clock = Listening(evening), RehearsalClock(evening.clock, evening.app)
    await clock.refresh()
    assert (clock.next_due(), clock.describe_due()) == (None, None)
    await scene.begin(scene.joan)
    await waits_for(evening, clock, "question")
    preview = await scene.write(scene.joan)
    await waits_for(evening, clock, "call_unsent")
    await evening.tap(scene.sam, preview, "calls.send")
    await waits_for(evening, clock, "call_next")
    await scene.accept(scene.joan)
    await waits_for(evening, clock, "call_promised")
    assert await onwards(clock) == called("call_promised")
    assert clock.describe_due() == called("call_looked_at")
    accepted = await scene.told(scene.sam, "calls.accepted")
    await evening.tap(scene.sam, accepted, "calls.end=spoke")
    await waits_for(evening, clock, "debrief")


async def test_an_unnamed_talk_is_named_at_each_step(evening: Evening) -> None:
    scene, clock = Conversing(evening), RehearsalClock(evening.clock, evening.app)
    await scene.begin(scene.joan)
    preview = await scene.write()
    await waits_for(evening, clock, "talk_unsent")
    await evening.tap(scene.sam, preview, "talk.anonymous.ask=yes")
    await waits_for(evening, clock, "talk_next")


async def test_what_is_due_around_a_meeting_is_named_in_its_order(evening: Evening) -> None:
    await evening.joined(evening.you)
    clock = RehearsalClock(evening.clock, evening.app)
    first = (await hold(evening, evening.clock.now().date() + timedelta(days=2), time(19, 30)))[0]
    await evening.wait(minutes=1)
    announced = await until(lambda: in_channel(evening), "the announcement")
    await evening.tap(evening.you, announced[-1], "sessions.coming")
    seen: list[str] = []
    await waits_for(evening, clock, "session_reminder")
    while evening.clock.now() < first.ends_at:
        seen.append(await onwards(clock))
    door = next(m for m in evening.from_bot(evening.you) if "sessions.here" in str(m["components"]))
    await evening.tap(evening.you, door, "sessions.here")
    await clock.refresh()
    while evening.clock.now() < first.ends_at + timedelta(days=1):
        seen.append(await onwards(clock))
    kinds = ("reminder", "reminder", "door", "question", "announced")
    session = {called(f"session_{kind}") for kind in kinds}
    assert [what for what in seen if what in session] == [called(f"session_{kind}") for kind in kinds]
    assert called("other") not in seen


async def test_buddies_are_named_from_the_suggestion_on(evening: Evening) -> None:
    kate, clock = evening.world.people["kate"], RehearsalClock(evening.clock, evening.app)
    await evening.joined(evening.you, kate)
    for person, employer in zip((evening.you, kate), EMPLOYERS, strict=False):
        await looks(evening, person, employer)
    for person in (evening.you, kate):
        suggested = await one(evening, person, "buddies.proposal")
        if person is evening.you:
            await waits_for(evening, clock, "buddy_reminder")
        await evening.tap(person, suggested, "buddies.answer=yes")
    await one(evening, kate, "buddies.introduced")
    named: list[str] = []
    await clock.refresh()
    while called("buddy_question") not in named and len(named) < 12:
        named.append(await onwards(clock))
    assert called("buddy_question") in named
    assert called("other") not in named


async def test_a_look_that_takes_long_does_not_undo_what_a_later_one_saw(evening: Evening) -> None:
    clock, look, seen, gone_on = (
        RehearsalClock(evening.clock, evening.app),
        evening.app.upcoming,
        asyncio.Event(),
        asyncio.Event(),
    )

    async def slow_once() -> tuple[datetime, str] | None:
        evening.app.upcoming = look
        was = await look()
        seen.set()
        await gone_on.wait()
        return was

    evening.app.upcoming = slow_once
    first = asyncio.create_task(clock.refresh())
    await seen.wait()
    await evening.joined(evening.you)
    later = [asyncio.create_task(clock.refresh()) for _ in range(3)]
    # Where looks may overtake each other, these end before the first does.
    await asyncio.wait(later, timeout=1)
    gone_on.set()
    await asyncio.gather(first, *later)
    assert clock.describe_due() == called("question")
    assert clock.next_due() == await evening.app.next_due()


async def test_a_commit_that_is_told_of_once_the_database_is_closed_is_passed_over(evening: Evening) -> None:
    await evening.caught_up()
    await asyncio.to_thread(evening.app.store.close)
    rehearsal._later(RehearsalClock(evening.clock, evening.app))
    (look,) = rehearsal._tasks
    await asyncio.wait([look])
    assert look.exception() is None, "Python would print it as nobody's"


async def test_playing_that_took_longer_than_the_time_it_played_sets_no_clock_back(evening: Evening) -> None:
    by_then = evening.clock.now()
    await evening.app.play_until(evening.clock, by_then - timedelta(minutes=1))
    assert evening.clock.now() >= by_then


def test_every_name_has_its_words_and_none_is_left_over() -> None:
    kept = tomllib.loads((ROOT / "prompts/sandbox/words.en.toml").read_text())["text"]
    words = {key.removeprefix("due.") for key in kept if key.startswith("due.")}
    code = "\n".join((ROOT / "bot" / file).read_text() for file in NAMING)
    assert words <= set(re.findall(r'"(\w+)"', code))
    for name in re.findall(r'"((?:call|talk|buddy|session)_\w+)"', code):
        assert name in words
