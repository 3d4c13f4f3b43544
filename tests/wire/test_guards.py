"""What must never pass silently: unknown routes and fields, strangers, and ids that repeat."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from bot.clock import MovableClock
from bot.sandbox.people import CannotDo
from bot.sandbox.wire.server import Wire
from bot.sandbox.world import World
from tests.wire.stage import START, Bot, Stage, until
from tests.wire.test_interactions import talkative
from tests.wire.test_messages import call, post


async def test_an_unknown_route_is_a_failure(stage: Stage) -> None:
    stage.gaps_allowed = True
    status, body, _ = await call(stage, "GET", "/there/is/no/such/route")
    assert (status, body["code"]) == (404, 0)
    assert [(g.kind, g.path) for g in stage.wire.gaps] == [("route", "/there/is/no/such/route")]


async def test_an_unknown_field_is_a_failure(stage: Stage) -> None:
    stage.gaps_allowed = True
    dm = await stage.bea.open_dm()
    status, body, _ = await post(stage, dm, content="x", sparkle=True)
    assert (status, body["code"]) == (400, 50035)
    assert stage.wire.gaps[0].detail == "sparkle"
    assert stage.bea.visible_messages(dm) == []


async def test_a_missing_field_is_a_failure(stage: Stage) -> None:
    stage.gaps_allowed = True
    status, body, _ = await call(stage, "POST", "/users/@me/channels", {})
    assert (status, body["code"]) == (400, 50035)
    assert stage.wire.gaps[0].kind == "body"


async def test_what_discord_would_find_invalid_is_refused_and_no_gap(stage: Stage) -> None:
    dm = await stage.bea.open_dm()
    assert (await post(stage, dm, content="x" * 2001))[1]["code"] == 50035
    assert (await post(stage, 1, content="x"))[1]["code"] == 10003
    assert stage.wire.gaps == []


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Shouting", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "fine", "description": ""},
        {"name": "fine", "description": "x" * 101},
        {"name": "fine", "description": "x", "options": [{"type": 3, "name": "o", "description": ""}]},
        {
            "name": "fine",
            "description": "x",
            "options": [
                {
                    "type": 3,
                    "name": "o",
                    "description": "x",
                    "choices": [{"name": str(n), "value": str(n)} for n in range(26)],
                }
            ],
        },
    ],
)
async def test_a_command_discord_would_not_take_is_refused(stage: Stage, command: dict[str, Any]) -> None:
    path = f"/applications/{stage.world.backend.application_id}/commands"
    assert (await call(stage, "PUT", path, [{"name": "good", "description": "fine"}]))[0] == 200
    status, body, _ = await call(stage, "PUT", path, [command])
    assert (status, body["code"]) == (400, 50035)
    assert [c["name"] for c in await stage.bea.commands(stage.channel)] == ["good"]


async def test_too_many_suggestions_are_refused(stage: Stage) -> None:
    bot = Bot()

    @bot.tree.command(description="x")
    async def find(interaction: discord.Interaction[Any], what: str) -> None:
        await interaction.response.send_message(what)

    @find.autocomplete("what")
    async def offer(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=str(n), value=str(n)) for n in range(int(typed))]

    await stage.connect(bot)
    stage.wire.record = True
    assert len(await stage.bea.autocomplete(stage.channel, "find", "what", "25")) == 25
    offered = asyncio.create_task(stage.bea.autocomplete(stage.channel, "find", "what", "26"))
    await until(lambda: [row[3] for row in stage.wire.recorded] == [200, 400], "the refusal")
    list(stage.world.backend.exchanges.values())[-1]._expire()
    assert await offered == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - refused, which is the point
async def test_it_listens_on_this_machine_alone(host: str) -> None:
    wire = Wire(World(MovableClock(START)))
    with pytest.raises(ValueError, match="this machine alone"):
        await wire.start(host)
    await wire.stop()


async def test_ids_rise_whatever_the_clock_does() -> None:
    clock = MovableClock(START, ticking=False)
    store = World(clock).backend
    ids = [store.snowflake() for _ in range(50)]
    clock.move_to(START - timedelta(days=10))
    ids += [store.snowflake() for _ in range(50)]
    clock.move_to(START + timedelta(days=10))
    later = store.snowflake()
    ids.append(later)
    assert all(b - a >= 1 << 22 for a, b in itertools.pairwise(ids))
    assert all(i % (1 << 22) == 0 for i in ids)
    assert discord.utils.snowflake_time(later) == START + timedelta(days=10)


async def test_a_person_cannot_do_what_a_human_could_not(stage: Stage) -> None:
    theirs = await stage.cal.open_dm()
    with pytest.raises(CannotDo):
        await stage.bea.send(theirs, "reading another's post")
    with pytest.raises(CannotDo):
        stage.bea.visible_messages(theirs)
    mine = await stage.bea.send(stage.channel, "mine")
    with pytest.raises(CannotDo):
        await stage.cal.edit(stage.channel, mine, "yours")
    with pytest.raises(CannotDo):
        await stage.cal.delete(stage.channel, mine)
    with pytest.raises(CannotDo):
        await stage.cal.slash(stage.channel, "nothing")
    with pytest.raises(CannotDo):
        await stage.bea.send(stage.channel, "   ")


async def test_the_remote_control_does_what_people_do(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    await user.send("hello")
    sent = await control(stage, "send", {"who": "bea", "channel_id": "dm", "text": "hi"})
    people = (await control(stage, "people"))[1]
    held = (await control(stage, "messages", {"channel_id": people["bea"]["dm_id"]}))[1]
    assert [m["content"] for m in held] == ["hello", "hi"]
    assert sent[1]["id"] == held[1]["id"]
    assert (await control(stage, "fault", {"code": 50007, "path": "/channels/*/messages"}))[0] == 200
    with pytest.raises(discord.Forbidden):
        await user.send("refused")
    now = datetime.fromisoformat((await control(stage, "set", {"advance": 3600}))[1]["now"])
    assert timedelta(hours=1) <= now - START < timedelta(hours=2)
    assert (await control(stage, "stats"))[1]["gaps"] == []
    status, why = await control(stage, "slash", {"who": "bea", "channel_id": stage.channel, "command": "no"})
    assert (status, "no" in why["cannot"]) == (409, True)


async def test_the_remote_control_carries_whole_conversations(stage: Stage) -> None:
    await stage.connect(talkative())
    await control(stage, "record", {"on": True})
    here = {"who": "bea", "channel_id": str(stage.channel)}
    _, panel = await control(stage, "slash", {**here, "command": "panel"})
    on_panel = {"who": "cal", "message_id": panel["messages"][0]["id"]}
    _, said = await control(stage, "press", {**on_panel, "custom_id": "say"})
    assert (said["ephemeral"], said["messages"][0]["content"]) == (True, "for you alone")
    _, picked = await control(stage, "choose", {**on_panel, "custom_id": "pick", "values": ["b"]})
    assert picked["messages"][0]["content"] == "b"
    _, form = await control(stage, "slash", {**here, "command": "form"})
    answers = {"words": "w", "level": ["OK"]}
    _, sent = await control(stage, "submit", {"who": "bea", "exchange": form["id"], "answers": answers})
    assert sent["messages"][0]["content"] == "w/OK"
    assert (await control(stage, "exchange", {"id": sent["id"]}))[1] == sent
    recorded = (await control(stage, "recorded"))[1]
    assert [row[0] for row in recorded] == ["POST"] * 5
    guilds = (await control(stage, "guilds"))[1]
    assert [c["name"] for c in guilds[0]["channels"]] == ["general"]
    await control(stage, "gateway", {"do": "drop"})
    await until(lambda: stage.wire.stats.resumes == 1, "resuming")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Rehearsal-Token": "guess"},
        {"Origin": "https://elsewhere.example"},
        {"Host": "rebound.example"},
    ],
)
async def test_the_remote_control_refuses_strangers(stage: Stage, headers: dict[str, str]) -> None:
    assert (await control(stage, "stats", headers=headers))[0] == 403


async def control(
    stage: Stage, act: str, fields: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    sent = {"X-Rehearsal-Token": stage.wire.control_token, **(headers or {})}
    async with (
        aiohttp.ClientSession(headers=sent) as session,
        session.post(f"{stage.wire.control_url}/{act}", json=fields or {}) as answer,
    ):
        return answer.status, await answer.json()
