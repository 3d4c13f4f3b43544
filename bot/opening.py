"""Opening the database: the key that fits, what was interrupted cleared away, the newest form, and the ledger beside it."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import datetime
from pathlib import Path

from bot.db import backup, keys, restore, rotation, tables, upgrade
from bot.db.ledger import Ledger
from bot.db.store import Store, sqlite_path
from bot.errors import OperatorError
from bot.settings import Settings

log = logging.getLogger("reallyok")


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


def mind_the_file(settings: Settings) -> None:
    """SQLite writes on into a file somebody deleted, and all of it is gone when the bot ends: say so each minute."""
    if not os.path.exists(sqlite_path(settings.database_url)):
        log.error(
            "The database's file was removed while the bot runs. End the bot, put back a backup "
            "(`reallyok restore`), and start it again; what is kept from now on will be lost."
        )
