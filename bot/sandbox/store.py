"""The world's facts: simcord's Discord state, with ids from a moving clock and nothing that grows for ever."""

from __future__ import annotations

import copy
import re
import secrets
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import discord
from simcord.backend import Backend, errors, serializers
from simcord.backend.access import channel_accessible
from simcord.backend.cdn import CDN_BASE, CdnStore
from simcord.backend.models import Guild, Interaction, Member, Message, Role
from simcord.enums import InteractionType

from bot.clock import Clock, MovableClock
from bot.sandbox.exchange import Exchange

Watcher = Callable[[str, Mapping[str, Any]], None]

_EPOCH_MS = 1420070400000
_EVERYONE = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    add_reactions=True,
    embed_links=True,
    attach_files=True,
    external_emojis=True,
    change_nickname=True,
    connect=True,
    speak=True,
    use_application_commands=True,
    create_public_threads=True,
).value


class Files(CdnStore):
    """Uploaded files. Their addresses start with `base`, which the wire sets to its own when it starts."""

    def __init__(self) -> None:
        super().__init__()
        self.base = CDN_BASE

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        # As Discord does, so that every name can stand in an address.
        filename = re.sub(r"[^\w.-]+", "_", filename)
        stored = super().store_attachment(attachment_id, channel_id, filename, data, description)
        stored["url"] = stored["proxy_url"] = self.base + str(stored["url"]).removeprefix(CDN_BASE)
        return stored

    def get(self, url: str) -> bytes | None:
        return super().get(CDN_BASE + url.removeprefix(self.base))


