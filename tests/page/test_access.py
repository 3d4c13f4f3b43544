"""Usable with a keyboard, a screen reader, and a telephone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.page.visit import PHONE, Visit

pytestmark = pytest.mark.asyncio(loop_scope="package")

# Every control a person could reach, with the name a screen reader would say.
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=option]')]
  .filter(node => node.checkVisibility())
  .filter(node => !((node.getAttribute('aria-label') || '') + [...(node.labels || [])].map(l => l.textContent).join('')
    + (['INPUT', 'SELECT', 'TEXTAREA'].includes(node.tagName) ? '' : node.textContent)).trim())
  .map(node => node.outerHTML)"""

# WCAG contrast of every visible run of words against the nearest painted background.
FAINT = """() => {
  const parse = text => { const c = document.createElement('canvas'); c.width = c.height = 1; const x = c.getContext('2d', {willReadFrequently: true});
    x.clearRect(0, 0, 1, 1); x.fillStyle = text; x.fillRect(0, 0, 1, 1); return [...x.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { for (let n = node; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255, 255]; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.checkVisibility() || node.closest(':disabled, .hush, .skip, .spoiler, noscript')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${walk.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return found;
}"""

SMALL = """() => [...document.querySelectorAll('button, select, input:not([type=checkbox]):not([type=radio]), textarea, a.button, a.file')]
  .filter(node => node.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !node.closest('.deeds') && !node.classList.contains('mention') && !node.classList.contains('spoiler'))
  .map(node => [node.getBoundingClientRect(), node])
  .filter(([box]) => box.width && (box.height < 43.5 || box.width < 43.5))
  .map(([box, node]) => `${box.width}x${box.height} ${node.outerHTML.slice(0, 120)}`)"""


async def test_landmarks_headings_and_live_regions(visit: Visit) -> None:
    tab = visit.tab
    await expect(tab.get_by_role("main")).to_have_count(1)
    await expect(tab.get_by_role("navigation")).to_have_count(1)
    await expect(tab.get_by_role("complementary")).to_have_count(1)
    await expect(tab.get_by_role("heading", level=1)).to_have_text(f"#{visit.room}")
    await expect(visit.log).to_have_attribute("aria-label", f"Messages in #{visit.room}")
    await expect(visit.log).to_have_attribute("aria-live", "polite")
    assert await tab.locator("html").get_attribute("lang") == "en-GB"
    await expect(tab.get_by_text("Nothing here reaches Discord, and nobody is listening.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_control_has_a_name_and_every_word_enough_contrast(visit: Visit, scheme: str) -> None:
    await visit.tab.emulate_media(color_scheme=scheme)
    panel = await visit.panel()
    await panel.get_by_role("button", name="Whisper").click()
    await expect(visit.last).to_contain_text("Only you can see this")
    await visit.theatre.ruth.send(
        visit.channel, f"<@{visit.theatre.you.id}> `code` [link](https://example.org)"
    )
    await visit.write("/nonsense")
    await expect(visit.tab.locator("#trouble")).to_be_visible()
    assert await visit.tab.evaluate(NAMELESS) == []
    assert await visit.tab.evaluate(FAINT) == []
    await panel.get_by_role("button", name="Say more").click()
    await expect(visit.tab.get_by_role("dialog")).to_be_visible()
    await visit.tab.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(visit.tab.get_by_role("dialog")).to_contain_text("Please fill this in.")
    assert await visit.tab.evaluate(NAMELESS) == []
    assert await visit.tab.evaluate(FAINT) == []


async def test_a_dialog_keeps_the_focus_inside(visit: Visit) -> None:
    panel = await visit.panel()
    await panel.get_by_role("button", name="Say more").click()
    await expect(visit.tab.get_by_role("dialog", name="Say more")).to_be_visible()
    for key in ["Tab"] * 14 + ["Shift+Tab"] * 4:
        await visit.tab.keyboard.press(key)
        # The body stands for the browser's own bar, the only other place the focus may go.
        assert await visit.tab.evaluate(
            "document.activeElement === document.body || Boolean(document.activeElement.closest('dialog'))"
        )


async def test_the_skip_link_is_first_and_leads_to_the_message_box(visit: Visit) -> None:
    await visit.tab.reload()
    await expect(visit.tab.locator("#where")).to_have_text(f"#{visit.room}")
    await visit.tab.keyboard.press("Tab")
    await expect(visit.tab.get_by_role("link", name="Skip to the message box")).to_be_focused()
    await visit.tab.keyboard.press("Enter")
    await expect(visit.tab.locator("#text")).to_be_focused()


async def test_news_elsewhere_is_said_aloud(visit: Visit) -> None:
    await visit.theatre.ruth.send(visit.theatre.lobby, "News")
    await expect(visit.tab.locator("#say")).to_have_text("New in #welcome")


async def test_the_first_steps_are_shown_once_and_can_be_had_again(visit: Visit) -> None:
    guide = visit.tab.get_by_role("region", name="New here? Three short steps")
    await expect(guide.get_by_role("listitem")).to_have_count(3)
    await guide.get_by_role("button", name="Thank you, I know my way").click()
    await expect(guide).to_have_count(0)
    await visit.tab.reload()
    await expect(visit.tab.locator("#where")).to_have_text(f"#{visit.room}")
    await expect(guide).to_have_count(0)
    await visit.button("Show the first steps again").click()
    await expect(guide).to_be_visible()
    await guide.get_by_role("button", name="Open my messages").click()
    await expect(visit.tab.locator("#where")).to_have_text("Really OK")


async def test_without_motion_nothing_moves(visit: Visit) -> None:
    await visit.tab.emulate_media(reduced_motion="reduce")
    release = visit.theatre.bot.release
    release.clear()
    await visit.command("slow")
    dots = visit.last.locator(".dots i").first
    await expect(dots).to_have_css("animation-name", "none")
    release.set()
    await expect(visit.last).to_contain_text("Thought about it.")


async def test_a_telephone_s_width(visit: Visit) -> None:
    await visit.look(PHONE, has_touch=True, is_mobile=True)
    tab = visit.tab
    await visit.panel()
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await tab.evaluate(
        "document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth"
    )
    box = await tab.locator("#text").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE[1]
    assert await tab.evaluate(SMALL) == []

    await tab.get_by_role("button", name="Channels and who I am").click()
    await expect(tab.locator("#places [data-close]")).to_be_focused()
    assert await tab.evaluate("document.getElementById('main').inert")
    assert await tab.evaluate(SMALL) == []
    await tab.keyboard.press("Escape")
    await expect(tab.get_by_role("button", name="Channels and who I am")).to_be_focused()
    await tab.get_by_role("button", name="Channels and who I am").click()
    await tab.locator(f"[data-place='{visit.theatre.lobby}']").click()
    await expect(tab.locator("#where")).to_have_text("#welcome")
    await expect(tab.locator("#places")).not_to_be_visible()

    await tab.locator("#open-tools").click()
    await expect(visit.button("+1 hour")).to_be_visible()
    assert await tab.evaluate(SMALL) == []
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await tab.locator("#tools [data-close]").click()
    await expect(tab.locator("#open-tools")).to_be_focused()

    await visit.write("/cake")
    await expect(tab.get_by_role("combobox", name="kind")).to_be_focused()
    send = await visit.button("Send command").bounding_box()
    assert send is not None
    assert send["y"] + send["height"] <= PHONE[1]
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
