"""A network's channels and roles in its server: adopted where they are, made where they are not."""

from __future__ import annotations

from typing import Any

import discord

from bot.content.library import Library, Words

NEEDS = ("view_channel", "send_messages", "embed_links", "read_message_history")


class Maker:
    """Makes and adopts, and notes line by line what it did (`done`) and what is missing (`problems`)."""

    def __init__(self, library: Library, guild: discord.Guild) -> None:
        self._text = library.text
        self._guild = guild
        self.done: list[Words] = []
        self.problems: list[Words] = []

    def may_make(self) -> bool:
        """Whether we may make channels and roles here."""
        for name in ("manage_channels", "manage_roles"):
            if not getattr(self._guild.me.guild_permissions, name):
                permission = self._text(f"networks.permission.{name}")
                self.problems.append(self._text("networks.problem.server_permission", permission=permission))
        return not self.problems

    def may_post(self, *channels: discord.TextChannel) -> bool:
        """Whether we may do in these channels what panels and announcements need."""
        for channel in channels:
            for name in NEEDS:
                if not getattr(channel.permissions_for(self._guild.me), name):
                    self.problems.append(
                        self._text(
                            "networks.problem.permission",
                            permission=self._text(f"networks.permission.{name}"),
                            where=f"#{channel.name}",
                        )
                    )
        return not self.problems

    def failed(self) -> None:
        """Note that Discord would not make something."""
        self.problems.append(self._text("networks.problem.discord", what=self._guild.name))

    async def role(self, known: int | None, kind: str) -> discord.Role:
        """The role it was, else one of that name, else a new one. Raises `discord.HTTPException`."""
        name = str(self._text(f"networks.role.{kind}"))
        found = self._guild.get_role(known or 0) or discord.utils.get(self._guild.roles, name=name)
        if found is not None:
            self.done.append(self._text("networks.made.adopted_role", role=found.name))
            return found
        role = await self._guild.create_role(name=name, reason=str(self._text("networks.audit_reason")))
        self.done.append(self._text("networks.made.role", role=role.name))
        return role

    async def channel(
        self, known: int | None, kind: str, *, only_for: discord.Role | None = None
    ) -> discord.TextChannel:
        """The channel it was, else one of that name, else a new one. Raises `discord.HTTPException`."""
        name = str(self._text(f"networks.channel.{kind}"))
        found = self._guild.get_channel(known or 0) or discord.utils.get(self._guild.text_channels, name=name)
        if isinstance(found, discord.TextChannel):
            self.done.append(self._text("networks.made.adopted_channel", channel=found.name))
            return found
        overwrites: dict[Any, discord.PermissionOverwrite] = {}
        if only_for is not None:
            shown = discord.PermissionOverwrite(view_channel=True)
            hidden = discord.PermissionOverwrite(view_channel=False)
            overwrites = {self._guild.default_role: hidden, only_for: shown, self._guild.me: shown}
        created = await self._guild.create_text_channel(
            name,
            topic=str(self._text(f"networks.channel.{kind}_topic")),
            overwrites=overwrites,
            reason=str(self._text("networks.audit_reason")),
        )
        self.done.append(self._text("networks.made.channel", channel=created.name))
        return created
