"""What the local Discord answers, and what an ordinary client sends it, are as Discord describes them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import discord

from tests.contract.openapi import Contract
from tests.wire.stage import Stage
from tests.wire.test_interactions import talkative
from tests.wire.test_messages import call


def no_problems(contract: Contract, stage: Stage, *routes: str) -> None:
    seen = {f"{method} {path.split('/')[1]}" for method, path, *_ in stage.wire.recorded}
    assert set(routes) <= seen, "the test did not make the requests it is about"
    problems = contract.check(stage.wire.recorded)
    assert not problems, "\n" + "\n".join(problems)


async def test_logging_in_and_commands(contract: Contract, stage: Stage) -> None:
    stage.wire.record = True
    bot = await stage.connect(talkative())
    await bot.application_info()
    await bot.tree.fetch_commands()
    await bot.tree.sync(guild=discord.Object(stage.guild))
    async for _ in bot.fetch_guilds():
        pass
    no_problems(contract, stage, "PUT applications", "GET users", "GET applications")


async def test_messages(contract: Contract, stage: Stage) -> None:
    stage.wire.record = True
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    embed = discord.Embed(title="Weeks", description="four of them").set_image(url="attachment://weeks.png")
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="OK", custom_id="ok", emoji="💛"))
    view.add_item(discord.ui.Select(custom_id="pick", options=[discord.SelectOption(label="a")]))
    first = await user.send("hello", embed=embed, file=discord.File(io.BytesIO(b"x"), "weeks.png"), view=view)
    await first.edit(content="hello again", view=None)
    await first.reply("a reply", mention_author=False)
    async for _ in first.channel.history(limit=5):
        pass
    await first.channel.fetch_message(first.id)
    await first.add_reaction("💛")
    await first.delete()
    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    spoken = await stage.bea.send(stage.channel, "look", files=[("a.txt", b"a")])
    await stage.bea.send(stage.channel, sticker=True)
    await channel.fetch_message(spoken)
    async for _ in channel.history():
        pass
    async with channel.typing():
        pass
    no_problems(contract, stage, "POST channels", "PATCH channels", "GET channels", "PUT channels")


async def test_layouts(contract: Contract, stage: Stage) -> None:
    stage.wire.record = True
    bot = await stage.connect()

    class Layout(discord.ui.LayoutView):
        box = discord.ui.Container[Any](
            discord.ui.TextDisplay("# Saturday"),
            discord.ui.Separator(),
            discord.ui.Section("coming?", accessory=discord.ui.Button(label="Yes", custom_id="yes")),
            discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png", description="a chart")),
            discord.ui.File("attachment://b.csv"),
            discord.ui.ActionRow(discord.ui.Button(label="Support", custom_id="support")),
            accent_colour=discord.Colour.teal(),
        )

    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    files = [discord.File(io.BytesIO(b"x"), name) for name in ("a.png", "b.csv")]
    message = await channel.send(view=Layout(), files=files)
    await channel.fetch_message(message.id)
    no_problems(contract, stage, "POST channels", "GET channels")


async def test_interactions(contract: Contract, stage: Stage) -> None:
    stage.wire.record = True
    bot = await stage.connect(talkative())
    panel = int((await (await stage.bea.slash(stage.channel, "panel")).message())["id"])
    await (await stage.bea.press(panel, "say")).wait()
    await (await stage.bea.choose(panel, "whom", [stage.cal.id])).wait()
    await (await stage.bea.press(panel, "change")).wait()
    await (await stage.bea.slash(stage.channel, "slow")).message(2)
    shown = await (await stage.bea.slash(stage.channel, "form")).wait()
    await (await stage.bea.submit(shown, {"words": "x", "level": ["OK"]})).wait()
    assert await stage.bea.autocomplete(stage.channel, "zone", "name", "E")
    assert bot.is_ready()
    no_problems(contract, stage, "POST interactions", "POST webhooks")


async def test_servers(contract: Contract, stage: Stage) -> None:
    stage.wire.record = True
    bot = await stage.connect()
    guild = await bot.fetch_guild(stage.guild)
    role = await guild.create_role(name="Listener")
    await role.edit(name="Listeners")
    category = await guild.create_category("Really OK")
    channel = await guild.create_text_channel("welcome", category=category, topic="hello")
    voice = await guild.create_voice_channel("the kettle")
    await channel.edit(topic="hello again")
    member = await guild.fetch_member(stage.cal.id)
    await member.add_roles(role)
    await channel.set_permissions(role, view_channel=True)
    thread = await channel.create_thread(name="circle", type=discord.ChannelType.private_thread)
    await thread.add_user(discord.Object(stage.cal.id))
    await guild.fetch_channels()
    await guild.fetch_roles()
    start = stage.clock.now() + timedelta(days=3)
    event = await guild.create_scheduled_event(
        name="Saturday coffee",
        start_time=start,
        end_time=start + timedelta(hours=1),
        entity_type=discord.EntityType.external,
        location="somewhere",
        privacy_level=discord.PrivacyLevel.guild_only,
    )
    await guild.create_scheduled_event(
        name="Evening", start_time=start, channel=voice, privacy_level=discord.PrivacyLevel.guild_only
    )
    await event.edit(description="bring a mug")
    await guild.fetch_scheduled_events()
    await event.delete()
    await channel.delete()
    await role.delete()
    no_problems(contract, stage, "POST guilds", "PATCH guilds", "DELETE guilds", "GET guilds")


async def test_refusals(contract: Contract, stage: Stage) -> None:
    dm = await stage.bea.open_dm()
    stage.wire.record = True
    stage.wire.limits.messages = (1, 600.0)
    for body in ({"content": ""}, {"content": "x"}):
        await call(stage, "POST", f"/channels/{dm}/messages", body)
    await call(stage, "GET", "/users/1")
    assert {row[3] for row in stage.wire.recorded} == {400, 404, 429}
    no_problems(contract, stage)


async def test_a_wrong_request_is_found(contract: Contract, stage: Stage) -> None:
    assert contract.request("POST", "/channels/1/messages", {"content": 1})
    assert contract.request("POST", "/channels/1/messages", {"content": "x", "sparkle": True})
    assert contract.request("POST", "/channels/1/massages", {"content": "x"})
    assert contract.answer("GET", "/users/@me", 200, {"id": "1"})
    assert contract.answer("GET", "/users/@me", 204, None)
    assert contract.request("POST", "/channels/1/messages", {"content": "x"}) == []
    wrong = {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "c" * 101}]}]}
    assert contract.request("POST", "/channels/1/messages", wrong)
