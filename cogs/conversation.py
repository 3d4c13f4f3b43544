"""What a member writes to the bot: read in memory, met kindly, and let go.

Nothing here is stored or logged. Answers go straight out, with the inbound message's id as their nonce. Words are read
by the cog "Cards" first of all, before any talk and any database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import discord
from discord.ext import commands

from bot.checkins import answering, plans
from bot.checkins.answering import Open
from bot.checkins.rules import Level, Meaning, meaning, one_word
from bot.errors import StoreUnavailable
from bot.outbox.sender import custom_ids
from bot.support.meeting import Heard
from bot.ui.direct import send_surely
from bot.ui.ids import make, presses
from bot.ui.inbound import from_a_person, unreadable
from bot.ui.render import Button, Origin, draw

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from bot.ui.talking import AnonymousTalk
    from cogs.cards import Cards
    from cogs.checkins import Checkins

log = logging.getLogger("reallyok.conversation")

# Several texts in a row get one answer, once the writer has been quiet for so long (by the monotonic clock).
QUIET_S = 8.0
LAST_WORDS_S = 1.5


@dataclass
class Burst:
    """Texts not answered yet: the last message there were words in (or the last at all), and how many there were."""

    message: discord.Message
    count: int
    timer: asyncio.TimerHandle
    heard: Heard | None = None


class Conversation(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        # Held, not looked up: what waits for an answer when the bot ends is answered after that cog is gone.
        self._cards = cast("Cards", bot.get_cog("Cards"))
        self._bursts: dict[int, Burst] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _talk(self) -> AnonymousTalk | None:
        return cast("AnonymousTalk | None", self.bot.get_cog("AnonymousTalk"))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if not from_a_person(message):
            return
        self.app.sender.saw(message.channel.id, message.id)
        talk = self._talk
        held = talk is not None and talk.side(message.author.id) == "listener"
        self._cards.heed(message, held=held)
        if await self.passed_on(message):
            self._cards.taken(message, held=held)
        else:
            self._gather(message)

    async def passed_on(self, message: discord.Message) -> bool:
        """Whether a talk took it. What goes wrong there is not let through: then it is met like any other."""
        try:
            return self._talk is not None and await self._talk.take(message)
        except (StoreUnavailable, TimeoutError):
            return False  # the database is away, or not open yet
        except Exception as error:
            log.error("A talk could not take a message.", exc_info=error)
            return False

    def _gather(self, message: discord.Message) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._bursts.get(message.author.id)
        if waiting is not None:
            if message.id == waiting.message.id:
                return  # the same event twice
            waiting.timer.cancel()
            # Asking the talks about each may take one past another: it is the order of writing that counts.
            earlier, message = sorted((waiting.message, message), key=lambda one: one.id)
            if earlier.content.strip() and not message.content.strip():
                message = earlier  # a sticker after a sentence is not what wants an answer
        timer = loop.call_later(QUIET_S, self._answer_soon, message.author.id)
        self._bursts[message.author.id] = Burst(message, waiting.count + 1 if waiting else 1, timer)

    def _answer_soon(self, user_id: int) -> None:
        burst = self._bursts.pop(user_id, None)
        if burst is not None:
            burst.heard = self._cards.over(user_id)
            task = asyncio.create_task(self._answer_kindly(burst))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer_kindly(self, burst: Burst) -> None:
        """Whatever fails on the way, the member is answered, and with the way to support."""
        message = burst.message
        try:
            await self._answer(burst)
        except StoreUnavailable:
            await self.say(message, "checkins.words_follow_up", {"line": self.app.one_line(Origin())})
        except Exception as error:
            log.error("A message could not be answered as it should have been.", exc_info=error)
            await self._cards.sorry(message)

    async def _answer(self, burst: Burst) -> None:
        message, heard = burst.message, burst.heard or Heard()
        wordless = unreadable(message)
        if wordless is not None:
            await self.say(message, wordless, {})
            return
        if await self._cards.meet(message, heard):
            with contextlib.suppress(StoreUnavailable):
                await answering.heard(self.app.store, message.author.id)
            return
        said = meaning(message.content) if burst.count == 1 else Meaning.WORDS
        if said is not Meaning.WORDS:
            await self._question(message, said)
            return
        app, now = self.app, self.app.clock.now()
        questions = await answering.open_questions(
            app.store, app.keyring, message.author.id, now, _replied_to(message)
        )
        await answering.heard(app.store, message.author.id)
        level = one_word(message.content) if burst.count == 1 else None
        takers = [one for one in questions if level is not None and one.takes(level, now)]
        if level is not None and takers:
            await self._one_word(message, level, takers)
            return
        await self._words(message, questions[0] if questions else None)

    async def _question(self, message: discord.Message, said: Meaning) -> None:
        upcoming = await plans.upcoming(self.app.store, message.author.id)
        library = self.app.library
        when = library.when(*upcoming) if upcoming else library.text("checkins.next.none")
        template = {
            Meaning.HELLO: "checkins.hello",
            Meaning.CHANGE: "checkins.how_to_change",
            Meaning.WHO_SEES: "checkins.who_sees",
            Meaning.THANKS: "checkins.thanks",
        }[said]
        await self.say(message, template, {"when": when})

    async def _one_word(self, message: discord.Message, level: Level, questions: list[Open]) -> None:
        """ "Fine." is an answer, and is kept like a tap; with two networks asking, we ask which it was for."""
        if len(questions) > 1:
            await self._which(message, level, questions)
            return
        checkins = cast("Checkins", self.bot.get_cog("Checkins"))
        kept = await checkins.keep(questions[0].checkin_id, message.author.id, level, message.id)
        template, params = checkins.reply_to(kept)
        await self.say(
            message,
            template,
            params,
            kept.checkin_id,
            Origin(kept.network_id, kept.language),
            checkins.left_out(kept),
        )

    async def _which(self, message: discord.Message, level: Level, questions: list[Open]) -> None:
        origin = Origin(questions[0].network.id, questions[0].network.language)
        choices = [
            Button(one.network.name[:80], make("checkins.which", one.checkin_id, level))
            for one in questions[:5]
        ]
        await self.say(message, "checkins.which_network", {}, origin=origin, choices=choices)

    async def _words(self, message: discord.Message, question: Open | None) -> None:
        if question is None:
            await self.say(message, "checkins.unprompted", {})
            return
        origin = Origin(question.network.id, question.network.language)
        if question.level is None:
            template = "checkins.words_untapped"
        else:
            template = "checkins.words_hard" if question.level.hard else "checkins.words"
        await self.say(message, template, {"line": self.app.one_line(origin)}, question.checkin_id, origin)

    async def cog_unload(self) -> None:
        """The bot is ending: whoever waits for the end of a pause in their writing is answered now."""
        for user_id, burst in list(self._bursts.items()):
            burst.timer.cancel()
            self._answer_soon(user_id)
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=LAST_WORDS_S)

    def answering(self, user_id: int) -> bool:
        """Whether somebody is writing just now, and will be answered when they pause."""
        return user_id in self._bursts

    async def say(
        self,
        message: discord.Message,
        template: str,
        params: dict[str, str],
        subject_id: int = 0,
        origin: Origin | None = None,
        without: tuple[str, ...] = (),
        choices: Sequence[Button] = (),
    ) -> None:
        chosen = self.bot.answers.vary(template, message.author.id)
        drawn = draw(
            self.app.library,
            chosen,
            params,
            origin=origin or Origin(),
            subject_id=subject_id,
            without=without,
            choices=choices,
        )
        await send_surely(message.channel, drawn, str(message.id))


def _replied_to(message: discord.Message) -> int | None:
    """The question a message is a reply to, read from the buttons of what it replies to."""
    reference = message.reference
    original = reference.resolved if reference is not None else None
    if not isinstance(original, discord.Message):
        return None
    return next(
        (
            press.id
            for press in presses(custom_ids(original.components))
            if press.kind.startswith("checkins.")
        ),
        None,
    )


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Conversation(bot))
