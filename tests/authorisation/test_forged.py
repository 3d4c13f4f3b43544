"""Custom ids that are somebody else's, another network's, cut short, too long or made up; and events delivered twice."""

from __future__ import annotations

import pytest

from bot.sandbox.people import Person
from tests.authorisation.table import CANNOT, DM, SERVER, WHO, Row, rows
from tests.authorisation.test_table import (
    IN_CHANNELS,
    MOVES,
    OF_A_NETWORK,
    TOLD_TO_BUDDIES,
    WRITTEN,
    choices,
    controls,
    options,
)
from tests.authorisation.town import Town, refused, rows_of_others
from tests.launch.scene import until, words

NO_ROW = (0, 1, (1 << 62) | 1, (1 << 63) - 1)
THEIRS = "their server"


async def harmless(
    town: Town, person: Person, where: str, row: Row, custom_id: str, form: str = "", *, foreign: bool = False
) -> bool:
    """Press it; only the presser's own rows may change and only they may see anything. Says whether it was refused."""
    choice = custom_id.rpartition(":")[2]
    fields = WRITTEN.get(f"{row.name}={choice}") or WRITTEN.get(row.name) or {"words": "x" * 4000}
    watch, channel = town.watch(), await town.place(person, where)
    picked = town.picked(row.name, choice, person, foreign=foreign)
    exchange = await town.deliver(person, channel, form or row.form, custom_id, picked, fields)
    said = await town.seen(exchange)
    changed, told = watch.changed(), watch.told(person)
    watch.mentions_nobody()
    what = f"{person.name} in {where} with {custom_id}: {[words(m) for m in said]}"
    ours = town.evening.demo.guild_id
    if where == THEIRS:
        assert not any(ours in one for found in changed.values() for one in found), f"{what} {changed}"
    others = rows_of_others(changed, person)
    lawful = MOVES.get(row.name, set[str]())
    if row.name.startswith(("networks.", "buddies.list")) and (
        where == THEIRS or row.answers[_role_of(town, person), where] == "yes"
    ):
        lawful = lawful | OF_A_NETWORK
    others = {name: found for name, found in others.items() if name not in lawful}
    assert not others, f"{what} {others}"
    contacts = (
        {town.evening.world.people["dilys"].id, town.tom.id} if row.name == "reports.send" else set[int]()
    )
    if row.name in TOLD_TO_BUDDIES:
        contacts.add(town.kate.id)
    if row.name.startswith(IN_CHANNELS):
        contacts.add(0)
    assert told <= contacts, what
    return refused(said)


def _role_of(town: Town, person: Person) -> str:
    return next(name for name, one in town.cast.items() if one is person)


@pytest.mark.parametrize("who", ["member", "organiser", "stranger"])
async def test_what_belongs_to_somebody_else_stays_theirs(town: Town, who: str) -> None:
    person = town.cast[who]
    for row in controls():
        for choice in choices(row.name):
            for number in town.others_numbers(row.number):
                for where in (SERVER, DM):
                    no = await harmless(town, person, where, row, f"ok1:{row.name}:{number}:{choice}")
                    assert no or row.number in ("network", "question, if theirs"), (row.name, choice, where)


@pytest.mark.parametrize("who", ["member", "organiser"])
async def test_what_stands_in_nobodys_menu_cannot_be_picked(town: Town, who: str) -> None:
    person = town.cast[who]
    for row in controls():
        # Whoever Discord vouches for may be named as a contact; choices about oneself are the same for everybody.
        if row.form != "menu" or row.name in (
            "networks.named",
            "checkins.pick",
            "support.about",
            "buddies.suggested",
            "sessions.roll",
            "sessions.unroll",
            "sessions.invite",
            "sessions.helpers",
        ):
            continue
        for choice in choices(row.name):
            for where in (SERVER, DM):
                custom_id = f"ok1:{row.name}:{town.own_number(row.number, person)}:{choice}"
                assert await harmless(town, person, where, row, custom_id, foreign=True), custom_id


async def test_another_networks_organiser_reaches_nothing_of_ours(town: Town) -> None:
    person = town.cast["elsewhere"]
    for row in controls():
        for choice in choices(row.name):
            for number in {town.own_number(row.number, town.kate), town.evening.demo.guild_id}:
                for where in (THEIRS, DM):
                    await harmless(town, person, where, row, f"ok1:{row.name}:{number}:{choice}")


async def test_a_number_of_nothing_does_nothing(town: Town) -> None:
    for row in controls():
        for number in NO_ROW if row.number != "not read" else ():
            for where in (SERVER, DM):
                custom_id = f"ok1:{row.name}:{number}:{choices(row.name)[0]}"
                no = await harmless(town, town.cast["member"], where, row, custom_id)
                assert no or row.number != "question", custom_id


