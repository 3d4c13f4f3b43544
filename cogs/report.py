"""`/report`: a concern about anyone here, straight from memory to the safeguarding contact, and kept nowhere."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.buddies import ending
from bot.content.library import Words, joined
from bot.content.neutral import neutralise
from bot.errors import Refusal
from bot.listeners import due
from bot.members import reports
from bot.members.reports import Contacts
from bot.ui.forms import report_form
from bot.ui.ids import Press
from bot.ui.render import Origin, draw
from bot.ui.router import on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk

log = logging.getLogger("reallyok.report")

PATIENCE_S = 20.0
UNKNOWN_MEMBER = 10007  # Discord's number for somebody who is not in a server


class Report(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say

    @app_commands.command(name="report", description="report")
    @app_commands.guild_only()
    async def report(self, interaction: discord.Interaction[Any]) -> None:
        guild, known = await self._contacts(interaction)
        if known.first is None:
            await self._without(interaction, guild, "reports.no_contact")
            return
        text = self.app.library.text
        goes = [text("reports.goes.first", contact=_mention(known.first))]
        if known.second is None:
            goes.append(text("reports.goes.no_second"))
        else:
            goes.append(text("reports.goes.second", second=_mention(known.second)))
        params = {"network": guild.name, "goes": joined(goes, " "), "emergency": self._emergency(guild.id)}
        await self.say(interaction, "reports.explain", params, subject_id=guild.id)

    async def _contacts(self, interaction: discord.Interaction[Any]) -> tuple[discord.Guild, Contacts]:
        guild = interaction.guild
        if guild is None:
            raise Refusal("errors.server_only")
        known = await reports.contacts(self.app.store, guild.id)
        if known is None:
            raise Refusal("errors.not_set_up", network=guild.name)
        return guild, known

    def _emergency(self, network_id: int) -> Words:
        own = self.app.lines.get(network_id)
        return self.app.signposts.emergency(own.nation, own.language)

    async def _without(
        self, interaction: discord.Interaction[Any], guild: discord.Guild, template: str
    ) -> None:
        await self.say(interaction, template, {"network": guild.name, "emergency": self._emergency(guild.id)})

    @on_press("reports.write")
    async def write(self, interaction: discord.Interaction[Any], _: Press) -> None:
        if interaction.guild_id is None:
            raise Refusal("errors.server_only")
        await interaction.response.send_modal(report_form(self.app.library, interaction.guild_id))

    @on_press("reports.send")
    async def send(self, interaction: discord.Interaction[Any], _: Press) -> None:
        # The contact's answer from Discord decides what we say; that can take more than three seconds.
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild, named = await self._contacts(interaction)
        try:
            known = await self._still_here(guild, named)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning(
                "Discord would not say who is still there (%s); a report was not sent.", type(error).__name__
            )
            contact = _mention(named.first or named.second or 0)
            params = {"contact": contact, "emergency": self._emergency(guild.id)}
            await self.say(interaction, "reports.undelivered", params)
            return
        fields = written(interaction)
        about = int(fields["who"]) if fields.get("who", "").isdecimal() else None
        receiver = known.receives(about, interaction.user.id)
        if receiver is None:
            template = "reports.no_contact" if known.first is None else "reports.only_subject"
            await self._without(interaction, guild, template)
            return
        said = reports.visible(fields.get("what", ""))
        if not said:
            raise Refusal("errors.nothing_to_read")
        sender = interaction.user.id if fields.get("reply") == "yes" else None
        params = {"contact": _mention(receiver), "emergency": self._emergency(guild.id)}
        fate = await self._deliver(guild, known, receiver, said, about, sender, interaction.id)
        if about is not None and about != interaction.user.id and fate != "undelivered":
            app = self.app
            await reports.keep_apart(app.store, app.keyring, interaction.user.id, about, app.clock.now())
            await ending.separated(app.store, app.buddy_desk, interaction.user.id, about, app.clock.now())
            await due.separated(app.store, app.desk, interaction.user.id, about, app.clock.now())
        await self.say(interaction, f"reports.{fate}", params)

    async def _still_here(self, guild: discord.Guild, known: Contacts) -> Contacts:
        """The contacts without whoever has left the server: Discord tells us only when it is asked.

        Somebody who was shown out a minute ago must not read it, though they could still be written to.
        """
        left: set[int] = set()
        for who in (known.first, known.second):
            if who is None:
                continue
            try:
                await guild.fetch_member(who)
            except discord.NotFound as error:
                if error.code != UNKNOWN_MEMBER:
                    raise
                left.add(who)
        first, second = (None if who in left else who for who in (known.first, known.second))
        return replace(known, first=first, second=second)

    async def _deliver(
        self,
        guild: discord.Guild,
        known: Contacts,
        receiver: int,
        said: str,
        about: int | None,
        sender: int | None,
        event_id: int,
    ) -> str:
        """Send it, in as many messages as it takes, with nonces so that a form delivered twice arrives once.

        Returns the words for its fate: sent, undelivered (nobody has seen any of it), or unsure.
        """
        begun = False
        try:
            async with asyncio.timeout(PATIENCE_S):
                channel = await self._channel(known, receiver)
                for number, drawn in enumerate(self._messages(guild, said, about, sender)):
                    await channel.send(**drawn, nonce=f"{event_id}{number:02d}")
                    begun = True
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning(
                "A report did not reach the safeguarding contact (%s); its sender was told. Ask the contact to allow "
                "direct messages from the server.",
                type(error).__name__,
            )
            turned_away = isinstance(error, discord.HTTPException) and error.status < 500
            return "undelivered" if turned_away and not begun else "unsure"
        return "sent"

    async def _channel(self, known: Contacts, receiver: int) -> discord.abc.Messageable:
        if receiver in known.channels:
            return self.bot.get_partial_messageable(known.channels[receiver])
        # The one DM opened without its reader's click: they took on to be written to when they were named.
        return await self.bot.create_dm(discord.Object(receiver))

    def _messages(
        self, guild: discord.Guild, said: str, about: int | None, sender: int | None
    ) -> list[dict[str, Any]]:
        library, text = self.app.library, self.app.library.text
        origin = Origin(guild.id, self.app.lines.get(guild.id).language)
        lines = (neutralise(line, 4000) if line.strip() else "" for line in said.splitlines())
        harmless = "\n".join(lines)
        parts = reports.in_parts(harmless, 1400)
        named = text("reports.about.nobody") if about is None else None
        opening = {
            "network": guild.name,
            "about": named or text("reports.about.named", who=_mention(about or 0)),
            "said": Words(parts[0]),
        }
        drawn = [draw(library, "reports.to_contact", opening, origin=origin)]
        for number, part in enumerate(parts[1:], 2):
            more = {"part": number, "parts": len(parts), "said": Words(part)}
            drawn.append(draw(library, "reports.to_contact_more", more, origin=origin))
        whose = text("reports.sender.none") if sender is None else None
        end = {
            "network": guild.name,
            "sender": whose or text("reports.sender.named", who=_mention(sender or 0)),
            "emergency": self._emergency(guild.id),
        }
        return [*drawn, draw(library, "reports.to_contact_end", end, origin=origin)]


def _mention(user_id: int) -> str:
    return f"<@{user_id}>"


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Report(bot))
