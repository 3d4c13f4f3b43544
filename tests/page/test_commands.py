"""Slash commands, by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.page.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_the_palette_lists_what_this_person_may_use_and_filters_as_one_types(visit: Visit) -> None:
    keys = visit.tab.keyboard
    await visit.tab.locator("#text").focus()
    await keys.type("/")
    options = visit.suggestions
    await expect(options).to_have_text(
        [
            "/cakeOrder a cake",
            "/deadNever answer",
            "/layoutA layout with a picture",
            "/panelShow everything with buttons",
            "/slowThink for a while first",
        ]
    )
    await keys.type("la")
    await expect(options).to_have_text(["/layoutA layout with a picture"])
    await keys.press("Escape")
    await expect(options).to_have_count(0)
    await expect(visit.tab.locator("#text")).to_have_value("/la")

    await visit.become(visit.theatre.ruth)  # who may manage the server
    await visit.tab.locator("#text").fill("/set")
    await expect(options).to_have_text(["/settings showOnly for those who manage the server"])


async def test_a_command_with_options_choices_and_autocomplete_by_keyboard_only(visit: Visit) -> None:
    keys = visit.tab.keyboard
    await visit.tab.locator("#text").focus()
    await keys.type("/cak")
    await expect(visit.suggestions).to_have_count(1)
    await keys.press("Tab")
    kind = visit.tab.get_by_role("combobox", name="kind")
    await expect(kind).to_be_focused()
    await keys.type("br")
    await expect(visit.suggestions).to_have_text(["Bara brith"])
    await keys.press("Enter")
    await expect(kind).to_have_value("Bara brith")
    await keys.press("Tab")
    size = visit.tab.get_by_role("combobox", name="size")
    await expect(size).to_be_focused()
    await expect(visit.suggestions).to_have_text(["Small", "Large"])
    await keys.press("ArrowDown")
    await expect(visit.suggestions.filter(has_text="Large")).to_have_attribute("aria-selected", "true")
    await keys.press("Enter")
    await keys.press("Tab")
    await keys.type("7")
    await keys.press("Tab")
    await keys.press("r")  # the first letter, in a list of people
    await keys.press("Tab")
    await keys.press("Tab")
    await expect(visit.button("Send command")).to_be_focused()
    await keys.press("Enter")
    await expect(visit.last).to_contain_text("bara brith, l, 7, for Ruth Pemberton")
    await expect(visit.tab.locator("#text")).to_be_focused()


async def test_what_is_missing_or_wrong_is_said_in_place(visit: Visit) -> None:
    keys = visit.tab.keyboard
    await visit.write("/cake")
    kind = visit.tab.get_by_role("combobox", name="kind")
    await expect(kind).to_be_focused()
    await expect(visit.suggestions).to_have_count(5)
    await keys.press("Escape")
    await visit.button("Send command").click()
    trouble = visit.tab.locator("#command").get_by_role("alert")
    await expect(trouble).to_have_text("Please fill in “kind”.")
    await kind.fill("Seed cake")
    await visit.tab.get_by_role("combobox", name="size").fill("Enormous")
    await visit.button("Send command").click()
    await expect(trouble).to_have_text("Choose one of the suggestions for “size”.")
    await visit.tab.get_by_role("combobox", name="size").fill("small")
    await visit.tab.get_by_label("slices").fill("40")
    await visit.button("Send command").click()
    await expect(trouble).to_contain_text("12")
    await visit.tab.get_by_label("slices").fill("3")
    await visit.button("Send command").click()
    await expect(visit.last).to_contain_text("Seed cake, s, 3, for nobody")


async def test_escape_leaves_a_command_and_gives_the_words_back_their_place(visit: Visit) -> None:
    await visit.write("/slow")
    await expect(visit.button("Send command")).to_be_focused()
    await visit.tab.keyboard.press("Escape")
    await expect(visit.tab.locator("#text")).to_be_focused()
    await expect(visit.button("Send command")).to_have_count(0)


async def test_an_unknown_command_is_not_sent_as_words(visit: Visit) -> None:
    await visit.write("/nonsense please")
    await expect(visit.tab.locator("#trouble")).to_contain_text("There is no such command here.")
    assert visit.theatre.you.visible_messages(visit.channel) == []


async def test_half_written_words_wait_in_their_own_channel(visit: Visit) -> None:
    await visit.tab.locator("#text").fill("half a thought")
    await visit.private()
    await expect(visit.tab.locator("#text")).to_have_value("")
    await visit.tab.locator(f"[data-place='{visit.channel}']").click()
    await expect(visit.tab.locator("#text")).to_have_value("half a thought")
