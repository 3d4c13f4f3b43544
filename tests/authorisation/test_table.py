"""Everybody of the table uses every command and every control, in a server and in direct messages, and gets what it says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from discord import app_commands

from tests.authorisation.table import CANNOT, DM, SERVER, WHO, Row, rows
from tests.authorisation.town import Town, every_channel_and_role, refused, rows_of_others
from tests.checkins.evening import library
from tests.launch.scene import words

# Choices that stand in no template: in menus and buttons made as they are needed, and in forms.
CHOICES = {
    "calls.write": ["0"],
    "checkins.which": ["", "ok"],
    "checkins.followed": ["better", "same", "harder", "none"],
    "checkins.pick": ["often", "closures"],
    "checkins.write": ["when", "quiet", "zone"],
    "buddies.told": ["work", "wants", "when"],
    "buddies.listed": ["role"],
    "me.forget": ["", "no", "yes"],
    "me.named": ["employer", "trust", "authority"],
    "me.dropped": ["employer"],
    "networks.named": ["first", "second"],
    "talk.anonymous.which": ["1"],
    "networks.listed": ["employer", "trust", "authority"],
    "sessions.cancelled": ["one", "all"],
    "sessions.room": ["saturday", "both"],
}
WRITTEN: dict[str, dict[str, Any]] = {
    "calls.write": {"name": "Sam", "reach": "07700 900123", "suits": "", "about": ""},
    "listening.introduced": {"name": "Joan", "organisation": "Ash Hill"},
    "listening.week": {"rota": "Mondays 7 pm - 9 pm"},
    "checkins.said": {"words": "A long week."},
    "checkins.write=when": {"day": "Thursday", "time": "7 pm"},
    "checkins.write=quiet": {"quiet_from": "9 pm", "quiet_until": "7 am"},
    "checkins.write=zone": {"zone": "Europe/Dublin"},
    "buddies.told=work": {"role": ["headteacher"], "phase": ["primary"]},
    "buddies.told=wants": {"same": ["role"], "wishes": [], "shares": ["role", "phase"]},
    "buddies.told=when": {"often": ["weekly"], "days": ["1", "3"], "trios": ["yes"]},
    "buddies.passed": {"text": "Hello, how is your week?"},
    "buddies.listed": {"text": "Head\nDeputy head"},
    "me.named": {"text": "Heron Academy"},
    "networks.listed": {"text": "Ashdown Trust = ADT\nBrook School"},
    "members.until": {"until": "24 December 2026"},
    "networks.dates": {"dates": "1 January 2030 - 4 January 2030 Holiday"},
    "talk.anonymous.wishes": {"want": ["listen"], "long": ["half"], "avoid": "My father"},
    "sessions.changed": {
        "title": "Tea",
        "when": "Saturdays 10am",
        "length": "45",
        "where": "The hall",
        "about": "Hm.",
    },
    "sessions.detailed": {"places": "12", "neutral": "Meeting"},
    "sessions.skipped": {"text": "A wedding."},
    "sessions.moved": {"text": "1 January 2027 10am"},
    "sessions.cancelled": {"text": "Thank you."},
    "reports.send": {"who": [], "what": "Something happened.", "reply": ["no"]},
}
# What is changed besides one's own rows and those of one's network: new dates move when members are asked; what members
# said of whom they work for is confirmed by the list, or no longer; who is kept apart from whom is nobody's row.
# Two are in a pair, and what one of them does about it is the other's too.
BOTH = {"buddy_place", "buddy_request", "buddy_past", "separation_secret", "outbox"}
MOVES = {
    "networks.dates": {"checkin_plan"},
    "networks.suggested": {"fact"},
    "networks.alias": {"fact"},
    "networks.listed": {"fact"},
    "me.takeoff": {"separation"},
    # How listeners stand to a call is the listeners' own, and goes with the call.
    "me.forget": BOTH | {"call_offer"},
    "members.leave": BOTH | {"call_offer"},
    "buddies.look": {"buddying"},
    "buddies.stop": BOTH,
    "buddies.end": BOTH | {"separation"},
    "buddies.met": BOTH,
    "buddies.still": BOTH,
    "buddies.hello": {"outbox"},
    "/buddy avoid": {"separation", "call_offer"},
    "calls.drop": {"call_offer"},
    "calls.leave-out": {"call_offer"},
    "calls.end": {"call_offer", "outbox"},
    "calls.again": {"call_offer", "outbox"},
    # Whose a talk is stands sealed, so that it looks like nobody's from outside.
    "talk.anonymous.wishes": {"talk", "talk_side", "talk_name"},
    "sessions.roll": {"session_attendance"},
    "sessions.unroll": {"session_attendance"},
    "sessions.everybody": {"session_attendance"},
}
# Sessions are their network's; who is told of a change reads it from the outbox.
HELD = {
    "session_series",
    "session_occurrence",
    "session_change",
    "session_network",
    "session_mirror",
    "outbox",
}
CHANGED = (
    "save",
    "edit",
    "skipped",
    "back",
    "moved",
    "cancelled",
    "given",
    "event",
    "standing",
    "room",
    "mirror",
)
MOVES |= {f"sessions.{kind}": HELD | {"session_facilitator"} for kind in CHANGED}
MOVES |= {f"/session {command}": HELD for command in ("skip", "move")}
MOVES["listening.answer"] = {"listening"}  # how long a network's listeners have
IN_CHANNELS = ("sessions.", "/session ")  # what is held, and what is not, is said where everybody reads it
TOLD_TO_BUDDIES = {"buddies.passed", *(name for name, moved in MOVES.items() if "outbox" in moved)}
OF_A_NETWORK = {"buddying", "network", "network_closure", "closure", "organisation", "outbox"} | HELD


def options(town: Town, command: str) -> dict[str, Any]:
    """What is given to a command so that it does what it is for."""
    people = town.evening.world.people
    meeting = str(town.own_number("meeting", town.cast["facilitator"]))
    return {
        "/pause": {"until": "24 December 2026"},
        "/network setup": {"nation": "england", "contact": people["dilys"].id},
        "/buddy avoid": {"person": people["ade"].id},
        "/session schedule": {"title": "Tea", "when": "Saturdays 9am", "where": "The kettle"},
        "/session edit": {"session": meeting},
        "/session skip": {"session": meeting},
        "/session move": {"session": meeting, "when": "1 January 2027 10am"},
        "/session cancel": {"session": meeting},
    }.get(command, {})


def choices(kind: str) -> list[str]:
    """Every choice there is for a kind of control."""
    found = {
        reference.partition("=")[2]
        for template in library().templates
        for row in template.buttons
        for reference in row
        if reference.partition("=")[0] == kind
    }
    return CHOICES.get(kind) or sorted(found) or [""]


def controls() -> Iterator[Row]:
    return (row for row in rows().values() if row.form != "command")


def commands(town: Town) -> set[str]:
    """Every command a person can run, from the running bot."""
    walked = town.evening.app.client.tree.walk_commands()
    return {f"/{command.qualified_name}" for command in walked if isinstance(command, app_commands.Command)}


async def test_everything_the_bot_answers_to_stands_in_the_table(town: Town) -> None:
    handlers = set(town.evening.app.client.router.handlers)
    assert handlers == {row.name for row in controls()}
    assert commands(town) == {name for name in rows() if name.startswith("/")}


async def test_only_the_organisers_commands_are_hidden(town: Town) -> None:
    for command in town.evening.app.client.tree.get_commands():
        hidden = command.to_dict(town.evening.app.client.tree)["default_member_permissions"]
        assert (hidden is not None) == (command.name == "network"), command.name


class Slips(list[str]):
    """Collects what went otherwise than the table says, so that a failure names all of it."""

    async def judge(self, town: Town, who: str, where: str, row: Row, what: str, act: Any) -> None:
        try:
            await judge(town, who, where, row, what, act)
        except AssertionError as slip:
            self.append(str(slip).partition("\nassert")[0])


async def judge(town: Town, who: str, where: str, row: Row, what: str, act: Any) -> None:
    """Do it, and hold what became of it to the table."""
    person, wanted = town.cast[who], row.answers[who, where]
    place = f"{who} in {where} with {what}"
    watch, made = town.watch(), set(every_channel_and_role(town))
    said = await town.seen(await act(person, await town.place(person, where)))
    changed, told = watch.changed(), watch.told(person)
    watch.mentions_nobody()
    assert refused(said) == (wanted == "no"), f"{place}: {[words(m) for m in said]}"
    if wanted == "no":
        assert not changed, f"{place} changed {changed}"
        assert not told, f"{place} was seen by others"
        assert set(every_channel_and_role(town)) == made, place
        return
    foreign = rows_of_others(changed, person)
    lawful = MOVES.get(row.name, set())
    if (row.answers["member", SERVER], row.answers["organiser", SERVER]) == ("no", "yes"):
        lawful = lawful | OF_A_NETWORK
    foreign = {name: kept for name, kept in foreign.items() if name not in lawful}
    assert not foreign, f"{place} changed rows of others: {foreign}"
    expected = {town.evening.world.people["dilys"].id} if row.name == "reports.send" else set[int]()
    if row.name in TOLD_TO_BUDDIES:
        expected.add(town.kate.id)
    if row.name.startswith(IN_CHANNELS) or (
        who == "facilitator" and row.name in ("members.leave", "me.forget")
    ):
        expected.add(0)  # the organisers are asked who leads what a facilitator led
    assert told <= expected, f"{place} was seen by {told}"


async def test_controls_answer_as_the_table_says(town: Town) -> None:
    slips = Slips()
    for row, who, where in product(controls(), WHO, (SERVER, DM)):
        for choice in choices(row.name) if row.answers[who, where] != CANNOT else ():
            number = town.own_number(row.number, town.cast[who])
            custom_id = f"ok1:{row.name}:{number}:{choice}"
            fields = WRITTEN.get(f"{row.name}={choice}") or WRITTEN.get(row.name)
            picked = town.picked(row.name, choice, town.cast[who])

            press = partial(town.deliver, form=row.form, custom_id=custom_id, values=picked, fields=fields)
            await slips.judge(town, who, where, row, custom_id, press)
    assert not slips, "\n".join(slips)


async def test_commands_answer_as_the_table_says(town: Town) -> None:
    slips = Slips()
    for row, who, where in product(rows().values(), WHO, (SERVER, DM)):
        if row.form != "command" or row.answers[who, where] == CANNOT:
            continue
        run = partial(town.command, name=row.name, options=options(town, row.name))
        await slips.judge(town, who, where, row, row.name, run)
    assert not slips, "\n".join(slips)
