"""`/talk anonymous`: what would be seen, three questions, exactly what is seen; and only then is anybody asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.content.library import Words
from bot.errors import Refusal
from bot.listeners import talks, talks_looking
from bot.listeners.talk_rules import MOST_TO_AVOID, Long, Want, Wishes
from bot.listeners.talks import Draft, Names
from bot.members import service as members
from bot.outbox.sender import CANNOT_DM
from bot.ui.commands import beneath
from bot.ui.forms import wishes_form
from bot.ui.ids import Press, make
from bot.ui.render import Origin, menu
from bot.ui.router import on_press, picked_row, written

if TYPE_CHECKING:
    from bot.client import ReallyOk


class TalkUnnamed(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="anonymous", description="anonymous")
    async def anonymous(self, interaction: discord.Interaction[Any]) -> None:
        await self._begin(interaction, 0)

    @on_press("talk.anonymous")
    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        await self._begin(interaction, press.id)

    @on_press("talk.anonymous.network")
    async def network_picked(self, interaction: discord.Interaction[Any], _: Press) -> None:
        picked = picked_row(interaction)
        if (await self._network(interaction, picked))[0] != picked:
            raise Refusal("errors.old_button")
        await self._begin(interaction, picked)

    @property
    def _names(self) -> Names:
        text = self.app.library.text
        return str(text("talks.first.words")).split(), str(text("talks.second.words")).split()

    async def _network(self, interaction: discord.Interaction[Any], asked: int) -> tuple[int, str]:
        """The network it is about: the server's, or in direct messages theirs; 0: they belong to several."""
        if interaction.guild is not None:
            return interaction.guild.id, interaction.guild.name
        mine = {one.id: one.name for one in await members.networks_of(self.app.store, interaction.user.id)}
        if not mine:
            raise Refusal("errors.server_only")
        if asked in mine:
            return asked, mine[asked]
        return next(iter(mine.items())) if len(mine) == 1 else (0, "")

    async def _begin(self, interaction: discord.Interaction[Any], asked: int) -> None:
        """How their talk stands, if they have one; else what such a talk is, before anything is asked."""
        app, who = self.app, interaction.user.id
        standing = await app.store.read(talks_looking.standing, app.keyring, who)
        if standing is not None:
            await self._standing(interaction, standing)
            return
        network_id, name = await self._network(interaction, asked)
        if not network_id:
            mine = await members.networks_of(app.store, who)
            options = [(str(one.id), one.name) for one in mine]
            chooser = menu(make("talk.anonymous.network"), options)
            await self.say(interaction, "talks.which_network", menus=[chooser], hidden=False)
            return
        now = await app.store.read(talks_looking.outlook, app.desk, network_id, name, who, app.clock.now())
        await self.say(
            interaction,
            "talks.intro",
            {"network": name, "now": self._now(now)},
            subject_id=network_id,
            origin=self._origin(network_id),
            hidden=_hidden(interaction),
        )

    async def _standing(
        self, interaction: discord.Interaction[Any], standing: talks_looking.Standing
    ) -> None:
        template = "talks.status_open" if standing.other else "talks.status_waiting"
        now = await self.app.store.read(
            talks_looking.outlook,
            self.app.desk,
            standing.network_id,
            "",
            interaction.user.id,
            self.app.clock.now(),
        )
        await self.say(
            interaction,
            template,
            {"name": standing.name, "other": standing.other, "now": self._now(now)},
            subject_id=standing.talk_id,
            origin=self._origin(standing.network_id),
            hidden=_hidden(interaction),
        )

    def _now(self, outlook: talks_looking.Outlook) -> Words:
        language = outlook.language
        if outlook.on:
            return self.app.library.text("talks.now.on", language)
        return self.app.desk.later(outlook.next_on, outlook.zone, self.app.clock.now(), language)

    def _origin(self, network_id: int) -> Origin:
        return Origin(network_id, self.app.lines.get(network_id).language)

    # Three questions

    @on_press("talk.anonymous.begin")
    async def begin(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network_id, name = await self._network(interaction, press.id)
        if not network_id:
            raise Refusal("errors.old_button")
        app, who = self.app, interaction.user.id
        await app.store.read(talks_looking.outlook, app.desk, network_id, name, who, app.clock.now())
        await interaction.response.send_modal(
            wishes_form(self.app.library, make("talk.anonymous.wishes", network_id), MOST_TO_AVOID)
        )

    @on_press("talk.anonymous.wishes")
    async def wished(self, interaction: discord.Interaction[Any], press: Press) -> None:
        network_id, name = await self._network(interaction, press.id)
        said = written(interaction)
        if network_id != press.id or said.get("want") not in set(Want) or said.get("long") not in set(Long):
            raise Refusal("errors.old_button")
        wishes = Wishes(
            Want(said["want"]), Long(said["long"]), " ".join(said.get("avoid", "").split())[:MOST_TO_AVOID]
        )
        app = self.app
        draft = await app.store.write(
            talks.draft,
            app.desk,
            self._names,
            network_id,
            name,
            interaction.user.id,
            wishes,
            app.clock.now(),
            interaction.id,
        )
        await self._preview(interaction, draft)

    @on_press("talk.anonymous.name")
    async def renamed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app = self.app
        draft = await app.store.write(
            talks.rename, app.desk, self._names, interaction.user.id, press.id, app.clock.now()
        )
        await self._preview(interaction, draft)

    async def _preview(self, interaction: discord.Interaction[Any], draft: Draft) -> None:
        """Exactly what is seen, in the words it will be seen in."""
        text = self.app.library.text
        await self.say(
            interaction,
            "talks.preview",
            {
                "name": draft.name,
                "seen": talks.seen(self.app.desk, draft.network, draft.wishes, "en"),
                "avoid": draft.wishes.avoid or text("talks.avoid.nothing"),
                "now": self._outlook(draft),
            },
            subject_id=draft.talk_id,
            origin=self._origin(draft.network_id),
            hidden=_hidden(interaction),
        )

    def _outlook(self, draft: Draft) -> Words:
        return self._now(talks_looking.Outlook(draft.on_now, draft.next_on, draft.zone, "en"))

    @on_press("talk.anonymous.ask")
    async def asked(self, interaction: discord.Interaction[Any], press: Press) -> None:
        app, who, now = self.app, interaction.user.id, self.app.clock.now()
        if press.arg == "no":
            await app.store.write(talks.drop_draft, app.keyring, who, press.id)
            await self.say(interaction, "talks.not_now", hidden=_hidden(interaction))
            return
        if press.arg != "yes":
            raise Refusal("errors.old_button")
        network_id = await app.store.read(talks_looking.whose, app.keyring, who, press.id)
        try:
            channel = await interaction.user.create_dm()
        except discord.HTTPException as error:
            if error.code not in CANNOT_DM and error.status != 403:
                raise
            network = await members.standing(app.store, network_id, who)
            name = network.network.name if network.network else ""
            await self.say(interaction, "members.dm_closed", {"network": name}, subject_id=network_id)
            return
        draft = await app.store.write(talks.ask, app.desk, who, press.id, channel.id, now)
        await self.say(
            interaction,
            "talks.asking",
            {"name": draft.name, "now": self._outlook(draft)},
            subject_id=draft.talk_id,
            origin=self._origin(draft.network_id),
            hidden=_hidden(interaction),
        )

    @on_press("talk.anonymous.may")
    async def may_ask(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in ("yes", "no"):
            raise Refusal("errors.old_button")
        app, who = self.app, interaction.user.id
        name = await app.store.write(
            talks.may_ask, app.desk, who, press.id, press.arg == "yes", app.clock.now()
        )
        await self.say(interaction, f"talks.may_{press.arg}", {"name": name}, hidden=False)


def _hidden(interaction: discord.Interaction[Any]) -> bool:
    return interaction.guild is not None


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(TalkUnnamed(bot))
    beneath(bot.tree, "talk", "anonymous")
