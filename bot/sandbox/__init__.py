"""A local Discord: a world of people and servers, a real wire in front of it, and a page to act in it."""

from __future__ import annotations

import importlib
import logging

# simcord tries discord.py out when it is imported, and the client it builds warns of things that nobody
# here asked for (voice, the guilds intent).
_discord = logging.getLogger("discord")
_level = _discord.level
_discord.setLevel(logging.ERROR)
try:
    importlib.import_module("simcord")
finally:
    _discord.setLevel(_level)
