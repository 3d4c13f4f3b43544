"""What people of the town told of whom they work for, and whom they avoid."""

from __future__ import annotations

from bot.members import apart, facts, lists
from bot.members.apart_tables import Apart
from bot.members.facts_rules import Kind
from bot.sandbox.people import Person
from tests.checkins.evening import Evening


async def tell(evening: Evening, member: Person, left: Person, kate: Person, tom: Person) -> None:
    """Lists in both networks, a name typed by some and asked for by others, and lists of whom to avoid."""
    app, demo, now = evening.app, evening.demo, evening.clock.now()
    store, keys = app.store, app.keyring
    first, second = demo.guild_id, demo.second_guild_id
    for network in (first, second):
        await lists.keep(store, keys, network, "", Kind.EMPLOYER, "Ashdown Trust = ADT", now)
    for person, network, said in (
        (member, first, "Ashdown"),
        (left, first, "Ashdown"),
        (kate, first, "Quill School"),
        (tom, second, "Heron School"),
    ):
        given = await facts.give(store, keys, network, "", person.id, Kind.EMPLOYER, said, now)
        if person in (kate, tom):
            await facts.ask_for(store, keys, person.id, given.fact_id, now)
        other = evening.world.people["priya"].id
        await apart.keep_apart(store, keys, network, "", person.id, other, Apart.AVOID, now)
