"""Which permissions the bot needs and why, and which of them it has. Pure: the numbers are Discord's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ADMINISTRATOR = 1 << 3
EVERYTHING = (1 << 64) - 1


@dataclass(frozen=True)
class Permission:
    """One permission: its bit, Discord's own English name for it, and what we need it for."""

    bit: int
    name: str
    why: str
    in_channels: bool


NEEDED = (
    Permission(1 << 10, "View Channel", "to see the channels it posts in", True),
    Permission(1 << 11, "Send Messages", "to post the welcome and what the network asks for", True),
    Permission(1 << 14, "Embed Links", "to show its panels as they were laid out", True),
    Permission(1 << 16, "Read Message History", "to see after a crash whether a message was posted", True),
    Permission(1 << 4, "Manage Channels", "to make the channels in /network setup", False),
    Permission(
        1 << 28, "Manage Roles", "to make the roles in /network setup and open channels to them", False
    ),
)

FOR_EVENTS = (
    Permission(
        1 << 44, "Create Events", "to show sessions among Discord's own events, if you turn those on", False
    ),
    Permission(1 << 20, "Connect", "to make such an event in a voice channel; it never joins one", False),
)
"""Used only where an organiser turns Discord's own events on. Whoever may create events may change their own."""


def needed() -> int:
    """Discord's number for all the permissions the bot needs."""
    return sum(permission.bit for permission in (*NEEDED, *FOR_EVENTS))


def invite_link(application_id: str) -> str:
    """The address under which somebody with Manage Server adds the bot, with exactly what it needs."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={application_id}"
        f"&scope=bot+applications.commands&permissions={needed()}"
    )


def in_server(guild: Mapping[str, Any], member_roles: Iterable[str], user_id: str) -> int:
    """What somebody may do in a server as a whole, from Discord's guild object."""
    if guild["owner_id"] == user_id:
        return EVERYTHING
    mine = {guild["id"], *member_roles}  # the role everyone has bears the server's id
    held = 0
    for role in guild["roles"]:
        if role["id"] in mine:
            held |= int(role["permissions"])
    return EVERYTHING if held & ADMINISTRATOR else held


def in_channel(
    held: int, guild_id: str, channel: Mapping[str, Any], member_roles: Iterable[str], user_id: str
) -> int:
    """What somebody who holds `held` in the server may do in one channel of it, overwrites applied.

    Discord's order: everyone's, then all roles' denials and all their permissions, then the member's own.
    """
    if held == EVERYTHING:
        return held
    overwrites = {o["id"]: (int(o["allow"]), int(o["deny"])) for o in channel["permission_overwrites"]}
    allow, deny = overwrites.get(guild_id, (0, 0))
    held = held & ~deny | allow
    of_roles = [overwrites[role] for role in member_roles if role in overwrites and role != guild_id]
    allowed = denied = 0
    for allow, deny in of_roles:
        allowed |= allow
        denied |= deny
    held = held & ~denied | allowed
    allow, deny = overwrites.get(user_id, (0, 0))
    return held & ~deny | allow


def missing(held: int, *, channel: bool) -> list[Permission]:
    """What the bot needs and has not got, in a server or (of what counts there) in a channel."""
    return [p for p in NEEDED if not held & p.bit and (p.in_channels or not channel)]
