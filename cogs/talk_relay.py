"""What somebody in a talk writes, changes and deletes in direct messages: taken in here, passed on by the relay.

Nobody who types is shown to be typing, and reactions go nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

import discord
from discord.ext import commands

from bot.checkins import answering
from bot.errors import Refusal, StoreUnavailable
from bot.listeners import relay_posts, relay_quick, talks_looking
from bot.listeners.relay_posts import Heard, Taken, Took
from bot.outbox.sender import custom_ids
from bot.ui.direct import send_surely
from bot.ui.ids import Press, make, presses
from bot.ui.patience import again_and_again
from bot.ui.render import SUPPORT, Button, Origin, draw
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from bot.listeners.relay import Relay

OPENING_S = 3.0


class AnonymousTalk(commands.Cog):
    """See `bot/ui/talking.py` for what others ask of it."""

    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self._taking: dict[int, asyncio.Task[bool]] = {}
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self.heard = asyncio.Event()
        """Whether it is known who wrote while nobody heard."""
        self.behind: dict[int, asyncio.Event] = {}
        """Whose earlier words are still to be taken in: newer ones wait for them."""

    @property
    def _relay(self) -> Relay | None:
        return self.app.relay

    def side(self, user_id: int) -> Literal["", "member", "listener"]:
        return self._relay.side(user_id) if self._relay is not None else ""

    async def take(self, message: discord.Message) -> bool:
        task = self._taking.get(message.id)
        if task is None:
            task = self._taking[message.id] = asyncio.create_task(self._take(message))
            task.add_done_callback(lambda _: self._taking.pop(message.id, None))
        return await asyncio.shield(task)

    async def _take(self, message: discord.Message) -> bool:
        if self._relay is None:
            async with asyncio.timeout(OPENING_S):
                await self.app.opened()
        app, who = self.app, message.author.id
        concerned = self.side(who) or await app.store.read(talks_looking.concerns, app.keyring, who)
        if not concerned:
            return False
        await self.heard.wait()
        if who in self.behind:
            await self.behind[who].wait()
        return await self.in_turn(message)

    async def in_turn(self, message: discord.Message) -> bool:
        """Take in one message after those of the same person that came before; says whether it was a talk's."""
        turn = self._turns.setdefault(message.author.id, asyncio.Lock())
        async with turn:
            heard = await self._heard(message)
            if heard is None:
                return False
            taken = await self._kept(message, heard)
            if taken.outcome is Took.PASSED and taken.to_id is not None and self._relay is not None:
                self._relay.pass_on(taken.to_id, taken.now)
                if taken.line is not None:
                    self._relay.lines[heard.user_id] = taken.line
        return await self._say_what_became(message, taken)

    async def _heard(self, message: discord.Message) -> Heard | None:
        """What was written and what it answers; None when it answers something of ours that is no talk's."""
        answers, own = None, None
        original = await _original(message)
        if original is not None and original.author.id == message.author.id:
            own = original.id
        elif original is not None:
            answers = _row_of(original)
            if not answers:
                return None
        return Heard(
            message.id,
            message.author.id,
            message.content,
            message.created_at,
            answers,
            own,
            str(self.app.library.text("talks.somebody")),
        )

    async def _kept(self, message: discord.Message, heard: Heard) -> Taken:
        """Taken in, however long the database takes to come back; its writer is told that it waits."""
        app, told = self.app, False

        async def attempt() -> Taken:
            if app.ending:
                return Taken(Took.AGAIN)  # the next start finds it where it was written
            return await self._quickly(heard) or await app.store.write(
                relay_posts.take, app.keyring, heard, app.clock.now()
            )

        async def failed(error: BaseException) -> None:
            nonlocal told
            if not self.side(message.author.id):
                raise error
            if not told:
                told = True
                await self._say(message, "talks.kept_for_now", Origin(), prefix="w")

        return await again_and_again(attempt, StoreUnavailable, failed=failed)

    async def _quickly(self, heard: Heard) -> Taken | None:
        """Taken in as most words are, where all is as it was with the words before these."""
        app, relay = self.app, self._relay
        line = relay.lines.get(heard.user_id) if relay is not None else None
        if line is None or heard.answers or heard.answers_own:
            return None
        parcel = await app.store.write(
            relay_quick.take,
            app.keyring,
            line,
            heard.message_id,
            heard.text,
            heard.somebody,
            heard.written_at,
            app.clock.now(),
        )
        if parcel is None:
            return None
        return Taken(Took.PASSED, line.to_id, parcel, network_id=parcel.network_id, language=parcel.language)

    async def _say_what_became(self, message: discord.Message, taken: Taken) -> bool:
        origin = Origin(taken.network_id, taken.language)
        if taken.outcome is Took.NOT_OURS:
            return False
        if taken.outcome is Took.WAITING:
            return await self._still_waiting(message)
        if taken.outcome is Took.PASSED and (message.attachments or message.stickers):
            await self._say(message, "talks.only_words", origin)
        elif taken.outcome is Took.UNREADABLE:
            await self._say(message, "talks.no_files", origin)
        elif taken.outcome is Took.ENDED:
            await self._say(message, "talks.over", origin)
        elif taken.outcome is Took.HELD and taken.choices:
            await self._ask_which(message, taken, origin)
        return True

    async def _still_waiting(self, message: discord.Message) -> bool:
        """Nobody is there to read it yet. An answer to an open question is taken as that."""
        app, who = self.app, message.author.id
        questions = await answering.open_questions(app.store, app.keyring, who, app.clock.now(), None)
        standing = await app.store.read(talks_looking.standing, app.keyring, who)
        if standing is None or any(question.level is None for question in questions):
            return False
        await self._say(
            message, "talks.still_waiting", Origin(standing.network_id), subject_id=standing.talk_id
        )
        return True

    async def _ask_which(self, message: discord.Message, taken: Taken, origin: Origin) -> None:
        choices = [
            Button(choice.name[:80], make("talk.anonymous.which", taken.post_id, str(choice.talk_id)))
            for choice in taken.choices[:5]
        ]
        await self._say(message, "talks.which", origin, choices=choices)

    @on_press("talk.anonymous.which")
    async def which(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        if not press.arg.isdecimal() or len(press.arg) > 19:
            raise Refusal("errors.old_button")
        try:
            name = await app.store.write(relay_posts.choose, app.keyring, who, press.id, int(press.arg))
        except LookupError:
            raise Refusal("errors.old_button") from None
        await self.bot.answers.say(interaction, "talks.chosen", {"name": name}, hidden=False)

    async def _say(
        self,
        message: discord.Message,
        template: str,
        origin: Origin,
        params: Mapping[str, object] | None = None,
        *,
        subject_id: int = 0,
        choices: Sequence[Button] = (),
        prefix: str = "t",
    ) -> None:
        """`prefix` of the nonce: the same words may have a card, which goes by their bare number and must not be lost."""
        chosen = self.bot.answers.vary(template, message.author.id)
        drawn = draw(self.app.library, chosen, params, origin=origin, subject_id=subject_id, choices=choices)
        await send_surely(message.channel, drawn, f"{prefix}{message.id}")

    async def taken_in(self, message_id: int) -> None:
        """Wait for a message that is just being taken in: what is done to it must not come before it."""
        task = self._taking.get(message_id)
        if task is not None:
            with contextlib.suppress(Exception):
                await asyncio.shield(task)


async def _original(message: discord.Message) -> discord.Message | None:
    """What a message is a reply to; None when it is no reply, or that was deleted."""
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None or reference.message_id is None:
        return None
    if isinstance(reference.resolved, discord.Message):
        return reference.resolved
    if reference.resolved is not None:
        return None
    try:
        return await message.channel.fetch_message(reference.message_id)
    except discord.NotFound:
        return None


def _row_of(message: discord.Message) -> int:
    """The row a message of ours was sent for, as its support button says; 0: it was an answer from memory."""
    return next((press.id for press in presses(custom_ids(message.components)) if press.kind == SUPPORT), 0)


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(AnonymousTalk(bot))
