"""Any other discord.py program works here too: one in a process of its own, knowing nothing of us."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.sandbox.wire.faults import Call, Dropped
from bot.sandbox.wire.faults import Stage as Moment
from tests.launch.scene import PATIENCE_S
from tests.wire.stage import Stage, until

PROGRAM = '''
import os
import discord, yarl
from discord.ext import commands

discord.http.Route.BASE = os.environ["API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY"])

bot = commands.Bot("!", intents=discord.Intents.all())


@bot.command()
async def add(ctx, left: int, right: int):
    """Adds two numbers."""
    await ctx.send(f"{left + right}")


@bot.command()
@commands.has_permissions(manage_messages=True)
async def tidy(ctx):
    await ctx.channel.purge(limit=10)


@bot.event
async def on_command_error(ctx, error):
    await ctx.reply(type(error).__name__)


@bot.event
async def on_member_join(member):
    await member.guild.text_channels[0].send(f"hello {member.display_name}")


bot.run(os.environ["TOKEN"])
'''


SPEAKER = """
import os
import discord, yarl

discord.http.Route.BASE = os.environ["API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["GATEWAY"])

client = discord.Client(intents=discord.Intents.none())


@client.event
async def on_ready():
    await client.get_partial_messageable(int(os.environ["CHANNEL"])).send("said once")


client.run(os.environ["TOKEN"])
"""


async def run(stage: Stage, folder: Path, text: str) -> asyncio.subprocess.Process:
    program = folder / "program.py"
    await asyncio.to_thread(program.write_text, text)
    env = {
        **os.environ,
        "API": stage.wire.api_url,
        "GATEWAY": stage.wire.gateway_url,
        "TOKEN": stage.world.token,
        "CHANNEL": str(stage.channel),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, str(program), env=env, stderr=asyncio.subprocess.DEVNULL
    )


@pytest.mark.parametrize(("moment", "left"), [("arrived", []), ("stored", ["said once"])])
async def test_a_process_killed_at_an_exact_moment(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture, moment: Moment, left: list[str]
) -> None:
    killed = asyncio.Event()

    async def kill(now: Moment, call: Call) -> None:
        if now == moment and call.method == "POST":
            process.kill()
            await process.wait()
            killed.set()
            if moment == "arrived":
                # Nobody is left to store it for: what arrived died on the way.
                raise Dropped

    process = await run(stage, tmp_path, SPEAKER)
    stage.wire.faults.on_request = kill
    await asyncio.wait_for(killed.wait(), PATIENCE_S)
    await until(lambda: not stage.wire.gateway.connections, "noticing that the process is gone")
    assert [m["content"] for m in stage.bea.visible_messages(stage.channel)] == left
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_prefix_bot_in_its_own_process(stage: Stage, tmp_path: Path) -> None:
    process = await run(stage, tmp_path, PROGRAM)
    try:
        await stage.wire.gateway.wait_identified(PATIENCE_S)

        def said() -> list[str]:
            return [m["content"] for m in stage.bea.visible_messages(stage.channel)]

        await stage.bea.send(stage.channel, "!add 2 3")
        await until(lambda: said()[-1:] == ["5"], "adding")
        await stage.cal.send(stage.channel, "!tidy")
        await until(lambda: said()[-1:] == ["MissingPermissions"], "refusing")
        newcomer = stage.world.person("dot", "Dot Marsh")
        stage.world.join(newcomer, stage.guild)
        await until(lambda: said()[-1:] == ["hello Dot Marsh"], "greeting")
        await stage.bea.send(stage.channel, "!tidy")
        await until(lambda: said() == [], "tidying")
    finally:
        process.terminate()
        await process.wait()
