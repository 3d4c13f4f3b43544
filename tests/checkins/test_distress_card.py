"""What a card for distress offers besides its line: a listener, a buddy, what's on; to members, and to strangers kindly."""

from __future__ import annotations

from datetime import date, time

from tests.checkins.evening import Evening, expect, last
from tests.checkins.test_cards_words import said
from tests.launch.scene import WEDNESDAY, answered, custom_ids, offers_support
from tests.sessions.held import hold

HARD = "I cried in the car again, I can't cope any more"


def rows_of(message: object) -> list[int]:
    """How many buttons stand in each row."""
    assert isinstance(message, dict)
    return [len(row["components"]) for row in message["components"]]


async def test_distress_is_offered_company_and_a_stranger_is_not_turned_away(evening: Evening) -> None:
    you, kate = evening.you, evening.world.people["kate"]
    await evening.joined(you)
    await evening.play(WEDNESDAY)  # asked, so that it is known whose conversation this is
    await hold(evening, date(2026, 11, 28), time(9))
    (card,) = await said(evening, you, HARD)
    expect(card, "support.distress")
    assert max(rows_of(card)) <= 3
    assert len(rows_of(card)) == 2 + any("support.cymraeg" in i for i in custom_ids(card))
    expect(await evening.tap(you, card, "sessions.list"), "sessions.list")
    consent = await evening.tap(you, card, "buddies.ask")
    expect(consent, "buddies.consent")

    # Who has told already sees how it stands instead.
    expect(await evening.tap(you, consent, "buddies.agree=yes"), "buddies.request")
    expect(await evening.tap(you, card, "buddies.ask"), "buddies.status_draft")

    (card,) = await said(evening, kate, HARD)
    expect(card, "support.distress")
    for kind in ("talk.start", "buddies.ask", "sessions.list"):
        told = await evening.tap(kate, card, kind)
        expect(told, "errors.no_network")
        assert offers_support(told)

    # In her server, where she has not joined either, she is told how; a made-up number opens nothing.
    press = next(i for i in custom_ids(card) if ":buddies.ask:" in i)
    for forged in (press, press.replace(":0:", ":999:")):
        expect(last(await answered(await kate.press_raw(evening.welcome, 1, forged))), "errors.not_member")
