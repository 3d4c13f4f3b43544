"""The rooms of a server that people can talk in, as Discord lists them."""

from __future__ import annotations

import discord

_KINDS = {discord.ChannelType.voice: "voice", discord.ChannelType.stage_voice: "stage"}


def rooms_of(guild: discord.Guild | None) -> dict[int, tuple[str, str]]:
    """The voice and stage channels of a server: id to name and "voice" or "stage"."""
    channels = guild.channels if guild is not None else ()
    return {c.id: (c.name, _KINDS[c.type]) for c in channels if c.type in _KINDS}


# What Discord asks of whoever makes an event there, beside Create Events:
# https://discord.com/developers/docs/resources/guild-scheduled-event
_IN_VOICE = ("view_channel", "connect")
_ON_STAGE = (*_IN_VOICE, "manage_channels", "mute_members", "move_members")


def lacking_for_events(guild: discord.Guild, room_id: int | None = None) -> list[str]:
    """What the bot lacks for making events of the server's own, in this room if one is named; discord.py's names."""
    lacking = [] if guild.me.guild_permissions.create_events else ["create_events"]
    room = guild.get_channel(room_id) if room_id is not None else None
    if isinstance(room, discord.VoiceChannel | discord.StageChannel):
        held = discord.abc.GuildChannel.permissions_for(room, guild.me)  # a hidden room lacks that alone
        names = _ON_STAGE if isinstance(room, discord.StageChannel) else _IN_VOICE
        lacking += [name for name in names if not getattr(held, name)]
    return lacking
