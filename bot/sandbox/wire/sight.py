"""What a bot is not shown: other people's words in servers without the content intent, and member lists."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

import discord
from simcord.intents import censor_message, prune_guild_create

from bot.sandbox.store import Store


def pruned_guild(payload: Mapping[str, Any], intents: discord.Intents, bot_id: int) -> dict[str, Any]:
    """A GUILD_CREATE with only the members Discord would put in it."""
    shown = dict(payload)
    prune_guild_create(shown, intents, bot_id)
    return shown


def shown_content(event: str, payload: Mapping[str, Any], store: Store) -> Mapping[str, Any]:
    """An event as a bot without the message content intent receives it; the world's own copy stays whole."""
    bot = store.bot_user.id
    if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        if payload.get("guild_id") is None and not payload.get("referenced_message"):
            return payload
        shown = _loose(payload)
        censor_message(shown, bot, backend=store)
        return shown
    if event != "INTERACTION_CREATE":
        return payload
    data = cast("dict[str, Any]", payload.get("data") or {})
    resolved: dict[str, Any] = data.get("resolved") or {}
    messages: dict[str, Any] = resolved.get("messages") or {}
    if not messages and payload.get("type") not in (3, 5):
        return payload
    shown = dict(payload)
    if isinstance(shown.get("message"), dict):
        shown["message"] = _loose(shown["message"])
        censor_message(shown["message"], bot, backend=store, exempt_root=True)
    if messages:
        shown["data"] = data = copy.deepcopy(data)
        for message_id, message in data["resolved"]["messages"].items():
            chosen = data.get("type") == 3 and str(data.get("target_id")) == message_id
            censor_message(message, bot, backend=store, exempt_root=chosen)
    return shown


def _loose(message: Mapping[str, Any]) -> dict[str, Any]:
    # Only what censoring writes to is copied.
    loose = dict(message)
    if isinstance(loose.get("referenced_message"), dict):
        loose["referenced_message"] = _loose(loose["referenced_message"])
    if loose.get("message_snapshots"):
        loose["message_snapshots"] = copy.deepcopy(loose["message_snapshots"])
    return loose
