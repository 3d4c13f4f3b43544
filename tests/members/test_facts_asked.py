"""`/me employer` as members use it, on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.members import facts, lists
from bot.members.facts_rules import Kind, Relation
from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, custom_ids, offers_support, words

LIST = "Ashgrove Learning Trust = ALT\nAshgrove Road Infants\nBorsetshire County Council"


async def listed(evening: Evening, kind: Kind = Kind.EMPLOYER, text: str = LIST) -> None:
    app = evening.app
    await lists.keep(app.store, app.keyring, evening.demo.guild_id, "x", kind, text, evening.clock.now())


async def panel(evening: Evening, person: Person, channel: int | None = None) -> dict[str, Any]:
    return last(await evening.run(person, "me employer", channel))


async def give(evening: Evening, person: Person, said: str, kind: str = "employer") -> dict[str, Any]:
    """Open the form from the panel and send it; the answer."""
    shown = await panel(evening, person)
    form = await evening.pressed(person, shown, f"me.fact={kind}")
    assert form.modal is not None
    return last(await answered(await person.submit(form, {"text": said})))


async def choose(
    evening: Evening, person: Person, message: Mapping[str, Any], kind: str, number: int = 0
) -> dict[str, Any]:
    """Pick the menu's option of that number."""
    custom_id = button(message, kind)
    value = options(message, custom_id)[number]["value"]
    return last(await answered(await person.choose(int(message["id"]), custom_id, [value])))


def options(message: Mapping[str, Any], custom_id: str) -> list[dict[str, Any]]:
    for row in message["components"]:
        for component in row["components"]:
            if component["custom_id"] == custom_id:
                return component["options"]
    raise AssertionError(f"no menu {custom_id}")


async def test_a_member_gives_an_employer_and_sees_it_confirmed(evening: Evening) -> None:
    await evening.joined(evening.you)
    await listed(evening)
    shown = await panel(evening, evening.you)
    expect(shown, "me.facts")
    assert words(shown).count("not given") == 3
    offered = await give(evening, evening.you, " ashgrove  learning trst ")
    expect(offered, "me.suggest")
    assert options(offered, button(offered, "me.meant"))[0]["label"] == "Ashgrove Learning Trust"
    assert "not chosen from the list yet" in words(await panel(evening, evening.you))
    expect(await choose(evening, evening.you, offered, "me.meant"), "me.fact_saved")
    expect(await choose(evening, evening.you, offered, "me.meant"), "me.fact_known")
    said = words(await panel(evening, evening.you))
    assert "Ashgrove Learning Trust\n" in said
    assert "matches nobody" not in said
    assert evening.rows("SELECT count(*) FROM fact") == [(1,)]
    expect(await give(evening, evening.you, "A.L.T."), "me.suggest")
    expect(await give(evening, evening.you, "alt"), "me.fact_known")


async def test_a_name_nobody_knows_waits_for_an_organiser_without_a_name(evening: Evening) -> None:
    await evening.joined(evening.you)
    unknown = await give(evening, evening.you, "Oakfield Academy")
    expect(unknown, "me.unknown")
    assert evening.rows("SELECT state FROM fact") == [("typed",)]
    for _ in range(2):
        expect(await evening.tap(evening.you, unknown, "me.unlisted"), "me.fact_held")
    assert evening.rows("SELECT state FROM fact") == [("waiting",)]
    assert "waiting for an organiser" in words(await panel(evening, evening.you))
    await listed(evening, text=LIST + "\nOakfield Academy")
    assert "waiting" not in words(await panel(evening, evening.you))
    expect(await evening.tap(evening.you, unknown, "me.unlisted"), "me.fact_saved")


async def test_two_members_with_one_employer_are_colleagues(evening: Evening) -> None:
    other = evening.demo.people[6]
    await evening.joined(evening.you, other)
    await listed(evening)
    for person in (evening.you, other):
        await choose(evening, person, await give(evening, person, "ALT"), "me.meant")
    found = await evening.app.store.read(facts.relation, evening.demo.guild_id, evening.you.id, other.id)
    assert found is Relation.SAME_EMPLOYER


async def test_removing_one_of_several_and_the_last(evening: Evening) -> None:
    await evening.joined(evening.you)
    await listed(evening)
    shown = await panel(evening, evening.you)
    expect(await evening.tap(evening.you, shown, "me.drop=trust"), "me.fact_nothing")
    for said in ("ALT", "Borsetshire"):
        await choose(evening, evening.you, await give(evening, evening.you, said), "me.meant")
    asked = await evening.tap(evening.you, shown, "me.drop=employer")
    expect(asked, "me.fact_choose")
    expect(await choose(evening, evening.you, asked, "me.dropped"), "me.fact_removed")
    expect(await choose(evening, evening.you, asked, "me.dropped"), "errors.old_button")
    expect(await evening.tap(evening.you, shown, "me.drop=employer"), "me.fact_removed")
    expect(await evening.tap(evening.you, shown, "me.drop=employer"), "me.fact_nothing")
    assert evening.rows("SELECT count(*) FROM fact") == [(0,)]


@pytest.mark.parametrize(
    ("said", "template"), [("   ", "errors.nothing_to_read"), ("\u200b\u202e---", "errors.nothing_to_read")]
)
async def test_nothing_to_read_is_said_kindly(evening: Evening, said: str, template: str) -> None:
    await evening.joined(evening.you)
    expect(await give(evening, evening.you, said), template)
    assert evening.rows("SELECT count(*) FROM fact") == [(0,)]


