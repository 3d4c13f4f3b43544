"""Messages and what is kept of them: direct messages, files, reactions, nonces and rate limits."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from tests.wire.stage import Bot, Stage, until


def held(stage: Stage, channel_id: int) -> list[str]:
    """What the server itself holds."""
    return [message.content for message in stage.world.backend.messages[channel_id].values()]


async def post(stage: Stage, channel_id: int, **body: Any) -> tuple[int, dict[str, Any], Any]:
    """One request as any program would make it."""
    return await call(stage, "POST", f"/channels/{channel_id}/messages", body)


async def call(stage: Stage, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any], Any]:
    headers = {"Authorization": f"Bot {stage.world.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, stage.wire.api_url + path, json=body) as answer,
    ):
        return answer.status, await answer.json() if answer.status != 204 else {}, answer.headers


async def test_a_direct_message_is_opened_sent_edited_and_deleted(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    message = await user.send("are you really OK?")
    dm = await stage.bea.open_dm()
    assert message.channel.id == dm
    await message.edit(content="really?")
    assert stage.bea.visible_messages(dm)[0]["content"] == "really?"
    await stage.bea.send(dm, "no", reply_to=message.id)
    await until(lambda: len(bot.heard) == 2)
    assert bot.heard[1].reference is not None
    assert bot.heard[1].reference.message_id == message.id
    assert [m.content async for m in message.channel.history(after=message)] == ["no"]
    await message.delete()
    assert held(stage, dm) == ["no"]


async def test_the_kinds_of_thing_people_send(stage: Stage) -> None:
    bot = await stage.connect()
    dm = await stage.bea.open_dm()
    await stage.bea.send(dm, voice_note=True)
    await stage.bea.send(dm, sticker=True)
    await stage.bea.send(dm, files=[("my week? £/#1.txt", b"too long")])
    await until(lambda: len(bot.heard) == 3)
    voice, sticker, file = bot.heard
    assert voice.flags.voice
    assert voice.attachments[0].is_voice_message()
    assert sticker.stickers[0].name == "Wave"
    assert file.attachments[0].filename == "my_week_1.txt"
    assert await file.attachments[0].read() == b"too long"


async def test_files_go_both_ways_and_an_embed_finds_its_picture(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    embed = discord.Embed(title="Your weeks")
    embed.set_image(url="attachment://weeks.png")
    picture = discord.File(io.BytesIO(b"\x89PNG-ish"), "weeks.png", description="four weeks, mostly OK")
    sent = await user.send(file=picture, embed=embed)
    assert sent.attachments[0].description == "four weeks, mostly OK"
    assert await sent.attachments[0].read() == b"\x89PNG-ish"
    assert sent.embeds[0].image.url == sent.attachments[0].url


async def test_reactions_are_seen_and_given(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    reacted: list[discord.RawReactionActionEvent] = []

    @bot.event
    async def on_raw_reaction_add(event: discord.RawReactionActionEvent) -> None:
        reacted.append(event)

    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    message = await channel.send(f"well done {user.mention}")
    await stage.cal.react(stage.channel, message.id, "💛")
    await until(lambda: reacted)
    assert str(reacted[0].emoji) == "💛"
    await message.add_reaction("💛")
    assert stage.bea.visible_messages(stage.channel)[0]["reactions"][0]["count"] == 2


async def test_closed_direct_messages_and_no_server_in_common_are_refused(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    await user.create_dm()
    stage.bea.allow_dms = False
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("hello?")
    assert closed.value.code == 50007
    stage.bea.allow_dms = True
    await user.send("hello")
    leaver = await bot.fetch_user(stage.cal.id)
    stage.world.leave(stage.cal, stage.guild)
    with pytest.raises(discord.Forbidden) as strangers:
        await leaver.send("hello?")
    assert strangers.value.code == 50278


async def test_a_nonce_is_remembered_for_its_lifetime_and_announced(stage: Stage) -> None:
    stage.wire.limits.messages = None
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    first = await user.send("once", nonce="ok-1")
    again = await user.send("once more, with the same nonce", nonce="ok-1")
    assert again.id == first.id
    assert held(stage, first.channel.id) == ["once"]
    await until(lambda: bot.heard)
    assert bot.heard[0].nonce == "ok-1"
    stage.wire.nonce_lifetime = 0.0
    late = await user.send("twice", nonce="ok-1")
    assert late.id != first.id
    stage.wire.nonce_lifetime = 180.0
    await user.send("thrice", nonce="ok-2")
    stage.wire.forget_nonces()
    await user.send("four", nonce="ok-2")
    assert held(stage, first.channel.id) == ["once", "twice", "thrice", "four"]


async def test_a_nonce_counts_in_its_own_channel_and_only_if_enforced(stage: Stage) -> None:
    a, b = await stage.bea.open_dm(), await stage.cal.open_dm()
    ids = [
        (await post(stage, a, content="x", nonce="n", enforce_nonce=True))[1]["id"],
        (await post(stage, b, content="x", nonce="n", enforce_nonce=True))[1]["id"],
        (await post(stage, a, content="x", nonce="n"))[1]["id"],
        (await post(stage, a, content="x", nonce="n", enforce_nonce=True))[1]["id"],
    ]
    assert len(set(ids[:3])) == 3
    assert ids[3] == ids[2]


async def test_the_nonce_of_a_deleted_message_is_not_sent_again(stage: Stage) -> None:
    dm = await stage.bea.open_dm()
    _, message, _ = await post(stage, dm, content="gone", nonce="n", enforce_nonce=True)
    assert (await call(stage, "DELETE", f"/channels/{dm}/messages/{message['id']}"))[0] == 204
    status, body, _ = await post(stage, dm, content="back", nonce="n", enforce_nonce=True)
    assert (status, body["code"]) == (404, 10008)
    assert held(stage, dm) == []


async def test_a_refused_message_leaves_no_nonce_behind(stage: Stage) -> None:
    dm = await stage.bea.open_dm()
    assert (await post(stage, dm, content="", nonce="n", enforce_nonce=True))[0] == 400
    assert (await post(stage, dm, content="now", nonce="n", enforce_nonce=True))[0] == 200
    assert held(stage, dm) == ["now"]


async def test_one_channel_takes_five_messages_in_its_window_and_discord_py_waits(stage: Stage) -> None:
    stage.wire.limits.messages = (5, 0.5)
    bot = await stage.connect()
    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    await asyncio.gather(*(channel.send(str(n)) for n in range(12)))
    assert sorted(held(stage, stage.channel), key=int) == [str(n) for n in range(12)]
    assert stage.wire.stats.channel_429 <= 1


def stop_time(monkeypatch: pytest.MonkeyPatch, stopped: Callable[[], bool] = lambda: True) -> None:
    """Have the wire's windows stand as long as `stopped` says: however slow this machine, all comes at once."""
    at = time.monotonic()
    watch = SimpleNamespace(monotonic=lambda: at if stopped() else time.monotonic())
    monkeypatch.setattr("bot.sandbox.wire.limits.time", watch)


