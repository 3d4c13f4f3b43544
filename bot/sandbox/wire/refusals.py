"""What Discord refuses that simcord lets pass: late answers, closed direct messages, servers without the bot."""

from __future__ import annotations

from simcord.backend import errors
from simcord.backend.errors import BackendError
from simcord.enums import ChannelType

from bot.sandbox.exchange import Exchange
from bot.sandbox.store import Store


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
