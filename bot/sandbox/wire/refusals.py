"""What Discord refuses that simcord lets pass: late answers, closed direct messages, what is too long."""

from __future__ import annotations

import re
from typing import Any, cast

from simcord.backend import errors
from simcord.backend.errors import BackendError
from simcord.enums import CallbackType, ChannelType

from bot.sandbox.exchange import Exchange
from bot.sandbox.store import Store

_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")


def interaction_of(store: Store, method: str, segments: list[str]) -> Exchange | None:
    """The exchange a request answers or follows up, if it is that kind of request."""
    if segments[0] == "interactions" and len(segments) == 4 and segments[1].isdecimal():
        return store.exchanges.get(int(segments[1]))
    if segments[0] == "webhooks" and len(segments) > 2:
        return store.exchanges.get(store.interaction_tokens.get(segments[2], 0))
    return None


def check_allowed(
    store: Store, method: str, segments: list[str], args: dict[str, str], exchange: Exchange | None
) -> None:
    """Raise what Discord would answer, or return."""
    if exchange is not None:
        _check_in_time(store, segments, exchange)
        return
    guild_id = args.get("guild_id")
    if guild_id is not None and guild_id.isdecimal() and int(guild_id) in store.guilds:
        if not store.bot_in(int(guild_id)):
            raise (
                errors.unknown_guild() if method == "GET" and len(segments) == 2 else errors.missing_access()
            )
        return
    if segments[0] == "channels" and len(segments) > 1 and segments[1].isdecimal():
        _check_channel(store, method, segments)


def check_lengths(method: str, segments: list[str], body: Any) -> None:
    """Refuse commands and suggestions that are longer or more than Discord takes."""
    if method == "PUT" and segments[0] == "applications" and segments[-1] == "commands":
        for command in cast("list[dict[str, Any]]", body or []):
            _check_command(command, depth=0)
    elif (
        segments[0] == "interactions"
        and body
        and body.get("type") == CallbackType.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT
    ):
        data: dict[str, Any] = body.get("data") or {}
        choices: list[dict[str, Any]] = data.get("choices") or []
        _at_most(len(choices), 25, "choices")
        for choice in choices:
            _check_choice(choice)


def _check_command(command: dict[str, Any], depth: int) -> None:
    name = str(command["name"])
    if command.get("type", 1) == 1 or depth:
        if not _COMMAND_NAME.fullmatch(name) or name != name.lower():
            raise errors.invalid_form_body(f"{name}: not a name for a command or an option")
        description = str(command.get("description", ""))
        if not 1 <= len(description) <= 100:
            raise errors.invalid_form_body(f"{name}: a description has 1 to 100 characters")
    options: list[dict[str, Any]] = command.get("options") or []
    _at_most(len(options), 25, f"{name}: options")
    for option in options:
        _check_command(option, depth + 1)
    choices: list[dict[str, Any]] = command.get("choices") or []
    _at_most(len(choices), 25, f"{name}: choices")
    for choice in choices:
        _check_choice(choice)


def _check_choice(choice: dict[str, Any]) -> None:
    if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
        raise errors.invalid_form_body(f"{choice['name']}: a choice has 1 to 100 characters")


def _at_most(count: int, most: int, what: str) -> None:
    if count > most:
        raise errors.invalid_form_body(f"{what}: at most {most}")


def _check_in_time(store: Store, segments: list[str], exchange: Exchange) -> None:
    answered = exchange.record.responded
    if segments[0] == "interactions":
        if not answered and (exchange.error is not None or exchange.age >= store.answer_within):
            raise errors.unknown_interaction()
        if exchange.age >= store.token_life:
            raise errors.unknown_interaction()
    elif exchange.age >= store.token_life:
        raise BackendError(401, 50027, "Invalid Webhook Token")
    elif not answered:
        raise errors.unknown_webhook()


def _check_channel(store: Store, method: str, segments: list[str]) -> None:
    channel = store.channels.get(int(segments[1]))
    if channel is None:
        return
    if channel.guild_id is not None:
        if not store.bot_in(channel.guild_id):
            raise errors.missing_access()
        return
    if channel.type == ChannelType.DM and method == "POST" and segments[2:] == ["messages"]:
        person_id = channel.recipient_ids[0]
        if person_id in store.closed_to_bots:
            raise BackendError(403, 50007, "Cannot send messages to this user")
        if not store.mutual(person_id):
            raise BackendError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")