async def test_a_full_channel_answers_429_with_discords_headers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_time(monkeypatch)
    dm = await stage.bea.open_dm()
    for left in (4, 3, 2, 1, 0):
        status, _, headers = await post(stage, dm, content="x")
        assert (status, headers["X-RateLimit-Remaining"]) == (200, str(left))
    status, body, headers = await post(stage, dm, content="x")
    assert (status, body["global"], headers["X-RateLimit-Scope"]) == (429, False, "user")
    assert 0 < float(headers["Retry-After"]) <= 5
    assert body["retry_after"] == pytest.approx(float(headers["Retry-After"]), abs=0.01)
    assert headers["X-RateLimit-Limit"] == "5"
    assert headers["X-RateLimit-Bucket"]
    other = await stage.cal.open_dm()
    assert (await post(stage, other, content="x"))[0] == 200
    assert (stage.wire.stats.http_429, stage.wire.stats.channel_429, stage.wire.stats.invalid) == (1, 1, 1)
    assert len(held(stage, dm)) == 5


async def test_more_than_fifty_in_a_second_is_refused_for_the_whole_bot(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_time(monkeypatch)
    stage.wire.limits.messages = None
    answers = await asyncio.gather(*(call(stage, "GET", "/users/@me") for _ in range(60)))
    refused = [a for a in answers if a[0] == 429]
    assert len(refused) == 10
    assert all(a[1]["global"] and a[2]["X-RateLimit-Global"] == "true" for a in refused)
    assert stage.wire.stats.global_429 == 10


async def test_discord_py_comes_through_the_global_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_time(monkeypatch, lambda: not stage.wire.stats.global_429)
    stage.wire.limits.per_second = 3
    bot = await stage.connect()
    users = await asyncio.gather(*(bot.fetch_user(p.id) for p in (stage.bea, stage.cal)))
    sent = await asyncio.gather(*(user.send("x") for user in users))
    assert len({m.channel.id for m in sent}) == 2
    assert stage.wire.stats.global_429 > 0


async def test_interaction_answers_are_not_counted(stage: Stage) -> None:
    bot = Bot()

    @bot.tree.command(description="x")
    async def answer(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("x", ephemeral=True)
        await interaction.followup.send("y", ephemeral=True)

    await stage.connect(bot)
    stage.wire.limits.per_second = 1
    asked = await asyncio.gather(*(stage.bea.slash(stage.channel, "answer") for _ in range(20)))
    for exchange in asked:
        assert (await exchange.message(2))["content"] == "y"
    assert stage.wire.stats.http_429 == 0


async def test_history_is_paged_forward_from_a_message_without_passing_any_over(stage: Stage) -> None:
    bot = await stage.connect()
    dm = await stage.bea.open_dm()
    first = await stage.bea.send(dm, "first")
    for number in range(230):
        await stage.bea.send(dm, str(number))
    channel = bot.get_partial_messageable(dm)
    after = channel.history(limit=None, after=discord.Object(first), oldest_first=True)
    assert [message.content async for message in after] == [str(number) for number in range(230)]
    newest = [m async for m in channel.history(limit=1)]
    assert [m async for m in channel.history(after=newest[0])] == []
