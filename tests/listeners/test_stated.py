"""How long each listener has to say yes: stated by an organiser with a tap, and read by members before they ask."""

from __future__ import annotations

from tests.checkins.evening import Evening, evening, expect, last, says
from tests.launch.scene import answered, custom_ids, until, words

__all__ = ["evening"]
STATED = "SELECT answer_minutes FROM listening"


async def test_an_organiser_states_how_long_listeners_have(evening: Evening) -> None:
    owner, you = evening.demo.organiser, evening.you
    options = {"nation": "england", "contact": owner.id, "zone": "Europe/London"}
    ran = await evening.run(owner, "network setup", **options)
    guide = await until(
        lambda: next((m for m in ran.messages if says(m, "networks.guide")), None), "what next"
    )
    assert "30 minutes" in words(guide)
    shown = await evening.tap(owner, guide, "listening.answer=ask")
    expect(shown, "listeners.answer_time")
    assert "30 minutes" in words(shown)
    offered = [i.rpartition(":")[2] for i in custom_ids(shown) if ":listening.answer:" in i]
    assert offered == ["15", "60", "120"], "the one that holds is not offered again"
    hour = next(i for i in custom_ids(shown) if i.endswith(":60"))

    for _ in range(2):  # a thumb that pressed twice
        told = last(await answered(await owner.press(int(shown["id"]), hour)))
        expect(told, "listeners.answer_stated")
        assert "1 hour" in words(told)
    assert evening.rows(STATED) == [(60,)]

    # A member, and a time nobody offered.
    await evening.join(you)
    theirs = await answered(await you.press_raw(evening.welcome, 1, hour.replace("60", "15")))
    expect(last(theirs), "errors.organiser_only")
    for made_up in ("1", "0060", "ask-me", ""):
        forged = hour.rpartition(":")[0] + f":{made_up}"
        expect(last(await answered(await owner.press_raw(evening.welcome, 1, forged))), "errors.old_button")
    assert evening.rows(STATED) == [(60,)]

    # Set up again, it stays as stated and is offered once more.
    again = last(await evening.run(owner, "network setup", **options))
    expect(again, "networks.setup_again")
    await evening.restart()
    shown = await evening.tap(owner, again, "listening.answer=ask")
    assert "1 hour" in words(shown)
