from __future__ import annotations

import socket

import pytest
from playwright.async_api import expect

from tests.page.small_bot import png
from tests.page.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_words_are_sent_with_enter_and_stored_as_they_were_typed(visit: Visit) -> None:
    await visit.write("Kettle on, **everyone**")
    await expect(visit.last.locator("strong")).to_have_text("everyone")
    await expect(visit.tab.locator("#text")).to_have_value("")
    stored = visit.theatre.you.visible_messages(visit.channel)
    assert [m["content"] for m in stored] == ["Kettle on, **everyone**"]


async def test_shift_and_enter_starts_a_line(visit: Visit) -> None:
    await visit.tab.locator("#text").fill("one")
    await visit.tab.keyboard.press("Shift+Enter")
    await visit.tab.keyboard.type("two")
    await visit.tab.keyboard.press("Enter")
    await expect(visit.last.locator(".md br")).to_have_count(1)
    assert visit.theatre.you.visible_messages(visit.channel)[0]["content"] == "one\ntwo"


async def test_others_words_arrive_by_themselves(visit: Visit) -> None:
    await visit.theatre.ruth.send(visit.channel, "From somebody else")
    await expect(visit.last).to_contain_text("From somebody else")
    await expect(visit.last.locator(".author")).to_have_text("Ruth Pemberton")


async def test_what_is_unread_is_marked_until_it_is_opened(visit: Visit) -> None:
    lobby = visit.tab.locator(f"[data-place='{visit.theatre.lobby}']")
    await visit.theatre.ruth.send(visit.theatre.lobby, "News")
    await expect(lobby).to_contain_text("1 new")
    await expect(visit.tab).to_have_title("(1) #" + visit.room + " · Really OK: a rehearsal")
    await lobby.click()
    await expect(lobby).not_to_contain_text("new")


async def test_markdown_becomes_elements(visit: Visit) -> None:
    text = "\n".join(
        [
            "# Large",
            "- one",
            "  - inner",
            "- two",
            "1. first",
            "> said",
            "-# small print",
            "```py\ncode *here*\n```",
            "_it_ __under__ ~~gone~~ `x*y*z` ||hidden|| snake_case_word 5 * 3 * 2",
            f"<@{visit.theatre.ruth.id}> <#{visit.channel}> <t:1768410000:F> [a page](https://example.org/x)",
        ]
    )
    await visit.theatre.ruth.send(visit.channel, text)
    said = visit.last
    await expect(said.locator("[role=heading][aria-level='4']")).to_have_text("Large")
    await expect(said.locator("ul > li > ul > li")).to_have_text("inner")
    await expect(said.locator("ol > li")).to_have_text("first")
    await expect(said.locator("blockquote")).to_have_text("said")
    await expect(said.locator(".subtext")).to_have_text("small print")
    await expect(said.locator("pre")).to_have_text("code *here*")
    await expect(said.locator("em")).to_have_text("it")
    await expect(said.locator("u")).to_have_text("under")
    await expect(said.locator("s")).to_have_text("gone")
    await expect(said.locator("p code")).to_have_text("x*y*z")
    await expect(said).to_contain_text("snake_case_word 5 * 3 * 2")
    await expect(said.locator("span.mention")).to_have_text("@Ruth Pemberton")
    await expect(said.locator("button.mention")).to_have_text(f"#{visit.room}")
    await expect(said.locator(".md time")).to_have_text("Wednesday 14 January 2026 17:00")
    await expect(said.get_by_role("link", name="a page")).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )
    await said.get_by_role("button", name="Hidden words").click()
    await expect(said.locator(".shown")).to_have_text("hidden")


async def test_a_reply_names_what_it_answers(visit: Visit) -> None:
    await visit.theatre.ruth.send(visit.channel, "Are you coming?")
    await visit.last.hover()
    await visit.button("Reply to Ruth Pemberton").click()
    await expect(visit.tab.locator("#replying")).to_contain_text("Are you coming?")
    await visit.write("I am")
    await expect(visit.last).to_contain_text("Replying to Ruth Pemberton: Are you coming?")
    stored = visit.theatre.you.visible_messages(visit.channel)
    assert stored[1]["message_reference"]["message_id"] == stored[0]["id"]


async def test_a_picture_is_sent_and_shown(visit: Visit) -> None:
    await visit.tab.locator("#file").set_input_files(
        {"name": "garden.png", "mimeType": "image/png", "buffer": png(30, 20)}
    )
    await expect(visit.tab.locator("#attached")).to_contain_text("garden.png")
    await visit.write("Look")
    shown = visit.last.locator("img")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("img => img.decode().then(() => [img.naturalWidth, img.naturalHeight])") == [
        30,
        20,
    ]


async def test_a_voice_note_a_sticker_and_a_reply_reach_the_bot_as_such(visit: Visit) -> None:
    await visit.private()
    for choice, heard in (("A voice note", "voice"), ("A sticker", "sticker")):
        await visit.button("Attach a file, a voice note or a sticker", exact=False).click()
        await visit.tab.get_by_role("dialog").get_by_role("button", name=choice).click()
        await expect(visit.log.locator("article", has_text=f"heard '' {heard}")).to_have_count(1)
    await visit.last.hover()
    await visit.button("Reply to Really OK").click()
    await visit.write("thank you")
    await expect(visit.last).to_contain_text("heard 'thank you' reply")


