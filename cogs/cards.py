"""Words that call for a card get one: read in memory, met from memory, before anything is asked of the database.

Nothing here keeps, counts or logs what was said, what it was read as, or that a card was sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.checkins.rules import Meaning, meaning, one_word
from bot.outbox.pace import urgency
from bot.outbox.sender import custom_ids
from bot.outbox.tables import Priority
from bot.support.cards import AGAIN, LATE, TEMPLATES, Topic
from bot.support.meeting import Heard, Lately
from bot.ui.direct import send_surely
from bot.ui.ids import parse
from bot.ui.render import SUPPORT, Origin, draw_card, read_origin
from bot.ui.respond import respond

if TYPE_CHECKING:
    from bot.client import ReallyOk

log = logging.getLogger("reallyok.conversation")

FORGET_S = 30.0  # texts nobody answered (a talk takes them) are dropped after so long
LAST_WORDS_S = 1.5


class Cards(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._lately = Lately()
        self._heard: dict[int, Heard] = {}
        self._forgetting: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # For the day when even putting a card together fails: made while nothing is wrong.
        sorry = bot.app.library.fill("errors.generic")
        line = bot.app.one_line(Origin())
        emergency = bot.app.signposts.emergency(None, Origin().language)
        self._spare = draw_card(
            bot.app.library, f"{sorry.text}\n\n{line}\n{emergency}", sorry.buttons, Origin()
        )

    # Reading

    def heed(self, message: discord.Message, *, held: bool = False) -> None:
        """Read somebody's words, alone and with those just before them, and send the card at once if they are dark.

        `held`: not at once (a listener repeating what somebody told them); it is met when nothing else takes it.
        """
        if not message.content.strip():
            return
        self.app.expect_words()
        user_id = message.author.id
        heard = self._heard.setdefault(user_id, Heard())
        if user_id in self._forgetting:
            self._forgetting[user_id].cancel()
        self._forgetting[user_id] = asyncio.get_running_loop().call_later(FORGET_S, self.over, user_id)
        self.read(heard, message)
        if heard.topic is Topic.CRISIS and not held:
            self._at_once(heard, message)

    def read(self, heard: Heard, message: discord.Message) -> None:
        """Read one more of somebody's texts in a row, but not what has an answer of its own: a level, a question to us."""
        text = message.content
        words = one_word(text) is None and meaning(text) is Meaning.WORDS
        self._read(heard, message.id, text if words else "")

    def _read(self, heard: Heard, message_id: int, text: str) -> None:
        self._carefully(heard, heard.read, self.app.recogniser, message_id, text)

    def _carefully(self, heard: Heard, read: Callable[..., object], *what: object) -> None:
        try:
            read(*what)
        except Exception as error:
            heard.failed = True
            log.error("Words could not be read as they should have been.", exc_info=error)

    def _at_once(self, heard: Heard, message: discord.Message) -> None:
        if heard.met_by or self._lately.met(message.author.id, Topic.CRISIS, self.app.clock.now()):
            return  # the card stands above; what came after it is met when the writing pauses
        heard.met_by = message.id
        task = asyncio.create_task(self._card(message, Topic.CRISIS, heard.together, str(message.id)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def over(self, user_id: int) -> Heard:
        """What was heard of somebody who has paused; it is forgotten here."""
        timer = self._forgetting.pop(user_id, None)
        if timer is not None:
            timer.cancel()
        heard = self._heard.pop(user_id, None) or Heard()
        self._carefully(heard, heard.read_again, self.app.recogniser)
        return heard

    def knows(self, message: discord.Message) -> bool:
        """Whether it was read a moment ago and is being met."""
        return message.id in self._heard.get(message.author.id, Heard()).texts

    def taken(self, user_id: int) -> None:
        """Somebody's words went on to another person: they need no answer of ours."""
        if user_id in self._heard:
            self._heard[user_id].let_go()

    # Meeting

    async def meet(self, message: discord.Message, heard: Heard, *, late: bool = False) -> bool:
        """Answer what was heard with its card, if there is one for it. True: nothing else needs saying."""
        if heard.met_by:
            if message.id != heard.met_by:
                await self._again(message, str(message.id))
            return True
        if heard.failed:
            await self.sorry(message)
            return True
        if heard.topic is None:
            return False
        if self._lately.met(message.author.id, heard.topic, self.app.clock.now()):
            await self._again(message, str(message.id))
        else:
            await self._card(message, heard.topic, heard.together, str(message.id), late=late)
        return True

    async def meet_form(self, interaction: discord.Interaction[Any], text: str) -> bool:
        """The same for words written in a form: seen by their writer alone. True: the interaction is answered."""
        user, now, heard = interaction.user.id, self.app.clock.now(), Heard()
        self._read(heard, interaction.id, text)
        topic = heard.topic
        if heard.failed:
            drawn = self._spare
        elif topic is None:
            return False
        else:
            template = AGAIN if self._lately.met(user, topic, now) else TEMPLATES[topic]
            drawn = self._draw(template, user, self._pressed_in(interaction), text)
            self._lately.note(user, topic, interaction.id, now)
        await respond(interaction, hidden=interaction.guild is not None, **drawn)
        return True

    async def sorry(self, message: discord.Message, nonce: str = "") -> None:
        """Whatever failed, the member is answered: that it was us, and the numbers themselves."""
        drawn = self._spare
        try:
            origin = self.origin_of(message)
            filled = self.app.library.fill("errors.generic", {}, origin.language)
            own = self.app.lines.get(origin.network_id)
            card = self.app.signposts.card(
                own.nation, origin.language, self.app.clock.now(), own.lines, education=own.education
            )
            drawn = draw_card(self.app.library, f"{filled.text}\n\n{card.text}", filled.buttons, origin)
        except Exception as error:
            log.error("The apology could not be put together.", exc_info=error)
        await send_surely(message.channel, drawn, nonce or str(message.id))

    async def _card(
        self, message: discord.Message, topic: Topic, said: str, nonce: str, *, late: bool = False
    ) -> None:
        user = message.author.id
        self._lately.note(user, topic, message.id, self.app.clock.now())
        drawn = self._draw(TEMPLATES[topic], user, self.origin_of(message), said)
        if late:
            late_words = self.app.library.fill(self.bot.answers.vary(LATE, user)).text
            drawn = {**drawn, "content": f"{late_words}\n\n{drawn['content']}"}
        if not await self._send(message, drawn, nonce):
            self._lately.forget(user)

    async def _again(self, message: discord.Message, nonce: str) -> None:
        await self._send(message, self._draw(AGAIN, message.author.id, self.origin_of(message), ""), nonce)

    async def _send(self, message: discord.Message, drawn: dict[str, Any], nonce: str) -> bool:
        before = urgency.set(Priority.ANSWER)  # late or not, nothing is more urgent
        try:
            return await send_surely(message.channel, drawn, nonce)
        finally:
            urgency.reset(before)

    def _draw(self, template: str, user_id: int, origin: Origin, said: str) -> dict[str, Any]:
        try:
            app, chosen = self.app, self.bot.answers.vary(template, user_id)
            own = app.lines.get(origin.network_id)
            card = app.cards.fill(chosen, own, origin.language, app.clock.now(), said=said)
            # Where the network is known its country is too: on a phone each button pushes the numbers further up.
            rows = [[ref for ref in row if not (origin.network_id and _place(ref))] for row in card.buttons]
            return draw_card(app.library, card.text, rows, origin)
        except Exception as error:
            log.error("A message could not be put together.", exc_info=error)
            return self._spare

    # Where from

    def origin_of(self, message: discord.Message) -> Origin:
        """The network somebody's words are about, as far as memory knows: what they reply to, or what we said last."""
        reference = message.reference
        original = reference.resolved if reference is not None else None
        if isinstance(original, discord.Message) and (origin := _origin_on(original)).network_id:
            return origin
        network_id, language = self.app.sender.networks.get(message.channel.id, (0, Origin().language))
        return Origin(network_id, language)

    def _pressed_in(self, interaction: discord.Interaction[Any]) -> Origin:
        origin = self.app.origin_of(interaction)
        if not origin.network_id and interaction.message is not None:
            return _origin_on(interaction.message)
        return origin

    async def changed(self, message: discord.Message, edited_at: datetime) -> None:
        """Words somebody changed are read like new ones. What was met already is not met again."""
        talk: Any = self.bot.get_cog("AnonymousTalk")
        side = talk.side(message.author.id) if talk is not None else ""
        if side == "listener":
            return
        heard = self._heard.get(message.author.id)
        if heard is not None and message.id in heard.texts:
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
            await self.sorry(message, nonce)
        elif heard.topic is Topic.CRISIS:
            if had is None or had.topic is not Topic.CRISIS:
                await self._card(message, Topic.CRISIS, message.content, nonce)
            elif had.message_id != message.id:
                await self._again(message, nonce)
        elif heard.topic not in (None, Topic.DENIAL) and had is None and not side:
            await self._card(message, heard.topic, message.content, nonce)

    async def cog_unload(self) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=LAST_WORDS_S)


def _place(reference: str) -> bool:
    return reference.startswith(("support.country", "support.cymraeg"))


def _origin_on(message: discord.Message) -> Origin:
    for custom_id in custom_ids(message.components):
        press = parse(custom_id)
        if press is not None and press.kind == SUPPORT:
            return read_origin(press.arg)
    return Origin()


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Cards(bot))
