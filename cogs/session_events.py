"""Discord's own events for sessions, and asking Discord who still runs them. What to do is decided by the rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.ext import commands

from bot.checkins.habits import habits
from bot.errors import Refusal
from bot.sessions import leaving, mirror_answers, mirror_look, mirroring
from bot.sessions.mirroring import Do, Job
from bot.sessions.rules import Where
from bot.sessions.words import Teller
from bot.ui.ids import Press
from bot.ui.rooms import lacking_for_events
from bot.ui.router import on_press

if TYPE_CHECKING:
    from bot.client import ReallyOk
    from cogs.session_desk import Here

log = logging.getLogger("reallyok.events")

# Discord's error numbers: https://discord.com/developers/docs/topics/opcodes-and-status-codes
UNKNOWN_MEMBER = 10007
UNKNOWN_EVENT = 10070
NO_CONNECTION = (OSError, aiohttp.ClientError)
_ENTITIES = {Where.VOICE: discord.EntityType.voice, Where.STAGE: discord.EntityType.stage_instance}


class SessionEvents(commands.Cog):
    def __init__(self, bot: ReallyOk) -> None:
        self.app = bot.app
        self.bot = bot
        self.say = bot.answers.say
        self._tending: set[int] = set()
        bot.due.append(self.tend)
        bot.nightly += [self.look_at_all, self.ask_for_facilitators]

    # Discord's own events

    async def tend(self, now: datetime) -> None:
        """Make, change and take away the events that are due to be looked at."""
        for network_id in await mirroring.take_due(self.app.store, now):
            guild = self.bot.get_guild(network_id)
            if guild is None or network_id in self._tending:
                # Not connected, not there, or still at it: looked at again in a minute. A second look beside the first
                # would take what is being made this moment for what a crash left.
                continue
            self._tending.add(network_id)
            try:
                await self._tend(guild, now)
            except (discord.HTTPException, *NO_CONNECTION) as error:
                log.warning("A server's events could not be looked at (%s).", type(error).__name__)
            finally:
                self._tending.discard(network_id)

    async def _tend(self, guild: discord.Guild, now: datetime) -> None:
        events = {event.id: event for event in await guild.fetch_scheduled_events()}
        seen = {event_id: _seen(event) for event_id, event in events.items()}
        me = self.bot.user and self.bot.user.id
        ours = {event_id: seen[event_id] for event_id, event in events.items() if event.creator_id == me}
        for job in await mirroring.begin(self.app.store, guild.id, seen, list(ours), now):
            await self._do(guild, job, events, ours, now)

    async def _do(
        self,
        guild: discord.Guild,
        job: Job,
        events: Mapping[int, discord.ScheduledEvent],
        ours: Mapping[int, Mapping[str, Any]],
        now: datetime,
    ) -> None:
        store = self.app.store
        try:
            match job.do:
                case Do.MAKE:
                    made = await guild.create_scheduled_event(**self._asked(guild, job.event, new=True))
                    await mirroring.made(store, job.mirror_id, made.id, job.event)
                case Do.FIND:
                    there = mirror_look.found(ours, job.event, await mirroring.known_events(store, guild.id))
                    if there is not None:
                        await mirroring.made(store, job.mirror_id, there, job.event)
                    else:
                        await mirroring.not_there(store, job.mirror_id, now)
                case Do.EDIT:
                    event = events[job.event_id or 0]
                    await event.edit(**self._asked(guild, job.event, new=False))
                    await mirroring.made(store, job.mirror_id, event.id, job.event)
                case Do.DELETE:
                    await events[job.event_id or 0].delete()
                    await mirroring.gone(store, job.mirror_id)
                case Do.CLEAR:
                    await events[job.event_id or 0].delete()
        except discord.HTTPException as error:
            refused = error.status in (403, 404) or (error.status == 400 and job.do is Do.EDIT)
            if error.code == UNKNOWN_EVENT and job.do is Do.DELETE:
                await mirroring.gone(store, job.mirror_id)  # taken away before, and we never heard
            elif error.code == UNKNOWN_EVENT or error.status >= 500 or job.do is Do.CLEAR:
                # Whether Discord did it nobody knows: the next look sees.
                log.warning("An event may not be as it should (error %s).", error.code)
            elif refused or job.do in (Do.MAKE, Do.FIND):
                lacking = self._lacking(guild, job)
                await mirroring.not_made(store, job.mirror_id, forbidden=refused, lacking=lacking, now=now)
            else:
                log.warning("An event could not be changed (error %s).", error.code)

    def _lacking(self, guild: discord.Guild, job: Job) -> str:
        """What the bot lacks for an event of this meeting, in words."""
        where = str(job.event.get("where", ""))
        names = lacking_for_events(guild, int(where) if where.isdecimal() else None)
        return Teller(self.app.library).permissions(names)

    def _asked(self, guild: discord.Guild, event: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """What discord.py wants to hear."""
        kind = Where(event["kind"])
        room = guild.get_channel(int(event["where"])) if kind in _ENTITIES else None
        asked: dict[str, Any] = {
            "name": event["name"],
            "description": event["about"],
            "start_time": datetime.fromisoformat(event["start"]),
            "end_time": datetime.fromisoformat(event["end"]),
            "entity_type": _ENTITIES[kind] if room is not None else discord.EntityType.external,
            "reason": str(self.app.library.text("sessions.audit_reason")),
        }
        asked |= {"channel": room} if room is not None else {"location": str(event["where"])}
        return asked | ({"privacy_level": discord.PrivacyLevel.guild_only} if new else {})

    @commands.Cog.listener("on_scheduled_event_update")
    async def changed(self, _: discord.ScheduledEvent, after: discord.ScheduledEvent) -> None:
        await mirroring.noticed(self.app.store, after.guild_id, after.id, self.app.clock.now())

    @commands.Cog.listener("on_scheduled_event_delete")
    async def deleted(self, event: discord.ScheduledEvent) -> None:
        await mirroring.noticed(self.app.store, event.guild_id, event.id, self.app.clock.now())

    async def look_at_all(self, now: datetime) -> None:
        """Once a night: what was changed while we were away told us nothing."""
        await mirroring.all_mirrored(self.app.store, now)

    @on_press("sessions.event")
    async def decide(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.arg not in ("ours", "theirs"):
            raise Refusal("errors.old_button")
        desk: Any = self.bot.get_cog("SessionDesk")
        here: Here = await desk.here(interaction)
        ours = press.arg == "ours"
        title = await mirror_answers.decide(
            self.app.store, habits, press.id, ours=ours, actor=here.actor, now=self.app.clock.now()
        )
        params = {"title": self.app.library.harmless(title)}
        await self.say(interaction, f"sessions.event_{press.arg}", params)

    # Who still runs what

    async def ask_for_facilitators(self, now: datetime) -> None:
        """Once a night: whoever left, or lost the role, runs nothing any more. An error means nobody knows."""
        for network_id, user_id, role_id in await leaving.roll(self.app.store):
            guild = self.bot.get_guild(network_id)
            if guild is None:
                continue
            try:
                member = await guild.fetch_member(user_id)
                if member.guild_permissions.manage_guild or any(role.id == role_id for role in member.roles):
                    continue
            except discord.NotFound as error:
                if error.code != UNKNOWN_MEMBER:
                    continue
            except (discord.HTTPException, *NO_CONNECTION):
                continue
            await leaving.facilitator_left(self.app.store, network_id, user_id, now)


def _seen(event: discord.ScheduledEvent) -> dict[str, Any]:
    """How an event looks, as a row keeps it."""
    kinds = {entity: kind for kind, entity in _ENTITIES.items()}
    return {
        "name": event.name,
        "start": event.start_time.isoformat(),
        "end": event.end_time.isoformat() if event.end_time else None,
        "kind": kinds.get(event.entity_type, Where.PLACE).value,
        "where": str(event.channel_id) if event.channel_id else event.location or "",
        "about": event.description or "",
    }


async def setup(bot: ReallyOk) -> None:
    await bot.add_cog(SessionEvents(bot))