def mangled(custom_id: str) -> list[str]:
    """What becomes of a custom id that is cut, stretched or written by somebody else."""
    prefix, kind, number, choice = custom_id.split(":")
    return [
        custom_id[:-1] if choice else custom_id[:-2],
        custom_id[: len(custom_id) // 2],
        custom_id.ljust(100, "x"),
        f"{prefix}:{kind}:{number}:" + "a" * (100 - len(f"{prefix}:{kind}:{number}:")),
        f"{prefix}:{kind}:{number}0000000000000000000:{choice}"[:100],
        f"{prefix}:{kind}:-1:{choice}",
        f"{prefix}:{kind}:\u0661\u0662:{choice}",
        f"ok2:{kind}:{number}:{choice}",
        f"\u202e{custom_id}",
        f"{prefix}:{kind}.x:{number}:{choice}",
        f"{prefix}:{kind}:{number}:' OR 1=1 --",
        f"{prefix}:{kind.upper()}:{number}:{choice}",
    ]


async def test_mangled_ids_are_met_kindly_and_do_nothing(town: Town) -> None:
    person = town.cast["member"]
    for row in controls():
        genuine = f"ok1:{row.name}:{town.own_number(row.number, person)}:{choices(row.name)[-1]}"
        for custom_id in mangled(genuine):
            await harmless(town, person, SERVER, row, custom_id)


async def test_a_control_pressed_as_what_it_is_not_is_met_kindly(town: Town) -> None:
    person = town.cast["member"]
    for row in controls():
        for form in {"button", "menu", "form"} - {row.form}:
            custom_id = f"ok1:{row.name}:{town.own_number(row.number, person)}:{choices(row.name)[0]}"
            await harmless(town, person, DM, row, custom_id, form)


async def test_an_event_delivered_twice_has_its_effect_once(town: Town) -> None:
    stats = town.evening.wire.stats
    for row in rows().values():
        for who in ("member", "organiser"):
            if row.answers[who, SERVER] != "yes":
                continue
            person = town.cast[who]
            for choice in choices(row.name) if row.form != "command" else [""]:
                watch, channel = town.watch(), await town.place(person, SERVER)
                if row.form == "command":
                    exchange = await town.command(person, channel, row.name, options(town, row.name))
                else:
                    custom_id = f"ok1:{row.name}:{town.own_number(row.number, person)}:{choice}"
                    fields = WRITTEN.get(f"{row.name}={choice}") or WRITTEN.get(row.name)
                    picked = town.picked(row.name, choice, person)
                    exchange = await town.deliver(person, channel, row.form, custom_id, picked, fields)
                await town.seen(exchange)
                once = _amounts(town)
                refused_before = stats.by_status.get(400, 0)

                def answered_again(before: int = refused_before) -> bool:
                    return stats.by_status.get(400, 0) > before

                await person.interact_raw({"id": str(exchange.id)})
                await until(answered_again, f"{row.name} being answered again")
                await town.seen(exchange)
                assert _amounts(town) == once, f"{row.name} {choice} as {who}"
                watch.changed()


def _amounts(town: Town) -> dict[str, int]:
    """How many rows there are of everything, and how many messages."""
    found = {name: len(kept) for name, kept in town.dump().items()}
    messages = sum(len(kept) for kept in town.evening.world.backend.messages.values())
    return {**found, "messages": messages}


async def test_a_role_taken_a_minute_ago_opens_nothing(town: Town) -> None:
    evening, person = town.evening, town.cast["organiser"]
    ((role,),) = evening.rows("SELECT organiser_role_id FROM network WHERE id = ?", evening.demo.guild_id)
    evening.world.take_role(person, evening.demo.guild_id, role)
    for row in rows().values():
        if row.answers["member", SERVER] == "no" and row.answers["organiser", SERVER] == "yes":
            watch = town.watch()
            if row.form == "command":
                exchange = await town.command(person, evening.welcome, row.name, options(town, row.name))
            else:
                custom_id = f"ok1:{row.name}:0:{choices(row.name)[0]}"
                exchange = await town.deliver(
                    person, evening.welcome, row.form, custom_id, ["x"], WRITTEN.get(row.name)
                )
            assert refused(await town.seen(exchange)), row.name
            assert not watch.changed(), row.name


def test_the_table_has_a_row_of_each_kind() -> None:
    """The tests above would pass over an empty table."""
    kinds = {(row.form, row.number) for row in controls()}
    assert {("button", "question"), ("menu", "fact"), ("form", "not read"), ("form", "network")} <= kinds
    for who in WHO:
        assert {rows()["/checkin now"].answers[who, where] for where in (SERVER, DM)} <= {"yes", "no", CANNOT}
