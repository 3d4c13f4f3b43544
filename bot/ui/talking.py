"""What an open talk between two people has to say before anything else does."""

from __future__ import annotations

from typing import Literal, Protocol

import discord


class AnonymousTalk(Protocol):
    """The cog of this name, if there is one. A message is offered to it before it is met as an answer to us.

    Words are read, and dark ones of a member met in their own direct messages, before `take` is asked; whatever it
    takes is not answered besides.
    """

    def side(self, user_id: int) -> Literal["", "member", "listener"]:
        """Which side of an open talk somebody is on, as far as memory knows. No database."""
        ...

    async def take(self, message: discord.Message) -> bool:
        """Pass a message on, or say why not. False: it belongs to no talk, and is met like any other."""
        ...
