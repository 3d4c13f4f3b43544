"""Second thoughts of somebody in a talk: what they change or delete is changed or deleted on the other side too."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast

import discord
from discord.ext import commands

from bot.errors import StoreUnavailable
from bot.listeners import relay_posts, talks_looking
from bot.ui.inbound import from_a_person

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.talk_relay import AnonymousTalk


class TalkChanges(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app

    @property
    def _talk(self) -> AnonymousTalk:
        return cast("AnonymousTalk", self.bot.get_cog("AnonymousTalk"))

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if payload.message.edited_at is not None and from_a_person(payload.message):
            await self.changed(payload.message)

    async def changed(self, message: discord.Message) -> None:
        """Somebody changed a message: what was passed on of it changes too."""
        await self._talk.taken_in(message.id)
        app = self.app
        with contextlib.suppress(StoreUnavailable):
            if await app.store.read(talks_looking.passed_on, app.keyring, message.id):
                somebody = str(app.library.text("talks.somebody"))
                await app.store.write(
                    relay_posts.change,
                    app.keyring,
                    message.author.id,
                    message.id,
                    message.content,
                    somebody,
                    app.clock.now(),
                )

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        if payload.guild_id is None:
            await self.deleted(payload.message_id)

    async def deleted(self, message_id: int) -> None:
        """Somebody deleted a message: what was passed on of it goes too."""
        await self._talk.taken_in(message_id)
        app = self.app
        with contextlib.suppress(StoreUnavailable):
            if await app.store.read(talks_looking.passed_on, app.keyring, message_id):
                await app.store.write(relay_posts.withdraw, app.keyring, message_id)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkChanges(bot))
