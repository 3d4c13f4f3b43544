"""`/network settings` as organisers use it, on the wire: lists, contacts, names that wait; and who may not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last
from tests.launch.scene import answered, button, custom_ids, until, words
from tests.members.test_facts_asked import choose, give, options

LIST = "Ashgrove Learning Trust = ALT\nBorsetshire County Council"


async def overview(evening: Evening, person: Person | None = None) -> dict[str, Any]:
    return last(await evening.run(person or evening.demo.organiser, "network settings"))


async def write(evening: Evening, text: str, kind: str = "employer") -> dict[str, Any]:
    """Open a list's form from the overview and send it."""
    organiser = evening.demo.organiser
    form = await evening.pressed(organiser, await overview(evening), f"networks.list={kind}")
    return last(await answered(await organiser.submit(form, {"text": text})))


async def present(evening: Evening, kind: str = "employer") -> str:
    """What the form of a list holds when it opens."""
    form = await evening.pressed(evening.demo.organiser, await overview(evening), f"networks.list={kind}")
    assert form.modal is not None
    found = form.modal["components"][0]["component"].get("value", "")
    await answered(await evening.demo.organiser.submit(form, {"text": found}))
    return found


async def name(evening: Evening, which: str, who: int) -> dict[str, Any]:
    organiser = evening.demo.organiser
    asked = await evening.tap(organiser, await overview(evening), f"networks.name={which}")
    expect(asked, f"networks.name_{which}")
    picked = await organiser.choose(int(asked["id"]), button(asked, "networks.named"), [who])
    return last(await answered(picked))


def contacts(evening: Evening) -> tuple[Any, ...]:
    return evening.rows("SELECT safeguarding_id, second_safeguarding_id FROM network")[0]


# Lists


async def test_a_list_is_written_read_back_and_emptied(evening: Evening) -> None:
    await evening.joined()
    expect(await overview(evening), "networks.overview")
    saved = await write(evening, LIST)
    expect(saved, "networks.list_saved")
    assert "**Ashgrove Learning Trust** (also ALT)" in words(saved)
    assert "2 employers, 0 trusts, 0 local authorities" in words(await overview(evening))
    assert await present(evening) == LIST
    assert await present(evening, "trust") == ""
    assert "The list is empty" in words(await write(evening, ""))
    assert evening.rows("SELECT count(*) FROM organisation") == [(0,)]


async def test_a_list_with_a_mistake_is_not_saved_and_not_lost(evening: Evening) -> None:
    await evening.joined()
    await write(evening, LIST)
    wrong = LIST + "\nOakfield = ALT\n= nothing"
    refused = await write(evening, wrong)
    expect(refused, "networks.list_problems")
    assert "it stands for two different names" in words(refused)
    assert "there's no name in it" in words(refused)
    assert evening.rows("SELECT count(*) FROM organisation") == [(2,)]
    assert await present(evening) == wrong
    await write(evening, LIST + "\nOakfield")
    assert await present(evening) == "Ashgrove Learning Trust = ALT\nBorsetshire County Council\nOakfield"


async def test_the_longest_list_is_shown_in_one_message(evening: Evening) -> None:
    await evening.joined()
    saved = await write(evening, "\n".join(f"**School** {n:03} = S{n:03}" for n in range(170)))
    expect(saved, "networks.list_saved")
    assert "more" in words(saved)
    assert len(await present(evening)) <= 4000
    refused = await write(evening, "\n".join("x" * 79 for _ in range(50)))
    expect(refused, "networks.list_problems")
    assert "and " in words(refused)


# Contacts


async def test_two_contacts_are_named_told_and_kept_apart(evening: Evening) -> None:
    marcus, dilys = evening.demo.facilitators
    await evening.joined(marcus)
    ruth = evening.demo.organiser
    before = len(evening.from_bot(marcus))
    expect(await name(evening, "second", marcus.id), "networks.second_set")
    await until(lambda: len(evening.from_bot(marcus)) > before, "the second contact being told")
    expect(evening.from_bot(marcus)[-1], "networks.second")
    assert contacts(evening) == (ruth.id, marcus.id)
    expect(await name(evening, "first", marcus.id), "networks.contact_same")
    expect(await name(evening, "second", ruth.id), "networks.contact_same")
    expect(await name(evening, "second", marcus.id), "networks.second_set")
    await evening.wait(minutes=1)
    assert len(evening.from_bot(marcus)) == before + 1, "named again, told once"
    expect(await name(evening, "first", dilys.id), "networks.contact_set")
    assert contacts(evening) == (dilys.id, marcus.id)
    assert dilys.dm_id is None, "nobody's direct messages are opened for it"
    shown = await overview(evening)
    assert f"<@{dilys.id}>" in words(shown)
    assert f"<@{marcus.id}>" in words(shown)
    asked = await evening.tap(ruth, shown, "networks.name=second")
    expect(await evening.tap(ruth, asked, "networks.name=none"), "networks.second_removed")
    assert contacts(evening) == (dilys.id, None)


