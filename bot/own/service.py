"""Seeing, taking and forgetting. What belongs to whom is said by the columns themselves (`bot/db/own.py`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session

from bot.db import own
from bot.db.columns import Erase
from bot.db.keys import Keyring
from bot.db.own import Erased
from bot.db.store import Parting, Store
from bot.errors import StoreUnavailable

log = logging.getLogger("reallyok.own")

Rows = dict[str, list[dict[str, str]]]


async def everything(store: Store, keys: Keyring, user_id: int) -> Rows:
    """Everything kept of one person, by table, unsealed, as text."""
    return await store.read(own.rows_of, keys, user_id)


async def forget(
    store: Store, keys: Keyring, url: str, user_id: int, note: Callable[[int, date], None], now: datetime
) -> Erased:
    """Erase a person, table by table, so that one that fails holds up no other; can be repeated.

    `note` writes the erasure into the ledger outside the database. It does so first, so that a crash in the middle
    still has a restored backup forget them; and once more at the end, in a transaction, for a backup made meanwhile.
    What is gone is gone from the database's log file too. What `note` raises comes back; then nothing was erased.
    """
    await asyncio.to_thread(note, user_id, now.date())
    erased = Erased(gone=await _part(store, keys, user_id, now))
    for table in own.tables():
        if own.subject_of(table) is None and not own.naming(table):
            continue  # nothing in it is anybody's
        try:
            count = await store.write(own.erase_from, keys, table, user_id)
        except StoreUnavailable:
            erased.failed.append(table.name)
        except Exception as error:
            log.error("A part of forgetting somebody failed (%s).", table.name, exc_info=error)
            erased.failed.append(table.name)
        else:
            if count:
                erased.gone[table.name] = erased.gone.get(table.name, 0) + count

    def noted(_: Session) -> None:
        note(user_id, now.date())

    await store.write(noted)
    if not await asyncio.to_thread(own.scrub, url):
        log.warning("The database's log could not be emptied yet; the next forgetting or restart does it.")
    store.leftovers = True
    return erased


async def _part(store: Store, keys: Keyring, user_id: int, now: datetime) -> dict[str, int]:
    """What features do before somebody is forgotten; how many rows of theirs went with that."""
    gone: dict[str, int] = {}
    for parting in store.partings:

        def act(session: Session, parting: Parting = parting) -> dict[str, int]:
            before = own.held(session, keys, user_id)
            parting(session, None, user_id, now)
            session.flush()
            after = own.held(session, keys, user_id)
            return {name: count - after[name] for name, count in before.items() if count > after[name]}

        try:
            for name, count in (await store.write(act)).items():
                gone[name] = gone.get(name, 0) + count
        except Exception as error:  # what they asked for is that their rows go, and that comes next
            log.error("What goes before forgetting somebody failed.", exc_info=error)
    return gone


def stays() -> list[tuple[str, str]]:
    """What outlives a forgetting, as (table, reason): the declarations that say so."""
    return sorted(
        {
            (table.name, column.info["why"])
            for table in own.tables()
            for column in table.columns
            if column.info.get("erase") is Erase.KEEP
        }
    )