async def test_a_reaction_is_shown_with_its_count(visit: Visit) -> None:
    await visit.theatre.ruth.send(visit.channel, "Toast?")
    await visit.last.hover()
    await visit.button("React to Ruth Pemberton's message").click()
    await visit.tab.get_by_role("dialog").get_by_role("button", name="Coffee").click()
    reaction = visit.last.locator(".reaction")
    await expect(reaction).to_have_text("☕ 1 person reacted")
    await visit.theatre.ruth.react(
        visit.channel, int(visit.theatre.you.visible_messages(visit.channel)[0]["id"]), "☕"
    )
    await expect(reaction).to_have_text("☕ 2 people reacted")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    await reaction.click()
    await expect(reaction).to_have_text("☕ 1 person reacted")
    await expect(reaction).to_have_attribute("aria-pressed", "false")


async def test_ones_own_words_can_be_changed(visit: Visit) -> None:
    await visit.write("Se you at nine")
    await visit.last.hover()
    await visit.button("Change my message").click()
    form = visit.tab.get_by_role("dialog", name="Change my message")
    await form.get_by_label("What it says").fill("See you at nine")
    await form.get_by_role("button", name="Send").click()
    await expect(visit.last).to_contain_text("See you at nine")
    await expect(visit.last).to_contain_text("(edited)")


async def test_ones_own_message_can_be_deleted_and_anothers_not(visit: Visit) -> None:
    await visit.theatre.ruth.send(visit.channel, "Stays")
    await visit.write("Goes")
    await expect(visit.button("Delete my message")).to_have_count(1)
    await visit.last.hover()
    await visit.button("Delete my message").click()
    await expect(visit.log).not_to_contain_text("Goes")
    await expect(visit.log).to_contain_text("Stays")


async def test_as_somebody_else_one_sees_what_they_may_see(visit: Visit) -> None:
    await visit.private()
    await visit.write("for the bot alone")
    await expect(visit.last).to_contain_text("heard")
    await visit.become(visit.theatre.ruth)
    await expect(visit.tab.locator("#about")).to_contain_text("owner, Saturday Coffee")
    await expect(visit.tab.locator("#main")).not_to_contain_text("for the bot alone")
    await visit.become(visit.theatre.you)
    await visit.private()
    await expect(visit.log).to_contain_text("for the bot alone")


async def test_one_is_somebody_else_only_once_what_they_see_is_there(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sandbox.page.server._GATHER", 1.0)
    await visit.write("From here on views take their time")
    await expect(visit.last).to_contain_text("take their time")
    await visit.become(visit.theatre.ruth)
    assert await visit.tab.locator("#about").text_content() == "owner, Saturday Coffee"


async def test_direct_messages_can_be_refused_and_accepted(visit: Visit) -> None:
    you = visit.theatre.you
    box = visit.tab.get_by_label("Accept direct messages")
    await expect(box).to_be_checked()
    await box.uncheck()
    await expect(visit.tab.locator("#say")).to_have_text("Direct messages are refused")
    assert you.allow_dms is False
    await box.check()
    await expect(visit.tab.locator("#say")).to_have_text("Direct messages are accepted")
    assert you.allow_dms is True


async def test_words_too_long_are_refused_in_place_and_kept(visit: Visit) -> None:
    await visit.write("a" * 2001)
    await expect(visit.tab.locator("#trouble")).to_have_text("A message has at most 2,000 characters.")
    await expect(visit.tab.locator("#text")).to_have_value("a" * 2001)
    assert visit.theatre.you.visible_messages(visit.channel) == []


async def test_earlier_messages_are_shown_on_request(visit: Visit) -> None:
    for number in range(70):
        await visit.theatre.ruth.send(visit.channel, f"line {number}")
    await expect(visit.log.locator("article")).to_have_count(60)
    await visit.button("Show earlier messages (10)").click()
    await expect(visit.log.locator("article")).to_have_count(70)
    await expect(visit.log.locator("article").first).to_contain_text("line 0")


async def test_somebody_in_no_server_finds_a_page_that_says_so(visit: Visit) -> None:
    world = visit.theatre.world
    stranger = world.people.get("nobody") or world.person("nobody", "Nell Nobody")
    await expect(visit.tab.locator(f"#who option[value='{stranger.id}']")).to_have_count(1)
    await visit.become(stranger)
    await expect(visit.tab.locator("#places-list")).to_contain_text("You are in no server.")
    await expect(visit.tab.locator("#text")).to_be_disabled()
    await visit.tab.locator("#places-list [data-place]").first.click()
    await expect(visit.tab.locator("#where")).to_have_text("Really OK")
    await visit.write("Anybody there?")
    await expect(visit.tab.locator("#trouble")).to_contain_text("You share no server with the bot")


async def test_a_bot_that_went_away_is_told_about(visit: Visit) -> None:
    away = visit.tab.get_by_text("The bot is not connected just now.")
    await expect(away).to_be_hidden()
    session = next(iter(visit.theatre.wire.gateway.sessions.values()))
    connection, session.connection = session.connection, None
    try:
        await expect(away).to_be_visible()
    finally:
        session.connection = connection
    await expect(away).to_be_hidden()


async def test_a_lost_connection_is_said_and_mended_by_itself(visit: Visit) -> None:
    visit.stopping = True
    port = int(visit.page.url.split(":")[2].split("/")[0])
    await visit.page.stop()
    with socket.socket() as kept:  # so that nobody else is given the port meanwhile
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", port))
        lost = visit.tab.get_by_text("The rehearsal has stopped answering")
        await expect(lost).to_be_visible()
        await visit.write("Held for a moment")
        await expect(visit.tab.locator("#trouble")).to_contain_text("Your words are still here")
        await expect(visit.tab.locator("#text")).to_have_value("Held for a moment")
        await visit.page.start(port=port)
    await expect(lost).to_be_hidden()
    await visit.tab.keyboard.press("Enter")
    await expect(visit.last).to_contain_text("Held for a moment")
