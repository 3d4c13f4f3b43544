"""Logging in, being told what happens, and coming back after the line was cut."""

from __future__ import annotations

import asyncio
import contextlib
import json
import zlib
from typing import Any

import aiohttp
import discord
import pytest

from tests.wire.stage import EVERYTHING, UNPRIVILEGED, Bot, Hasty, Stage, knows_all, until


async def test_a_client_logs_in_and_finds_its_servers(stage: Stage) -> None:
    bot = await stage.connect()
    assert bot.user is not None
    assert bot.user.id == stage.world.backend.bot_user.id
    assert [guild.name for guild in bot.guilds] == ["Saturday Coffee"]
    assert [channel.name for channel in bot.guilds[0].text_channels] == ["general"]
    info = await bot.application_info()
    assert info.id == stage.world.backend.application_id


async def test_a_wrong_token_is_refused_by_rest_and_by_the_gateway(stage: Stage) -> None:
    bot = Bot()
    with pytest.raises(discord.LoginFailure):
        await bot.start("not-the-token")
    await bot.close()
    assert await _close_code(stage, {"op": 2, "d": {"token": "no", "intents": 0}}) == 4004
    assert stage.wire.stats.invalid == 1


async def test_intents_that_do_not_exist_or_were_not_granted_are_refused(stage: Stage) -> None:
    token = stage.world.token
    assert await _close_code(stage, {"op": 2, "d": {"token": token, "intents": 1 << 40}}) == 4013
    stage.wire.gateway.granted.message_content = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        await stage.connect(Bot(EVERYTHING))


@pytest.mark.parametrize("compress", [None, "zlib-stream"])
async def test_the_gateway_speaks_plainly_or_in_one_compressed_stream(
    stage: Stage, compress: str | None
) -> None:
    inflate = zlib.decompressobj()
    url = stage.wire.gateway_url + "?v=10&encoding=json" + (f"&compress={compress}" if compress else "")
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:

        async def hear() -> Any:
            heard = (await socket.receive()).data
            if compress:
                assert heard.endswith(b"\x00\x00\xff\xff")
                heard = inflate.decompress(heard)
            return json.loads(heard)

        assert (await hear())["op"] == 10
        await socket.send_json({"op": 1, "d": None})
        assert (await hear())["op"] == 11
        await socket.send_json({"op": 2, "d": {"token": stage.world.token, "intents": 1}})
        ready, guild = await hear(), await hear()
        assert [(e["t"], e["s"]) for e in (ready, guild)] == [("READY", 1), ("GUILD_CREATE", 2)]
        assert ready["d"]["guilds"] == [{"id": str(stage.guild), "unavailable": True}]


async def test_another_version_of_the_gateway_is_refused(stage: Stage) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(stage.wire.gateway_url + "?v=6") as socket,
    ):
        assert (await socket.receive()).data == 4012


async def test_a_bot_that_speaks_before_identifying_is_cut_off(stage: Stage) -> None:
    assert await _close_code(stage, {"op": 3, "d": {}}) == 4003
    assert await _close_code(stage, {"op": 99, "d": {}}) == 4003
    assert await _close_code(stage, ["nonsense"]) == 4002


async def _close_code(stage: Stage, said: object) -> int | None:
    async with aiohttp.ClientSession() as session, session.ws_connect(stage.wire.gateway_url) as socket:
        hello = await socket.receive_json()
        assert hello["op"] == 10
        await socket.send_str(json.dumps(said))
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
        return socket.close_code


@pytest.mark.parametrize("code", [None, 4000])
async def test_what_happened_while_the_line_was_cut_is_told_on_resuming(
    stage: Stage, code: int | None
) -> None:
    bot = await stage.connect()
    dm = await stage.bea.open_dm()
    await stage.bea.send(dm, "one")
    await until(lambda: len(bot.heard) == 1)
    await stage.wire.gateway.drop(code)
    for word in ("two", "three", "four"):
        await stage.bea.send(dm, word)
    await until(lambda: len(bot.heard) == 4, "hearing what was missed")
    await stage.bea.send(dm, "five")
    await until(lambda: len(bot.heard) == 5)
    assert [message.content for message in bot.heard] == ["one", "two", "three", "four", "five"]
    assert "RESUMED" in bot.events
    assert (stage.wire.stats.identifies, stage.wire.stats.resumes) == (1, 1)


async def test_asked_to_reconnect_the_client_resumes(stage: Stage) -> None:
    bot = await stage.connect()
    stage.wire.gateway.ask_to_reconnect()
    await until(lambda: stage.wire.stats.resumes == 1, "resuming")
    await stage.bea.send(await stage.bea.open_dm(), "still there?")
    await until(lambda: bot.heard)


async def test_an_invalidated_session_identifies_again_and_has_missed_what_happened(stage: Stage) -> None:
    bot = await stage.connect()
    stage.wire.gateway.invalidate()
    await stage.bea.send(await stage.bea.open_dm(), "nobody hears this")
    await until(lambda: stage.wire.stats.identifies == 2, "identifying again")
    await stage.bea.send(await stage.bea.open_dm(), "this one is heard")
    await until(lambda: bot.heard)
    assert [message.content for message in bot.heard] == ["this one is heard"]


async def test_what_can_no_longer_be_replayed_is_said_to_be_lost(stage: Stage) -> None:
    bot = await stage.connect()
    session = next(iter(stage.wire.gateway.sessions.values()))
    dm = await stage.bea.open_dm()
    await stage.bea.send(dm, "heard")
    await until(lambda: bot.heard)
    await stage.wire.gateway.drop()
    for word in ("two", "three"):
        await stage.bea.send(dm, word)
    session.acknowledge(session.seq - 1)
    await until(lambda: stage.wire.stats.identifies == 2, "starting again")
    assert stage.wire.stats.resumes == 0


