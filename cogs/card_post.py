"""Cards on their way: put together and sent from memory, again and again if Discord is away, and never lost in silence."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.outbox.pace import urgency
from bot.outbox.sender import custom_ids
from bot.outbox.tables import Priority
from bot.support.cards import AGAIN, DELAYED, LATE, SORRY, TEMPLATES, Topic
from bot.support.meeting import Lately
from bot.ui.direct import send_at_last, send_surely
from bot.ui.ids import presses
from bot.ui.render import SUPPORT, Origin, draw_card, read_origin

if TYPE_CHECKING:
    from bot.client import ReallyOk

log = logging.getLogger("reallyok.conversation")

SHORTLY_S = 6.0  # nobody waits longer for a card to be sent; it goes on being tried meanwhile


@dataclass(frozen=True)
class OnItsWay:
    """A card Discord has not taken yet, and what has it tried again at once."""

    sending: asyncio.Task[bool]
    sooner: asyncio.Event


class CardPost(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self.lately = Lately()
        # What Discord has not taken yet, by the channel and the words it is for: one of each is enough.
        self._waiting: dict[tuple[int, str], OnItsWay] = {}
        # For the day when even putting a card together fails: made while nothing is wrong.
        sorry = bot.app.library.fill(SORRY)
        line = bot.app.one_line(Origin())
        emergency = bot.app.signposts.emergency(None, Origin().language)
        self.spare = draw_card(
            bot.app.library, f"{sorry.text}\n\n{line}\n{emergency}", sorry.buttons, Origin()
        )

    async def sorry(self, message: discord.Message, nonce: str = "", template: str = SORRY) -> None:
        """Whatever failed, the member is answered: that it was us, and the numbers themselves."""
        drawn = self.spare
        try:
            origin = self.origin_of(message)
            filled = self.app.library.fill(
                self.bot.answers.vary(template, message.author.id), {}, origin.language
            )
            own = self.app.lines.get(origin.network_id)
            card = self.app.signposts.card(
                own.nation, origin.language, self.app.clock.now(), own.lines, education=own.education
            )
            drawn = draw_card(self.app.library, f"{filled.text}\n\n{card.text}", filled.buttons, origin)
        except Exception as error:
            log.error("The apology could not be put together.", exc_info=error)
        await self._arrive(message, template, drawn, nonce or str(message.id))

    async def card(
        self, message: discord.Message, topic: Topic, said: str, nonce: str, *, late: bool = False
    ) -> None:
        """Meet words with their card. `said`: what it may say back plainly; `late`: it says that it comes late."""
        user = message.author.id
        self.lately.note(user, topic, message.id, self.app.clock.now())
        drawn = self.draw(TEMPLATES[topic], user, self.origin_of(message), said)
        if late:
            drawn = self._beneath(LATE, user, drawn)
        if not await self._arrive(message, TEMPLATES[topic], drawn, nonce):
            self.lately.forget(user)

    async def again(self, message: discord.Message, nonce: str) -> None:
        """Meet dark words where the card stands above them already, or is tried once more first."""
        drawn = self.draw(AGAIN, message.author.id, self.origin_of(message), "")
        before = urgency.set(Priority.ANSWER)
        try:
            first = self._waiting.get((message.channel.id, TEMPLATES[Topic.CRISIS]))
            if first is not None:
                first.sooner.set()
                await asyncio.wait([first.sending], timeout=SHORTLY_S)
            await send_surely(message.channel, drawn, nonce)
        finally:
            urgency.reset(before)

    def _beneath(self, template: str, user_id: int, drawn: dict[str, Any]) -> dict[str, Any]:
        first = self.app.library.fill(self.bot.answers.vary(template, user_id)).text
        return {**drawn, "content": f"{first}\n\n{drawn['content']}"}

    async def _arrive(
        self, message: discord.Message, template: str, drawn: dict[str, Any], nonce: str
    ) -> bool:
        """Send it, or go on trying while nobody waits for it; false: it cannot be sent at all.

        It lives in memory alone: when the process ends first, the next start reads what it was for.
        """
        key = message.channel.id, template
        if key not in self._waiting:
            sooner = asyncio.Event()
            task = asyncio.create_task(self._send(message, drawn, nonce, sooner))
            self._waiting[key] = OnItsWay(task, sooner)
            task.add_done_callback(lambda task: self._ended(key, task))
        else:
            self._waiting[key].sooner.set()
        task = self._waiting[key].sending
        done, _ = await asyncio.wait([task], timeout=SHORTLY_S)
        return task.result() if done else True

    def hurry(self) -> list[asyncio.Task[bool]]:
        """Try every card that is on its way once more, at once; their tasks."""
        for card in self._waiting.values():
            card.sooner.set()
        return [card.sending for card in self._waiting.values()]

    def _ended(self, key: tuple[int, str], task: asyncio.Task[bool]) -> None:
        self._waiting.pop(key, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("A card could not be sent.", exc_info=task.exception())

    async def _send(
        self, message: discord.Message, drawn: dict[str, Any], nonce: str, sooner: asyncio.Event
    ) -> bool:
        urgency.set(Priority.ANSWER)  # late or not, nothing is more urgent
        late = drawn
        try:
            late = self._beneath(DELAYED, message.author.id, drawn)
        except Exception as error:
            log.error("That a card comes late could not be said.", exc_info=error)
        try:
            return await send_at_last(message.channel, drawn, nonce, late=late, sooner=sooner)
        except Exception:
            if not self.app.ending:
                raise
            return True  # its line was closed beneath it; the next start reads what it was for

    def draw(self, template: str, user_id: int, origin: Origin, said: str) -> dict[str, Any]:
        """A card's message, with the lines of the network's nation at this hour. Never fails."""
        try:
            app, chosen = self.app, self.bot.answers.vary(template, user_id)
            own = app.lines.get(origin.network_id)
            card = app.cards.fill(chosen, own, origin.language, app.clock.now(), said=said)
            # Where the network is known its country is too: on a phone each button pushes the numbers further up.
            rows = [[ref for ref in row if not (origin.network_id and _place(ref))] for row in card.buttons]
            return draw_card(app.library, card.text, rows, origin)
        except Exception as error:
            log.error("A message could not be put together.", exc_info=error)
            return self.spare

    # Where from

    def origin_of(self, message: discord.Message) -> Origin:
        """The network somebody's words are about, as far as memory knows: what they reply to, or what we said last."""
        reference = message.reference
        original = reference.resolved if reference is not None else None
        if isinstance(original, discord.Message) and (origin := origin_on(original)).network_id:
            return origin
        network_id, language = self.app.sender.networks.get(message.channel.id, (0, Origin().language))
        return Origin(network_id, language)

    def pressed_in(self, interaction: discord.Interaction[Any]) -> Origin:
        """The same for a form that was sent."""
        origin = self.app.origin_of(interaction)
        if not origin.network_id and interaction.message is not None:
            return origin_on(interaction.message)
        return origin


def _place(reference: str) -> bool:
    return reference.startswith(("support.country", "support.cymraeg"))


def origin_on(message: discord.Message) -> Origin:
    """The network a message of ours is of, as its support button says."""
    ours = presses(custom_ids(message.components))
    return next((read_origin(press.arg) for press in ours if press.kind == SUPPORT), Origin())


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(CardPost(bot))
