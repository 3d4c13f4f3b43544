"""A network with a member and listeners, and what an unnamed talk is made of: what its journeys stand on."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.sandbox.people import Person
from tests.checkins.evening import expect, last, says
from tests.launch.scene import answered, button, until, words
from tests.listeners.scene import Listening

NAMED = re.compile(r"\*\*([A-Z][a-z]+ [A-Z][a-z]+)\*\*")


class Conversing(Listening):
    """Sam writes; Joan and Imran listen."""

    name = ""
    """What Sam is called in the talk."""

    async def write(
        self, whom: Any = None, *, person: Person | None = None, dm: bool = True, **said: str
    ) -> Any:
        """`/talk anonymous` up to the preview, which is returned."""
        person = person or self.sam
        evening = self.evening
        channel = await person.open_dm() if dm else evening.welcome
        shown = last(await evening.run(person, "talk anonymous", channel))
        if says(shown, "talks.which_network"):
            picked = await person.choose(
                int(shown["id"]), button(shown, "talk.anonymous.network"), [str(evening.demo.guild_id)]
            )
            shown = last(await answered(picked))
        expect(shown, "talks.intro")
        form = await person.press(int(shown["id"]), button(shown, "talk.anonymous.begin"))
        await form.wait()
        fields = {
            "want": [said.get("want", "listen")],
            "long": [said.get("long", "half")],
            "avoid": said.get("avoid", ""),
        }
        shown = last(await answered(await person.submit(form, fields)))
        expect(shown, "talks.preview")
        self.name = NAMED.findall(words(shown))[-1]
        return shown

    async def ask(self, whom: Any = None, **said: str) -> Any:
        """`/talk anonymous`, asked for; and every listener somebody on whom nothing is known is agreed to."""
        preview = await self.write(**said)
        return await self.evening.tap(self.sam, preview, "talk.anonymous.ask=yes")

    async def ask_as(self, person: Person, **said: str) -> Any:
        """The same for somebody else."""
        preview = await self.write(person=person, **said)
        return await self.evening.tap(person, preview, "talk.anonymous.ask=yes")

    async def come_on_later(self, person: Person) -> None:
        """One more listener, when the others are at it already."""
        await self.evening.join(person)
        await self.come_on(person)

    def message(self, person: Person, message: Any) -> dict[str, Any]:
        """A message as it is now in somebody's direct messages; empty when it is gone."""
        return next((m for m in self.evening.dms(person) if int(m["id"]) == int(message["id"])), {})

    def is_a(self, message: Any, template: str) -> bool:
        return says(message, template)

    async def may(self, person: Person, answer: str = "yes") -> None:
        """Answer "may I ask them?"."""
        shown = await self.told(person, "talks.may_i_ask")
        expect(await self.evening.tap(person, shown, f"talk.anonymous.may={answer}"), f"talks.may_{answer}")

    async def accept(self, person: Person, promise: str = "") -> Any:
        """Say yes to the newest offer; what is said to it."""
        offer = await self.told(person, "talks.offer")
        return await self.evening.tap(person, offer, "talk.anonymous.take=yes")

    async def open(self, *listeners: Person, **said: str) -> None:
        """A talk between Sam and the first of these."""
        await self.begin(*listeners)
        await self.ask(**said)
        await self.may(self.sam)
        expect(await self.accept(listeners[0]), "talks.yours")
        await self.told(self.sam, "talks.opened")
        await self.told(listeners[0], "talks.opened_listener")

    async def say(self, person: Person, text: str, **more: Any) -> int:
        return await person.send(await person.open_dm(), text, **more)

    async def reads(self, person: Person, text: str) -> dict[str, Any]:
        """The message in which these words reach somebody."""
        found = await until(
            lambda: [m for m in self.evening.from_bot(person) if text in words(m)], f"{text!r} reaching them"
        )
        assert len(found) == 1, "once"
        await self.noted()
        return found[0]

    async def told(self, person: Person, template: str) -> dict[str, Any]:
        found = await super().told(person, template)
        await self.noted()
        return found

    async def noted(self) -> None:
        """Until the bot has written down what arrived: words that follow at once answer what it knows was read."""
        app = self.evening.app
        assert app.pump is not None
        assert app.relay is not None
        await app.relay.drain()
        await app.pump.drain()
        await app.relay.drain()

    async def quiet(self) -> None:
        """Until nothing is on its way any more."""
        await self.evening.settled()
        await self.noted()

    def never_named(self, person: Person, who: Person | None = None) -> None:
        """Nothing somebody was ever sent names the other: no name, no number of theirs."""
        who = who or self.sam
        for message in self.evening.from_bot(person):
            sent = json.dumps(message)
            names = [name for name in re.findall(r"\w+", who.display_name) if name != "You"]
            for trace in (str(who.id), str(who.dm_id), who.name, *names):
                assert not re.search(rf"\b{trace}\b", sent) or trace == "you", (trace, words(message))