async def test_what_is_written_acts_nowhere(evening: Evening) -> None:
    await evening.joined(evening.you)
    nasty = "**@everyone** \u202e[x](https://x.example) <@1>"
    unknown = await give(evening, evening.you, nasty)
    assert "@everyone" not in words(unknown).replace("@\u200b", "")
    assert "\u202e" not in words(unknown)
    await evening.tap(evening.you, unknown, "me.unlisted")
    assert "**@" not in words(await panel(evening, evening.you))


async def test_the_fullest_panel_there_is_can_be_shown(evening: Evening) -> None:
    await evening.joined(evening.you)
    for number in range(4):
        unknown = await give(evening, evening.you, f"{number}" + "*" * 79)
        await evening.tap(evening.you, unknown, "me.unlisted")
    for kind in ("trust", "authority"):
        await give(evening, evening.you, f"{kind}" + "_" * 60, kind)
    expect(await give(evening, evening.you, "One more"), "me.fact_too_many")
    expect(await panel(evening, evening.you), "me.facts")


async def test_in_a_direct_message_it_is_about_the_only_network(evening: Evening) -> None:
    await evening.joined(evening.you)
    dm = await evening.you.open_dm()
    expect(await panel(evening, evening.you, dm), "me.facts")
    imran = evening.demo.second_organiser
    options = {"nation": "england", "contact": imran.id}
    await answered(await imran.slash(evening.demo.second_channel_id, "network setup", options))
    shown = await panel(evening, evening.you, dm)
    await evening.join(evening.you, evening.demo.second_channel_id)
    expect(await panel(evening, evening.you, dm), "errors.server_only")
    form = await evening.pressed(evening.you, shown, "me.fact=employer")
    await answered(await evening.you.submit(form, {"text": "Oakfield"}))
    assert evening.rows("SELECT network_id FROM fact") == [(evening.demo.guild_id,)]


async def test_a_stranger_and_somebody_else_get_nowhere(evening: Evening) -> None:
    other = evening.demo.people[6]
    await evening.joined(evening.you)
    await listed(evening)
    offered = await give(evening, evening.you, "ALT")
    expect(await panel(evening, other), "errors.not_member")
    here = evening.welcome
    organisation = options(offered, button(offered, "me.meant"))[0]["value"]
    tries: list[tuple[str, int, list[str] | None]] = [(i, 2, None) for i in custom_ids(offered) if "me." in i]
    network = evening.demo.guild_id
    tries += [
        (f"ok1:me.fact:{network}:employer", 2, None),
        (f"ok1:me.drop:{network}:employer", 2, None),
        (button(offered, "me.meant"), 3, [organisation]),
    ]
    for custom_id, kind, values in tries:
        exchange = await answered(await other.press_raw(here, 1, custom_id, kind, values))
        assert exchange.modal is None
        assert offers_support(last(exchange)), custom_id
    assert evening.rows("SELECT user_id, state FROM fact") == [(evening.you.id, "typed")]


@pytest.mark.parametrize(
    ("custom_id", "values"),
    [
        ("ok1:me.fact:1:", None),
        ("ok1:me.fact:1:school", None),
        ("ok1:me.drop:1:school", None),
        ("ok1:me.unlisted:0:", None),
        ("ok1:me.meant:12:", ["9999999999999999999"]),
        ("ok1:me.meant:12:", ["-1"]),
        ("ok1:me.meant:12:", ["1", "2"]),
        ("ok1:me.meant:12:", []),
        ("ok1:me.dropped:12:employer", ["x"]),
        ("ok1:me.dropped:9223372036854775807:employer", ["1"]),
    ],
)
async def test_odd_presses_are_answered_kindly(
    evening: Evening, custom_id: str, values: list[str] | None
) -> None:
    await evening.joined(evening.you)
    kind = 2 if values is None else 3
    exchange = await answered(await evening.you.press_raw(evening.welcome, 1, custom_id, kind, values))
    expect(last(exchange), "errors.old_button")


async def test_buttons_and_forms_of_before_a_restart_work(evening: Evening) -> None:
    await evening.joined(evening.you)
    await listed(evening)
    form = await evening.pressed(evening.you, await panel(evening, evening.you), "me.fact=employer")
    await evening.restart()
    offered = last(await answered(await evening.you.submit(form, {"text": "ALT"})))
    await evening.restart()
    expect(await choose(evening, evening.you, offered, "me.meant"), "me.fact_saved")


async def test_a_member_reads_in_their_own_data_how_each_fact_stands(evening: Evening) -> None:
    you = evening.you
    await evening.joined(you)
    await listed(evening)
    await choose(evening, you, await give(evening, you, "ALT"), "me.meant")
    await evening.tap(you, await give(evening, you, "Oakfield"), "me.unlisted")
    await give(evening, you, "Beech")
    kept = words(last(await evening.run(you, "me privacy")))
    for said in (
        "Ashgrove Learning Trust, locked with a key. Seen by you alone.",
        "Oakfield, locked with a key. The name waits for an organiser, without yours.",
        "Beech, locked with a key. It counts as unknown.",
    ):
        assert said in kept
    await evening.pressed(you, last(await evening.run(you, "me forget")), "me.forget=yes")
    assert evening.rows("SELECT count(*) FROM fact") == [(0,)]
