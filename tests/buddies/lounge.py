"""Members asking for buddies, as journeys say it: by the same taps and forms as in Discord."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.members import facts, lists
from bot.members.facts_rules import Kind
from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, custom_ids, until

EMPLOYERS = tuple(
    f"{name} Trust" for name in ("Alder", "Birch", "Cedar", "Damson", "Elm", "Fir", "Gorse", "Holly")
)
WORK = {
    "role": ["deputy-head"],
    "phase": ["secondary"],
    "size": ["large"],
    "place": ["coastal"],
    "years": ["new-in-post"],
}
SHARES = ["role", "phase", "size", "place", "years"]


async def employed(evening: Evening, person: Person, employer: str) -> None:
    """Confirm whom somebody works for."""
    app, network, now = evening.app, evening.demo.guild_id, evening.clock.now()
    known = await lists.of_network(app.store, network)
    if not known[Kind.EMPLOYER]:
        text = "\n".join(EMPLOYERS)
        await lists.keep(app.store, app.keyring, network, "x", Kind.EMPLOYER, text, now)
    given = await facts.give(app.store, app.keyring, network, "x", person.id, Kind.EMPLOYER, employer, now)
    meant = next(one for one in given.offered if one.name == employer)
    await facts.choose(app.store, app.keyring, person.id, given.fact_id, meant.id, now)


async def form(
    evening: Evening, person: Person, message: Mapping[str, Any], step: str, said: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Fill in one of the three forms."""
    shown = await evening.pressed(person, message, f"buddies.step={step}")
    assert shown.modal is not None
    return last(await answered(await person.submit(shown, said)))


async def tells(
    evening: Evening,
    person: Person,
    work: Mapping[str, Sequence[str]] = WORK,
    wants: Mapping[str, Sequence[str]] | None = None,
    when: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """`/buddy request`, the yes, and the forms; returns the overview."""
    shown = last(await evening.run(person, "buddy request"))
    if says(shown, "buddies.consent"):
        shown = await evening.tap(person, shown, "buddies.agree=yes")
    expect(shown, "buddies.request")
    shown = await form(evening, person, shown, "work", work)
    shown = await form(evening, person, shown, "wants", {"shares": SHARES, **(wants or {})})
    if when:
        shown = await form(evening, person, shown, "when", when)
    expect(shown, "buddies.request_kept")
    return shown


async def looks(evening: Evening, person: Person, employer: str | None = None, **said: Any) -> dict[str, Any]:
    """Everything up to "look for a buddy"; what that was answered with."""
    if employer is not None:
        await employed(evening, person, employer)
    return await evening.tap(person, await tells(evening, person, **said), "buddies.look=yes")


def got(evening: Evening, person: Person, template: str) -> list[dict[str, Any]]:
    """What somebody was sent that is this template."""
    return [message for message in evening.from_bot(person) if says(message, template)]


async def one(evening: Evening, person: Person, template: str, number: int = 1) -> dict[str, Any]:
    """The message once it is there, and that there are so many of it."""
    await until(lambda: len(got(evening, person, template)) >= number, f"{template} for {person.name}")
    found = got(evening, person, template)
    assert len(found) == number
    return found[-1]


async def paired(evening: Evening, *people: Person) -> None:
    """Two who suit each other ask, say yes and are introduced."""
    for person, employer in zip(people, EMPLOYERS, strict=False):
        await looks(evening, person, employer)
    for person in people:
        await evening.tap(person, await one(evening, person, "buddies.proposal"), "buddies.answer=yes")
    for person in people:
        await one(evening, person, "buddies.introduced")


def everything_said(evening: Evening, person: Person) -> list[str]:
    """Every custom id in a person's direct messages."""
    return [custom_id for message in evening.from_bot(person) for custom_id in custom_ids(message)]