async def test_a_bot_is_no_contact(evening: Evening) -> None:
    await evening.joined()
    bot = evening.world.backend.bot_user.id
    expect(await name(evening, "second", bot), "networks.contact_a_bot")
    assert contacts(evening) == (evening.demo.organiser.id, None)


async def test_setting_up_again_with_the_second_contact_as_first_leaves_no_report_without_a_way(
    evening: Evening,
) -> None:
    await evening.joined()
    marcus = evening.demo.facilitators[0]
    await name(evening, "second", marcus.id)
    options = {"nation": "england", "contact": marcus.id}
    await answered(await evening.demo.organiser.slash(evening.welcome, "network setup", options))
    assert contacts(evening) == (marcus.id, None)


async def test_a_contact_sees_that_they_are_one_and_organisers_hear_when_they_are_forgotten(
    evening: Evening,
) -> None:
    marcus, dilys = evening.demo.facilitators
    await evening.joined(marcus)
    await name(evening, "first", marcus.id)
    await name(evening, "second", dilys.id)
    assert "the safeguarding contact** of" in words(last(await evening.run(marcus, "me privacy")))
    assert "the second safeguarding contact** of" in words(last(await evening.run(dilys, "me privacy")))
    ((channel,),) = evening.rows("SELECT organisers_channel_id FROM network")
    for person, left in ((dilys, (marcus.id, None)), (marcus, (None, None))):
        asked = last(await evening.run(person, "me forget"))
        assert ("no safeguarding contact" in words(asked)) == (person is marcus)
        await evening.pressed(person, asked, "me.forget=yes")
        assert contacts(evening) == left
    await until(
        lambda: evening.demo.organiser.visible_messages(channel), "the organisers being asked for another"
    )
    await evening.wait(minutes=1)
    (told,) = evening.demo.organiser.visible_messages(channel)
    expect(told, "networks.contact_missing")
    assert "nobody yet" in words(await overview(evening))


# Names that wait


async def suggested(evening: Evening, *said: str) -> list[Person]:
    people = list(evening.demo.people[6 : 6 + len(said)])
    await evening.joined(*people)
    for person, one in zip(people, said, strict=True):
        await evening.tap(person, await give(evening, person, one), "me.unlisted")
    return people


async def opened(evening: Evening) -> dict[str, Any]:
    """The first name that waits, opened from the overview."""
    organiser = evening.demo.organiser
    waiting = await evening.tap(organiser, await overview(evening), "networks.waiting")
    expect(waiting, "networks.waiting")
    one = await choose(evening, organiser, waiting, "networks.suggestion")
    expect(one, "networks.suggestion")
    return one


async def test_a_name_that_waits_is_added_and_says_nothing_of_who_gave_it(evening: Evening) -> None:
    people = await suggested(evening, "Oakfield Academy", "oakfield academy")
    organiser = evening.demo.organiser
    assert "1 name is waiting" in words(await overview(evening))
    waiting = await evening.tap(organiser, await overview(evening), "networks.waiting")
    assert len(options(waiting, button(waiting, "networks.suggestion"))) == 1
    one = await opened(evening)
    for message in (waiting, one):
        for person in people:
            assert str(person.id) not in str(message)
            assert person.display_name not in str(message)
    done = await evening.tap(organiser, one, "networks.suggested=add")
    expect(done, "networks.suggestion_done")
    expect(await evening.tap(organiser, one, "networks.suggested=add"), "errors.old_button")
    expect(await evening.tap(organiser, done, "networks.waiting"), "networks.waiting_none")
    assert evening.rows("SELECT DISTINCT state FROM fact") == [("confirmed",)]


async def test_a_name_that_waits_becomes_another_name_for_one_on_the_list(evening: Evening) -> None:
    await suggested(evening, "The Ash Grove")
    organiser = evening.demo.organiser
    one = await opened(evening)
    nothing = await evening.tap(organiser, one, "networks.suggested=alias")
    assert "The list is empty" in words(nothing)
    await write(evening, LIST)
    asked = await evening.tap(organiser, one, "networks.suggested=alias")
    expect(asked, "networks.suggestion_alias")
    labels = [found["label"] for found in options(asked, button(asked, "networks.alias"))]
    assert labels == ["Ashgrove Learning Trust", "Borsetshire County Council"]
    expect(await choose(evening, organiser, asked, "networks.alias"), "networks.suggestion_done")
    assert (await present(evening)).startswith("Ashgrove Learning Trust = ALT = The Ash Grove\n")
    assert evening.rows("SELECT state FROM fact") == [("confirmed",)]


