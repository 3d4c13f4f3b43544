"""What the local Discord never says and the real one may: a tiny server that answers as told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.doctor import examine
from bot.settings import Settings

Ask = Callable[[dict[str, Any]], Awaitable[tuple[int, list[str]]]]
NOT_FOUND = (404, "")
GUILD = {"id": "5", "name": "Tea", "owner_id": "9", "roles": [{"id": "5", "permissions": "8"}]}


@pytest.fixture
async def ask(tmp_path: Any) -> AsyncIterator[Ask]:
    answers: dict[str, Any] = {
        "/gateway": {"url": "ws://unused"},
        "/users/@me": {"id": "1"},
        "/applications/@me": {"id": "2"},
        "/users/@me/guilds": [],
        "/guilds/5": GUILD,
        "/guilds/5/members/1": {"roles": []},
        "/guilds/5/channels": [],
    }

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        told = answers.get(request.path, NOT_FOUND)
        if "after" in request.query:
            later = [guild for guild in told if int(guild["id"]) > int(request.query["after"])]
            told = later[: int(request.query["limit"])]
        if isinstance(told, tuple):
            return web.Response(status=told[0], text=told[1], content_type="text/html")
        return web.json_response(told)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    settings = Settings(
        token="a-token",
        api_url="http://{}:{}".format(*runner.addresses[0][:2]),
        data=tmp_path / "data",
        database_url=f"sqlite:///{tmp_path / 'data' / 'x.db'}",
        key_file=tmp_path / "key",
    )

    async def ask(changed: dict[str, Any]) -> tuple[int, list[str]]:
        answers.update(changed)
        said: list[str] = []
        return await examine(settings, said.append), said

    yield ask
    await runner.cleanup()


def _one(said: list[str], fragment: str) -> str:
    (line,) = [line for line in said if fragment in line]
    return line


async def test_commands_sent_to_a_web_address_never_reach_the_bot(ask: Ask) -> None:
    told = {"id": "2", "interactions_endpoint_url": "https://old.example/interactions"}
    code, said = await ask({"/applications/@me": told})
    assert code == 1
    assert "Interactions Endpoint URL" in _one(said, "mend  Discord sends commands")


async def test_an_invite_link_that_would_fail(ask: Ask) -> None:
    code, said = await ask({"/applications/@me": {"id": "2", "bot_require_code_grant": True}})
    assert code == 1
    assert "OAuth2 Code Grant" in _one(said, "mend  Following the invite link fails")


async def test_a_server_that_wants_two_factors(ask: Ask) -> None:
    code, said = await ask(
        {"/users/@me/guilds": [{"id": "5", "name": "Tea"}], "/guilds/5": {**GUILD, "mfa_level": 1}}
    )
    assert code == 0, said
    assert _one(said, "two-factor").startswith("look")


async def test_a_bot_in_very_many_servers_looks_at_all_of_them(ask: Ask) -> None:
    code, said = await ask({"/users/@me/guilds": [{"id": str(n), "name": "Tea"} for n in range(100, 601)]})
    assert code == 1
    assert len([line for line in said if "error 404" in line]) == 501


async def test_an_answer_that_is_no_json_is_one_line_and_the_rest_goes_on(ask: Ask) -> None:
    code, said = await ask({"/users/@me": (200, "<html>")})
    assert code == 1
    assert _one(said, "mend  Discord")
    assert _one(said, "The words in prompts/ can all")
