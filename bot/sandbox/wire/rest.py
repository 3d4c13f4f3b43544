"""One REST request from arrival to answer: who asks, how often, what goes wrong on purpose, what is stored."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from aiohttp.multipart import BodyPartReader
from simcord.backend import errors
from simcord.backend.errors import BackendError
from simcord.http.router import RequestContext, RouteNotImplemented, UnsupportedField

from bot.sandbox.store import Store
from bot.sandbox.wire.faults import Call, Dropped, Faults, Rule
from bot.sandbox.wire.frames import encode
from bot.sandbox.wire.limits import RateLimiter, Stats
from bot.sandbox.wire.nonces import Nonces
from bot.sandbox.wire.refusals import check_allowed, check_lengths, interaction_of
from bot.sandbox.wire.routes import Routes, success
from bot.sandbox.wire.shape import complete

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a bot asked for that this wire does not do. A test that leaves one behind has not tested anything."""

    kind: str
    method: str
    path: str
    detail: str


@dataclass(slots=True)
class Upload:
    """A file in a request, as simcord's handlers read it."""

    filename: str
    description: str | None
    fp: io.BytesIO


class Rest:
    """Answers everything below /api/v10."""

    def __init__(self, store: Store, token: str, stats: Stats, limiter: RateLimiter, faults: Faults) -> None:
        self._store = store
        self._authorization = f"Bot {token}"
        self._stats = stats
        self._limiter = limiter
        self.faults = faults
        self._routes = Routes()
        self.nonces = Nonces()
        self.gaps: list[Gap] = []
        self.record = False
        self.recorded: list[tuple[str, str, Any, int, Any]] = []
        self.reads_content = True

    async def serve(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Answer one request; `path` is what follows /api/v10, still percent-encoded."""
        stats = self._stats
        stats.requests += 1
        segments = [unquote(part) for part in path.strip("/").split("/")]
        call = Call(request.method, "/" + "/".join(segments))
        exempt = segments[0] in ("interactions", "webhooks") and len(segments) > 2
        headers: Mapping[str, str] = {}
        if not exempt and request.headers.get("Authorization") != self._authorization:
            call.status, call.answer = 401, {"message": "401: Unauthorized", "code": 0}
        else:
            wall = self._store.clock.now().timestamp()
            verdict = self._limiter.take(call.method, segments, exempt=exempt, wall=wall)
            headers = verdict.headers
            if verdict.retry_after is not None:
                stats.http_429 += 1
                stats.global_429 += verdict.everywhere
                stats.channel_429 += not verdict.everywhere
                call.status = 429
                call.answer = {
                    "message": "You are being rate limited.",
                    "retry_after": round(verdict.retry_after, 3),
                    "global": verdict.everywhere,
                    "code": 0,
                }
            else:
                await self._carry_out(request, segments, call)
        if self.record:
            self.recorded.append((call.method, call.path, call.json, call.status or 0, call.answer))
        return await self._answer(request, call, headers)

    async def _answer(self, request: web.BaseRequest, call: Call, headers: Mapping[str, str]) -> web.Response:
        status = call.status or 204
        self._stats.by_status[status] = self._stats.by_status.get(status, 0) + 1
        if status in (401, 403, 429):
            self._stats.invalid += 1
        # discord.py takes an answer without Via for a ban by Cloudflare.
        sent = {**headers, "Via": "1.1 rehearsal"}
        if status == 204:
            response = web.Response(status=204, headers=sent)
        else:
            sent["Content-Type"] = "application/json"
            response = web.Response(status=status, body=encode(call.answer).encode(), headers=sent)
        if self.faults.on_request is not None:
            try:
                await response.prepare(request)
                await response.write_eof()
            except ConnectionError:
                # Whoever asked is gone (a crash test may have seen to that); there was no answer.
                raise Dropped from None
            await self.faults.on_request("answered", call)
        return response

    async def _carry_out(self, request: web.BaseRequest, segments: list[str], call: Call) -> None:
        files: list[Upload] = []
        try:
            call.json, files = await _read_body(request)
        except ValueError as wrong:
            call.status, call.answer = 400, {"message": f"400: Bad Request: {wrong}", "code": 50109}
            return
        if self.faults.on_request is not None:
            await self.faults.on_request("arrived", call)
        if (rule := self.faults.match("before", call)) and await self._strike(rule, call):
            return
        self._dispatch(request, segments, call, files)
        if self.faults.on_request is not None:
            await self.faults.on_request("stored", call)
        if rule := self.faults.match("after", call):
            await self._strike(rule, call)

    async def _strike(self, rule: Rule, call: Call) -> bool:
        """Do what a rule says; True when the request goes no further."""
        if rule.what == "error":
            call.status, call.answer = rule.status, {"message": rule.message, "code": rule.code}
            return True
        if rule.what == "drop":
            raise Dropped
        await rule.pause()
        return False

    def _dispatch(
        self, request: web.BaseRequest, segments: list[str], call: Call, files: list[Upload]
    ) -> None:
        try:
            handler, args = self._routes.find(call.method, segments)
            params = dict(request.query)
            reason = request.headers.get("X-Audit-Log-Reason")
            context = RequestContext(
                self._store,
                args,
                json=call.json,
                params=params,
                files=list(files),
                reason=unquote(reason) if reason else None,
                method=call.method,
                path=call.path,
                message_content_access=self.reads_content,
            )
            exchange = interaction_of(self._store, call.method, segments)
            check_allowed(self._store, call.method, segments, args, exchange)
            check_lengths(call.method, segments, call.json)
            answer = self.nonces.carry_out(self._store, segments, context, handler)
            if exchange is not None:
                exchange.refresh()
                if segments[0] == "interactions" and params.get("with_response", "").lower() not in (
                    "1",
                    "true",
                ):
                    answer = None
            complete(answer)
            call.status, call.answer = success(call.method, segments, answer), answer
        except RouteNotImplemented:
            self._gap("route", call, "no such route")
            call.status, call.answer = 404, {"message": "404: Not Found", "code": 0}
        except UnsupportedField as field:
            self._gap("field", call, ", ".join(field.fields))
            self._refuse(call, errors.invalid_form_body(f"unsupported: {', '.join(field.fields)}"))
        except BackendError as error:
            self._refuse(call, error)
        except Exception as wrong:
            # simcord's handlers read some fields without checking them first.
            log.exception("The wire could not make sense of %s %s", call.method, call.path)
            self._gap("body", call, repr(wrong))
            self._refuse(call, errors.invalid_form_body(repr(wrong)))

    def _gap(self, kind: str, call: Call, detail: str) -> None:
        log.error("The rehearsal's Discord has a gap: %s %s (%s): %s", call.method, call.path, kind, detail)
        self.gaps.append(Gap(kind, call.method, call.path, detail))

    @staticmethod
    def _refuse(call: Call, error: BackendError) -> None:
        call.status, call.answer = error.status, error.to_json()


async def _read_body(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    if not request.can_read_body:
        return None, []
    kind = request.headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        return await _read_multipart(request)
    raw = await request.read()
    if not raw:
        return None, []
    if kind != "application/json":
        raise ValueError("the body's Content-Type must be exactly application/json")
    return json.loads(raw), []


async def _read_multipart(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    body: dict[str, Any] | None = None
    fields: dict[str, Any] = {}
    uploads: list[tuple[str, Upload]] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise ValueError("a multipart body has no multiparts inside")
        data = bytes(await part.read(decode=True))
        name = part.name or ""
        if name == "payload_json":
            body = json.loads(data)
        elif part.filename is not None:
            uploads.append((name, Upload(part.filename, None, io.BytesIO(data))))
        else:
            fields[name] = data.decode()
    carrier: dict[str, Any] = (body or {}).get("data") or body or {}
    declared: list[dict[str, Any]] = carrier.get("attachments") or []
    described = {f"files[{a['id']}]": a.get("description") for a in declared}
    for name, upload in uploads:
        upload.description = described.get(name)
    return body if body is not None else (fields or None), [upload for _, upload in uploads]
