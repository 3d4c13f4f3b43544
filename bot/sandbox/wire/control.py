"""Remote control of a rehearsal, for tests and benches in other processes: POST /_rehearsal/... with JSON.

Every request carries the header `X-Rehearsal-Token` (Wire.control_token). People are named by their `name`.
Answers are JSON; a human's impossibility is 409 {"cannot": reason}.

    people                                      {name: {id, display_name, dm_id}}
    guilds                                      [{id, name, channels: [{id, name, type}]}]
    send      {who, channel_id, text, reply_to} {id}; channel_id "dm" opens the direct messages
    slash     {who, channel_id, command, options}   an exchange
    press     {who, message_id, custom_id}          an exchange
    choose    {who, message_id, custom_id, values}  an exchange
    submit    {who, exchange, answers}              an exchange
    exchange  {id}                              the exchange as it is now
    messages  {channel_id, after}               all that the server holds, ephemeral too, oldest first
    fault     the fields of faults.Rule, or {code, path, times}
    clear-faults, forget-nonces, forget-limits  {}
    gateway   {do: "drop" | "reconnect" | "invalidate"}
    set       {nonce_lifetime, per_second, messages: [count, seconds], answer_within, allow_dms: [who, bool],
               clock: ISO instant, advance: seconds}
    record    {on}                              start (afresh) or stop keeping requests and their answers
    recorded                                    [[method, path, body, status, answer]]
    stats                                       counters and gaps

`slash`, `press`, `choose` and `submit` wait for the bot's answer (or its failure) unless {"wait": false}.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from simcord.backend import serializers

from bot.clock import MovableClock
from bot.sandbox.exchange import Exchange
from bot.sandbox.people import CannotDo, Person
from bot.sandbox.wire.faults import rule_from
from bot.sandbox.wire.gateway import Gateway
from bot.sandbox.wire.limits import RateLimiter, Stats
from bot.sandbox.wire.rest import Rest
from bot.sandbox.world import World

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_Act = Callable[[dict[str, Any]], Awaitable[Any]]


class Control:
    """Carries out what another process asks."""

    def __init__(
        self, world: World, rest: Rest, gateway: Gateway, limiter: RateLimiter, stats: Stats, token: str
    ) -> None:
        self._world = world
        self._rest = rest
        self._gateway = gateway
        self._limiter = limiter
        self._counted = stats
        self._token = token
        self._acts: dict[str, _Act] = {
            "people": self._people,
            "guilds": self._guilds,
            "send": self._send,
            "slash": self._slash,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
            "exchange": self._exchange,
            "messages": self._messages,
            "fault": self._fault,
            "clear-faults": self._clear_faults,
            "forget-nonces": self._forget_nonces,
            "forget-limits": self._forget_limits,
            "gateway": self._interrupt,
            "set": self._set,
            "record": self._record,
            "recorded": self._recorded,
            "stats": self._stats,
        }

    async def serve(self, request: web.BaseRequest, name: str) -> web.Response:
        """Answer one request."""
        # Another web page must not reach this by naming 127.0.0.1 as its own, nor by a form.
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).hostname not in _LOCAL
        if host not in _LOCAL or foreign or request.headers.get("X-Rehearsal-Token") != self._token:
            return web.json_response({"cannot": "not allowed"}, status=403)
        act = self._acts.get(name)
        if act is None or request.method != "POST":
            return web.json_response({"cannot": f"no such thing as POST {name}"}, status=404)
        try:
            fields = json.loads(await request.read() or b"{}")
            return web.json_response(await act(fields))
        except CannotDo as why:
            return web.json_response({"cannot": why.reason}, status=409)
        except (KeyError, ValueError, TypeError) as wrong:
            return web.json_response({"cannot": repr(wrong)}, status=400)

    def _who(self, fields: dict[str, Any]) -> Person:
        return self._world.people[fields["who"]]

    async def _channel(self, fields: dict[str, Any]) -> int:
        if fields["channel_id"] == "dm":
            return await self._who(fields).open_dm()
        return int(fields["channel_id"])

    async def _people(self, fields: dict[str, Any]) -> Any:
        return {
            name: {
                "id": str(p.id),
                "display_name": p.display_name,
                "dm_id": str(p.dm_id) if p.dm_id else None,
            }
            for name, p in self._world.people.items()
        }

    async def _guilds(self, fields: dict[str, Any]) -> Any:
        store = self._world.backend
        return [
            {
                "id": str(guild.id),
                "name": guild.name,
                "channels": [
                    {"id": str(i), "name": store.channels[i].name, "type": int(store.channels[i].type)}
                    for i in guild.channel_ids
                ],
            }
            for guild in store.guilds.values()
        ]

    async def _send(self, fields: dict[str, Any]) -> Any:
        reply_to = fields.get("reply_to")
        sent = await self._who(fields).send(
            await self._channel(fields), fields.get("text", ""), reply_to=int(reply_to) if reply_to else None
        )
        return {"id": str(sent)}

    async def _slash(self, fields: dict[str, Any]) -> Any:
        channel_id = await self._channel(fields)
        return await _told(
            fields, await self._who(fields).slash(channel_id, fields["command"], fields.get("options"))
        )

    async def _press(self, fields: dict[str, Any]) -> Any:
        return await _told(
            fields, await self._who(fields).press(int(fields["message_id"]), fields["custom_id"])
        )

    async def _choose(self, fields: dict[str, Any]) -> Any:
        person, message_id = self._who(fields), int(fields["message_id"])
        return await _told(fields, await person.choose(message_id, fields["custom_id"], fields["values"]))

    async def _submit(self, fields: dict[str, Any]) -> Any:
        exchange = await self._who(fields).submit(int(fields["exchange"]), fields["answers"])
        return await _told(fields, exchange)

    async def _exchange(self, fields: dict[str, Any]) -> Any:
        return _as_json(self._world.backend.exchanges[int(fields["id"])])

    async def _messages(self, fields: dict[str, Any]) -> Any:
        store = self._world.backend
        after = int(fields.get("after", 0))
        return [
            dict(serializers.message_payload(store, message))
            for message in store.messages[int(fields["channel_id"])].values()
            if message.id > after
        ]

    async def _fault(self, fields: dict[str, Any]) -> Any:
        self._rest.faults.add(rule_from(fields))
        return {}

    async def _clear_faults(self, fields: dict[str, Any]) -> Any:
        self._rest.faults.clear()
        return {}

    async def _forget_nonces(self, fields: dict[str, Any]) -> Any:
        self._rest.nonces.forget()
        return {}

    async def _forget_limits(self, fields: dict[str, Any]) -> Any:
        self._limiter.forget()
        return {}

    async def _interrupt(self, fields: dict[str, Any]) -> Any:
        gateway = self._gateway
        if fields["do"] == "drop":
            await gateway.drop()
        elif fields["do"] == "reconnect":
            gateway.ask_to_reconnect()
        elif fields["do"] == "invalidate":
            gateway.invalidate()
        else:
            raise ValueError(fields["do"])
        return {}

    async def _set(self, fields: dict[str, Any]) -> Any:
        if "nonce_lifetime" in fields:
            self._rest.nonces.lifetime = float(fields["nonce_lifetime"])
        if "per_second" in fields:
            self._limiter.limits.per_second = fields["per_second"]
        if "messages" in fields:
            rule = fields["messages"]
            self._limiter.limits.messages = None if rule is None else (int(rule[0]), float(rule[1]))
        if "answer_within" in fields:
            self._world.backend.answer_within = float(fields["answer_within"])
        if "allow_dms" in fields:
            name, allowed = fields["allow_dms"]
            self._world.people[name].allow_dms = bool(allowed)
        if "clock" in fields or "advance" in fields:
            clock = self._world.clock
            if not isinstance(clock, MovableClock):
                raise ValueError("this rehearsal's clock cannot be moved")
            start = datetime.fromisoformat(fields["clock"]) if "clock" in fields else clock.now()
            clock.move_to(start + timedelta(seconds=fields.get("advance", 0)))
        return {"now": self._world.clock.now().isoformat()}

    async def _record(self, fields: dict[str, Any]) -> Any:
        self._rest.record = bool(fields["on"])
        if self._rest.record:
            self._rest.recorded.clear()
        return {}

    async def _recorded(self, fields: dict[str, Any]) -> Any:
        return self._rest.recorded

    async def _stats(self, fields: dict[str, Any]) -> Any:
        gaps = [dataclasses.asdict(gap) for gap in self._rest.gaps]
        return {**dataclasses.asdict(self._counted), "gaps": gaps}


async def _told(fields: dict[str, Any], exchange: Exchange) -> Any:
    if fields.get("wait", True):
        await exchange.wait()
    return _as_json(exchange)


def _as_json(exchange: Exchange) -> dict[str, Any]:
    return {
        "id": str(exchange.id),
        "answered": exchange.answered.is_set(),
        "error": exchange.error,
        "deferred": exchange.deferred,
        "ephemeral": exchange.ephemeral,
        "modal": exchange.modal,
        "messages": exchange.messages,
    }
