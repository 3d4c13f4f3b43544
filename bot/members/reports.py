"""Whom a report of concern goes to. Nothing of a report is kept but that two people are to be kept apart."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.db.keys import Keyring
from bot.db.store import Store
from bot.members.apart import separate
from bot.members.apart_tables import Apart
from bot.members.tables import Network, Person

PART = 1700  # characters of a report in one message, beside the words around it


@dataclass(frozen=True)
class Contacts:
    """A network's safeguarding contacts and the DM channels they are known by, if any."""

    first: int | None
    second: int | None
    channels: dict[int, int]

    def receives(self, about: int | None, sender: int) -> int | None:
        """Who gets a report: never the person it is about, and never its sender, if there is anybody else."""
        named = [who for who in (self.first, self.second) if who is not None and who != about]
        others = [who for who in named if who != sender]
        return next(iter(others or named), None)


async def contacts(store: Store, network_id: int) -> Contacts | None:
    """The contacts of a network; None when it has not been set up."""

    def look(session: Session) -> Contacts | None:
        network = session.get(Network, network_id)
        if network is None:
            return None
        first, second = network.safeguarding_id, network.second_safeguarding_id
        known = {
            who: person.dm_channel_id
            for who in (first, second)
            if who is not None and (person := session.get(Person, who)) is not None and person.dm_channel_id
        }
        return Contacts(first, second, known)

    return await store.read(look)


async def keep_apart(store: Store, keys: Keyring, sender: int, about: int, now: datetime) -> None:
    """See that these two are never put together from now on: a code, without names, on nobody's list."""
    await store.write(separate, keys, sender, about, Apart.REPORT, now)


def visible(text: str) -> str:
    """A text without what nobody can see (spaces of no width, marks of direction); empty if that is all it is."""
    seen = "".join(mark for mark in text if unicodedata.category(mark) not in ("Cf", "Cc") or mark == "\n")
    return seen.strip()


def in_parts(text: str, most: int = PART) -> list[str]:
    """A long text in pieces of at most `most` characters, cut at line ends or spaces where there are any."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > most:
        cut = max(rest.rfind("\n", 0, most), rest.rfind(" ", 0, most))
        cut = cut if cut > most // 2 else most
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest]
