"""Announcements that Discord does not take yet, and meetings that change meanwhile: each is announced once, as it is."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlmodel import Session

from bot.checkins.habits import habits
from bot.sandbox.wire.faults import Rule
from bot.sessions import changing
from bot.sessions.rules import OccurrenceState
from bot.sessions.tables import Occurrence, occurrence_with_series
from tests.checkins.evening import Evening, evening, says
from tests.launch.scene import until, words
from tests.sessions.held import hold, in_channel

__all__ = ["evening"]

NINE = datetime(2026, 12, 5, 9, tzinfo=UTC)
NOON = NINE + timedelta(hours=3)
BUSY = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')"


async def test_what_was_not_announced_yet_is_announced_once_as_it_is_now(evening: Evening) -> None:
    await evening.joined(evening.you)
    titles = ("Coffee", "Tea", "Water", "Milk")
    meetings = [(await hold(evening, NINE.date(), time(9), title=title))[0] for title in titles]
    coffee, tea, water, milk = meetings

    def announce(session: Session) -> None:
        for number, meeting in enumerate(meetings):
            row = session.get_one(Occurrence, meeting.id)
            row.announce_at = evening.clock.now() + timedelta(minutes=1, seconds=number)

    def change(session: Session) -> None:
        now = evening.clock.now()
        for meeting in (coffee, tea):  # the one is in doubt by now, the other waits behind it
            both = occurrence_with_series(session, meeting.id)
            assert both is not None
            changing.move(session, habits, both, NOON, now, set(), by_hand=True)
        for meeting in (water, milk):
            both = occurrence_with_series(session, meeting.id)
            assert both is not None
            changing.call_off(session, habits, both, OccurrenceState.SKIPPED, "", now, set())

    await evening.app.store.write(announce)
    failing = evening.wire.faults.add(
        Rule("error", status=503, method="POST", path="/channels/*/messages", times=None)
    )
    await evening.wait(minutes=2)
    await until(lambda: failing.happened, "Discord failing")
    await evening.app.store.write(change)
    back = occurrence_with_series

    def put_back(session: Session) -> None:
        both = back(session, milk.id)
        assert both is not None
        changing.put_back(session, habits, both, evening.clock.now())

    await evening.app.store.write(put_back)
    evening.wire.faults.clear()
    await evening.play(NINE - timedelta(days=5))  # six days ahead is when a meeting is announced
    await until(lambda: evening.rows(BUSY) == [(0,)], "everything said")

    def said(title: str) -> list[tuple[str, bool]]:
        """What was said of a meeting in the channel, and whether it named noon."""
        found = [m for m in in_channel(evening) if f"**{title}**" in words(m)]
        templates = ("announcement", "channel_moved", "channel_skipped", "channel_back")
        return [
            (template, f"<t:{int(NOON.timestamp())}" in words(message))
            for message in found
            for template in templates
            if says(message, f"sessions.{template}")
        ]

    assert said("Coffee") == [("announcement", False), ("channel_moved", True)]
    assert said("Tea") == [("announcement", True)]
    assert said("Water") == []
    assert said("Milk") == [("announcement", False)]
