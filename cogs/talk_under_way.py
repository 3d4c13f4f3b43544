"""A talk, once it was asked for: taken by a listener, ended, handed over, blocked. Every press is judged by the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord.ext import commands

from bot.errors import Refusal
from bot.listeners import talks_ending, talks_looking, talks_taking
from bot.listeners.talk_rules import Role
from bot.listeners.talks_ending import Ended
from bot.listeners.talks_taking import Answer
from bot.ui.ids import Press
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.listener_calls import ListenerCalls

SAID = {
    Answer.YOURS: "talks.yours",
    Answer.TAKEN: "talks.taken",
    Answer.NOT_NEEDED: "talks.not_needed",
    Answer.DECLINED: "talks.declined",
}


class TalkUnderWay(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    # Listeners

    @on_press("talk.anonymous.take")
    async def take(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        if press.arg == "no":
            answer = await app.store.write(talks_taking.decline, app.keyring, who, press.id, app.clock.now())
        elif press.arg == "yes":
            network_id = await app.store.read(talks_looking.whose, app.keyring, who, press.id)
            calls = cast("ListenerCalls", self.bot.get_cog("ListenerCalls"))
            await calls.still_listens(interaction, network_id)
            answer = await app.store.write(talks_taking.accept, app.desk, who, press.id, app.clock.now())
        else:
            raise Refusal("errors.old_button")
        await self.say(interaction, SAID[answer], hidden=False)

    @on_press("talk.anonymous.beyond")
    async def beyond(self, interaction: discord.Interaction[Any], press: Press) -> None:
        about = await self._about(interaction, press)
        if about.role is not Role.LISTENER:
            raise Refusal("errors.old_button")
        await self.say(interaction, "talks.beyond", {"name": about.other}, subject_id=press.id)

    # Either of the two

    async def _about(self, interaction: discord.Interaction[Any], press: Press) -> Ended:
        return await self.app.store.read(talks_ending.about, self.app.keyring, interaction.user.id, press.id)

    @on_press("talk.anonymous.end")
    async def end(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        if press.arg == "yes":
            ended = await app.store.write(talks_ending.close, app.keyring, who, press.id, app.clock.now())
            await self._ended(interaction, ended)
            return
        about = await self._about(interaction, press)
        if press.arg not in ("ask", "stop", "no"):
            raise Refusal("errors.old_button")
        if not about.fresh:
            await self.say(interaction, "talks.closed_already", hidden=_hidden(interaction))
        elif press.arg == "no":
            await self.say(interaction, "talks.stays", hidden=_hidden(interaction))
        else:
            await self.say(
                interaction,
                "talks.end_ask" if about.was_open else "talks.end_ask_waiting",
                {"name": about.other},
                subject_id=press.id,
                hidden=_hidden(interaction),
            )

    async def _ended(self, interaction: discord.Interaction[Any], ended: Ended) -> None:
        if not ended.fresh:
            template = "talks.closed_already"
        elif ended.role is Role.LISTENER:
            template = "talks.ended_listener"
        else:
            template = "talks.ended_member" if ended.was_open else "talks.ended_waiting"
        await self.say(interaction, template, {"name": ended.other}, hidden=_hidden(interaction))

    @on_press("talk.anonymous.block")
    async def block(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who = self.app, interaction.user.id
        about = await self._about(interaction, press)
        if press.arg == "ask":
            template = "talks.block_ask" if about.other else "talks.closed_already"
            await self.say(
                interaction,
                template,
                {"name": about.other},
                subject_id=press.id,
                hidden=_hidden(interaction),
            )
        elif press.arg == "yes":
            await app.store.write(talks_ending.block, app.keyring, who, press.id, app.clock.now())
            await self.say(interaction, "talks.blocked", hidden=_hidden(interaction))
        else:
            raise Refusal("errors.old_button")

    @on_press("talk.anonymous.over")
    async def over(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """ "Somebody else": a listener has the member asked; a member is told what the next one sees, and says yes."""
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        about = await self._about(interaction, press)
        if not about.was_open:
            await self.say(interaction, "talks.closed_already", hidden=_hidden(interaction))
        elif press.arg == "ask" and about.role is Role.LISTENER:
            asked = await app.store.write(
                talks_ending.suggest_other, app.keyring, who, press.id, interaction.id, now
            )
            await self.say(interaction, "talks.over_sent", {"name": asked.other}, hidden=_hidden(interaction))
        elif press.arg == "ask":
            standing = await app.store.read(talks_looking.standing, app.keyring, who)
            await self.say(
                interaction,
                "talks.over_ask",
                {"name": standing.name if standing else ""},
                subject_id=press.id,
                hidden=_hidden(interaction),
            )
        elif press.arg == "yes" and about.role is Role.MEMBER:
            await app.store.write(talks_ending.hand_over, app.keyring, who, press.id, interaction.id, now)
            await self.say(interaction, "talks.over_done", subject_id=press.id, hidden=_hidden(interaction))
        elif press.arg == "no" and about.role is Role.MEMBER:
            await self.say(interaction, "talks.stays", hidden=_hidden(interaction))
        else:
            raise Refusal("errors.old_button")


def _hidden(interaction: discord.Interaction[Any]) -> bool:
    return interaction.guild is not None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkUnderWay(bot))
