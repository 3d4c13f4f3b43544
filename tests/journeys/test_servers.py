"""Servers as they are: permissions missing, channels deleted, and invitations from elsewhere."""

from __future__ import annotations

import discord
import pytest

from bot.sandbox.people import CannotDo
from bot.sandbox.wire.faults import Rule, refusal
from tests.crash.matrix import MESSAGES
from tests.launch.scene import Scene, answered, custom_ids, offers_support, says, until, words


def panels(scene: Scene, kind: str) -> list[int]:
    """The channels in the first server that hold a panel with this button, once for each such message."""
    store = scene.world.backend
    return [
        channel
        for channel in store.guilds[scene.demo.guild_id].channel_ids
        for message in store.messages.get(channel, {}).values()
        if any(i.startswith(f"ok1:{kind}:") for i in custom_ids({"components": message.components}))
    ]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("manage_channels", "Manage Channels"),
        ("manage_roles", "Manage Roles"),
        ("send_messages", "Send Messages"),
        ("read_message_history", "Read Message History"),
    ],
)
async def test_setting_up_names_the_permission_that_is_missing(
    scene: Scene, missing: str, named: str
) -> None:
    backend, guild = scene.world.backend, scene.demo.guild_id
    flag = getattr(discord.Permissions, missing).flag
    for role in list(backend.guilds[guild].roles.values()):
        backend.edit_role(guild, role.id, {"permissions": role.permissions & ~flag})
    await scene.bot()
    told = await scene.set_up()
    assert says(told.messages[-1], "networks.setup_problems"), words(told.messages[-1])
    assert named in words(told.messages[-1])
    assert offers_support(told.messages[-1])
    assert panels(scene, "members.join") == []


async def test_a_refusal_in_a_channel_is_told_when_setting_up_again(scene: Scene) -> None:
    bot = await scene.bot()
    scene.wire.faults.add(refusal(50013, method="POST", path=MESSAGES))
    await scene.set_up()
    await bot.do("quiet")
    again = await scene.set_up()
    await until(lambda: panels(scene, "members.join"), "the panel")
    assert offers_support(again.messages[-1])


async def test_setting_up_twice_changes_nothing_and_after_a_deletion_repairs(scene: Scene) -> None:
    bot = await scene.bot()
    await scene.set_up()
    (first,) = await until(lambda: panels(scene, "members.join"), "the panel")
    await bot.do("quiet")
    channels = len(scene.world.backend.guilds[scene.demo.guild_id].channel_ids)
    await scene.set_up()
    await bot.do("quiet")
    assert panels(scene, "members.join") == [first]
    assert len(scene.world.backend.guilds[scene.demo.guild_id].channel_ids) == channels

    message = next(iter(m for m in scene.world.backend.messages[first].values() if m.components))
    scene.world.backend.delete_message(first, message.id)
    await scene.set_up()
    await until(lambda: panels(scene, "members.join") == [first], "the panel being put back")

    scene.world.backend.delete_channel(first)
    scene.welcome = scene.demo.channels["staffroom"]
    await scene.set_up()
    (mended,) = await until(lambda: panels(scene, "members.join"), "a new channel with the panel")
    assert mended != first


async def test_setting_up_twice_in_a_row_puts_up_one_panel(scene: Scene) -> None:
    bot = await scene.bot()
    scene.wire.faults.add(Rule("slow", method="POST", path=MESSAGES, when="before", seconds=1.0, times=None))
    await scene.set_up()
    await scene.set_up()
    await bot.do("quiet")
    scene.wire.faults.clear()
    assert len(panels(scene, "members.join")) == 1


async def test_the_panels_button_joins(scene: Scene) -> None:
    await scene.bot()
    await scene.set_up()
    (channel,) = await until(lambda: panels(scene, "members.join"), "the panel")
    panel = next(m for m in scene.you.visible_messages(channel) if custom_ids(m))
    assert offers_support(panel)
    shown = await answered(await scene.you.press(int(panel["id"]), custom_ids(panel)[0]))
    assert says(shown.messages[0], "members.join")
    assert shown.ephemeral


async def test_only_those_who_may_manage_the_server_can_set_it_up(scene: Scene) -> None:
    await scene.bot()
    options = {"nation": "england", "contact": scene.you.id, "zone": "Europe/London"}
    with pytest.raises(CannotDo):
        await scene.you.slash(scene.welcome, "network setup", options)


async def test_only_listed_servers_are_served(scene: Scene) -> None:
    backend = scene.world.backend
    await scene.bot(REALLYOK_SERVERS=str(scene.demo.guild_id))
    await until(lambda: not backend.bot_in(scene.demo.second_guild_id), "leaving a server that is not listed")
    assert backend.bot_in(scene.demo.guild_id)
    elsewhere = scene.world.guild("Somewhere Else", scene.you)
    scene.world.text_channel(elsewhere, "general")
    scene.world.add_bot(elsewhere)
    await until(lambda: not backend.bot_in(elsewhere), "leaving a server that invited it")
    await scene.set_up()
    assert await until(lambda: panels(scene, "members.join"), "the listed server being served")
