"""What goes wrong on purpose does so at the moment it was asked to."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from bot.sandbox.wire.faults import Call, Rule, refusal
from bot.sandbox.wire.faults import Stage as Moment
from tests.wire.stage import Stage, until
from tests.wire.test_messages import held, post

MESSAGES = "/channels/*/messages"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (50007, discord.Forbidden),
        (50278, discord.Forbidden),
        (50013, discord.Forbidden),
        (10003, discord.NotFound),
        (40003, discord.HTTPException),
    ],
)
async def test_a_refusal_stores_nothing_and_happens_once(
    stage: Stage, code: int, kind: type[discord.HTTPException]
) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    channel = await user.create_dm()
    stage.wire.faults.add(refusal(code, path=MESSAGES))
    with pytest.raises(kind) as refused:
        await user.send("first")
    assert refused.value.code == code
    await user.send("second")
    assert held(stage, channel.id) == ["second"]


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["x"])])
async def test_an_error_before_or_after_storing(stage: Stage, when: str, stored: list[str]) -> None:
    dm = await stage.bea.open_dm()
    stage.wire.faults.add(Rule("error", path=MESSAGES, when=when, status=502))
    assert (await post(stage, dm, content="x"))[0] == 502
    assert held(stage, dm) == stored


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["x"])])
async def test_the_socket_breaks_before_or_after_storing(stage: Stage, when: str, stored: list[str]) -> None:
    dm = await stage.bea.open_dm()
    stage.wire.faults.add(Rule("drop", path=MESSAGES, when=when))
    with pytest.raises(aiohttp.ClientError):
        await post(stage, dm, content="x")
    assert held(stage, dm) == stored


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["x"])])
async def test_an_answer_that_hangs_until_it_is_released(stage: Stage, when: str, stored: list[str]) -> None:
    dm = await stage.bea.open_dm()
    rule = stage.wire.faults.add(Rule("hang", path=MESSAGES, when=when))
    waiting = asyncio.create_task(post(stage, dm, content="x"))
    await until(lambda: rule.happened)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert held(stage, dm) == stored
    rule.release()
    assert (await waiting)[0] == 200
    assert held(stage, dm) == ["x"]


async def test_rules_skip_count_and_take_their_chances(stage: Stage) -> None:
    stage.wire.limits.messages = None
    dm = await stage.bea.open_dm()
    stage.wire.faults.add(Rule("error", path=MESSAGES, method="POST", skip=1, times=2))
    assert [(await post(stage, dm, content="x"))[0] for _ in range(4)] == [200, 500, 500, 200]
    never = stage.wire.faults.add(Rule("error", path=MESSAGES, times=None, probability=0.0))
    assert (await post(stage, dm, content="x"))[0] == 200
    assert never.happened == 0
    always = stage.wire.faults.add(Rule("error", path="/users/*", times=None))
    assert (await post(stage, dm, content="x"))[0] == 200
    assert always.happened == 0


async def test_the_hook_is_awaited_at_each_stage(stage: Stage) -> None:
    dm = await stage.bea.open_dm()
    seen: list[tuple[Moment, list[str], int | None]] = []

    async def look(moment: Moment, call: Call) -> None:
        assert call.path == f"/channels/{dm}/messages"
        seen.append((moment, held(stage, dm), call.status))

    stage.wire.faults.on_request = look
    await post(stage, dm, content="x")
    await until(lambda: len(seen) == 3)
    assert seen == [("arrived", [], None), ("stored", ["x"], 200), ("answered", ["x"], 200)]


async def test_discord_py_tries_a_bad_gateway_again_and_its_nonce_saves_it(stage: Stage) -> None:
    bot = await stage.connect()
    user = await bot.fetch_user(stage.bea.id)
    channel = await user.create_dm()
    stage.wire.faults.add(Rule("error", path=MESSAGES, when="after", status=502))
    await user.send("once")
    assert held(stage, channel.id) == ["once"]
    stage.wire.nonce_lifetime = 0.0
    stage.wire.faults.add(Rule("error", path=MESSAGES, when="after", status=502))
    await user.send("twice, once the nonce is forgotten")
    assert len(held(stage, channel.id)) == 3
