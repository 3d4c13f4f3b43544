"""What people in a talk wrote, changed and deleted while the bot did not hear: taken in late, in order, once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, cast

import aiohttp
import discord
from discord.ext import commands

from bot.errors import StoreUnavailable
from bot.listeners import talks_looking
from bot.listeners.talks_looking import Ear
from bot.ui.inbound import from_a_person
from bot.ui.patience import again_and_again

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.talk_changes import TalkChanges
    from cogs.talk_relay import AnonymousTalk

log = logging.getLogger("reallyok.talks")

LOOKED_OVER = (
    50  # the newest messages of a conversation, looked over for what was changed or deleted meanwhile
)


class TalkCatchUp(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app

    @property
    def _talk(self) -> AnonymousTalk:
        return cast("AnonymousTalk", self.bot.get_cog("AnonymousTalk"))

    @property
    def _changes(self) -> TalkChanges:
        return cast("TalkChanges", self.bot.get_cog("TalkChanges"))

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        self._talk.heard.clear()

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        self._talk.heard.set()  # what was missed was played back

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self.app.after_ready(self._catch_up())

    async def _catch_up(self) -> None:
        await self.app.opened()
        app = self.app
        ears = await again_and_again(
            lambda: app.store.read(talks_looking.ears, app.keyring), StoreUnavailable, failed=_say_why
        )
        if ears:
            app.expect_words()
        behind = self._talk.behind
        for ear in ears:
            behind.setdefault(ear.user_id, asyncio.Event())
        self._talk.heard.set()
        for ear in ears:
            try:
                await self._catch_up_with(ear)
            except Exception as error:
                log.error("A talk could not be caught up with.", exc_info=error)
            finally:  # whatever it was, it must not keep newer words waiting for ever
                behind.pop(ear.user_id).set()

    async def _catch_up_with(self, ear: Ear) -> None:
        """However long Discord takes to show it: words passed over now would never be passed on."""
        with contextlib.suppress(discord.Forbidden, discord.NotFound):
            await again_and_again(
                lambda: self._listen_back(ear),
                discord.DiscordServerError,
                discord.RateLimited,
                aiohttp.ClientError,
                OSError,
                StoreUnavailable,
                failed=_say_why,
            )

    async def _listen_back(self, ear: Ear) -> None:
        channel = self.bot.get_partial_messageable(ear.channel_id, type=discord.ChannelType.private)
        async for message in channel.history(
            limit=None, after=discord.Object(ear.after_id), oldest_first=True
        ):
            if from_a_person(message):
                await self._talk.in_turn(message)
        there: set[int] = set()
        async for message in channel.history(limit=LOOKED_OVER):
            there.add(message.id)
            if from_a_person(message) and message.edited_at is not None:
                await self._changes.changed(message)
        app, oldest = self.app, min(there, default=0)
        for gone in await app.store.read(talks_looking.taken_away, app.keyring, ear.user_id, oldest, there):
            await self._changes.deleted(gone)


async def _say_why(error: BaseException) -> None:
    log.warning("A talk cannot be caught up with yet (%s).", type(error).__name__)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkCatchUp(bot))
