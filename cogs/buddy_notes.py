"""Words passed on between buddies: read in memory first, sent from memory, kept nowhere, and given back if they do not go.

All but when the bot is killed in that moment. Then the words are gone, some of the buddies may have them, and the writer is
told no more than Discord says itself: that the application did not respond. That is the price of keeping them nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import discord
from discord.ext import commands

from bot.buddies import introducing
from bot.buddies.introducing import Line, Post
from bot.content.library import Words
from bot.content.neutral import neutralise
from bot.errors import Refusal, StoreUnavailable
from bot.members.reports import in_parts, visible
from bot.ui.direct import send_surely
from bot.ui.forms import ask_words
from bot.ui.ids import Press, make
from bot.ui.render import Origin, draw
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.cards import Cards

LONGEST_NOTE = 1400
ROOM = 1500  # characters of a note in one message, once it is harmless
# A minute in all: for so long Discord surely knows that it has a message already, and drops a repeat.
RETRIES_S = (1.0, 4.0, 15.0, 40.0)


class BuddyNotes(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot

    @property
    def _cards(self) -> Cards:
        return cast("Cards", self.bot.get_cog("Cards"))

    async def _say(
        self,
        interaction: discord.Interaction[Any],
        template: str,
        params: Mapping[str, str] | None = None,
        place_id: int = 0,
    ) -> None:
        hidden = interaction.guild is not None
        await self.bot.answers.say(interaction, template, params, subject_id=place_id, hidden=hidden)

    @on_press("buddies.note")
    async def note(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app
        app.expect_words()
        await introducing.may_post(app.store, app.buddy_desk, press.id, interaction.user.id, app.clock.now())
        custom_id = make("buddies.passed", press.id)
        await interaction.response.send_modal(ask_words(app.library, "buddies.note", custom_id, LONGEST_NOTE))

    @on_press("buddies.passed")
    async def passed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """A form with words for a buddy: whoever wrote something dark has their card first; then it goes, once."""
        said = visible(written(interaction).get("text", ""))[:LONGEST_NOTE]
        if not await self._cards.meet_form(interaction, said, dark_alone=True):
            await interaction.response.defer(ephemeral=interaction.guild is not None, thinking=True)
        if not said:
            raise Refusal("errors.nothing_to_read")
        try:
            await self._pass_on(interaction, press.id, said)
        except StoreUnavailable:
            await self._give_back(interaction, press.id, said)

    async def _pass_on(self, interaction: discord.Interaction[Any], place_id: int, said: str) -> None:
        app, who = self.app, interaction.user.id
        post = await introducing.post(
            app.store, app.buddy_desk, place_id, who, interaction.id, app.clock.now()
        )
        if post is None:
            await self._say(interaction, "buddies.passed_on")  # delivered twice; it went the first time
            return
        reached: list[int] = []
        if await self._all_here(post, who):
            reached = [
                line.user_id for line in post.lines if await self._deliver(interaction, post, line, said)
            ]
        if not reached:
            await self._give_back(interaction, place_id, said)
        elif len(reached) < len(post.buddies):
            named = {"buddy": introducing.mentioned(self.app.library, reached)}
            await self._say(interaction, "buddies.passed_some", named)
        else:
            await self._say(interaction, "buddies.passed_on")

    async def _give_back(self, interaction: discord.Interaction[Any], place_id: int, said: str) -> None:
        """It did not go: nobody need write it again."""
        await self._say(interaction, "buddies.not_passed")
        for part in _parts(said):
            await self._say(interaction, "buddies.words_back", {"said": part}, place_id)

    async def _all_here(self, post: Post, who: int) -> bool:
        """Whether Discord says that the sender and every receiver are still in the server."""
        people = (who, *(line.user_id for line in post.lines))
        found = [await self.bot.here(post.network_id, user) for user in people]
        return bool(post.lines) and all(here for here, _ in found)

    async def _deliver(
        self, interaction: discord.Interaction[Any], post: Post, line: Line, said: str
    ) -> bool:
        app, user = self.app, interaction.user
        channel = self.bot.get_partial_messageable(line.channel_id)
        buddy = app.library.text("buddies.named", name=user.display_name, who=introducing.mention(user.id))
        for number, part in enumerate(_parts(said)):
            drawn = draw(
                app.library,
                f"buddies.from_buddy#{number}",
                {"network": post.network, "buddy": buddy, "said": part},
                origin=Origin(post.network_id, line.language),
                subject_id=line.place_id,
            )
            nonce = f"{interaction.id}{line.place_id % 1000:03d}{number}"
            if not await send_surely(channel, drawn, nonce, RETRIES_S):
                return False
        return True


def _parts(said: str) -> Iterator[Words]:
    """Words as they may stand in a message, in pieces that fit."""
    lines = (neutralise(one, LONGEST_NOTE) if one.strip() else "" for one in said.splitlines())
    return (Words(part) for part in in_parts("\n".join(lines), ROOM))


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(BuddyNotes(bot))