async def test_a_name_that_waits_is_left_out(evening: Evening) -> None:
    (person,) = await suggested(evening, "Nowhere")
    one = await opened(evening)
    done = await evening.tap(evening.demo.organiser, one, "networks.suggested=drop")
    expect(done, "networks.suggestion_done")
    shown = last(await evening.run(person, "me employer"))
    assert "not on the network's list" in words(shown)


# Who may


async def controls(evening: Evening) -> list[tuple[str, int, list[str] | None]]:
    """Every control an organiser can have in front of them, with a choice where it is a menu."""
    await suggested(evening, "Oakfield")
    await write(evening, "Canary Trust")
    organiser = evening.demo.organiser
    one = await opened(evening)
    ((fact,),) = evening.rows("SELECT id FROM fact")
    ((organisation,),) = evening.rows("SELECT id FROM organisation LIMIT 1")
    shown = await overview(evening)
    network = evening.demo.guild_id
    found: list[tuple[str, int, list[str] | None]] = [
        (i, 2, None) for message in (shown, one) for i in custom_ids(message) if ":networks." in i
    ]
    return [
        *found,
        (f"ok1:networks.name:{network}:none", 2, None),
        (f"ok1:networks.named:{network}:first", 5, [str(organiser.id)]),
        (f"ok1:networks.suggestion:{network}:", 3, [str(fact)]),
        (f"ok1:networks.alias:{fact}:", 3, [str(organisation)]),
    ]


async def test_nobody_but_an_organiser_of_this_network_presses_anything(evening: Evening) -> None:
    tries = await controls(evening)
    imran, member = evening.demo.second_organiser, evening.demo.people[6]
    elsewhere = evening.demo.second_channel_id
    options = {"nation": "england", "contact": imran.id}
    await answered(await imran.slash(elsewhere, "network setup", options))
    kept = [evening.rows(f"SELECT * FROM {table} ORDER BY 1") for table in ("fact", "organisation")]
    for custom_id, kind, values in tries:
        for person in (member, evening.demo.people[9]):
            exchange = await answered(await person.press_raw(evening.welcome, 1, custom_id, kind, values))
            assert exchange.modal is None
            expect(last(exchange), "errors.organiser_only")
        exchange = await answered(await imran.press_raw(evening.welcome, 1, custom_id, kind, values))
        expect(last(exchange), "errors.organiser_only")
        dm = await evening.demo.organiser.open_dm()
        exchange = await answered(await evening.demo.organiser.press_raw(dm, 1, custom_id, kind, values))
        expect(last(exchange), "errors.server_only")
        # In their own server another network's organiser may press what they like: it is about theirs.
        exchange = await answered(await imran.press_raw(elsewhere, 1, custom_id, kind, values))
        if exchange.modal is not None:
            assert "Canary" not in str(exchange.modal)
        else:
            assert "Oakfield" not in str(exchange.messages)
            assert "Canary" not in str(exchange.messages)
    assert [evening.rows(f"SELECT * FROM {table} ORDER BY 1") for table in ("fact", "organisation")] == kept
    assert contacts(evening) == (evening.demo.organiser.id, None)


@pytest.mark.parametrize(
    ("custom_id", "kind", "values"),
    [
        ("ok1:networks.list:1:", 2, None),
        ("ok1:networks.list:1:school", 2, None),
        ("ok1:networks.name:1:third", 2, None),
        ("ok1:networks.named:1:first", 5, ["12"]),
        ("ok1:networks.named:1:third", 5, []),
        ("ok1:networks.suggestion:1:", 3, ["9999999999999999999"]),
        ("ok1:networks.suggestion:1:", 3, []),
        ("ok1:networks.suggested:12:", 2, None),
        ("ok1:networks.suggested:12:add", 2, None),
        ("ok1:networks.suggested:12:maybe", 2, None),
        ("ok1:networks.alias:12:", 3, ["12"]),
    ],
)
async def test_an_organisers_odd_presses_are_answered_kindly(
    evening: Evening, custom_id: str, kind: int, values: list[str] | None
) -> None:
    await evening.joined()
    pressed = await evening.demo.organiser.press_raw(evening.welcome, 1, custom_id, kind, values)
    expect(last(await answered(pressed)), "errors.old_button")
