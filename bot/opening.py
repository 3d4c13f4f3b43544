"""Opening the database: the key that fits, what was interrupted cleared away, the newest form, and the ledger beside it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from bot.db import backup, keys, restore, rotation, tables, upgrade
from bot.db.ledger import Ledger
from bot.db.store import Store, sqlite_path
from bot.errors import OperatorError, StoreUnavailable
from bot.settings import Settings

log = logging.getLogger("reallyok")

REOPEN_S = 20.0  # how long between tries to open a database that would not open


async def open_store(settings: Settings, now: datetime) -> tuple[Store, keys.Keyring, Ledger]:
    """The database, its key and its ledger. Raises `OperatorError` or `StoreUnavailable`; it can be tried again."""
    # A key rotation or a restore that was interrupted is finished or cleared away first.
    keyring = await asyncio.to_thread(rotation.settle, rotation.KeyPlace.of(settings))
    await asyncio.to_thread(restore.clear, settings.database_url)
    if keyring.made_now:
        log.warning(
            "A new key was made in %s. Save a copy of it somewhere safe now: without it, nobody can read "
            "what members answered.",
            settings.key_file,
        )
    url = settings.database_url
    ledger = Ledger(settings.ledger_file, keyring)
    database = Path(sqlite_path(url))
    await asyncio.to_thread(backup.keep_before_upgrade, database, keyring, ledger, now)
    await asyncio.to_thread(upgrade.upgrade, url)
    store = Store(url)
    try:
        if not await store.write(tables.check_key, keyring.fingerprint(), now):
            raise OperatorError(
                "This database was sealed with another key.",
                "Put back the key it was made with (REALLYOK_KEY or REALLYOK_KEY_FILE).",
            )
    except BaseException:
        # It is tried again and again: each time with a thread and connections of its own.
        await asyncio.to_thread(store.close)
        raise
    return store, keyring, ledger


async def at_last(once: Callable[[], Awaitable[Store]]) -> Store:
    """Open it with `once`, as often as it takes: whatever is in the way, giving up would be for good."""
    while True:
        try:
            return await once()
        except OperatorError as problem:
            log.error("%s Until then only support answers; the next try is in %d s.", problem, REOPEN_S)
        except StoreUnavailable:
            log.error("The database took nothing. Only support answers; the next try is in %d s.", REOPEN_S)
        except Exception as error:  # a folder that is gone, a disk that fails
            log.error(
                "The database cannot be opened. Only support answers; the next try is in %d s.",
                REOPEN_S,
                exc_info=error,
            )
        await asyncio.sleep(REOPEN_S)


def mind_the_file(settings: Settings) -> None:
    """SQLite writes on into a file somebody deleted, and all of it is gone when the bot ends: say so each minute."""
    if not os.path.exists(sqlite_path(settings.database_url)):
        log.error(
            "The database's file was removed while the bot runs. End the bot, put back a backup "
            "(`reallyok restore`), and start it again; what is kept from now on will be lost."
        )
