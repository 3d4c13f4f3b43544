"""A network with a member and listeners who are on: what journeys of calls stand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.sandbox.people import Person
from tests.checkins.evening import Evening, expect, last, says
from tests.launch.scene import answered, button, until

NUMBER = "07700 900123"
ABOUT = "A governor, and no sleep"


class Listening:
    """Sam asks; Joan and Imran listen. Both are on until the evening unless told otherwise."""

    def __init__(self, evening: Evening) -> None:
        self.evening = evening
        people = evening.world.people
        self.sam, self.joan, self.imran, self.kate = (
            evening.you,
            people["joan"],
            people["imran"],
            people["kate"],
        )

    async def begin(self, *listeners: Person) -> None:
        """Set the network up, have everybody join, and have these listeners come on."""
        await self.evening.joined(self.sam, *listeners)
        for person in listeners:
            await self.come_on(person)

    async def role(self, person: Person) -> int:
        (role,) = self.evening.rows(
            "SELECT listener_role_id FROM network WHERE id = ?", self.evening.demo.guild_id
        )[0]
        return role

    async def come_on(self, person: Person, organisation: str = "") -> dict[str, Any]:
        """Give somebody the role, and have them go through `/listener on` for the first time."""
        evening = self.evening
        evening.world.give_role(person, evening.demo.guild_id, await self.role(person))
        shown = last(await evening.run(person, "listener on"))
        expect(shown, "listeners.introduce")
        form = await person.press(int(shown["id"]), button(shown, "listening.introduce"))
        await form.wait()
        name = person.display_name.split()[0]
        shown = last(
            await answered(
                await person.submit(form, {"name": name, "organisation": organisation or f"{name}'s school"})
            )
        )
        expect(shown, "listeners.confirm")
        return await evening.tap(person, shown, "listening.confirm")

    async def write(
        self, whom: Person | None = None, *, person: Person | None = None, dm: bool = True, **said: str
    ) -> dict[str, Any]:
        """`/talk call` up to the preview, which is returned."""
        person = person or self.sam
        evening = self.evening
        channel = await person.open_dm() if dm else evening.welcome
        shown = last(await evening.run(person, "talk call", channel))
        if says(shown, "calls.which_network"):
            picked = await person.choose(
                int(shown["id"]), button(shown, "talk.network"), [str(evening.demo.guild_id)]
            )
            shown = last(await answered(picked))
        expect(shown, "calls.who")
        form = await person.choose(
            int(shown["id"]), button(shown, "calls.who"), [str(whom.id) if whom else "0"]
        )
        await form.wait()
        fields = {"name": "Sam", "reach": NUMBER, "suits": "After seven", "about": ABOUT} | said
        shown = last(await answered(await person.submit(form, fields)))
        expect(shown, "calls.preview")
        return shown

    async def ask(self, whom: Person | None = None, **said: str) -> dict[str, Any]:
        """`/talk call`, sent; what the member is answered."""
        preview = await self.write(whom, **said)
        return await self.evening.tap(self.sam, preview, "calls.send")

    async def told(self, person: Person, template: str) -> dict[str, Any]:
        """The newest message of the bot to somebody that is this template."""
        found = await until(lambda: self.all(person, template), f"{template} for {person.name}")
        return found[-1]

    def all(self, person: Person, template: str) -> list[dict[str, Any]]:
        return [m for m in self.evening.from_bot(person) if says(m, template)]

    async def quiet(self) -> None:
        """Until nothing is on its way any more."""
        assert self.evening.app.pump is not None
        await self.evening.app.pump.drain()

    async def accept(self, person: Person, promise: str = "half-hour") -> list[dict[str, Any]]:
        """Press the newest offer; everything said to it."""
        offer = await self.told(person, "listeners.offer")
        exchange = await self.evening.pressed(person, offer, f"calls.accept={promise}")
        if says(exchange.messages[0], "listeners.yours"):
            await exchange.message(2)
        return exchange.messages

    def calls(self) -> list[tuple[Any, ...]]:
        return self.evening.rows("SELECT state, holder_id, ending FROM call")


def names(people: Iterable[Person]) -> list[str]:
    return [person.name for person in people]
