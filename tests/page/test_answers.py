"""What the bot answers: buttons, menus, forms, layouts, and what only one person sees."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.page.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_every_kind_of_button_is_shown_and_a_press_is_answered_in_place(visit: Visit) -> None:
    panel = await visit.panel()
    await expect(panel).to_contain_text("You used /panel")
    await expect(panel.locator(".embed")).to_contain_text("An embed")
    await expect(panel.get_by_role("button", name="Not yet")).to_be_disabled()
    link = panel.get_by_role("link", name="Read more")
    await expect(link).to_have_attribute("href", "https://www.example.org/more")
    await expect(link).to_have_attribute("target", "_blank")
    await panel.get_by_role("button", name="Press me").click()
    await expect(visit.last).to_contain_text("You pressed.")
    await expect(visit.log.locator("article")).to_have_count(1)
    await expect(visit.button("Press me")).to_be_focused()


async def test_an_ephemeral_answer_is_seen_by_one_person_until_dismissed(visit: Visit) -> None:
    panel = await visit.panel()
    await panel.get_by_role("button", name="Whisper").click()
    whisper = visit.log.locator("article", has_text="A word for Sam Ellery alone.")
    await expect(whisper).to_contain_text("Only you can see this")
    await visit.become(visit.theatre.ruth)
    await expect(visit.log).to_contain_text("Choose something.")
    await expect(visit.log).not_to_contain_text("A word for")
    await visit.become(visit.theatre.you)
    await expect(whisper).to_be_visible()
    await whisper.get_by_role("button", name="Dismiss message").click()
    await expect(whisper).to_have_count(0)
    await expect(visit.log).to_contain_text("Choose something.")


async def test_a_bot_that_does_not_answer_is_told_about(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = await visit.panel()
    monkeypatch.setattr(visit.theatre.world.backend, "answer_within", 0.5)
    await panel.get_by_role("button", name="Break").click()
    await expect(visit.last.get_by_role("alert")).to_contain_text("This interaction failed")
    await visit.command("dead")
    await expect(visit.log.locator(".own-notice")).to_contain_text("/dead: the bot did not answer.")
    await visit.log.locator(".own-notice").get_by_role("button", name="Dismiss").click()
    await expect(visit.log.locator(".own-notice")).to_have_count(0)


async def test_while_a_press_is_answered_nothing_else_on_its_message_can_be_pressed(visit: Visit) -> None:
    """The changed message and the answer to the press come by different ways: either may be there first."""
    panel = await visit.panel()
    whisper = panel.get_by_role("button", name="Whisper")
    held = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await held.wait()
        await route.fulfill(response=answer)

    await visit.tab.route("**/api/act", late)
    await panel.get_by_role("button", name="Press me").click()
    await expect(panel).to_contain_text("You pressed.")
    await expect(whisper).to_be_disabled()
    await expect(panel.get_by_role("button", name="Which cakes?")).to_be_disabled()
    held.set()
    await expect(whisper).to_be_enabled()
    await visit.tab.unroute_all(behavior="wait")
    await whisper.click()
    await expect(visit.last).to_contain_text("A word for Sam Ellery alone.")


async def test_menus_of_one_of_several_and_of_people(visit: Visit) -> None:
    panel = await visit.panel()
    await panel.get_by_role("button", name="How was it?").click()
    await visit.tab.get_by_role("dialog").get_by_role("button", name="Wobbly").click()
    await expect(visit.last).to_contain_text("You chose Wobbly.")

    await panel.get_by_role("button", name="Which cakes?").click()
    dialog = visit.tab.get_by_role("dialog")
    await dialog.get_by_role("button", name="Choose", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_have_text("Choose at least 1.")
    for cake in ("Parkin", "Battenberg", "Lardy cake"):
        await dialog.get_by_label(cake).check()
    await dialog.get_by_role("button", name="Choose", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_have_text("Choose at most 2.")
    await dialog.get_by_label("Lardy cake").uncheck()
    await dialog.get_by_role("button", name="Choose", exact=True).click()
    await expect(visit.last).to_contain_text("Cakes: Battenberg, Parkin.")

    await panel.get_by_role("button", name="With whom?").click()
    await visit.tab.get_by_role("dialog").get_by_role("button", name="Ruth Pemberton").click()
    await expect(visit.last).to_contain_text("With Ruth Pemberton.")


async def test_a_form_is_checked_kept_open_and_sent_whole(visit: Visit) -> None:
    panel = await visit.panel()
    await panel.get_by_role("button", name="Say more").click()
    form = visit.tab.get_by_role("dialog", name="Say more")
    words = form.get_by_label("What happened?")
    await expect(words).to_be_focused()
    # As in Discord: what must be filled in bears a star, the rest says nothing.
    await expect(form.locator("label", has_text="What happened?")).to_have_text("What happened?*")
    await expect(form.locator("label", has_text="In one word")).to_have_text("In one word")
    await words.fill("ab")
    await form.get_by_role("button", name="Send").click()
    await expect(form).to_contain_text("At least 3 characters, please.")
    await expect(words).to_have_attribute("aria-invalid", "true")
    await words.fill("a long week")
    await form.get_by_role("button", name="Send").click()
    await expect(form).to_contain_text("Please choose.")
    await form.get_by_label("School").check()
    await form.get_by_label("Friday").check()
    await form.get_by_label("Keep this for me").check()
    await form.get_by_role("button", name="Send").click()
    await expect(form).to_have_count(0)
    await expect(visit.last).to_contain_text(
        "kept [('day', 'fri'), ('place', ['school']), ('short', ''), ('sure', True), ('words', 'a long week')]"
    )


async def test_a_form_closed_with_escape_gives_focus_back(visit: Visit) -> None:
    panel = await visit.panel()
    await panel.get_by_role("button", name="Say more").focus()
    await visit.tab.keyboard.press("Enter")
    await expect(visit.tab.get_by_role("dialog", name="Say more")).to_be_visible()
    await visit.tab.keyboard.press("Escape")
    await expect(visit.tab.get_by_role("dialog")).to_have_count(0)
    await expect(panel.get_by_role("button", name="Say more")).to_be_focused()


async def test_a_layout_with_its_picture_and_button(visit: Visit) -> None:
    await visit.command("layout")
    box = visit.last.locator(".container")
    await expect(box.get_by_role("heading", name="Your week")).to_be_visible()
    await expect(box.locator("strong")).to_have_text("bold")
    picture = box.get_by_role("img", name="The week, drawn")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("img => img.decode().then(() => img.naturalWidth)") == 64
    await expect(visit.last.locator("img")).to_have_count(2)
    await box.get_by_role("button", name="Inside").click()
    await expect(visit.last).to_contain_text("Pressed inside.")


async def test_a_slow_answer_says_it_is_thinking(visit: Visit) -> None:
    release = visit.theatre.bot.release
    release.clear()
    await visit.command("slow")
    await expect(visit.last).to_contain_text("Really OK is thinking")
    release.set()
    await expect(visit.last).to_contain_text("Thought about it.")
    await expect(visit.last.locator("img")).to_be_visible()
    await expect(visit.log).not_to_contain_text("is thinking")


async def test_private_messages_are_answered_with_buttons_that_work(visit: Visit) -> None:
    await visit.private()
    await visit.write("hello?")
    await expect(visit.last).to_contain_text("heard 'hello?'")
    await visit.last.get_by_role("button", name="Whisper").click()
    await expect(visit.last).to_contain_text("Only you can see this")
