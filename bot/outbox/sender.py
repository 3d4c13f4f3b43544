"""The only place that creates messages the bot starts itself, and puts them right."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import aiohttp
import discord

from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, State

log = logging.getLogger("reallyok.outbox")

# Discord's error numbers: https://discord.com/developers/docs/topics/opcodes-and-status-codes
NO_MESSAGE = 10008
CANNOT_DM = frozenset({50007, 50278})  # the member takes no DMs from this bot, or shares no server with it
OPENING_DMS_TOO_FAST = 40003
NO_ACCESS = 50001  # the channel is hidden from the bot; 50013 is any other permission
TO_POST = ("view_channel", "send_messages")
"""What posting in a channel takes, by discord.py's names."""
LOOK_BACK = 100

Render = Callable[[Outbox], Mapping[str, Any]]


class DiscordSender:
    """Sends an outbox row through discord.py with its nonce, or edits a message with it; finds it again by its support button."""

    def __init__(self, client: discord.Client, render: Render) -> None:
        self._client = client
        self._render = render
        self._last_ids: dict[int, int] = {}
        self.networks: dict[int, tuple[int, str]] = {}
        """Which network, and in which language, last spoke in a channel since the start: words there may answer it."""

    @property
    def last_ids(self) -> Mapping[int, int]:
        return self._last_ids

    def saw(self, channel_id: int, message_id: int) -> None:
        """Remember a message as known, so that a look need not go further back."""
        if message_id > self._last_ids.get(channel_id, 0):
            self._last_ids[channel_id] = message_id

    async def send(self, row: Outbox) -> Ending:
        channel = self._client.get_partial_messageable(row.channel_id)
        try:
            drawn = dict(self._render(row))
        except Exception as error:
            # Tried again it would fail again, for ever, and hold up everything else for that channel.
            log.error(
                "The words of %s cannot be put together.", row.template.partition("#")[0], exc_info=error
            )
            return Ending(State.REFUSED, error=f"words: {type(error).__name__}"[:80])
        try:
            if row.edits_id is None:
                message = await channel.send(**drawn, nonce=row.nonce)
            else:
                drawn.pop("suppress_embeds", None)  # an edit leaves that as it was
                message = await channel.get_partial_message(row.edits_id).edit(**drawn)
        except discord.HTTPException as error:
            return self._read(row, error)
        except (OSError, aiohttp.ClientError):
            return Ending(State.SENDING, error="connection lost")
        self.saw(row.channel_id, message.id)
        if row.network_id:
            self.networks[row.channel_id] = row.network_id, row.language
        return Ending(State.SENT, message.id)

    async def look(self, row: Outbox) -> Ending | None:
        if row.edits_id is not None:
            return None  # done again, an edit changes nothing
        channel = self._client.get_partial_messageable(row.channel_id)
        try:
            message_id = await lost_in(channel, row.nonce, row.after_id)
        except discord.Forbidden:
            # Nothing can be seen here; the nonce alone must keep a repeat away.
            log.warning(
                "The bot may not read a channel's history, so it cannot look for a lost message there."
            )
        except discord.NotFound as error:
            return Ending(State.GONE, error=str(error.code))
        except (discord.HTTPException, OSError, aiohttp.ClientError):
            return Ending(State.SENDING, error="could not look")
        else:
            if message_id is not None:
                self.saw(row.channel_id, message_id)
                return Ending(State.SENT, message_id)
        return None

    def _read(self, row: Outbox, error: discord.HTTPException) -> Ending:
        if error.code in CANNOT_DM:
            return Ending(State.UNDELIVERABLE, error=str(error.code))
        if error.code == OPENING_DMS_TOO_FAST or error.status == 429 or error.status >= 500:
            return Ending(State.SENDING, error=str(error.code or error.status))
        if error.status == 403:
            return Ending(State.FORBIDDEN, error=" ".join([str(error.code), *self._lacking(row, error.code)]))
        if error.code == NO_MESSAGE and row.edits_id is not None:
            # Somebody deleted it: there is nothing to put right.
            return Ending(State.EXPIRED, error=str(error.code))
        if error.status == 404:
            return Ending(State.GONE, error=str(error.code))
        if error.status == 401:
            return Ending(State.SENDING, error="token refused")
        return Ending(State.REFUSED, error=str(error.code or error.status))

    def _lacking(self, row: Outbox, code: int) -> list[str]:
        """Which permissions are missing in a channel that was refused; by Discord's number where we see none missing."""
        channel, lacking = self._client.get_channel(row.channel_id), list[str]()
        if row.user_id is not None:
            return lacking
        if isinstance(channel, discord.abc.GuildChannel):
            # Not the channel's own reckoning, in which a hidden channel lacks everything else too.
            held = discord.abc.GuildChannel.permissions_for(channel, channel.guild.me)
            lacking = [name for name in TO_POST if not getattr(held, name)]
        return lacking or [TO_POST[0] if code == NO_ACCESS else TO_POST[1]]


async def lost_in(channel: discord.PartialMessageable, mark: str, after_id: int | None) -> int | None:
    """The message whose buttons carry a mark, of those after another, or of the latest hundred. Raises as discord.py."""
    after = discord.Object(after_id) if after_id else None
    limit = None if after else LOOK_BACK
    async for message in channel.history(limit=limit, after=after, oldest_first=after is not None):
        if any(mark in custom_id.split(":") for custom_id in custom_ids(message.components)):
            return message.id
    return None


def custom_ids(components: Iterable[Any]) -> Iterator[str]:
    """Every custom id in a message, however deep its layout."""
    for component in components:
        custom_id = getattr(component, "custom_id", None)
        if custom_id:
            yield custom_id
        yield from custom_ids(getattr(component, "children", None) or ())
        accessory = getattr(component, "accessory", None)
        if accessory is not None:
            yield from custom_ids([accessory])
