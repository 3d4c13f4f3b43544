"""Words that call for a card get one: read in memory, met from memory, before anything is asked of the database.

Nothing here keeps, counts or logs what was said, what it was read as, or that a card was sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import discord
from discord.ext import commands

from bot.checkins.rules import Meaning, meaning, one_word
from bot.support.cards import AGAIN, SORRY, TEMPLATES, UNREAD, Topic, topic_of
from bot.support.meeting import Heard
from bot.ui.respond import respond

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.card_post import CardPost

log = logging.getLogger("reallyok.conversation")

FORGET_S = 30.0  # texts a talk took are dropped so long after the last of them
LAST_WORDS_S = 1.5


class Cards(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._post = cast("CardPost", bot.get_cog("CardPost"))
        self._lately = self._post.lately
        self._heard: dict[int, Heard] = {}
        self._forgetting: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    # Reading

    def heed(self, message: discord.Message, *, held: bool = False) -> None:
        """Read somebody's words, alone and with those just before them, and send the card at once if they are dark.

        `held`: not at once (a listener repeating what somebody told them); it is met when nothing else takes it.
        They are kept until `taken` or `over` is told of them, however long a talk takes to say whether it wants them.
        """
        if not message.content.strip():
            return
        self.app.expect_words()
        user_id = message.author.id
        heard = self._heard.setdefault(user_id, Heard())
        self._keep(user_id)
        self.read(heard, message)
        if heard.topic is Topic.CRISIS and not held:
            self._at_once(heard, message)

    def _keep(self, user_id: int) -> None:
        timer = self._forgetting.pop(user_id, None)
        if timer is not None:
            timer.cancel()

    def read(self, heard: Heard, message: discord.Message) -> None:
        """Read one more of somebody's texts in a row, but not what has an answer of its own: a level, a question to us."""
        text = message.content
        words = one_word(text) is None and meaning(text) is Meaning.WORDS
        self._read(heard, message.id, text if words else "")

    def _read(self, heard: Heard, message_id: int, text: str) -> None:
        self._carefully(heard, message_id, heard.read, self.app.recogniser, message_id, text)

    def _carefully(self, heard: Heard, message_id: int, read: Callable[..., object], *what: object) -> None:
        try:
            read(*what)
        except Exception as error:
            heard.failures.add(message_id)
            log.error("Words could not be read as they should have been.", exc_info=error)

    def _at_once(self, heard: Heard, message: discord.Message) -> None:
        if heard.met_by or self._lately.met(message.author.id, Topic.CRISIS, self.app.clock.now()):
            return  # the card stands above; what came after it is met when the writing pauses
        heard.met_by = message.id
        self._spawn(self._post.card(message, Topic.CRISIS, heard.together, str(message.id)))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def over(self, user_id: int) -> Heard:
        """What was heard of somebody who has paused; it is forgotten here."""
        self._keep(user_id)
        heard = self._heard.pop(user_id, None) or Heard()
        self._carefully(heard, 0, heard.read_again, self.app.recogniser)
        return heard

    def knows(self, message: discord.Message) -> bool:
        """Whether it was read a moment ago and is being met."""
        heard = self._heard.get(message.author.id, Heard())
        return message.id in heard.texts or message.id in heard.waiting

    def taken(self, message: discord.Message, *, held: bool = False) -> None:
        """Somebody's words went on to another person: they need no answer of ours, unless they could not be read.

        What was read before everything was there to read with is read once more, for dark words alone; but not what
        is `held`, as in `heed`.
        """
        heard = self._heard.get(message.author.id)
        if heard is None or message.id not in heard.waiting:
            return
        failed, plainly = message.id in heard.failures, heard.plainly
        heard.let_go(message.id)
        if failed and not heard.apologised:
            heard.apologised = True
            self._spawn(self.sorry(message, taken=True))
        elif plainly and not held:
            self._spawn(self._read_better(message, Heard(dict(heard.texts))))
        if not heard.waiting:
            loop = asyncio.get_running_loop()
            self._keep(message.author.id)
            self._forgetting[message.author.id] = loop.call_later(FORGET_S, self.over, message.author.id)

    async def _read_better(self, message: discord.Message, heard: Heard) -> None:
        await asyncio.wait([self.app.expect_words()])
        if self.app.recogniser.with_encoder:
            self.read(heard, message)
            if heard.failed:
                await self.sorry(message, taken=True)
            elif heard.topic is Topic.CRISIS:
                self._at_once(heard, message)

    # Meeting

    async def meet(self, message: discord.Message, heard: Heard, *, late: bool = False) -> bool:
        """Answer what was heard with its card, if there is one for it. True: nothing else needs saying."""
        if heard.met_by:
            if message.id != heard.met_by:
                await self._go_on(message, heard)
            return True
        if heard.failed:
            await self.sorry(message)
            return True
        if heard.topic is None:
            return False
        had = self._lately.had(message.author.id, self.app.clock.now())
        if had is not None and had.topic is heard.topic is Topic.CRISIS:
            # Its own card, read twice as an outage ended, may still be on its way; and a second answer to the same
            # message would be taken for it, so that the card itself would be dropped as a repeat.
            if had.message_id != message.id:
                await self._post.again(message, str(message.id))
        else:
            await self._post.card(message, heard.topic, heard.together, str(message.id), late=late)
        return True

    async def _go_on(self, message: discord.Message, heard: Heard) -> None:
        """Meet what came after a card in the same breath: with a pupil's own card where it tells of a pupil.

        A child cannot wait for the next pause; the numbers for whoever writes stand above, and are on that card too.
        """
        later = [text for one, text in heard.texts.items() if one > heard.met_by and text.strip()]
        topics = {topic_of(self.app.recogniser.read(text)) for text in later}
        if Topic.PUPIL in topics and Topic.CRISIS not in topics:
            await self._post.card(message, Topic.PUPIL, "", str(message.id))
        else:
            await self._post.again(message, str(message.id))

    async def meet_form(
        self, interaction: discord.Interaction[Any], text: str, *, dark_alone: bool = False
    ) -> bool:
        """The same for words written in a form: seen by their writer alone. True: the interaction is answered.

        `dark_alone`: they go on to somebody, as in a talk; what is less than dark has a person to go to.
        """
        user, now, heard = interaction.user.id, self.app.clock.now(), Heard()
        self._read(heard, interaction.id, text)
        topic = heard.topic
        if heard.failed:
            drawn = self._post.spare
        elif topic is None or (dark_alone and topic is not Topic.CRISIS):
            return False
        else:
            template = AGAIN if self._lately.met(user, topic, now) else TEMPLATES[topic]
            drawn = self._post.draw(template, user, self._post.pressed_in(interaction), text)
        await respond(interaction, hidden=interaction.guild is not None, **drawn)
        if topic is not None and not heard.failed:  # only a card that arrived stands above what comes next
            self._lately.note(user, topic, interaction.id, now)
        return True

    async def sorry(self, message: discord.Message, *, taken: bool = False) -> None:
        """Whatever failed, the member is answered: that it was us, and the numbers themselves.

        `taken`: the words themselves went on to somebody.
        """
        await self._post.sorry(message, template=UNREAD if taken else SORRY)

    async def changed(self, message: discord.Message, edited_at: datetime) -> None:
        """Words somebody changed are read like new ones. What was met already is not met again."""
        talk: Any = self.bot.get_cog("AnonymousTalk")
        side = talk.side(message.author.id) if talk is not None else ""
        if side == "listener":
            return
        heard = self._heard.get(message.author.id)
        if heard is not None and message.id in heard.waiting:
            self.read(heard, message)  # not answered yet: what it says now is what counts
            if heard.topic is Topic.CRISIS:
                self._at_once(heard, message)
            return
        heard = Heard()
        self.read(heard, message)
        had = self._lately.had(message.author.id, self.app.clock.now())
        # The answer to the first version was sent under the message's own id; this is another.
        nonce = f"e{message.id}.{int(edited_at.timestamp() * 1000) % 10_000}"
        if heard.failed:
            await self._post.sorry(message, nonce)
        elif heard.topic is Topic.CRISIS:
            if had is None or had.topic is not Topic.CRISIS:
                await self._post.card(message, Topic.CRISIS, message.content, nonce)
            elif had.message_id != message.id:
                await self._post.again(message, nonce)
        elif heard.topic not in (None, Topic.DENIAL) and had is None and not side:
            await self._post.card(message, heard.topic, message.content, nonce)

    async def cog_unload(self) -> None:
        """The bot is ending: what is on its way goes now if it can. What cannot is read again at the next start."""
        if going := [*self._tasks, *self._post.hurry()]:
            await asyncio.wait(going, timeout=LAST_WORDS_S)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Cards(bot))
