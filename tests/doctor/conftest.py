from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.clock import Clock
from bot.db import keys, tables, upgrade
from bot.db.store import Store
from bot.doctor import examine
from bot.members.tables import Network
from bot.settings import Settings
from tests.wire.stage import Stage

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


class Surgery:
    """A bot's whole surroundings, all well: a server set up, a database with its key, a Discord to ask."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage()
        world, guild = self.stage.world, self.stage.guild
        self.welcome = world.text_channel(guild, "welcome")
        self.talk = world.text_channel(guild, "really-ok")
        self.role = world.role(guild, "Organisers")
        self.data = folder / "data"
        self.database = self.data / "reallyok.db"
        self.settings = Settings(
            token=world.token,
            data=self.data,
            database_url=f"sqlite:///{self.database}",
            key_file=folder / "keys" / "reallyok.key",
        )
        self.said: list[str] = []

    async def open(self) -> None:
        await self.stage.wire.start()
        self.settings = replace(
            self.settings, api_url=self.stage.wire.api_url, gateway_url=self.stage.wire.gateway_url
        )
        upgrade.upgrade(self.settings.database_url)
        self.keyring = keys.load(None, self.settings.key_file)

        def fill(session: Session) -> None:
            tables.check_key(session, self.keyring.fingerprint(), NOW)
            session.add(
                Network(
                    id=self.stage.guild,
                    name="Saturday Coffee",
                    welcome_channel_id=self.welcome,
                    checkin_channel_id=self.talk,
                    organiser_role_id=self.role,
                    safeguarding_id=self.stage.bea.id,
                    made_at=NOW,
                )
            )

        store = Store(self.settings.database_url)
        await store.write(fill)
        store.close()

    async def examine(self, clock: Clock | None = None, **changes: object) -> int:
        self.said = []
        return await examine(replace(self.settings, **changes), self.said.append, clock=clock)

    def lines(self, kind: str) -> list[str]:
        return [line for line in self.said if line.startswith(kind)]

    def line(self, fragment: str) -> str:
        """The one line that holds `fragment`."""
        found = [line for line in self.said if fragment in line]
        assert len(found) == 1, "\n".join([f"wanted one line with {fragment!r}:", *self.said])
        return found[0]


def mend(surgery: Surgery, fragment: str) -> str:
    """The one line that holds `fragment`, which is to be mended and says how."""
    line = surgery.line(fragment)
    assert re.fullmatch(r"mend  .+ -> .+", line), line
    return line


@pytest.fixture
async def surgery(tmp_path: Path) -> AsyncIterator[Surgery]:
    surgery = Surgery(tmp_path)
    try:
        await surgery.open()
        yield surgery
    finally:
        await surgery.stage.close()
    assert not surgery.stage.wire.gaps, surgery.stage.wire.gaps
