from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest
import yarl

from tests.wire.stage import Stage


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A small world behind a real wire; discord.py is pointed at it and otherwise untouched."""
    stage = Stage()
    await stage.wire.start()
    monkeypatch.setattr(discord.http.Route, "BASE", stage.wire.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(stage.wire.gateway_url))
    yield stage
    await stage.close()
    assert stage.gaps_allowed or not stage.wire.gaps, stage.wire.gaps
