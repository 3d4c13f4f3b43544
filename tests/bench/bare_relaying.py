"""The least a discord.py program can do that passes a direct message on: one row, one commit on the disk, one message back.

A process of its own, started as `python -m tests.bench.bare_relaying`; settings as for `bare`, and the database's path
in BARE_DATABASE. It answers in the same conversation, which spares it knowing to whom.
"""

from __future__ import annotations

import os
import sqlite3

import discord

from tests.bench.bare import Bare


class Relaying(Bare):
    """An echo, kept before it is sent."""

    async def setup_hook(self) -> None:
        self.database = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("CREATE TABLE kept (message INTEGER PRIMARY KEY, person INTEGER, words TEXT)")

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot:
            return
        self.database.execute(
            "INSERT INTO kept VALUES (?, ?, ?)", (message.id, message.author.id, message.content)
        )
        await message.channel.send(f"Quiet Heron:\n{message.content}")


if __name__ == "__main__":
    Relaying().run(os.environ["DISCORD_TOKEN"], log_handler=None)
