"""A channel that takes nothing: whichever permission is missing is the one that is named; and what events take."""

from __future__ import annotations

from datetime import date, time
from functools import partial
from typing import Any

import discord
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from bot.sandbox.wire.faults import Rule
from tests.checkins.evening import Evening, expect, which
from tests.launch.scene import until, words
from tests.sessions.held import facilitates, hold, room
from tests.sessions.test_events import asked, events, turned_on

SATURDAY = date(2026, 11, 28)
CREATE_EVENTS = discord.Permissions(create_events=True).value


def deny(evening: Evening, channel: int, *names: str) -> None:
    """Take permissions in a channel from everybody, the bot included."""
    denied = discord.Permissions(**dict.fromkeys(names, True)).value
    everybody = Overwrite(evening.demo.guild_id, OverwriteType.ROLE, deny=denied)
    evening.world.backend.set_overwrite(channel, everybody)


def lacks(evening: Evening, channel: int, *names: str) -> bool:
    """Whether the bot has heard from Discord that it lacks these in a channel."""
    found: Any = evening.app.client.get_channel(channel)
    if found is None:
        return False
    held = discord.abc.GuildChannel.permissions_for(found, found.guild.me)
    return not any(getattr(held, name) for name in names)


async def test_the_one_that_is_missing_is_named_and_both_when_both_are(evening: Evening) -> None:
    marcus, guild = evening.demo.facilitators[0], evening.demo.guild_id
    await evening.joined(marcus)
    facilitates(evening, marcus)
    ((organisers,),) = evening.rows("SELECT organisers_channel_id FROM network WHERE id = ?", guild)

    def told(title: str) -> list[dict[str, Any]]:
        shown = [*evening.from_bot(marcus), *evening.demo.organiser.visible_messages(organisers)]
        return [m for m in shown if title in words(m)]

    for name, lacking, template in (
        ("hidden", ("view_channel",), "sessions.no_permission_view"),
        ("silent", ("send_messages",), "sessions.no_permission_send"),
        ("shut", ("view_channel", "send_messages"), "sessions.no_permission"),
        ("gone", (), "sessions.channel_gone"),
    ):
        channel = evening.world.text_channel(guild, name)
        if lacking:
            deny(evening, channel, *lacking)
            await until(partial(lacks, evening, channel, *lacking), "the bot hearing of it")
        else:
            evening.world.backend.delete_channel(channel)
        title = f"{name.title()} coffee"
        await hold(evening, SATURDAY, time(9), facilitator=marcus, channel=channel, title=title)
        await evening.wait(minutes=1)
        await until(lambda title=title: len(told(title)) == 2, "the facilitator and the organisers hearing")
        for message in told(title):
            assert which(message) == [template], words(message)
            assert title not in words(message).splitlines()[0]


async def test_events_name_what_they_lack_before_they_are_turned_on_and_when_it_is_taken_away(
    evening: Evening,
) -> None:
    backend, guild, owner = evening.world.backend, evening.demo.guild_id, evening.demo.organiser
    await evening.joined(owner)
    mine = [role for role in backend.guilds[guild].roles.values() if role.permissions & CREATE_EVENTS]

    async def may(*, create: bool) -> None:
        for role in mine:
            bits = role.permissions | CREATE_EVENTS if create else role.permissions & ~CREATE_EVENTS
            backend.edit_role(guild, role.id, {"permissions": bits})
        here: Any = evening.app.client.get_guild(guild)
        await until(lambda: here.me.guild_permissions.create_events is create, "the bot hearing of it")

    await may(create=False)
    pressed = await owner.press_raw(evening.welcome, 1, "ok1:sessions.mirror:0:on")
    refused = await pressed.message()
    expect(refused, "sessions.mirror_needs")
    assert "Create Events" in words(refused)
    assert evening.rows("SELECT 1 FROM session_network WHERE mirror_since IS NOT NULL") == []
    await may(create=True)
    await turned_on(evening)

    # Later the voice channel is closed to the bot: named once, and the sessions stand.
    before = [event.id for event in events(evening)]
    deny(evening, room(evening), "connect")
    await until(lambda: lacks(evening, room(evening), "connect"), "the bot hearing of it")
    no = Rule("error", "POST", "*/scheduled-events", code=50013, status=403, times=None)
    evening.wire.faults.rules.append(no)
    meetings = await hold(evening, date(2026, 11, 27), time(9), title="Friday tea")
    await evening.wait(minutes=2)
    await until(lambda: asked(evening, "sessions.events_refused"), "the organisers hearing")
    (told,) = asked(evening, "sessions.events_refused")
    assert "**Connect** in the voice channel" in words(told)
    assert "Create Events" not in words(told)
    assert [event.id for event in events(evening)] == before
    assert {m.state for m in meetings} == {"planned"}
