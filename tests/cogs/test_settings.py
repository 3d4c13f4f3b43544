"""`/checkin settings`: by command, button, menu and form; what cannot be is refused kindly, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import WEDNESDAY, answered, button, words

PLAN = "SELECT often, anchor_on, at, zone, quiet_from, quiet_until, nation, in_closures FROM checkin_plan"


@pytest.fixture
async def shown(evening: Evening) -> dict[str, Any]:
    """The settings of a member who has just joined."""
    await evening.joined(evening.you)
    message = last(await evening.run(evening.you, "checkin settings"))
    expect(message, "checkins.settings")
    return message


def plan(evening: Evening) -> dict[str, Any]:
    """What is kept of when somebody is asked, times by the minute."""
    ((often, anchor, at, zone, start, end, nation, closures),) = evening.rows(PLAN)
    return {
        "often": often,
        "anchor": anchor,
        "at": at[:5],
        "zone": zone,
        "quiet": (start and start[:5], end and end[:5]),
        "nation": nation,
        "closures": bool(closures),
    }


async def write(evening: Evening, shown: dict[str, Any], what: str, **answers: str) -> dict[str, Any]:
    """Fill in one of the forms and read the answer."""
    form = await evening.pressed(evening.you, shown, f"checkins.set={what}")
    return last(await answered(await evening.you.submit(form, answers)))


async def pick(evening: Evening, shown: dict[str, Any], what: str, value: str) -> dict[str, Any]:
    """Choose in one of the menus and read the answer."""
    offered = last(await evening.pressed(evening.you, shown, f"checkins.set={what}"))
    menu = button(offered, f"checkins.pick={what}")
    return last(await answered(await evening.you.choose(int(offered["id"]), menu, [value])))


async def test_they_say_what_is_set_in_words(evening: Evening, shown: dict[str, Any]) -> None:
    text = words(shown)
    for part in (
        "every week",
        "Wednesday",
        "6 pm",
        "Europe/London",
        "none",
        "leave me be",
        "Wednesday 25 November",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"often": "fortnightly"}, {"often": "fortnightly"}),
        ({"day": "4"}, {"anchor": "2026-11-27"}),
        ({"time": "6.30pm"}, {"at": "18:30"}),
        ({"zone": "Pacific/Auckland"}, {"zone": "Pacific/Auckland"}),
        ({"quiet_from": "9 pm", "quiet_until": "07:30"}, {"quiet": ("21:00", "07:30")}),
        ({"closures": "ask"}, {"closures": True}),
        ({"nation": "scotland"}, {"nation": "scotland"}),
        (
            {"often": "monthly", "day": "0", "time": "noon", "zone": "Asia/Kolkata"},
            {"often": "monthly", "anchor": "2026-11-23", "at": "12:00", "zone": "Asia/Kolkata"},
        ),
    ],
)
async def test_every_option_of_the_command(
    evening: Evening, shown: dict[str, Any], options: dict[str, str], changed: dict[str, Any]
) -> None:
    before = plan(evening)
    expect(last(await evening.run(evening.you, "checkin settings", **options)), "checkins.settings_saved")
    assert plan(evening) == before | changed, "this, and nothing else"


@pytest.mark.parametrize(
    ("options", "template"),
    [
        ({"time": "25:00"}, "errors.unknown_time"),
        ({"time": "6"}, "errors.unknown_time"),
        ({"time": "teatime", "often": "monthly"}, "errors.unknown_time"),
        ({"zone": "Europe/Atlantis"}, "errors.unknown_zone"),
        ({"zone": "London"}, "errors.unknown_zone"),
        ({"day": "someday"}, "errors.unknown_date"),
        ({"quiet_from": "21:00"}, "errors.unknown_time"),
        ({"often": "hourly"}, "errors.old_button"),
        ({"nation": "narnia"}, "errors.old_button"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_lost(
    evening: Evening, shown: dict[str, Any], options: dict[str, str], template: str
) -> None:
    before = plan(evening)
    expect(last(await evening.run(evening.you, "checkin settings", **options)), template)
    assert plan(evening) == before
    await evening.play(WEDNESDAY)
    assert len(evening.questions(evening.you)) == 1


async def test_the_menus(evening: Evening, shown: dict[str, Any]) -> None:
    for what, value, kept in (("often", "school-days", "often"), ("closures", "ask", "closures")):
        expect(await pick(evening, shown, what, value), "checkins.settings_saved")
        assert plan(evening)[kept] in (value, True)
    expect(await pick(evening, shown, "closures", "rest"), "checkins.settings_saved")
    assert not plan(evening)["closures"]


@pytest.mark.parametrize(
    ("what", "answers", "changed"),
    [
        ("when", {"day": "Thursday", "time": "7.15 pm"}, {"anchor": "2026-11-26", "at": "19:15"}),
        ("when", {"day": "weds", "time": "18:00"}, {}),
        ("when", {"day": "fridays", "time": ""}, {"anchor": "2026-11-27"}),
        ("quiet", {"quiet_from": "20:00", "quiet_until": "8 am"}, {"quiet": ("20:00", "08:00")}),
        ("zone", {"zone": "America/St_Johns"}, {"zone": "America/St_Johns"}),
    ],
)
async def test_the_forms(
    evening: Evening, shown: dict[str, Any], what: str, answers: dict[str, str], changed: dict[str, Any]
) -> None:
    before = plan(evening)
    expect(await write(evening, shown, what, **answers), "checkins.settings_saved")
    assert plan(evening) == before | changed


@pytest.mark.parametrize(
    ("what", "answers", "template"),
    [
        ("when", {"day": "Blursday", "time": "18:00"}, "errors.unknown_date"),
        ("when", {"day": "Monday", "time": "half six"}, "errors.unknown_time"),
        ("quiet", {"quiet_from": "20:00", "quiet_until": ""}, "errors.unknown_time"),
        ("quiet", {"quiet_from": "late", "quiet_until": "08:00"}, "errors.unknown_time"),
        ("zone", {"zone": "Moon/Tranquility"}, "errors.unknown_zone"),
    ],
)
async def test_a_form_filled_in_wrongly_is_given_back_kindly(
    evening: Evening, shown: dict[str, Any], what: str, answers: dict[str, str], template: str
) -> None:
    before = plan(evening)
    refused = await write(evening, shown, what, **answers)
    expect(refused, template)
    assert plan(evening) == before


async def test_quiet_hours_emptied_are_none(evening: Evening, shown: dict[str, Any]) -> None:
    await write(evening, shown, "quiet", quiet_from="17:00", quiet_until="08:00")
    expect(await write(evening, shown, "quiet", quiet_from="", quiet_until=""), "checkins.settings_saved")
    assert plan(evening)["quiet"] == (None, None)
    await evening.play(WEDNESDAY)
    assert len(evening.questions(evening.you)) == 1


async def test_suggestions_as_one_types(evening: Evening, shown: dict[str, Any]) -> None:
    async def offered(option: str, typed: str) -> list[Any]:
        choices = await evening.you.autocomplete(evening.welcome, "checkin settings", option, typed)
        return [choice["value"] for choice in choices]

    assert (await offered("zone", ""))[0] == "Europe/London"
    assert "Pacific/Auckland" in await offered("zone", "auck")
    assert await offered("zone", "zzzz") == []
    assert await offered("often", "every other") == ["fortnightly"]
    assert await offered("day", "wed") == ["2"]
    assert set(await offered("closures", "")) == {"ask", "rest"}
    assert "wales" in await offered("nation", "wa")


async def test_they_open_from_the_direct_messages_and_are_the_member_s_own(
    evening: Evening, shown: dict[str, Any]
) -> None:
    hello = evening.from_bot(evening.you)[0]
    inside = await evening.pressed(evening.you, hello, "checkins.settings")
    expect(last(inside), "checkins.settings")
    expect(await write(evening, last(inside), "when", day="Tuesday", time="8 am"), "checkins.settings_saved")
    assert plan(evening)["at"] == "08:00"
    kate = evening.demo.people[6]
    forged = button(shown, "checkins.set=stop")
    told = await answered(await kate.press_raw(evening.welcome, int(shown["id"]), forged))
    expect(last(told), "errors.not_member")
    assert len(evening.rows(PLAN)) == 1


async def test_a_new_hour_holds_from_the_next_time_on(evening: Evening, shown: dict[str, Any]) -> None:
    await evening.play(WEDNESDAY - timedelta(hours=1))
    saved = await write(evening, shown, "when", day="Wednesday", time="19:00")
    assert "Wednesday 25 November at 7" in words(saved)
    await evening.play(WEDNESDAY + timedelta(hours=2))
    assert [q["timestamp"][:16] for q in evening.questions(evening.you)] == ["2026-11-25T19:00"]
    await write(evening, shown, "when", day="Wednesday", time="20:30")
    await evening.play(WEDNESDAY + timedelta(hours=5))
    assert len(evening.questions(evening.you)) == 1, "once a day, however often the hour is moved"