class Store(Backend):
    """Everything that exists in the rehearsal. Ids carry the clock's time and never repeat."""

    clock: Any
    """simcord's own kind of clock, or ours: both know the present and nothing else is asked of them."""

    def __init__(self, clock: Clock, bot_name: str) -> None:
        self._last_ms = 0
        self._past_ms = 0
        self.watchers: list[Watcher] = []
        self.exchanges: dict[int, Exchange] = {}
        self.answer_within = 3.0
        self.token_life = 900.0
        self.closed_to_bots: set[int] = set()
        """People who take no direct messages from bots."""
        self.nonce: str | int | None = None
        """The nonce of the message being stored, so that its announcement carries it."""
        super().__init__(clock=cast("Any", clock))
        self.cdn = self.files = Files()
        self.transcript = cast("Any", deque[Any](maxlen=0))
        self.http_requests = cast("Any", deque[Any](maxlen=0))
        self.bot_user.name = bot_name

    def snowflake(self) -> int:
        """A new id. The millisecond always moves on, so ids stay in order when the clock stands still or goes back."""
        now = int(self.clock.now().timestamp() * 1000) - _EPOCH_MS
        self._last_ms = max(now, self._last_ms + 1)
        return self._last_ms << 22

    @contextmanager
    def dated(self, instant: datetime) -> Generator[None, None, None]:
        """Let what happens inside have happened at `instant`, in the past. To be used in order of time."""
        present = self.clock, self._last_ms
        self.clock, self._last_ms = cast("Any", MovableClock(instant, ticking=False)), self._past_ms
        try:
            yield
        finally:
            self._past_ms = self._last_ms
            self.clock, self._last_ms = present

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        for listener in self.subscribers:
            listener(event, payload)
        self.tell(event, payload)

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Tell those who watch the world (the page), and no bot."""
        for watcher in list(self.watchers):
            watcher(event, payload)

    # Servers. The bot is not a member until it is invited, and people stay when it leaves.

    def found_guild(self, name: str, owner_id: int) -> Guild:
        """A new server without the bot."""
        guild = Guild(id=self.snowflake(), name=name, owner_id=owner_id, preferred_locale="en-GB")
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=_EVERYONE)
        self.guilds[guild.id] = guild
        self.add_member(guild.id, owner_id)
        return guild

    def bot_in(self, guild_id: int) -> bool:
        """Whether the bot is a member of that server."""
        guild = self.guilds.get(guild_id)
        return guild is not None and self.bot_user.id in guild.members

    def invite_bot(self, guild_id: int, permissions: int) -> None:
        """Add the bot with a role of its own, as following an invitation link does."""
        guild = self.get_guild(guild_id)
        role = Role(
            id=self.snowflake(),
            name=self.bot_user.name,
            permissions=permissions,
            position=1 + max(r.position for r in guild.roles.values()),
            managed=True,
        )
        guild.roles[role.id] = role
        guild.members[self.bot_user.id] = Member(self.bot_user.id, [role.id], joined_at=self.now_iso())
        payload = dict(serializers.guild_create_payload(self, guild))
        # Present (and false) only for a server that was known before: by this a client tells joining from waking up.
        payload.pop("unavailable", None)
        self.emit("GUILD_CREATE", payload)

    def remove_guild(self, guild_id: int) -> None:
        """The bot leaves or is thrown out: it loses the server, which goes on without it."""
        guild = self.get_guild(guild_id)
        member = guild.members.pop(self.bot_user.id, None)
        for role_id in member.role_ids if member else ():
            if role_id in guild.roles and guild.roles[role_id].managed:
                del guild.roles[role_id]
        self.emit("GUILD_DELETE", {"id": str(guild_id)})

    def mutual(self, user_id: int) -> list[Guild]:
        """The servers this user shares with the bot."""
        return [g for g in self.guilds.values() if user_id in g.members and self.bot_user.id in g.members]

    # Messages.

    def announce_message_create(self, message: Message) -> None:
        channel = self.get_channel(message.channel_id)
        payload: dict[str, Any] = dict(serializers.message_payload(self, message))
        payload["channel_type"] = channel.type
        if self.nonce is not None:
            payload["nonce"] = self.nonce
        if channel.guild_id is not None:
            guild = self.guilds[channel.guild_id]
            member = guild.members.get(message.author_id)
            if member is not None:
                payload["member"] = serializers.member_payload(self, guild, member, with_user=False)
        self.emit("MESSAGE_CREATE", payload)

    def commit_message(self, message: Message, *, broadcast: bool = True) -> Message:
        _point_embeds_at_files(message)
        return super().commit_message(message, broadcast=broadcast)

    def prepare_message(self, *args: Any, **kwargs: Any) -> Message:
        message = super().prepare_message(*args, **kwargs)
        if message.interaction_metadata is not None:
            exchange = self.exchanges.get(int(message.interaction_metadata["id"]))
            if exchange is not None:
                message.interaction_metadata.update(self._origin(exchange))
        return message

    def _origin(self, exchange: Exchange) -> dict[str, Any]:
        """What an answer tells of how it came about, beside simcord's own account of it."""
        record = exchange.record
        known: dict[str, Any] = {"authorizing_integration_owners": {"0": str(record.guild_id or 0)}}
        if record.type == InteractionType.APPLICATION_COMMAND:
            known["name"] = _full_name(exchange.payload["data"])
        if record.type == InteractionType.MESSAGE_COMPONENT:
            known["interacted_message_id"] = str(record.source_message_id)
        if record.type == InteractionType.MODAL_SUBMIT and exchange.opener is not None:
            opener = exchange.opener.record
            known["triggering_interaction_metadata"] = {
                "id": str(opener.id),
                "type": opener.type,
                "user": dict(serializers.user_payload(self.users[opener.user_id])),
                **({"name": opener.command_name} if opener.command_name else {}),
                **self._origin(exchange.opener),
            }
        return known

    def find_message(self, message_id: int) -> Message | None:
        """A message by its id alone."""
        for messages in self.messages.values():
            if message_id in messages:
                return messages[message_id]
        return None

    def read_message(self, channel_id: int, message_id: int, viewer_id: int) -> dict[str, Any] | None:
        """A message as `viewer_id` sees it, or None when it is gone or not theirs to see."""
        message = self.messages.get(channel_id, {}).get(message_id)
        if message is None or not message.visible_to(viewer_id):
            return None
        return dict(serializers.message_payload(self, message, for_user=viewer_id))

    def accessible(self, channel_id: int, user_id: int) -> bool:
        """Whether this user can see the channel."""
        return channel_accessible(self, channel_id, user_id)

    def move_files(self, base: str) -> None:
        """Give every stored file an address below `base`."""
        old, self.files.base = self.files.base, base
        for messages in self.messages.values():
            for message in messages.values():
                if message.attachments:
                    message.attachments = _moved(message.attachments, old, base)
                    message.embeds = _moved(message.embeds, old, base)
                    message.components = _moved(message.components, old, base)

    # Commands and interactions.

    def register_commands(self, guild_id: int | None, payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        before = {c["id"]: c for c in self.commands.get(guild_id, {}).values()}
        registered = super().register_commands(guild_id, payloads)
        for command in registered:
            # A command keeps its version until its definition changes.
            old = before.get(command["id"])
            command["default_member_permissions"] = _as_text(command["default_member_permissions"])
            command["integration_types"] = command.get("integration_types") or [0]
            command["nsfw"] = False
            same = old is not None and {**old, "version": None} == {**command, "version": None}
            command["version"] = old["version"] if old and same else str(self.snowflake())
        return registered

    def new_interaction(self, type: int, channel_id: int, user_id: int, guild_id: int | None) -> Interaction:
        # Deadlines are kept by the exchange on the monotonic clock; simcord's own follow the world's clock.
        record = Interaction(
            id=self.snowflake(),
            token=secrets.token_urlsafe(48),
            type=int(type),
            channel_id=channel_id,
            guild_id=guild_id,
            user_id=user_id,
        )
        self.interactions[record.id] = record
        self.interaction_tokens[record.token] = record.id
        return record

    def interaction_by_token(self, token: str) -> Interaction:
        record = self.interactions.get(self.interaction_tokens.get(token, 0))
        if record is None:
            raise errors.unknown_webhook()
        return record

    def open_exchange(
        self, record: Interaction, payload: dict[str, Any], opener: Exchange | None = None
    ) -> Exchange:
        """Start counting down on an interaction that is about to be delivered."""
        self._forget_exchanges()
        exchange = Exchange(
            record,
            payload,
            read=self.read_message,
            changed=self._exchange_changed,
            answer_within=self.answer_within,
            opener=opener,
        )
        self.exchanges[record.id] = exchange
        return exchange

    def _exchange_changed(self, exchange: Exchange) -> None:
        self.tell(
            "EXCHANGE",
            {
                "id": str(exchange.id),
                "user_id": str(exchange.record.user_id),
                "channel_id": str(exchange.record.channel_id),
                "error": exchange.error,
            },
        )

    def _forget_exchanges(self) -> None:
        # Insertion order is age order, so only the oldest need looking at.
        for interaction_id in self._expired(self.exchanges.values()):
            self.exchanges.pop(interaction_id).abandon()
            record = self.interactions.pop(interaction_id, None)
            if record is not None:
                self.interaction_tokens.pop(record.token, None)

    def _expired(self, exchanges: Iterable[Exchange]) -> list[int]:
        old: list[int] = []
        for exchange in exchanges:
            if exchange.age < self.token_life + 60:
                break
            old.append(exchange.id)
        return old


def _point_embeds_at_files(message: Message) -> None:
    """Discord replaces `attachment://name` in embeds by the file's address; simcord does so in components only."""
    if not message.attachments or not message.embeds:
        return
    urls = {f"attachment://{a['filename']}": str(a["url"]) for a in message.attachments}
    message.embeds = copy.deepcopy(message.embeds)
    for embed in message.embeds:
        for key in ("image", "thumbnail", "author", "footer"):
            part = cast("dict[str, str]", embed.get(key) or {})
            for field in ("url", "icon_url"):
                if part.get(field) in urls:
                    part[field] = urls[part[field]]


def _full_name(data: Mapping[str, Any]) -> str:
    """A command's name with its subcommands', as Discord tells it: "checkin settings"."""
    nested = next((option for option in data.get("options") or () if option["type"] in (1, 2)), None)
    return str(data["name"]) if nested is None else f"{data['name']} {_full_name(nested)}"


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _moved(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return new + value[len(old) :] if value.startswith(old) else value
    if isinstance(value, list):
        return [_moved(item, old, new) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _moved(item, old, new) for key, item in cast("dict[str, Any]", value).items()}
    return value
