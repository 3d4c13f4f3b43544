"""Second thoughts of somebody in a talk: what they change or delete is changed or deleted on the other side too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from bot.errors import StoreUnavailable
from bot.listeners import relay_posts, talks_looking
from bot.ui.inbound import from_a_person
from bot.ui.patience import again_and_again

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.talk_relay import AnonymousTalk


class TalkChanges(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @property
    def _talk(self) -> AnonymousTalk:
        return cast("AnonymousTalk", self.bot.get_cog("AnonymousTalk"))

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if payload.message.edited_at is not None and from_a_person(payload.message):
            await self.changed(payload.message)

    async def changed(self, message: discord.Message) -> None:
        """Somebody changed a message: what was passed on of it changes too."""
        app, somebody = self.app, str(self.app.library.text("talks.somebody"))

        async def change() -> None:
            if await app.store.read(talks_looking.passed_on, app.keyring, message.id):
                await app.store.write(
                    relay_posts.change,
                    app.keyring,
                    message.author.id,
                    message.id,
                    message.content,
                    somebody,
                    app.clock.now(),
                )

        await self._surely(message.id, change)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        if payload.guild_id is None:
            await self.deleted(payload.message_id)

    async def deleted(self, message_id: int) -> None:
        """Somebody deleted a message: what was passed on of it goes too."""
        app = self.app

        async def withdraw() -> None:
            if await app.store.read(talks_looking.passed_on, app.keyring, message_id):
                await app.store.write(relay_posts.withdraw, app.keyring, message_id)

        await self._surely(message_id, withdraw)

    async def _surely(self, message_id: int, act: Callable[[], Awaitable[None]]) -> None:
        """Done however long the database takes to come back, and what was done to one message in its order."""
        if self.app.relay is None:
            return  # the start looks over what was changed and deleted before it
        turn = self._turns.setdefault(message_id, asyncio.Lock())
        async with turn:
            await self._talk.taken_in(message_id)
            with contextlib.suppress(StoreUnavailable):
                await again_and_again(act, StoreUnavailable, failed=self._unless_ending)

    async def _unless_ending(self, error: BaseException) -> None:
        if self.app.ending:
            raise error


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkChanges(bot))
