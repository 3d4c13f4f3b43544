"""The demo network is believable and ready to be acted in."""

from __future__ import annotations

from datetime import datetime

from bot.clock import MovableClock
from bot.sandbox import demo
from bot.sandbox.world import World
from tests.wire.stage import START


async def test_everybody_can_read_and_speak_and_the_past_is_past() -> None:
    world = World(MovableClock(START))
    network = demo.build(world)
    assert len(network.people) >= 12
    for person in network.people:
        assert person.about
        assert await person.send(network.channels["staffroom"], "here")
    for channel_id in network.channels.values():
        spoken = network.you.visible_messages(channel_id)
        times = [datetime.fromisoformat(m["timestamp"]) for m in spoken]
        assert times == sorted(times)
        ids = [int(m["id"]) for m in spoken]
        assert ids == sorted(set(ids))
        assert times[0] < START
    assert network.organiser not in (network.you, *network.facilitators, *network.listeners)


async def test_the_bot_is_there_but_has_not_been_set_up() -> None:
    world = World(MovableClock(START))
    network = demo.build(world)
    store = world.backend
    for guild_id in (network.guild_id, network.second_guild_id):
        assert store.bot_in(guild_id)
        assert not store.compute_permissions(guild_id, store.bot_user.id) & 8, "never administrator"
    assert not any(c.guild_id is None for c in store.channels.values())
    shared = set(store.guilds[network.guild_id].members) & set(store.guilds[network.second_guild_id].members)
    assert {network.you.id, network.second_organiser.id} <= shared
    assert await network.you.commands(network.second_channel_id) == []


async def test_nobody_in_it_is_called_the_same() -> None:
    network = demo.build(World(MovableClock(START)))
    shown = [person.display_name for person in network.people]
    assert len(set(shown)) == len(shown)