async def test_a_bot_hears_what_becomes_of_itself_without_the_members_intent(stage: Stage) -> None:
    bot = await stage.connect()
    role = stage.world.role(stage.guild, "Trusted")
    stage.world.give_role(stage.cal, stage.guild, role)
    stage.world.backend.add_member_role(stage.guild, stage.world.backend.bot_user.id, role)
    await until(lambda: bot.guilds[0].me.get_role(role), "hearing of its new role")
    assert bot.events.count("GUILD_MEMBER_UPDATE") == 1


async def test_shards_hear_only_of_their_own_servers(stage: Stage) -> None:
    for number in range(5):
        guild = stage.world.guild(f"Number {number}", stage.bea)
        stage.world.add_bot(guild)

    class Sharded(Hasty, discord.AutoShardedClient):
        pass

    bot = Sharded(intents=UNPRIVILEGED, shard_count=2, guild_ready_timeout=0.05)
    task = asyncio.create_task(bot.start(stage.world.token))
    await until(lambda: knows_all(bot), "both shards being ready")
    assert stage.wire.stats.identifies == 2
    assert {guild.id for guild in bot.guilds} == set(stage.world.backend.guilds)
    assert all(guild.shard_id == (guild.id >> 22) % 2 for guild in bot.guilds)
    await bot.close()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_bot_without_the_content_intent_does_not_read_others_in_servers(stage: Stage) -> None:
    bot = await stage.connect()
    hidden = await stage.bea.send(stage.channel, "not for bots", files=[("a.txt", b"a")])
    named = await stage.bea.send(stage.channel, f"but you may read this, <@{bot.user.id}>")  # type: ignore[union-attr]
    await stage.bea.send(await stage.bea.open_dm(), "and this")
    await until(lambda: len(bot.heard) == 3)
    assert [m.content for m in bot.heard] == ["", f"but you may read this, <@{bot.user.id}>", "and this"]  # type: ignore[union-attr]
    assert bot.heard[0].attachments == []
    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    assert (await channel.fetch_message(hidden)).content == ""
    assert {m.id: m.content for m in [m async for m in channel.history()]}[hidden] == ""
    assert (await channel.fetch_message(named)).content != ""
    # The people themselves still read it all.
    assert stage.cal.visible_messages(stage.channel)[0]["content"] == "not for bots"


async def test_a_bot_with_the_content_intent_reads_everything(stage: Stage) -> None:
    bot = await stage.connect(Bot(EVERYTHING))
    sent = await stage.bea.send(stage.channel, "for bots too")
    await until(lambda: bot.heard)
    assert bot.heard[0].content == "for bots too"
    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    assert (await channel.fetch_message(sent)).content == "for bots too"


async def test_an_edit_and_a_reply_are_blanked_too(stage: Stage) -> None:
    bot = await stage.connect()
    edited: list[discord.RawMessageUpdateEvent] = []

    @bot.event
    async def on_raw_message_edit(update: discord.RawMessageUpdateEvent) -> None:
        edited.append(update)

    first = await stage.bea.send(stage.channel, "secret")
    await stage.bea.edit(stage.channel, first, "secret, edited")
    await stage.cal.send(stage.channel, "a reply", reply_to=first)
    await until(lambda: edited and len(bot.heard) == 2)
    assert edited[0].data["content"] == ""
    referenced = bot.heard[1].reference
    assert referenced is not None
    assert isinstance(referenced.resolved, discord.Message)
    assert referenced.resolved.content == ""


async def test_a_bot_hears_nothing_from_a_channel_it_cannot_see(stage: Stage) -> None:
    bot = await stage.connect(Bot(EVERYTHING))
    store = stage.world.backend
    everyone = store.guilds[stage.guild].roles[stage.guild]
    everyone.permissions = 0
    for role in store.guilds[stage.guild].roles.values():
        role.permissions = 0
    await stage.bea.send(stage.channel, "the owner still can")
    await stage.bea.send(await stage.bea.open_dm(), "marker")
    await until(lambda: bot.heard)
    assert [message.content for message in bot.heard] == ["marker"]


async def test_members_arrive_by_chunks_and_leave_unheard_without_the_intent(stage: Stage) -> None:
    bot = await stage.connect(Bot(EVERYTHING))
    guild = bot.guilds[0]
    await until(lambda: guild.chunked, "the member list")
    assert {m.id for m in guild.members} >= {stage.bea.id, stage.cal.id}
    found = await guild.query_members("ca")
    assert [m.id for m in found] == [stage.cal.id]
    stage.world.kick(stage.cal, stage.guild)
    await until(lambda: guild.get_member(stage.cal.id) is None, "hearing of the kick")


async def test_thrown_out_and_invited_again(stage: Stage) -> None:
    bot = await stage.connect()
    stage.world.remove_bot(stage.guild)
    await until(lambda: not bot.guilds, "hearing that it was removed")
    with pytest.raises(discord.NotFound):
        await bot.fetch_guild(stage.guild)
    with pytest.raises(discord.Forbidden):
        await bot.http.send_message(stage.channel, params=discord.http.handle_message_parameters("x"))
    assert await stage.bea.send(stage.channel, "it goes on without the bot")
    stage.world.add_bot(stage.guild)
    await until(lambda: bot.guilds, "hearing that it was invited")
