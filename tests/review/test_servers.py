"""What happened to servers while the bot was off, and a Discord that is out of sorts when it asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import discord
import pytest

from bot.networks import service as networks
from bot.networks.service import Places
from tests.checkins.evening import Evening
from tests.launch.scene import until

NOWHERE = 1_400_000_000_000_000_001


async def removed_at(evening: Evening) -> dict[int, str | None]:
    return dict(evening.rows("SELECT id, removed_at FROM network"))


async def set_up_nowhere(evening: Evening) -> None:
    """A network in a server that Discord says we are not in."""
    await networks.set_up(
        evening.app.store,
        NOWHERE,
        "Gone",
        Places(1, 2, 3, 4, 5, 6),
        zone="Europe/London",
        nation="england",
        safeguarding_id=None,
        post=(),
        event_id=1,
        now=evening.clock.now(),
    )


async def test_removed_while_off_is_noticed_at_the_next_start(evening: Evening) -> None:
    await evening.set_up()
    await set_up_nowhere(evening)
    await evening.sleep()
    await evening.wake()
    await until(
        lambda: evening.rows("SELECT 1 FROM network WHERE removed_at IS NOT NULL"), "it being noticed"
    )
    assert evening.rows("SELECT id FROM network WHERE removed_at IS NOT NULL") == [(NOWHERE,)]


async def test_back_again_while_off_nothing_is_deleted_a_month_later(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    await networks.removed(evening.app.store, evening.demo.guild_id, evening.clock.now())
    await evening.restart()
    await until(
        lambda: not evening.rows("SELECT 1 FROM network WHERE removed_at IS NOT NULL"),
        "the return being noticed",
    )
    evening.clock.move_to(evening.clock.now() + timedelta(days=31))
    assert await networks.let_go(evening.app.store, evening.clock.now()) == []
    assert evening.rows("SELECT count(*) FROM membership") == [(1,)]


async def test_back_again_while_off_for_longer_than_a_month(evening: Evening) -> None:
    await evening.set_up()
    await evening.join(evening.you)
    await networks.removed(evening.app.store, evening.demo.guild_id, evening.clock.now() - timedelta(days=40))
    await evening.restart()
    await evening.app.alarm.ring()
    assert evening.rows("SELECT count(*) FROM membership") == [(1,)]


async def test_noted_twice_the_month_counts_from_the_first(evening: Evening) -> None:
    await evening.set_up()
    first = evening.clock.now()
    await networks.removed(evening.app.store, evening.demo.guild_id, first)
    before = await removed_at(evening)
    await networks.removed(evening.app.store, evening.demo.guild_id, first + timedelta(days=20))
    assert await removed_at(evening) == before


async def test_a_server_we_are_not_meant_for_is_left_at_the_next_start(evening: Evening) -> None:
    await evening.set_up()
    first = evening.demo.guild_id
    assert len(evening.app.client.guilds) > 1
    evening.app.settings = replace(evening.app.settings, servers=frozenset({first}))
    await evening.app.client.match_servers()
    await until(lambda: [g.id for g in evening.app.client.guilds] == [first], "leaving the others")


async def test_one_answer_that_fails_does_not_end_the_counting(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.set_up()
    people = evening.demo.people[2:5]
    for person in people:
        await evening.join(person)
    asked: list[int] = []

    async def fetch(guild: discord.Guild, user_id: int) -> None:
        asked.append(user_id)
        raise ConnectionResetError

    monkeypatch.setattr(discord.Guild, "fetch_member", fetch)
    await evening.app.client.count_members()
    assert len(asked) == 3
    assert evening.rows("SELECT count(*) FROM membership") == [(3,)]


async def test_commands_that_could_not_be_told_are_told_again(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, tries = evening.app.client, 0
    tell = client.tree.sync

    async def sync() -> list[discord.app_commands.AppCommand]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ConnectionResetError
        return await tell()

    monkeypatch.setattr(client.tree, "sync", sync)
    monkeypatch.setattr("bot.client.TELL_AGAIN_S", 0.0)
    await until(client._synced.is_file, "the start having told them")
    client._synced.unlink()
    await client.sync_commands()
    assert tries == 2
    assert client._synced.is_file()
