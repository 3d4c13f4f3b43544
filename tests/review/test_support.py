"""Somebody presses Get support just as a connection breaks: they see the numbers, not an apology."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.content.library import default_root, load
from bot.sandbox.wire.faults import Rule
from bot.support.signposts import Signposts
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, words


async def test_the_card_comes_though_the_first_answer_broke_off(evening: Evening) -> None:
    for when in ("before", "after"):
        rule = evening.wire.faults.add(Rule("drop", path="/interactions/*", when=when))
        card = await answered(await evening.you.slash(evening.welcome, "support"))
        assert rule.happened == 1
        assert len(card.messages) == 1
        assert "999" in words(card.messages[0])
        assert "116 123" in words(card.messages[0])
        evening.wire.faults.clear()


async def test_numbers_to_keep_are_shown_when_the_message_breaks_off(evening: Evening) -> None:
    card = last(await evening.run(evening.you, "support"))
    await evening.you.open_dm()
    evening.wire.faults.add(Rule("drop", method="POST", path="/channels/*/messages", times=None))
    told = last(await answered(await evening.you.press(int(card["id"]), button(card, "support.keep"))))
    expect(told, "support.not_kept")
    assert "116 123" in words(told)


def test_lines_said_to_answer_at_any_hour_do() -> None:
    library = load(default_root())
    posts = Signposts.load(default_root(), library)
    evening = datetime(2026, 11, 21, 21, tzinfo=UTC)  # a Saturday, when several lines are open for some hours
    for nation in (None, "wales"):
        _, at_any_hour = posts.cymraeg(nation, "en", evening).text.split("And at any hour")
        assert "116 123" in at_any_hour
        assert "until" not in at_any_hour
        assert "opens" not in at_any_hour


async def test_start_asking_me_works_though_it_stands_on_a_refusal(evening: Evening) -> None:
    await evening.set_up()
    joining = last(await evening.run(evening.you, "join"))
    asked = await evening.tap(evening.you, joining, "members.agree=yes")
    refused = last(await evening.run(evening.you, "checkin settings", often="weekly"))
    expect(refused, "checkins.settings_off")
    expect(await evening.tap(evening.you, refused, "checkins.set=start"), "members.consent")
    expect(asked, "members.consent")
