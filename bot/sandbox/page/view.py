"""The world as one person sees it, as JSON for the page. It reads and changes nothing.

Message bodies are Discord's own payloads; what the page adds is names to show for ids, addresses of
stored files on the page itself, and what is unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import discord
from simcord.backend import serializers
from simcord.backend.access import channel_accessible
from simcord.backend.models import Channel, Guild, Message
from simcord.enums import VOICE_CHANNEL_TYPES, ChannelType

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.world import World

Json = dict[str, Any]
# (person id, channel id) -> id of the newest message that person has seen there
Reads = Mapping[tuple[int, int], int]
Address = Callable[[str], str]

_SEND = discord.Permissions.send_messages.flag
_SEND_IN_THREADS = discord.Permissions.send_messages_in_threads.flag
_FIRST_SHOWN = 60


def project(
    world: World,
    person: Person,
    *,
    channel_id: int | None,
    reads: Reads,
    since: int,
    address: Address,
    about: Mapping[str, str],
    limit: int = _FIRST_SHOWN,
) -> Json:
    """Everything the page shows to `person` while they look at `channel_id`.

    Messages up to the id `since` count as read for everybody; `address` turns the address of a stored
    file into one that the page serves; at most `limit` messages are included, newest last.
    """
    seen = _Seen(world, reads, since)
    places = [_place(world, person, guild, seen) for guild in _guilds_of(world, person)]
    return {
        "me": {"id": str(person.id), "name": person.display_name, "allowDms": person.allow_dms},
        "people": [
            {
                "id": str(other.id),
                "name": other.display_name,
                "about": about.get(other.name) or standing(world, other),
                "unread": seen.anywhere(other),
            }
            for other in world.people.values()
        ],
        "bot": {"id": str(world.backend.bot_user.id), "name": bot_name(world)},
        "places": places,
        "dm": _dm(world, person, seen),
        "conversation": _conversation(world, person, channel_id, address, limit),
        "names": _names(world),
    }


def bot_name(world: World) -> str:
    """The name people know the bot by."""
    user = world.backend.bot_user
    return user.global_name or user.name


def standing(world: World, person: Person) -> str:
    """What somebody is in the demo networks: their roles and where they hold them, in one line."""
    parts: list[str] = []
    for guild in _guilds_of(world, person):
        if guild.owner_id == person.id:
            parts.append(f"owner, {guild.name}")
            continue
        roles = [guild.roles[r].name for r in guild.members[person.id].role_ids if r in guild.roles]
        parts.append(f"{', '.join(roles) or 'member'}, {guild.name}")
    return "; ".join(parts) or "in no network"


def visible(world: World, person_id: int, channel_id: int) -> list[Message]:
    """The messages of a channel that this person may see, oldest first, ephemeral ones included."""
    backend = world.backend
    if not channel_accessible(backend, channel_id, person_id, history=True):
        return []
    stored = backend.messages.get(channel_id, {})
    return [stored[key] for key in sorted(stored) if stored[key].visible_to(person_id)]


def may_send(world: World, person_id: int, channel_id: int) -> bool:
    """Whether this person could write here."""
    channel = world.backend.channels.get(channel_id)
    if channel is None or not channel_accessible(world.backend, channel_id, person_id):
        return False
    if channel.guild_id is None:
        return True
    needed = _SEND_IN_THREADS if channel.is_thread else _SEND
    return bool(world.backend.compute_permissions(channel.guild_id, person_id, channel_id) & needed)


class _Seen:
    """What is unread, for whom."""

    def __init__(self, world: World, reads: Reads, since: int) -> None:
        self._world = world
        self._reads = reads
        self._since = since

    def unread(self, person: Person, channel_id: int) -> int:
        stored = self._world.backend.messages.get(channel_id, {})
        last = max(self._since, self._reads.get((person.id, channel_id), 0))
        if not stored or max(stored) <= last:
            return 0
        return sum(
            1 for m in visible(self._world, person.id, channel_id) if m.id > last and m.author_id != person.id
        )

    def anywhere(self, person: Person) -> int:
        dm = self._world.backend.dm_channels.get(person.id)
        channels = [
            c.id for guild in _guilds_of(self._world, person) for c in _channels_of(self._world, guild)
        ]
        return sum(self.unread(person, c) for c in [*channels, *([dm] if dm else [])])


def _guilds_of(world: World, person: Person) -> list[Guild]:
    return [guild for guild in world.backend.guilds.values() if person.id in guild.members]


def _channels_of(world: World, guild: Guild) -> Iterable[Channel]:
    channels = world.backend.channels
    order = [channels[c] for c in guild.channel_ids if c in channels]
    order.sort(key=lambda c: (c.type in VOICE_CHANNEL_TYPES, c.position, c.id))
    for channel in order:
        if channel.type == ChannelType.CATEGORY:
            continue
        yield channel
        yield from (
            channels[t] for t in guild.thread_ids if t in channels and channels[t].parent_id == channel.id
        )


def _place(world: World, person: Person, guild: Guild, seen: _Seen) -> Json:
    channels = [
        {
            "id": str(channel.id),
            "name": channel.name or "",
            "kind": _kind(channel),
            "category": _category(world, channel),
            "unread": seen.unread(person, channel.id),
        }
        for channel in _channels_of(world, guild)
        if channel_accessible(world.backend, channel.id, person.id)
    ]
    events = [
        {
            "id": str(event.id),
            "name": event.name,
            "about": event.description or "",
            "starts": event.scheduled_start_time,
        }
        for event in sorted(guild.scheduled_events.values(), key=lambda e: str(e.scheduled_start_time))
        if event.status in (1, 2)
    ]
    return {"id": str(guild.id), "name": guild.name, "channels": channels, "events": events[:5]}


def _kind(channel: Channel) -> str:
    if channel.guild_id is None:
        return "dm"
    if channel.is_thread:
        return "thread"
    return "voice" if channel.type in VOICE_CHANNEL_TYPES else "text"


def _category(world: World, channel: Channel) -> str:
    parent = world.backend.channels.get(channel.parent_id or 0)
    return (parent.name or "") if parent is not None and parent.type == ChannelType.CATEGORY else ""


def _dm(world: World, person: Person, seen: _Seen) -> Json:
    channel_id = world.backend.dm_channels.get(person.id)
    return {
        "id": str(channel_id) if channel_id else None,
        "name": bot_name(world),
        "unread": seen.unread(person, channel_id) if channel_id else 0,
    }


def _conversation(
    world: World, person: Person, channel_id: int | None, address: Address, limit: int
) -> Json | None:
    channel = world.backend.channels.get(channel_id or 0)
    if channel is None or not channel_accessible(world.backend, channel.id, person.id):
        return None
    messages = visible(world, person.id, channel.id)
    guild = world.backend.guilds.get(channel.guild_id or 0)
    return {
        "id": str(channel.id),
        "name": bot_name(world) if guild is None else channel.name or "",
        "kind": _kind(channel),
        "topic": channel.topic or "",
        "place": guild.name if guild is not None else "",
        "placeId": str(guild.id) if guild is not None else None,
        "canSend": may_send(world, person.id, channel.id),
        "earlier": max(0, len(messages) - limit),
        "messages": [_message(world, m, person.id, address) for m in messages[-limit:]],
    }


def _message(world: World, message: Message, person_id: int, address: Address) -> Json:
    payload = cast(Json, dict(serializers.message_payload(world.backend, message, for_user=person_id)))
    for key in ("attachments", "embeds", "components", "referenced_message"):
        if payload.get(key):
            payload[key] = _with_addresses(payload[key], address)
    return payload


def _with_addresses(value: Any, address: Address) -> Any:
    """The same JSON with every stored file's address replaced, leaving the world's own copy alone."""
    if isinstance(value, list):
        return [_with_addresses(item, address) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {
            key: address(item)
            if key in {"url", "proxy_url", "icon_url"} and isinstance(item, str)
            else _with_addresses(item, address)
            for key, item in cast(Json, value).items()
        }
    return value


def _names(world: World) -> Json:
    backend = world.backend
    return {
        "users": {str(u.id): u.global_name or u.name for u in backend.users.values()},
        "channels": {str(c.id): c.name or "" for c in backend.channels.values() if c.guild_id},
        "roles": {
            str(r.id): {"name": r.name, "place": str(g.id)}
            for g in backend.guilds.values()
            for r in g.roles.values()
        },
        "members": {str(g.id): [str(m) for m in g.members] for g in backend.guilds.values()},
    }


def arrivals(world: World, after: int) -> Json:
    """What was written after the id `after`: how many messages, to whom in private, in which channels.

    For the line the page shows after the clock has moved. Ephemeral messages do not count.
    """
    private: list[str] = []
    public: dict[str, int] = {}
    total = 0
    for channel_id, stored in world.backend.messages.items():
        fresh = sum(1 for m in stored.values() if m.id > after and not m.is_ephemeral)
        channel = world.backend.channels.get(channel_id)
        if not fresh or channel is None:
            continue
        total += fresh
        if channel.guild_id is None:
            private.extend(str(u) for u in channel.recipient_ids)
        else:
            public[str(channel_id)] = fresh
    return {"total": total, "private": private, "channels": public}


def newest(world: World) -> int:
    """The newest message id anywhere, or 0."""
    return max((max(stored) for stored in world.backend.messages.values() if stored), default=0)


def instant(value: datetime | None) -> str | None:
    """An instant as the page reads it, or nothing."""
    return value.isoformat() if value is not None else None
