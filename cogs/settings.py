"""`/checkin settings`: when and how often a member is asked, seen and changed by them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.checkins import plans
from bot.checkins.choices import read
from bot.checkins.plans import Choice
from bot.checkins.tables import Plan
from bot.errors import Refusal
from bot.members import service as members
from bot.schedule.bank_holidays import Nation
from bot.schedule.recurrence import Often
from bot.schedule.zones import search_zones
from bot.ui.commands import beneath
from bot.ui.forms import ask_text
from bot.ui.ids import Press, make
from bot.ui.render import Origin, draw, menu
from bot.ui.router import chosen, on_press, written

if TYPE_CHECKING:
    from bot.client import ReallyOk


class Settings(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.say = bot.answers.say

    @app_commands.command(name="settings", description="settings")
    async def settings(
        self,
        interaction: discord.Interaction[Any],
        often: str | None = None,
        day: str | None = None,
        time: str | None = None,
        zone: str | None = None,
        quiet_from: str | None = None,
        quiet_until: str | None = None,
        closures: str | None = None,
        nation: str | None = None,
    ) -> None:
        given = {"often": often, "day": day, "time": time, "zone": zone, "nation": nation}
        given |= {"quiet_from": quiet_from, "quiet_until": quiet_until, "closures": closures}
        said = {name: value for name, value in given.items() if value is not None}
        network_id = interaction.guild_id or await self._only_network(interaction, 0)
        if said:
            await self._change(interaction, network_id, read(said))
        else:
            await self._show(interaction, network_id)

    @settings.autocomplete("zone")
    async def zones(self, _: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in search_zones(typed)]

    @settings.autocomplete("often")
    @settings.autocomplete("day")
    @settings.autocomplete("closures")
    @settings.autocomplete("nation")
    async def named(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=name, value=value)
            for value, name in self._options(_focused(interaction))
            if typed.casefold() in name.casefold()
        ]

    def _options(self, option: str) -> list[tuple[str, str]]:
        """The values of a choice and their names."""
        library = self.app.library
        if option == "often":
            return [(o.value, str(library.text(f"checkins.cadence.{o.value}"))) for o in Often]
        if option == "day":
            return [(str(n), str(library.weekday(n))) for n in range(7)]
        if option == "nation":
            return [(n, str(library.text(f"support.nation.{n}"))) for n in Nation]
        return [(v, str(library.text(f"checkins.closures.{v}"))) for v in ("rest", "ask")]

    @on_press("checkins.settings")
    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """The button stands in servers and in DMs; in a DM it opens the settings of the network it speaks of."""
        network_id = interaction.guild_id or await self._only_network(interaction, press.id)
        await self._show(interaction, network_id)

    async def _only_network(self, interaction: discord.Interaction[Any], asked: int) -> int:
        mine = await members.networks_of(self.app.store, interaction.user.id)
        known = {network.id for network in mine}
        if asked in known:
            return asked
        if len(known) != 1:
            raise Refusal("errors.server_only")
        return known.pop()

    async def _show(self, interaction: discord.Interaction[Any], network_id: int) -> None:
        here = await members.standing(self.app.store, network_id, interaction.user.id)
        if here.network is None or not here.member:
            name = (
                here.network.name if here.network else (interaction.guild.name if interaction.guild else "")
            )
            raise Refusal("errors.not_member", network=name)
        plan = await plans.find(self.app.store, network_id, interaction.user.id)
        origin = Origin(network_id, here.network.language)
        if plan is None:
            await self.say(
                interaction,
                "checkins.settings_off",
                {"network": here.network.name},
                subject_id=network_id,
                origin=origin,
            )
            return
        await self.say(
            interaction,
            "checkins.settings",
            self._described(plan, here.network.name),
            subject_id=network_id,
            origin=origin,
            without=("checkins.set=start",) if plan.next_at is not None else ("checkins.set=stop",),
        )

    def _described(self, plan: Plan, network: str) -> dict[str, str]:
        library = self.app.library
        text = library.text
        weekday = library.weekday(plan.anchor_on.weekday())
        quiet = text("checkins.quiet.none")
        if plan.quiet_from is not None and plan.quiet_until is not None:
            quiet = text(
                "checkins.quiet.between",
                start=library.time(plan.quiet_from),
                end=library.time(plan.quiet_until),
            )
        following = text("checkins.next.none")
        if plan.next_at is not None:
            following = library.when(plan.next_at, plan.zone)
        return {
            "network": network,
            "cadence": text(f"checkins.cadence.{plan.often}"),
            "day": text("checkins.any_school_day") if plan.often == Often.SCHOOL_DAYS else weekday,
            "time": library.time(plan.at),
            "zone": plan.zone,
            "quiet": quiet,
            "closures": text("checkins.closures.ask" if plan.in_closures else "checkins.closures.rest"),
            "next": following,
        }

    @on_press("checkins.set")
    async def set(self, interaction: discord.Interaction[Any], press: Press) -> None:
        what, network_id = press.arg, press.id
        here = await members.standing(self.app.store, network_id, interaction.user.id)
        if here.network is None or not here.member:
            raise Refusal("errors.not_member", network=here.network.name if here.network else "")
        if what == "start":
            first = await plans.first_time_for(self.app.store, network_id, self.app.clock.now())
            when = self.app.library.when(*first)
            await self.say(interaction, "members.consent", {"when": when}, subject_id=network_id)
        elif what == "stop":
            await plans.stop(self.app.store, network_id, interaction.user.id, self.app.clock.now())
            await self.say(interaction, "checkins.stopped", {"network": here.network.name})
        elif what in ("often", "closures"):
            await self._offer(interaction, network_id, what)
        elif what in ("when", "quiet", "zone"):
            plan = await plans.find(self.app.store, network_id, interaction.user.id)
            if plan is None:
                raise Refusal("errors.old_button")
            await interaction.response.send_modal(self._form(what, plan))
        else:
            raise Refusal("errors.old_button")

    async def _offer(self, interaction: discord.Interaction[Any], network_id: int, what: str) -> None:
        drawn = draw(
            self.app.library,
            f"checkins.choose_{what}",
            origin=Origin(network_id),
            subject_id=network_id,
            menus=[menu(make("checkins.pick", network_id, what), self._options(what))],
        )
        await interaction.response.send_message(ephemeral=True, **drawn)

    def _form(self, what: str, plan: Plan) -> discord.ui.Modal:
        library, custom_id = self.app.library, make("checkins.write", plan.network_id, what)
        if what == "when":
            day = str(library.weekday(plan.anchor_on.weekday()))
            fields = [
                ("day", "checkins.day", day, False),
                ("time", "checkins.when", f"{plan.at:%H:%M}", False),
            ]
        elif what == "quiet":
            start = f"{plan.quiet_from:%H:%M}" if plan.quiet_from else ""
            end = f"{plan.quiet_until:%H:%M}" if plan.quiet_until else ""
            fields = [
                ("quiet_from", "checkins.quiet_from", start, False),
                ("quiet_until", "checkins.quiet_until", end, False),
            ]
        else:
            fields = [("zone", "checkins.zone", plan.zone, False)]
        return ask_text(library, f"checkins.{what}.title", custom_id, fields)

    @on_press("checkins.pick")
    async def picked(self, interaction: discord.Interaction[Any], press: Press) -> None:
        values = chosen(interaction)
        if not values:
            raise Refusal("errors.old_button")
        await self._change(interaction, press.id, read({press.arg: values[0]}))

    @on_press("checkins.write")
    async def wrote(self, interaction: discord.Interaction[Any], press: Press) -> None:
        said = {name: value for name, value in written(interaction).items() if value.strip()}
        if press.arg == "quiet" and not said:
            await self._change(interaction, press.id, Choice(no_quiet=True))
            return
        if "day" in said:
            said["day"] = self._weekday(said["day"])
        await self._change(interaction, press.id, read(said))

    def _weekday(self, said: str) -> str:
        wanted = said.strip().casefold()
        for value, name in self._options("day"):
            if len(wanted) >= 2 and name.casefold().startswith(wanted.removesuffix("s")):
                return value
        raise Refusal("errors.unknown_date", said=said)

    async def _change(self, interaction: discord.Interaction[Any], network_id: int, choice: Choice) -> None:
        app = self.app
        if await plans.find(app.store, network_id, interaction.user.id) is None:
            await self._show(interaction, network_id)  # which says that nothing is asked, and how to begin
            return
        name = interaction.guild.name if interaction.guild else ""
        plan = await plans.change(app.store, network_id, name, interaction.user.id, choice, app.clock.now())
        text = app.library.text
        when = app.library.when(plan.next_at, plan.zone) if plan.next_at else text("checkins.next.none")
        await self.say(
            interaction,
            "checkins.settings_saved",
            {"when": when},
            subject_id=network_id,
            origin=Origin(network_id),
        )


def _focused(interaction: discord.Interaction[Any]) -> str:
    """The option somebody is typing in."""
    data: Any = interaction.data or {}
    options = data.get("options", [])
    while options and "options" in options[0]:
        options = options[0]["options"]
    return next((option["name"] for option in options if option.get("focused")), "")


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(Settings(bot))
    beneath(bot.tree, "checkin", "settings")
