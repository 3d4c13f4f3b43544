"""What members wrote while the bot was off: answered late, saying so, and as the least urgent thing there is."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

import aiohttp
import discord
from discord.ext import commands

from bot.errors import StoreUnavailable
from bot.listeners import talks_looking
from bot.members import service as members
from bot.support.cards import Topic
from bot.support.meeting import Heard
from bot.ui.inbound import from_a_person
from bot.ui.patience import again_and_again

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.cards import Cards
    from cogs.conversation import Conversation

log = logging.getLogger("reallyok.conversation")

LOOK_BACK = 20


class CatchUp(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        # When we last stopped hearing: at the start, or when the line was lost. What we sent since then came after
        # their words; their words are still unanswered. An answer given live is dropped as a repeat by its nonce.
        self._since = discord.utils.time_snowflake(bot.app.clock.now())
        self._hearing = False

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        if self._hearing:
            self._since = discord.utils.time_snowflake(self.app.clock.now())
            self._hearing = False

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        self._hearing = True  # what was missed was played back

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        self._hearing = True
        self.app.after_ready(self._read_all())

    async def _read_all(self) -> None:
        await self.app.opened()
        # However busy the database is: what was written must not go unmet until the next start.
        for channel_id in await again_and_again(self._where, StoreUnavailable, failed=_say_why):
            try:
                await self._read(channel_id)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("One conversation could not be read after the start (%s).", type(error).__name__)

    async def _where(self) -> list[int]:
        """The conversations to be read, the likeliest first."""
        # Whose conversation is of which network: words there are met with that network's lines, from memory.
        known = await members.conversations(self.app.store)
        self.app.sender.networks.update(
            {channel: where for channel, where in known.items() if channel not in self.app.sender.networks}
        )
        recent = await members.recent_channels(self.app.store, self.app.clock.now())
        # Whoever is in a talk may have been asked nothing of late, and their words are read all the same.
        talking = await self.app.store.read(talks_looking.ears, self.app.keyring)
        return list(dict.fromkeys([*recent, *(ear.channel_id for ear in talking)]))

    async def _read(self, channel_id: int) -> None:
        """Answer the newest words in a conversation, unless something we sent while we could hear follows them."""
        missed: list[discord.Message] = []
        async for message in self.bot.get_partial_messageable(channel_id).history(limit=LOOK_BACK):
            if from_a_person(message):
                missed.append(message)
            elif message.author.bot and message.id < self._since:
                break
        await self._say_late(missed[::-1])

    async def _say_late(self, messages: list[discord.Message]) -> None:
        """Answer what was written while the bot was off (oldest first), unless newer words of theirs are being answered.

        All of it is read; dark words are met whatever else is going on.
        """
        conversation = cast("Conversation", self.bot.get_cog("Conversation"))
        cards = cast("Cards", self.bot.get_cog("Cards"))
        if messages:  # it is late already: another second, and it is read as well as it can be
            await asyncio.wait([self.app.expect_words()])
        heard, left = Heard(), list[discord.Message]()
        for message in messages:
            if cards.knows(message):
                continue  # it came after all, and is being met
            cards.read(heard, message)
            if not await conversation.passed_on(message):
                left.append(message)
        # A listener repeating what somebody told them is not met as if it were theirs.
        relay, who = self.app.relay, messages[-1].author.id if messages else 0
        listening = relay is not None and relay.side(who) == "listener"
        dark = heard.topic is Topic.CRISIS and not listening
        if heard.failed and not left:
            await cards.sorry(messages[-1], taken=True)
            return
        if (
            not messages
            or not (left or dark)
            or (conversation.answering(messages[-1].author.id) and not dark)
        ):
            return
        newest = (left or messages)[-1]
        if not await cards.meet(newest, heard, late=True):
            await conversation.say(newest, "checkins.slow_bot", {})


async def _say_why(error: BaseException) -> None:
    log.warning("What was written while the bot was off cannot be read yet (%s).", type(error).__name__)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(CatchUp(bot))
