"""Servers: channels, roles, scheduled events and members, by ordinary client calls."""

from __future__ import annotations

from datetime import timedelta

import discord
import pytest

from tests.wire.stage import Stage, until


async def test_channels_and_roles_are_made_changed_and_removed(stage: Stage) -> None:
    bot = await stage.connect()
    guild = bot.guilds[0]
    role = await guild.create_role(name="Listener", mentionable=False, reason="setting up")
    hidden: dict[discord.Role | discord.Member, discord.PermissionOverwrite] = {
        guild.default_role: discord.PermissionOverwrite(view_channel=False),
        guild.me: discord.PermissionOverwrite(view_channel=True, send_messages=True, manage_channels=True),
    }
    category = await guild.create_category("Really OK")
    channel = await guild.create_text_channel(
        "listeners", category=category, topic="for listeners", overwrites=hidden
    )
    assert channel.category_id == category.id
    assert not stage.world.backend.accessible(channel.id, stage.cal.id)
    await channel.set_permissions(role, view_channel=True, send_messages=True)
    member = await guild.fetch_member(stage.cal.id)
    await member.add_roles(role, reason="takes calls")
    assert stage.world.backend.accessible(channel.id, stage.cal.id)
    await member.remove_roles(role)
    await channel.edit(topic="for listeners only")
    assert (await bot.fetch_channel(channel.id)).topic == "for listeners only"
    await channel.delete()
    await role.delete()
    assert {r.name for r in await guild.fetch_roles()} == {"@everyone", "Really OK"}


async def test_a_thread_is_opened(stage: Stage) -> None:
    bot = await stage.connect()
    channel = bot.get_channel(stage.channel)
    assert isinstance(channel, discord.TextChannel)
    thread = await channel.create_thread(name="circle", type=discord.ChannelType.private_thread)
    await thread.add_user(discord.Object(stage.cal.id))
    await thread.send("welcome")
    assert stage.cal.visible_messages(thread.id)[-1]["content"] == "welcome"


async def test_an_event_is_planned_moved_and_cancelled(stage: Stage) -> None:
    bot = await stage.connect()
    guild = bot.guilds[0]
    start = stage.clock.now() + timedelta(days=3)
    event = await guild.create_scheduled_event(
        name="Saturday coffee",
        start_time=start,
        end_time=start + timedelta(hours=1),
        entity_type=discord.EntityType.external,
        location="https://example.org/coffee",
        privacy_level=discord.PrivacyLevel.guild_only,
    )
    moved = await event.edit(start_time=start + timedelta(minutes=30), location="elsewhere")
    assert moved.start_time == start + timedelta(minutes=30)
    assert [e.id for e in await guild.fetch_scheduled_events()] == [event.id]
    await moved.delete()
    assert await guild.fetch_scheduled_events() == []


async def test_a_member_is_asked_for_and_is_there_or_not(stage: Stage) -> None:
    bot = await stage.connect()
    guild = bot.guilds[0]
    assert (await guild.fetch_member(stage.cal.id)).display_name == "Cal Dewhurst"
    stage.world.kick(stage.cal, stage.guild)
    with pytest.raises(discord.NotFound) as gone:
        await guild.fetch_member(stage.cal.id)
    assert gone.value.code == 10007


async def test_what_the_bot_may_not_do_it_is_refused(stage: Stage) -> None:
    guild_id = stage.world.guild("Elsewhere", stage.bea)
    channel_id = stage.world.text_channel(guild_id, "general")
    stage.world.add_bot(guild_id, discord.Permissions(view_channel=True).value)
    bot = await stage.connect()
    guild = bot.get_guild(guild_id)
    assert guild is not None
    stage.world.backend.guilds[guild_id].roles[guild_id].permissions = 1 << 10
    with pytest.raises(discord.Forbidden) as refused:
        await guild.create_role(name="no")
    assert refused.value.code == 50013
    channel = guild.get_channel(channel_id)
    assert isinstance(channel, discord.TextChannel)
    with pytest.raises(discord.Forbidden):
        await channel.send("no")


async def test_the_bot_leaves_by_itself(stage: Stage) -> None:
    bot = await stage.connect()
    await bot.guilds[0].leave()
    await until(lambda: not bot.guilds)
    assert stage.guild in stage.world.backend.guilds
