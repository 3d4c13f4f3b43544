"""The rehearsal's world: servers, channels and people, built and watched from one place."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

import discord
from simcord.enums import ChannelType

from bot.clock import Clock
from bot.sandbox.people import Person
from bot.sandbox.store import Store, Watcher

# What an invitation link of a typical community bot asks for: everything but administrator.
_USUAL = discord.Permissions.all().value & ~discord.Permissions.administrator.flag


class World:
    """Everything that exists, on one clock. The wire shows it to bots; the page shows it to you."""

    def __init__(self, clock: Clock, *, bot_name: str = "Really OK") -> None:
        self.clock = clock
        self.token = "rehearsal." + secrets.token_urlsafe(32)
        """The only bot token the wire accepts."""
        self.backend = Store(clock, bot_name)
        self.people: dict[str, Person] = {}

    def subscribe(self, callback: Watcher) -> Callable[[], None]:
        """Call `callback(event, payload)` for all that happens; the returned function ends it.

        Events are the gateway's, and "EXCHANGE" when the bot has answered (or failed to answer) somebody.
        """
        self.backend.watchers.append(callback)
        return lambda: self.backend.watchers.remove(callback)

    def person(self, name: str, display_name: str | None = None, *, about: str = "") -> Person:
        """Somebody new, in no server yet. Names are unique; `about` says who they are, for people who look in."""
        if name in self.people:
            raise ValueError(f"there is already somebody called {name}")
        self.people[name] = person = Person(self.backend, name, display_name or name, about)
        return person

    def guild(self, name: str, owner: Person) -> int:
        """A new server, without the bot; its id."""
        return self.backend.found_guild(name, owner.id).id

    def text_channel(
        self, guild_id: int, name: str, *, topic: str | None = None, category: int | None = None
    ) -> int:
        """A new text channel; its id."""
        channel = self.backend.create_channel(
            guild_id, name, type=ChannelType.TEXT, topic=topic, parent_id=category
        )
        return channel.id

    def voice_channel(self, guild_id: int, name: str, *, category: int | None = None) -> int:
        """A new voice channel; its id."""
        return self.backend.create_channel(guild_id, name, type=ChannelType.VOICE, parent_id=category).id

    def category(self, guild_id: int, name: str) -> int:
        """A new heading over channels; its id."""
        return self.backend.create_channel(guild_id, name, type=ChannelType.CATEGORY).id

    def role(self, guild_id: int, name: str, *, permissions: int = 0, mentionable: bool = False) -> int:
        """A new role, lowest of all; its id."""
        role = self.backend.create_role(guild_id, name, permissions=permissions, mentionable=mentionable)
        return role.id

    def join(self, person: Person, guild_id: int, roles: Iterable[int] = ()) -> None:
        """Make somebody a member."""
        self.backend.add_member(guild_id, person.id, roles=roles, announce=True)

    def leave(self, person: Person, guild_id: int) -> None:
        """Somebody leaves a server."""
        self.backend.remove_member(guild_id, person.id)

    def kick(self, person: Person, guild_id: int) -> None:
        """Somebody is removed from a server. To a bot it looks as if they had left."""
        self.backend.remove_member(guild_id, person.id)

    def give_role(self, person: Person, guild_id: int, role_id: int) -> None:
        """Give a member a role."""
        self.backend.add_member_role(guild_id, person.id, role_id)

    def take_role(self, person: Person, guild_id: int, role_id: int) -> None:
        """Take a role from a member."""
        self.backend.remove_member_role(guild_id, person.id, role_id)

    def add_bot(self, guild_id: int, permissions: int | None = None) -> None:
        """Invite the bot. `permissions` is Discord's bit set; by default everything but administrator."""
        self.backend.invite_bot(guild_id, _USUAL if permissions is None else permissions)

    def remove_bot(self, guild_id: int) -> None:
        """Throw the bot out; the server goes on without it."""
        self.backend.remove_guild(guild_id)
