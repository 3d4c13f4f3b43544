"""Which handler answers which request: simcord's table, and the few routes it lacks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from simcord.backend import errors, serializers
from simcord.http import router as _router
from simcord.http.router import RequestContext, RouteNotImplemented
from simcord.http.routes.messages import get_history

from bot.sandbox.store import Store

Handler = Callable[[RequestContext], Any]

# Every answer is 200 with a body or 204 without, but for these.
_CREATED = {
    ("POST", "guilds", "channels"),
    ("POST", "guilds", "emojis"),
    ("POST", "guilds", "stickers"),
    ("POST", "channels", "threads"),
    ("POST", "applications", "emojis"),
}


class Routes:
    """Finds the handler of a request by its path's segments."""

    def __init__(self) -> None:
        # Importing the handlers is what fills the table.
        importlib.import_module("simcord.http.routes")
        self._table: dict[tuple[str, int, str], list[tuple[list[str], Handler]]] = {}
        table = cast("dict[str, list[tuple[list[str], Handler]]]", vars(_router)["_ROUTES"])
        for method, rows in table.items():
            for template, handler in rows:
                self._add(method, template, handler)
        for (method, template), handler in _EXTRA.items():
            self._add(method, template.strip("/").split("/"), handler)

    def _add(self, method: str, template: list[str], handler: Handler) -> None:
        self._table.setdefault((method, len(template), template[0]), []).insert(0, (template, handler))

    def find(self, method: str, segments: list[str]) -> tuple[Handler, dict[str, str]]:
        """The most literal match and its arguments; RouteNotImplemented when there is none."""
        best: tuple[int, Handler, dict[str, str]] | None = None
        for template, handler in self._table.get((method, len(segments), segments[0]), ()):
            literals, args = 0, dict[str, str]()
            for pattern, segment in zip(template, segments, strict=True):
                if pattern[0] == "{":
                    args[pattern[1:-1]] = segment
                elif pattern == segment:
                    literals += 1
                else:
                    break
            else:
                if best is None or literals > best[0]:
                    best = (literals, handler, args)
        if best is None:
            raise RouteNotImplemented(method, "/" + "/".join(segments))
        return best[1], best[2]


def success(method: str, segments: list[str], answer: Any) -> int:
    """The status Discord gives a request that went well."""
    if answer is None:
        return 204
    last = segments[-1] if len(segments) > 1 else ""
    return 201 if (method, segments[0], last) in _CREATED else 200


def _own_application(ctx: RequestContext) -> Any:
    store = cast("Store", ctx.backend)
    bot: dict[str, Any] = dict(serializers.user_payload(store.bot_user))
    return {
        "id": str(store.application_id),
        "name": store.bot_user.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": bot,
        "flags": 0,
        "team": None,
        "bot": bot,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": len(store.mutual(store.bot_user.id)),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "eligible_oauth2_scopes": [],
        "flags_new": "0",
        "event_webhooks_status": 1,
        "explicit_content_filter": 0,
    }


def _search_members(ctx: RequestContext) -> Any:
    guild = ctx.backend.get_guild(ctx.int_arg("guild_id"))
    prefix, limit = str(ctx.params["query"]).lower(), int(ctx.params.get("limit", 1))
    found = [
        serializers.member_payload(ctx.backend, guild, member)
        for member in guild.members.values()
        if any(
            name.lower().startswith(prefix)
            for name in (ctx.backend.users[member.user_id].name, member.nick or "")
        )
    ]
    return found[:limit]


def _scope(ctx: RequestContext) -> dict[tuple[str, int], dict[str, Any]]:
    guild_id = int(ctx.args["guild_id"]) if "guild_id" in ctx.args else None
    return ctx.backend.commands.setdefault(guild_id, {})


def _one_command(ctx: RequestContext) -> Any:
    for command in _scope(ctx).values():
        if command["id"] == ctx.args["command_id"]:
            return command
    raise errors.BackendError(404, 10063, "Unknown application command")


def _delete_command(ctx: RequestContext) -> None:
    command = _one_command(ctx)
    del _scope(ctx)[command["name"], command["type"]]


def _own_guilds(ctx: RequestContext) -> Any:
    store = cast("Store", ctx.backend)
    shared = sorted(store.mutual(store.bot_user.id), key=lambda guild: guild.id)
    after, before = int(ctx.params.get("after", 0)), int(ctx.params.get("before", 1 << 63))
    listed: list[dict[str, Any]] = [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == store.bot_user.id,
            "permissions": str(store.compute_permissions(guild.id, store.bot_user.id)),
            "features": [],
        }
        for guild in shared
        if after < guild.id < before
    ]
    return listed[: int(ctx.params.get("limit", 200))]


def _history(ctx: RequestContext) -> Any:
    """As simcord's, but "after" gives what comes next, not what is newest: clients page forward with it."""
    after = ctx.params.get("after")
    if after is None:
        return get_history(ctx)
    kept = ctx.backend.messages.get(ctx.int_arg("channel_id"), {}).values()
    following = sorted(m.id for m in kept if not m.is_ephemeral and m.id > int(after))
    page = following[: int(ctx.params.get("limit", 50))]
    if not page:
        return get_history(replace(ctx, params={"limit": "1", "after": after}))
    return get_history(replace(ctx, params={"limit": str(len(page)), "before": str(page[-1] + 1)}))


_EXTRA: dict[tuple[str, str], Handler] = {
    ("GET", "/channels/{channel_id}/messages"): _history,
    ("GET", "/applications/@me"): _own_application,
    ("GET", "/oauth2/applications/@me"): _own_application,
    ("GET", "/users/@me/guilds"): _own_guilds,
    ("GET", "/guilds/{guild_id}/members/search"): _search_members,
    ("GET", "/applications/{application_id}/commands/{command_id}"): _one_command,
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}"): _one_command,
    ("DELETE", "/applications/{application_id}/commands/{command_id}"): _delete_command,
    ("DELETE", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}"): _delete_command,
}
