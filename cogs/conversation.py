"""What a member writes to the bot: read in memory, met kindly, and let go.

Nothing here is stored or logged. Answers go straight out, with the inbound message's id as their nonce.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import discord
from discord.ext import commands

from bot.checkins import answering, plans
from bot.checkins.answering import Open
from bot.checkins.rules import Level, Meaning, meaning, one_word
from bot.errors import StoreUnavailable
from bot.outbox.sender import custom_ids
from bot.ui.direct import send_surely
from bot.ui.ids import make, parse
from bot.ui.render import Origin, draw, plain, with_support
from bot.ui.render import button as drawn_button

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.checkins import Checkins

log = logging.getLogger("reallyok.conversation")

# Several texts in a row get one answer, once the writer has been quiet for so long (by the monotonic clock).
QUIET_S = 8.0
LAST_WORDS_S = 1.5
# Everything else of a conversation is Discord's own: a pin, a call, somebody's new name.
WORDS = (discord.MessageType.default, discord.MessageType.reply)


@dataclass
class Burst:
    """Texts not answered yet: the last message there were words in (or the last at all), and how many there were."""

    message: discord.Message
    count: int
    timer: asyncio.TimerHandle


class Conversation(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._bursts: dict[int, Burst] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.guild is not None or message.author.bot or message.type not in WORDS:
            return
        self.app.sender.saw(message.channel.id, message.id)
        loop = asyncio.get_running_loop()
        waiting = self._bursts.get(message.author.id)
        if waiting is not None:
            if message.id == waiting.message.id:
                return  # the same event twice
            waiting.timer.cancel()
            if waiting.message.content.strip() and not message.content.strip():
                message = waiting.message  # a sticker after a sentence is not what wants an answer
        timer = loop.call_later(QUIET_S, self._answer_soon, message.author.id)
        self._bursts[message.author.id] = Burst(message, waiting.count + 1 if waiting else 1, timer)

    def _answer_soon(self, user_id: int) -> None:
        burst = self._bursts.pop(user_id, None)
        if burst is not None:
            task = asyncio.create_task(self._answer_kindly(burst))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer_kindly(self, burst: Burst) -> None:
        """Whatever fails on the way, the member is answered, and with the way to support."""
        message = burst.message
        try:
            await self._answer(burst)
        except StoreUnavailable:
            await self._say(message, "checkins.words_follow_up", {"line": self.app.one_line(Origin())})
        except Exception as error:
            log.error("A message could not be answered as it should have been.", exc_info=error)
            await self._send(message, self._apology(message))

    async def _answer(self, burst: Burst) -> None:
        message = burst.message
        unreadable = _unreadable(message)
        if unreadable is not None:
            await self._say(message, unreadable, {})
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
        await self._say(message, template, {"when": when})

    async def _one_word(self, message: discord.Message, level: Level, questions: list[Open]) -> None:
        """ "Fine." is an answer, and is kept like a tap; with two networks asking, we ask which it was for."""
        if len(questions) > 1:
            await self._which(message, level, questions)
            return
        store, keyring, now = self.app.store, self.app.keyring, self.app.clock.now()
        asked, member = questions[0].checkin_id, message.author.id
        kept = await answering.answer(store, keyring, asked, member, level, message.id, now)
        checkins = cast("Checkins", self.bot.get_cog("Checkins"))
        template, params = checkins.reply_to(kept)
        await self._say(
            message,
            template,
            params,
            kept.checkin_id,
            Origin(kept.network_id, kept.language),
            await checkins.left_out(member, kept),
        )

    async def _which(self, message: discord.Message, level: Level, questions: list[Open]) -> None:
        origin = Origin(questions[0].network.id, questions[0].network.language)
        library = self.app.library
        filled = library.fill(self.bot.answers.vary("checkins.which_network", message.author.id))
        choices: list[discord.ui.Item[Any]] = [
            discord.ui.Button(
                label=one.network.name[:80], custom_id=make("checkins.which", one.checkin_id, level)
            )
            for one in questions[:5]
        ]
        rows = [
            choices,
            *([drawn_button(library, ref, origin) for ref in row] for row in with_support(filled.buttons)),
        ]
        await self._send(message, {"content": filled.text, "view": plain(rows)})

    async def _words(self, message: discord.Message, question: Open | None) -> None:
        if question is None:
            await self._say(message, "checkins.unprompted", {})
            return
        origin = Origin(question.network.id, question.network.language)
        if question.level is None:
            template = "checkins.words_untapped"
        else:
            template = "checkins.words_hard" if question.level.hard else "checkins.words"
        await self._say(message, template, {"line": self.app.one_line(origin)}, question.checkin_id, origin)

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        if payload.guild_id is not None or self._is_me(payload.user_id):
            return
        channel = self.bot.get_partial_messageable(payload.channel_id)
        drawn = draw(
            self.app.library, self.bot.answers.vary("checkins.reaction", payload.user_id), origin=Origin()
        )
        # One answer to a message's reactions, however many there are.
        await channel.send(**drawn, nonce=f"r{payload.message_id}")

    def _is_me(self, user_id: int) -> bool:
        return self.bot.user is not None and self.bot.user.id == user_id

    async def cog_unload(self) -> None:
        """The bot is ending: whoever waits for the end of a pause in their writing is answered now."""
        for user_id, burst in list(self._bursts.items()):
            burst.timer.cancel()
            self._answer_soon(user_id)
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=LAST_WORDS_S)

    async def say_late(self, message: discord.Message) -> None:
        """Answer something written while the bot was off, unless newer words of theirs are being answered."""
        if message.author.id not in self._bursts:
            await self._say(message, "checkins.slow_bot", {})

    async def _say(
        self,
        message: discord.Message,
        template: str,
        params: dict[str, str],
        subject_id: int = 0,
        origin: Origin | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        chosen = self.bot.answers.vary(template, message.author.id)
        drawn = draw(
            self.app.library,
            chosen,
            params,
            origin=origin or Origin(),
            subject_id=subject_id,
            without=without,
        )
        await self._send(message, drawn)

    async def _send(self, message: discord.Message, drawn: dict[str, Any]) -> None:
        await send_surely(message.channel, drawn, str(message.id))

    def _apology(self, message: discord.Message) -> dict[str, Any]:
        """What is said when an answer failed: that it was us, and the numbers themselves. From memory alone."""
        app = self.app
        chosen = self.bot.answers.vary("errors.generic", message.author.id)
        drawn = draw(app.library, chosen, {}, origin=Origin())
        card = app.signposts.card(None, Origin().language, app.clock.now())
        return {**drawn, "content": f"{drawn['content']}\n\n{card.text}"}


def _unreadable(message: discord.Message) -> str | None:
    """The words for what the bot cannot read, or None when there is text."""
    if message.content.strip():
        return None
    if message.flags.voice:
        return "checkins.voice_note"
    if message.stickers:
        return "checkins.sticker"
    if message.attachments:
        pictures = all((a.content_type or "").startswith("image/") for a in message.attachments)
        return "checkins.picture" if pictures else "checkins.file"
    if message.message_snapshots or message.poll is not None:
        return "checkins.file"  # something forwarded, or a vote: not their own words
    return None


def _replied_to(message: discord.Message) -> int | None:
    """The question a message is a reply to, read from the buttons of what it replies to."""
    reference = message.reference
    original = reference.resolved if reference is not None else None
    if not isinstance(original, discord.Message):
        return None
    for custom_id in custom_ids(original.components):
        press = parse(custom_id)
        if press is not None and press.kind.startswith("checkins."):
            return press.id
    return None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Conversation(bot))
