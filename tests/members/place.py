"""Two small networks in a real database: what tests of facts and of keeping apart stand on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from bot.db import upgrade
from bot.db.keys import Keyring
from bot.db.store import Store
from bot.members import service
from bot.members.tables import Network

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Keyring(b"k" * 32)
ANN, BOB, CEM, DEE = (700000000000000001 + n for n in range(4))
NET, OTHER = 900000000000000001, 900000000000000002
_T = TypeVar("_T")


class Place:
    """`file` is the database; everybody is a member of `NET`, and Ann and Bob of `OTHER` too."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "members.db"
        self.url = f"sqlite:///{self.file}"
        upgrade.upgrade(self.url)
        self.store = Store(self.url)

    async def fill(self) -> None:
        def networks(session: Session) -> None:
            session.add(Network(id=NET, name="Saturday", made_at=NOW))
            session.add(Network(id=OTHER, name="Peak", made_at=NOW))

        await self.store.write(networks)
        for user in (ANN, BOB, CEM, DEE):
            await service.join(self.store, NET, "Saturday", user, NOW)
        for user in (ANN, BOB):
            await service.join(self.store, OTHER, "Peak", user, NOW)

    async def ask(self, query: Callable[..., _T], *more: object) -> _T:
        return await self.store.read(query, *more)

    def bytes(self) -> bytes:
        """Everything in the database and its log."""
        return b"".join(path.read_bytes() for path in sorted(self.file.parent.glob(f"{self.file.name}*")))
