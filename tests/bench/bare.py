"""Ordinary discord.py programs to measure ours against, each in a process of its own.

    python -m tests.bench.bare answer    answer every press with the same private message and one button
    python -m tests.bench.bare send      one message to every channel named on standard input, all at once
    python -m tests.bench.bare wait      connect and do nothing

Settings come as for ours, in DISCORD_TOKEN, DISCORD_API_URL and DISCORD_GATEWAY_URL.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import discord
import yarl

discord.http.Route.BASE = os.environ["DISCORD_API_URL"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY_URL"])


class Bare(discord.Client):
    """As the first page of discord.py's documentation has it."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, dm_messages=True))


class Answering(Bare):
    """The least a handler can do that answers as our support button does. The words come in BARE_TEXT."""

    text = os.environ.get("BARE_TEXT", "")

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Get support", custom_id="support"))
        view.stop()
        await interaction.response.send_message(self.text, ephemeral=True, view=view)


class Sending(Bare):
    """A thousand sends at once, as a first attempt at a round would have it."""

    async def on_ready(self) -> None:
        channels = json.loads(sys.stdin.readline())
        sends = [
            self.get_partial_messageable(int(channel)).send("Are you really OK?") for channel in channels
        ]
        results = await asyncio.gather(*sends, return_exceptions=True)
        failed = [r for r in results if isinstance(r, BaseException)]
        print(
            json.dumps({"failed": len(failed), "kinds": sorted({type(f).__name__ for f in failed})}),
            flush=True,
        )
        await self.close()


if __name__ == "__main__":
    program = {"answer": Answering, "send": Sending, "wait": Bare}[sys.argv[1]]
    program().run(os.environ["DISCORD_TOKEN"], log_handler=None)
