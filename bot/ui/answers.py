"""Answering an interaction in our voice, whatever happened, always with the way to support."""

from __future__ import annotations

import contextlib
import logging
import random
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import aiohttp
import discord

from bot.content.library import Library, Words
from bot.content.neutral import neutralise
from bot.errors import OperatorError, Refusal, StoreUnavailable
from bot.ui.render import Menu, Origin, draw
from bot.ui.respond import ALREADY_ANSWERED, respond
from bot.ui.router import typed

log = logging.getLogger("reallyok.ui")

# Discord's error numbers: https://discord.com/developers/docs/topics/opcodes-and-status-codes
TOO_LATE = 10062
ROOM = 1500  # characters of somebody's own words in one message


class Answers:
    """Says things from `prompts/` in answer to interactions. Touches no database."""

    def __init__(self, library: Library, origin_of: Callable[[discord.Interaction[Any]], Origin]) -> None:
        self._library = library
        self._origin_of = origin_of
        self._last: dict[int, str] = {}
        self.support_has_failed = False

    def vary(self, template: str, who: int) -> str:
        """A wording of `template`, never the one this person was answered with last time.

        What is remembered is a hash and a number, in memory alone, and not for ever.
        """
        key = hash((who, template))
        if len(self._last) >= 10_000:
            self._last.clear()
        chosen = self._library.pick(template, random.getrandbits(16), last=self._last.get(key))
        self._last[key] = chosen
        return chosen

    async def say(
        self,
        interaction: discord.Interaction[Any],
        template: str,
        params: Mapping[str, object] | None = None,
        *,
        subject_id: int = 0,
        origin: Origin | None = None,
        hidden: bool = True,
        file: discord.File | None = None,
        menus: Sequence[Menu] = (),
        without: Collection[str] = (),
    ) -> None:
        """Answer, or follow up if an answer went already. `hidden`: only the person who asked sees it.

        A template without a wording's number is answered in another wording than the last time.
        """
        if "#" not in template:
            template = self.vary(template, interaction.user.id)
        drawn = draw(
            self._library,
            template,
            params,
            origin=origin or self._origin_of(interaction),
            subject_id=subject_id,
            menus=menus,
            without=without,
        )
        if file is not None:
            drawn["file"] = file
        await respond(interaction, hidden=hidden, **drawn)

    async def support_failed(self, interaction: discord.Interaction[Any]) -> None:
        """End a way to support that failed. Nothing is logged: a line has a time, and that is a trace of who looked."""
        self.support_has_failed = True
        with contextlib.suppress(discord.HTTPException, OSError, aiohttp.ClientError):
            await self.say(interaction, "errors.generic", {})

    def tell_of_support(self) -> None:
        """Tell the operator that support failed, if it did; called once an hour, so that the line tells nobody who looked when."""
        if self.support_has_failed:
            self.support_has_failed = False
            log.error(
                "Support failed at least once in the last hour. Run `reallyok doctor` and `reallyok check`."
            )

    async def failed(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """End a failed interaction in kind words; the operator's log has the places, never the words."""
        template, params = "errors.generic", {}
        if isinstance(error, Refusal):
            template, params = error.template, error.params
        elif isinstance(error, StoreUnavailable):
            template = "errors.busy"
        elif isinstance(error, discord.HTTPException) and error.code == ALREADY_ANSWERED:
            return  # Discord delivered it twice; the first answer stands
        elif isinstance(error, discord.NotFound) and error.code == TOO_LATE:
            log.warning("An answer came after Discord's three seconds; nobody saw it.")
            return
        elif isinstance(error, OperatorError):
            log.error("%s", error)
        else:
            log.error("An interaction failed.", exc_info=error)
        try:
            # The buttons of a kind no speak of the server it was said in.
            await self.say(interaction, template, params, subject_id=interaction.guild_id or 0)
            if isinstance(error, StoreUnavailable):
                await self._give_back(interaction)
        except (discord.HTTPException, OSError, aiohttp.ClientError) as second:
            if isinstance(second, discord.HTTPException) and second.code == ALREADY_ANSWERED:
                return  # delivered twice as well: the second time there was nothing left to do
            log.error("Even the apology could not be sent (%s).", type(second).__name__)

    async def _give_back(self, interaction: discord.Interaction[Any]) -> None:
        """A form that could not be kept: Discord has cleared it away, so its writer, alone, has their words to copy."""
        lines = [line for said in typed(interaction) for line in said.splitlines() if line.strip()]
        whole = "\n".join(neutralise(line, len(line)) for line in lines)
        for part in textwrap.wrap(whole, ROOM, replace_whitespace=False, drop_whitespace=False):
            await self.say(interaction, "errors.words_back", {"said": Words(part)})
