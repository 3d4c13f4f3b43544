"""The least a discord.py program can do that keeps an answer: one row, one commit on the disk, one message back.

A process of its own, started as `python -m tests.bench.bare_keeping`; settings as for `bare`, and the database's
path in BARE_DATABASE.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import discord

from tests.bench.bare import Bare


class Keeping(Bare):
    """As most first bots do it: the commit happens where the handler is, and everybody else waits for it."""

    text = os.environ.get("BARE_TEXT", "")

    async def setup_hook(self) -> None:
        self.database = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE kept (event INTEGER PRIMARY KEY, person INTEGER, level TEXT)")

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        level = str((interaction.data or {}).get("custom_id"))
        self.database.execute(
            "INSERT INTO kept VALUES (?, ?, ?)", (interaction.id, interaction.user.id, level)
        )
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Get support", custom_id="support"))
        view.stop()
        await interaction.response.send_message(self.text, view=view)


if __name__ == "__main__":
    Keeping().run(os.environ["DISCORD_TOKEN"], log_handler=None)
