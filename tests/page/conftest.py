from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
import yarl
from playwright.async_api import Browser, async_playwright

from tests.launch.scene import ANSWER_S
from tests.page.theatre import Theatre, launch
from tests.page.visit import Visit


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def theatre() -> AsyncIterator[Theatre]:
    """One network with its wire and its bot, for every test of the page."""
    theatre = Theatre()
    await theatre.wire.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", theatre.wire.api_url)
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(theatre.wire.gateway_url))
        # How long the page waits for an outcome; it is to be longer than people there wait for an answer.
        patch.setattr("bot.sandbox.page.deeds._PATIENCE", 2 * ANSWER_S)
        await theatre.open()
        yield theatre
        await theatre.close()
    assert not theatre.wire.gaps, theatre.wire.gaps


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="package")
async def visit(theatre: Theatre, browser: Browser) -> AsyncIterator[Visit]:
    """Somebody opening the page in a fresh browser window, in a channel of their own.

    Whatever the test does, nothing may be asked of any other address, and the console stays silent.
    """
    visit = Visit(theatre, browser)
    await visit.start()
    yield visit
    await visit.end()
    assert visit.outside == []
    assert visit.complaints == []
