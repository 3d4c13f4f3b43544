"""A small living network to rehearse in: a dozen invented people, a server, and what they said lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.sandbox.people import Person
from bot.sandbox.world import World

# What an invitation link for this bot would ask for, and no more.
BOT_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    create_private_threads=True,
    manage_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    add_reactions=True,
    manage_channels=True,
    manage_roles=True,
    manage_events=True,
    create_events=True,
    connect=True,
).value

# name, what others read, what they are (shown in the page's "who am I"), and whom they work for.
_PEOPLE = (
    ("you", "Sam Ellery", "you, to begin with: head of a two-form primary in Derbyshire, a plain member", "Brackendale Primary Trust"),
    ("ruth", "Ruth Pemberton", "head of a special school; owns the server and looks after the network", "Hollowmead Schools"),
    ("marcus", "Marcus Oyelaran", "head of a large secondary in Leeds; runs the Saturday coffee", "Airewell Academies"),
    ("dilys", "Dilys Prosser", "head of a Welsh-medium primary in Ceredigion; runs Wednesday evenings", "Ysgolion Glan Derwen"),
    ("joan", "Joan Fairclough", "retired head, twenty-two years; takes calls", "Larkmeadow Governors"),
    ("imran", "Imran Siddiqui", "executive head of three rural primaries; takes calls", "Three Lanes Federation"),
    ("kate", "Kate Brennan", "first-year head of an infant school in Norfolk; would like a buddy (/buddy request)", "Saltmarsh Infants Trust"),
    ("tom", "Tom Aldridge", "deputy head, acting up since September", "Millrace Learning Trust"),
    ("priya", "Priya Raman", "school business manager, the only one in her trust who answers at night", "Candlewick Schools"),
    ("gareth", "Gareth Lloyd", "head of a valleys secondary in special measures", "Cwm Onnen Schools"),
    ("fiona", "Fiona Mackay", "head of a forty-pupil school in Argyll; teaches three days a week", "Loch Ardan Schools"),
    ("ade", "Ade Balogun", "head of school in an academy trust", "Northwater Trust"),
    ("helen", "Helen Whitmore", "deputy head and designated safeguarding lead", "Foxgrove Academies"),
)  # fmt: skip

_TALK = (
    (-74.0, "welcome", "ruth", "Welcome, all. No titles in here, no league tables, and nothing you say goes home."),
    (-73.5, "welcome", "kate", "Hello! Eleven weeks into headship and I have cried in the stock cupboard twice."),
    (-73.4, "welcome", "joan", "Only twice? You are ahead of where I was, Kate."),
    (-50.2, "staffroom", "tom", "Does anyone ever actually finish the budget, or do you just stop?"),
    (-50.0, "staffroom", "priya", "You stop when I take the spreadsheet away from you."),
    (-49.7, "staffroom", "gareth", "Mine stopped when the photocopier did. **Third** time this term."),
    (-26.3, "staffroom", "fiona", "Snow day. Four children, two staff, one very pleased dog."),
    (-26.1, "staffroom", "marcus", "Jealous of the dog."),
    (-25.0, "staffroom", "ade", "Anyone been through a trust merger and lived? Asking for a colleague who is me."),
    (-24.6, "staffroom", "imran", "Twice. I kept a list of what was mine to worry about. It was a short list. Ring me."),
    (-5.5, "saturday-coffee", "marcus", "Kettle on at nine on Saturday. Come in your dressing gown, cameras optional."),
    (-5.2, "saturday-coffee", "helen", "I will be the one eating toast."),
    (-3.1, "saturday-coffee", "dilys", "Bore da a phob lwc i bawb yr wythnos hon. Go gently this week."),
    (-1.4, "staffroom", "ruth", "I have asked a bot to help us check on each other. I will set it up this week."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demo:
    """The network to rehearse in. The bot is a member of both servers and has been told nothing yet."""

    you: Person
    organiser: Person
    facilitators: tuple[Person, ...]
    listeners: tuple[Person, ...]
    seeker: Person
    """Somebody in a job like yours who would like a buddy."""
    people: tuple[Person, ...]
    guild_id: int
    channels: dict[str, int]
    second_guild_id: int
    """A smaller network that you and one other belong to as well."""
    second_channel_id: int
    second_organiser: Person

    @property
    def employers(self) -> dict[str, str]:
        """Whom each person works for, by their name: nobody for the same as anybody else."""
        return {name: employer for name, _, _, employer in _PEOPLE}

    @property
    def about(self) -> dict[str, str]:
        """Who each person is, by their name, for people who look in."""
        return {person.name: person.about for person in self.people}


def build(world: World) -> Demo:
    """Fill an empty world. What was said is dated before the world's present."""
    store, now = world.backend, world.clock.now()
    with store.dated(now - timedelta(days=120)):
        people, guild, channels = _first_network(world)
    for hours, channel, who, text in _TALK:
        with store.dated(now + timedelta(hours=hours)):
            store.create_message(channels[channel], people[who].id, text)
    imran = people["imran"]
    with store.dated(now - timedelta(hours=1)):
        second = world.guild("Peak Small Schools", imran)
        noticeboard = world.text_channel(
            second, "noticeboard", topic="Twelve schools, one photocopier between us."
        )
        world.join(people["you"], second)
    world.add_bot(guild, BOT_PERMISSIONS)
    world.add_bot(second, BOT_PERMISSIONS)
    return Demo(
        you=people["you"],
        organiser=people["ruth"],
        facilitators=(people["marcus"], people["dilys"]),
        listeners=(people["joan"], imran),
        seeker=people["kate"],
        people=tuple(people.values()),
        guild_id=guild,
        channels=channels,
        second_guild_id=second,
        second_channel_id=noticeboard,
        second_organiser=imran,
    )


def _first_network(world: World) -> tuple[dict[str, Person], int, dict[str, int]]:
    people = {
        name: world.person(name, shown, about=f"{about}; works for {employer}")
        for name, shown, about, employer in _PEOPLE
    }
    guild = world.guild("Saturday Coffee Heads", people["ruth"])
    heading = world.category(guild, "Come in")
    channels = {
        name: world.text_channel(guild, name, topic=topic, category=heading)
        for name, topic in (
            ("welcome", "Say hello. What is said here stays here."),
            ("staffroom", "The ordinary week, good and bad."),
            ("saturday-coffee", "Saturdays at nine. Bring a mug."),
        )
    }
    world.voice_channel(guild, "The kettle", category=heading)
    for person in people.values():
        if person is not people["ruth"]:
            world.join(person, guild)
    return people, guild, channels
