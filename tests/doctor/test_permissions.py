from __future__ import annotations

import random

import discord
import pytest
from simcord.backend.models.channel import Overwrite
from simcord.backend.permissions import compute
from simcord.backend.serializers import channel_payload, guild_create_payload
from simcord.enums import OverwriteType

from bot.doctor import permissions
from bot.ui.making import NEEDS
from tests.wire.stage import Stage

DISCORDS_NAMES = {
    "View Channel": "view_channel",
    "Send Messages": "send_messages",
    "Embed Links": "embed_links",
    "Read Message History": "read_message_history",
    "Manage Channels": "manage_channels",
    "Manage Roles": "manage_roles",
    "Create Events": "create_events",
    "Connect": "connect",
}


def test_every_bit_is_the_permission_it_is_called() -> None:
    assert {p.name: p.bit for p in (*permissions.NEEDED, *permissions.FOR_EVENTS)} == {
        name: discord.Permissions(**{flag: True}).value for name, flag in DISCORDS_NAMES.items()
    }


def test_setting_up_asks_for_the_same_as_the_doctor() -> None:
    assert {DISCORDS_NAMES[p.name] for p in permissions.NEEDED if p.in_channels} == set(NEEDS)


def test_each_permission_says_what_it_is_for() -> None:
    assert all(p.why.startswith("to ") for p in (*permissions.NEEDED, *permissions.FOR_EVENTS))
    assert not permissions.needed() & permissions.ADMINISTRATOR


def test_the_link_asks_for_exactly_what_is_needed() -> None:
    link = permissions.invite_link("123")
    assert link.startswith("https://discord.com/oauth2/authorize?client_id=123&")
    assert "scope=bot+applications.commands" in link
    assert link.endswith(f"permissions={permissions.needed()}")


@pytest.mark.parametrize("seed", range(30))
def test_what_the_bot_may_do_in_a_channel_is_what_discord_says(seed: int) -> None:
    """Random servers, compared with an independent computation of Discord's rules."""
    dice = random.Random(seed)
    stage = Stage()
    store, guild_id = stage.world.backend, stage.guild
    guild, bot = store.guilds[guild_id], store.bot_user.id
    bits = [p.bit for p in permissions.NEEDED] + ([permissions.ADMINISTRATOR] if seed % 5 == 0 else [])

    def some() -> int:
        return sum(bit for bit in bits if dice.random() < 0.4)

    for role in guild.roles.values():
        role.permissions = some() & ~permissions.ADMINISTRATOR
    roles = [stage.world.role(guild_id, f"role {n}", permissions=some()) for n in range(4)]
    for role_id in dice.sample(roles, 2):
        guild.members[bot].role_ids.append(role_id)
    channel = store.get_channel(stage.channel)
    for target in [guild_id, *roles, bot]:
        if dice.random() < 0.7:
            kind = OverwriteType.MEMBER if target == bot else OverwriteType.ROLE
            allow = some() & ~permissions.ADMINISTRATOR
            deny = some() & ~permissions.ADMINISTRATOR & ~allow
            channel.overwrites.append(Overwrite(target, kind, allow=allow, deny=deny))

    mine = [str(role_id) for role_id in guild.members[bot].role_ids]
    held = permissions.in_server(guild_create_payload(store, guild), mine, str(bot))
    there = permissions.in_channel(held, str(guild_id), channel_payload(store, channel), mine, str(bot))
    theirs = compute(guild, bot, channel, now=stage.clock.now())
    assert {p.name for p in permissions.NEEDED if there & p.bit} == {
        p.name for p in permissions.NEEDED if theirs & p.bit
    }


def test_an_owner_may_do_everything() -> None:
    guild = {"id": "1", "owner_id": "2", "roles": [{"id": "1", "permissions": "0"}]}
    assert permissions.in_server(guild, [], "2") == permissions.EVERYTHING
    assert permissions.in_server(guild, [], "3") == 0
