"""A call before it is sent, exactly as it will be seen; and how it stands afterwards, for its member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.content.library import Library, Words, joined
from bot.content.neutral import neutralise
from bot.errors import Refusal
from bot.listeners import calls
from bot.listeners.duty import Candidate
from bot.listeners.rules import Offer, State
from bot.listeners.standing import LONGEST, Standing, Written, listed
from bot.outbox.sender import CANNOT_DM
from bot.ui.call_forms import several
from bot.ui.ids import Press, make
from bot.ui.listeners import member_of
from bot.ui.render import Origin
from bot.ui.router import chosen, on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk


class TalkPreview(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @on_press("calls.leave-out")
    async def leave_out(self, interaction: discord.Interaction[Any], press: Press) -> None:
        values = chosen(interaction)
        if not all(value.isdecimal() for value in values):
            raise Refusal("errors.old_button")
        app, now = self.app, self.app.clock.now()
        others = {int(value) for value in values}
        standing = await calls.leave_out(app.store, app.desk, press.id, interaction.user.id, others, now)
        await self.tell(interaction, standing)

    @on_press("calls.drop")
    async def drop(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await calls.drop(self.app.store, press.id, interaction.user.id)
        await self.say(interaction, "calls.dropped", hidden=_hidden(interaction))

    @on_press("calls.send")
    async def send(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app
        before = await calls.look(app.store, app.desk, press.id, interaction.user.id, app.clock.now())
        if await member_of(self.bot, interaction, before.network_id) is None:
            raise Refusal("errors.not_member", network=before.network)
        channel: discord.DMChannel | None = None
        if not before.dm_known:
            try:
                channel = await interaction.user.create_dm()
            except discord.HTTPException as error:
                if error.code not in CANNOT_DM:
                    raise
                raise Refusal("members.dm_closed", network=before.network) from None
        standing = await calls.send(
            app.store,
            app.desk,
            press.id,
            interaction.user.id,
            interaction.id,
            app.clock.now(),
            dm_channel_id=channel.id if channel is not None else None,
        )
        await self.tell(interaction, standing, sent=before.state is State.DRAFT)

    # How a call stands

    async def tell(
        self, interaction: discord.Interaction[Any], standing: Standing, *, sent: bool = False
    ) -> None:
        """Say how somebody's own call stands: the preview of a draft, or what has become of it."""
        app, language = self.app, standing.language
        origin = Origin(standing.network_id, language)
        name, organisation = standing.holder or standing.named or ("", "")
        params: dict[str, Any] = {
            "network": standing.network,
            "line": app.one_line(origin),
            "name": name,
            "organisation": organisation,
            "seen": seen(app.library, standing.written, language),
            "answer": app.desk.span(standing.answer, language),
            "later": app.desk.later(
                standing.step_at if standing.state is State.NOBODY else None,
                standing.zone,
                app.clock.now(),
                language,
            ),
        }
        at = standing.promised_at if standing.promised_at is not None else standing.step_at
        if at is not None:
            params["when"] = app.desk.when(at, standing.zone, app.clock.now(), language)
        menus: list[discord.ui.Select[Any]] = []
        if standing.state is State.DRAFT:
            template = "calls.preview"
            params["who"] = self._goes_to(standing)
            menus = self._leaving_out(standing)
        elif sent:
            template = "calls.sent" if standing.state is State.ASKING else "calls.sent_later"
        else:
            template = {
                State.ASKING: "calls.open_asking",
                State.ASKING_ALL: "calls.open_asking",
                State.NOBODY: "calls.open_nobody",
                State.HELD: "calls.open_held",
                State.CHECKING: "calls.open_held",
            }.get(standing.state, "calls.closed_already")
        await self.say(
            interaction,
            template,
            params,
            subject_id=standing.id,
            origin=origin,
            hidden=_hidden(interaction),
            menus=menus,
        )

    def _goes_to(self, standing: Standing) -> Words:
        """Everybody it may go to, by the name and organisation they chose; and when somebody is on."""
        text, language = self.app.library.text, standing.language
        if not standing.askable:
            return text("calls.goes.nobody", language)
        lines = listed(self.app.desk, standing.askable, language)
        if len(lines) < len(standing.askable):
            lines.append(text("calls.goes.more", language, count=len(standing.askable) - len(lines)))
        if not any(one.on for one in standing.askable):
            later = min((one.next_on for one in standing.askable if one.next_on is not None), default=None)
            now = self.app.clock.now()
            said = self.app.desk.later(later, standing.zone, now, language)
            lines.append(text("calls.now.off", language, later=said))
        return joined(lines)

    def _leaving_out(self, standing: Standing) -> list[discord.ui.Select[Any]]:
        if len(standing.offers) < 2:
            return []
        left_out = [str(one.user_id) for one, how in standing.offers if how is Offer.LEFT_OUT]
        hint = str(self.app.library.text("calls.leave_out", standing.language))
        options = [(str(one.user_id), _called(one)) for one, _ in standing.offers]
        return [several(make("calls.leave-out", standing.id), options, left_out, hint)]


def _called(one: Candidate) -> str:
    return f"{one.name} ({one.organisation})"


def seen(library: Library, said: Written, language: str) -> Words:
    """What somebody wrote for a call, as whoever takes it sees it."""
    parts = ((part, neutralise(getattr(said, part), longest)) for part, longest in LONGEST.items())
    return joined(
        library.text(f"calls.seen.{part}", language, said=Words(text))
        for part, text in parts
        if getattr(said, part)
    )


def _hidden(interaction: discord.Interaction[Any]) -> bool:
    return interaction.guild is not None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkPreview(bot))
