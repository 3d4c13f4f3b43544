"""Check-ins: the question, the tap, asking twice, and the member's own picture."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import following
from bot.checkins import answering, asking, asking_now, going_on
from bot.checkins.answering import Answer
from bot.checkins.rules import Later, Level
from bot.errors import Refusal, StoreUnavailable
from bot.ui.forms import say_more
from bot.ui.ids import Press
from bot.ui.render import Origin
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.card_post import CardPost
    from cogs.cards import Cards

PLAIN = {
    Level.GOOD: "checkins.good",
    Level.OK: "checkins.ok",
    Level.WOBBLY: "checkins.wobbly",
    Level.NOT_OK: "checkins.not_ok",
}
DOOR = {Level.GOOD: "checkins.door_good", Level.OK: "checkins.door_ok"}
NO_FOLLOW_UP = ("checkins.follow=no",)
DOOR_ANSWERS = {"really", "bit-much", "rather-not"}
FOLLOWED = {"better", "same", "harder", "none"}


class Checkins(commands.Cog):
    group = app_commands.Group(name="checkin", description="checkin")

    def __init__(self, bot: ReallyOk) -> None:
        self.bot = bot
        self.app = bot.app
        self.say = bot.answers.say

    @group.command(name="now", description="now")
    async def now(self, interaction: discord.Interaction[Any]) -> None:
        await self._ask(interaction)

    @on_press("checkins.now")
    async def now_pressed(self, interaction: discord.Interaction[Any], _: Press) -> None:
        await self._ask(interaction)

    async def _ask(self, interaction: discord.Interaction[Any]) -> None:
        guild = interaction.guild
        asked = await asking_now.ask_now(
            self.app.store,
            interaction.user.id,
            guild.id if guild else None,
            guild.name if guild else "",
            interaction.id,
            self.app.clock.now(),
            len(self.app.library.template("checkins.now").wordings),
        )
        origin = Origin(asked.network.id, asked.language)
        await self.say(
            interaction,
            f"checkins.now#{asked.wording}",
            {"network": asked.network.name},
            subject_id=asked.checkin_id,
            origin=origin,
            # In a DM it stays in the conversation, like any other question; in a server nobody else sees it.
            hidden=guild is not None,
        )
        if asked.missed_at is not None and guild is not None:
            when = self.app.library.when(asked.missed_at, asked.network.zone)
            await self.say(
                interaction, "checkins.undelivered", {"when": when}, subject_id=guild.id, origin=origin
            )

    @on_press("checkins.level")
    async def answered(self, interaction: discord.Interaction[Any], press: Press) -> None:
        try:
            kept = await self.keep(press.id, interaction.user.id, press.arg, interaction.id)
        except StoreUnavailable:
            if not Level(press.arg).hard:
                raise
            # Whoever says that it is hard is met as that, and only then told that it was not kept.
            await self._from_memory(interaction, "checkins.hard_not_kept")
            return
        template, params = self.reply_to(kept)
        await self._reply(interaction, template, params, kept)

    @staticmethod
    def left_out(kept: Answer) -> tuple[str, ...]:
        """The buttons an answer is met without: of what does not come, and of a buddy somebody has not."""
        return (() if kept.follows else NO_FOLLOW_UP) + (() if kept.company else ("buddies.hello",))

    async def keep(self, checkin_id: int, user_id: int, level: str, event_id: int) -> Answer:
        """Keep an answer; see `answering.answer`. Raises `Refusal` for a level there is not, too."""
        if level not in set(Level):
            raise Refusal("errors.old_button")
        app = self.app
        return await answering.answer(
            app.store,
            app.keyring,
            following.has_buddy,
            checkin_id,
            user_id,
            Level(level),
            event_id,
            app.clock.now(),
        )

    def reply_to(self, kept: Answer) -> tuple[str, dict[str, str]]:
        """Which words an answer is met with, and what fills them. Of a hard one nobody may have seen what it was met with."""
        level = self.app.library.text(f"checkins.level.{kept.level}")
        line = self.app.one_line(Origin(kept.network_id, kept.language))
        tomorrow = self.app.library.text("checkins.follow.promise") if kept.follows else ""
        params: dict[str, str] = {"line": line, "level": level, "network": kept.network, "tomorrow": tomorrow}
        if kept.before is kept.level:
            return PLAIN[kept.level] if kept.level.hard and kept.counted else "checkins.same_again", params
        if kept.before is not None:
            return ("checkins.changed_hard" if kept.level.hard else "checkins.changed"), params
        if kept.level.hard:
            return PLAIN[kept.level], params
        if kept.late:
            params["day"] = self.app.library.when_day(kept.due_at, kept.zone)
            return "checkins.late_reply", params
        return (DOOR if kept.door else PLAIN)[kept.level], params

    async def _reply(
        self, interaction: discord.Interaction[Any], template: str, params: dict[str, str], kept: Answer
    ) -> None:
        await self.say(
            interaction,
            template,
            params,
            subject_id=kept.checkin_id,
            origin=Origin(kept.network_id, kept.language),
            hidden=interaction.guild is not None,
            without=self.left_out(kept),
        )

    @on_press("checkins.door")
    async def door(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in DOOR_ANSWERS:
            raise Refusal("errors.old_button")
        await self._about(interaction, press, f"checkins.door_{press.arg.replace('-', '_')}")

    @on_press("checkins.followed")
    async def followed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in FOLLOWED:
            raise Refusal("errors.old_button")
        template = f"checkins.followed_{press.arg}"
        try:
            await self._about(interaction, press, template)
        except (StoreUnavailable, Refusal):
            # Asked for by somebody without a question, or the question is gone: met all the same, nothing is kept.
            await self._from_memory(interaction, template)

    @on_press("checkins.follow")
    async def no_follow_up(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await answering.decline_follow_up(self.app.store, press.id, interaction.user.id)
        await self._about(interaction, press, "checkins.follow_declined")

    @property
    def _cards(self) -> Cards:
        return cast("Cards", self.bot.get_cog("Cards"))

    async def _about(
        self, interaction: discord.Interaction[Any], press: Press, template: str
    ) -> Level | None:
        """Say something about one of the member's own questions; refuses for anybody else's."""
        level, network = await answering.standing_of(
            self.app.store, self.app.keyring, press.id, interaction.user.id
        )
        origin = Origin(network.id, network.language)
        await self.say(
            interaction,
            template,
            {"line": self.app.one_line(origin), "network": network.name},
            subject_id=press.id,
            origin=origin,
            hidden=interaction.guild is not None,
        )
        return level

    @on_press("checkins.later")
    async def later(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if not press.arg:
            await self._about(interaction, press, "checkins.later")
            return
        if press.arg not in set(Later):
            raise Refusal("errors.old_button")
        choice = Later(press.arg)
        app = self.app
        following = await asking.ask_later(
            app.store, press.id, interaction.user.id, choice, interaction.id, app.clock.now(), app.openings
        )
        when = app.library.when(*following) if following else app.library.text("checkins.next.none")
        template = "checkins.skipped" if choice is Later.SKIP else "checkins.later_set"
        await self.say(interaction, template, {"when": when}, hidden=interaction.guild is not None)

    @on_press("checkins.asking")
    async def go_on(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in ("pause", "less", "keep"):
            raise Refusal("errors.old_button")
        following = await going_on.go_on(
            self.app.store, press.id, interaction.user.id, press.arg, self.app.clock.now()
        )
        when = self.app.library.when(*following) if following else self.app.library.text("checkins.next.none")
        await self.say(
            interaction,
            f"checkins.asking_{press.arg}",
            {"when": when},
            hidden=interaction.guild is not None,
        )

    @on_press("checkins.more")
    async def more(self, interaction: discord.Interaction[Any], press: Press) -> None:
        self.app.expect_words()
        await interaction.response.send_modal(say_more(self.app.library, press.id))

    @on_press("checkins.said")
    async def said(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """A form with words: read, met, and let go. Nothing of it is stored or passed on."""
        if await self._cards.meet_form(interaction, written(interaction).get("words", "")):
            with contextlib.suppress(StoreUnavailable):
                await answering.heard(self.app.store, interaction.user.id)
            return
        try:
            level, _ = await answering.standing_of(
                self.app.store, self.app.keyring, press.id, interaction.user.id
            )
            hard = level is not None and level.hard
            await self._about(interaction, press, "checkins.words_hard" if hard else "checkins.words")
            await answering.heard(self.app.store, interaction.user.id)
        except (StoreUnavailable, Refusal):
            # The database is away, or the question gone: the words are met all the same, from memory.
            await self._from_memory(interaction, "checkins.words_follow_up")

    async def _from_memory(self, interaction: discord.Interaction[Any], template: str) -> None:
        if not interaction.response.is_done():
            origin = cast("CardPost", self.bot.get_cog("CardPost")).pressed_in(interaction)
            params = {"line": self.app.one_line(origin)}
            await self.say(interaction, template, params, origin=origin, hidden=interaction.guild is not None)

    @on_press("checkins.which")
    async def which_network(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """The answer to "which of your networks was this for?": a one-word level finds its question."""
        if press.arg in set(Level):
            await self.answered(interaction, press)
        else:
            await self._about(interaction, press, "checkins.kept_here")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Checkins(bot))
