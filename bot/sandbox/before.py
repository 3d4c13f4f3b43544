"""What happened before a visitor comes into the rehearsal: people of the demo did it, by the same taps as anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcord.components import walk_components

from bot.app import App
from bot.sandbox.demo import Demo
from bot.sandbox.exchange import Exchange
from bot.sandbox.people import Person
from bot.sandbox.world import World

PATIENCE_S = 60.0  # nobody watches yet, and this computer may be slow


async def set_up(app: App, network: Demo, world: World) -> None:
    """`/network setup` in both servers, and its posts are up; everybody's employer is on the first one's list; and
    one member has said what buddy they would like, so that a visitor who asks for one need act for one other only.

    Nothing is due by then. Raises `TimeoutError` where the bot does not answer.
    """
    store = world.backend
    as_it_was, store.answer_within = store.answer_within, PATIENCE_S
    try:
        await _organise(app, network, world)
        await _would_like_a_buddy(network)
    finally:
        store.answer_within = as_it_was
    assert app.pump is not None, "it runs from the moment the database is open"
    await app.pump.drain()


async def _organise(app: App, network: Demo, world: World) -> None:
    first = next(iter(network.channels.values()))
    for organiser, channel in (
        (network.organiser, first),
        (network.second_organiser, network.second_channel_id),
    ):
        setup = {"nation": "england", "contact": organiser.id, "zone": "Europe/London"}
        await _said(await organiser.slash(channel, "network setup", setup))
    # The roles an organiser gives afterwards: what the people of the demo are described as.
    roles = {role.name: role.id for role in world.backend.guilds[network.guild_id].roles.values()}
    for kind, people in (("facilitator", network.facilitators), ("listener", network.listeners)):
        for person in people:
            world.give_role(person, network.guild_id, roles[str(app.library.text(f"networks.role.{kind}"))])
    shown = await _said(await network.organiser.slash(first, "network settings"))
    employers = "\n".join(network.employers.values())
    await _fill_in(network.organiser, shown, "networks.list=employer", {"text": employers})


async def _would_like_a_buddy(network: Demo) -> None:
    who, channel = network.seeker, next(iter(network.channels.values()))
    shown = await _said(await who.slash(channel, "join"))
    shown = await _press(who, shown, "members.agree=yes")
    await _press(who, shown, "members.consent=no")
    shown = await _said(await who.slash(channel, "me employer"))
    shown = await _fill_in(who, shown, "me.fact=employer", {"text": network.employers[who.name]})
    menu = _find(shown, "me.meant")
    nearest = menu["options"][0]["value"]
    await _said(await who.choose(int(shown["id"]), menu["custom_id"], [nearest]))
    shown = await _said(await who.slash(channel, "buddy request"))
    shown = await _press(who, shown, "buddies.agree=yes")
    work = {"role": ["headteacher"], "phase": ["infant-school"]}
    shown = await _fill_in(who, shown, "buddies.step=work", work)
    await _fill_in(who, shown, "buddies.step=wants", {"shares": [*work]})


async def _said(exchange: Exchange) -> dict[str, Any]:
    return await exchange.message(patience_s=PATIENCE_S)


async def _press(person: Person, message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return await _said(await person.press(int(message["id"]), _find(message, kind)["custom_id"]))


async def _fill_in(
    person: Person, message: Mapping[str, Any], kind: str, said: Mapping[str, Any]
) -> dict[str, Any]:
    form = await person.press(int(message["id"]), _find(message, kind)["custom_id"])
    await form.wait(PATIENCE_S)
    return await _said(await person.submit(form, said))


def _find(message: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The button or menu of a message whose custom id is of this kind: "members.agree=yes"."""
    kind, _, choice = kind.partition("=")
    for component in walk_components(message["components"]):
        parts = str(component.get("custom_id", "")).split(":")
        if kind in parts[1:2] and (not choice or choice in parts[3:4]):
            return component
    raise LookupError(f"nothing to press for {kind}")
