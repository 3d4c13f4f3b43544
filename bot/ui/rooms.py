"""The rooms of a server that people can talk in, as Discord lists them."""

from __future__ import annotations

import discord

_KINDS = {discord.ChannelType.voice: "voice", discord.ChannelType.stage_voice: "stage"}


def rooms_of(guild: discord.Guild | None) -> dict[int, tuple[str, str]]:
    """The voice and stage channels of a server: id to name and "voice" or "stage"."""
    channels = guild.channels if guild is not None else ()
    return {c.id: (c.name, _KINDS[c.type]) for c in channels if c.type in _KINDS}
