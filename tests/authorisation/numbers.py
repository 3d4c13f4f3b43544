"""What the numbers in custom ids and the choices in menus speak of, for each person of a town."""

from __future__ import annotations

from bot.sandbox.people import Person
from tests.authorisation.on import OF_A_SESSION, part_of
from tests.checkins.evening import Evening
from tests.sessions.held import room

# What a number about calls speaks of, by somebody's account.
CALLS = {
    "call": "call WHERE user_id = ? AND state = 'asking'",
    "call draft": "call WHERE user_id = ? AND state = 'draft'",
    "offer": "call_offer WHERE state = 'asked' AND call_id IN (SELECT id FROM call WHERE user_id = ?)",
}
PLACES = {"suggestion to them": "proposed", "pair": "introduced"}


class Numbers:
    """Rows of the people of a town, by what a number is said to be."""

    evening: Evening
    cast: dict[str, Person]
    kate: Person
    tom: Person

    def question_of(self, person: Person) -> int | None:
        """The newest question put to somebody."""
        found = self.evening.rows(
            "SELECT id FROM checkin WHERE user_id = ? ORDER BY due_at DESC LIMIT 1", person.id
        )
        return found[0][0] if found else None

    def own_number(self, number: str, person: Person) -> int:
        """A number of what belongs to somebody; of somebody else's where nothing does."""
        if number == "network":
            return self.evening.demo.guild_id
        if number.startswith("question"):
            return self.question_of(person) or self.question_of(self.kate) or 0
        if number == "fact":
            return self.fact_of(person) or self.fact_of(self.kate)
        if number == "talk":
            return self.talk
        if number in CALLS:
            return self.call_of(person, number) or self.call_of(self.kate, number)
        if number in PLACES:
            return self.place_of(person, number) or self.place_of(self.kate, number)
        if number == "session":
            return self.meeting_in(self.evening.demo.guild_id)
        if number in OF_A_SESSION:
            return part_of(self.evening, number, self.evening.demo.guild_id, person)
        return self.fact_of(self.kate) if number == "suggestion" else 0

    def others_numbers(self, number: str) -> list[int]:
        """Numbers of the same kind that belong to somebody else, here and in the other network."""
        if number == "network":
            return [self.evening.demo.second_guild_id]
        if number.startswith("question"):
            return [self.question_of(person) or 0 for person in (self.kate, self.tom)]
        if number == "fact":
            return [self.fact_of(person) for person in (self.kate, self.tom)]
        if number == "talk":
            return [self.talk]
        if number in CALLS:
            return [self.call_of(person, number) for person in (self.kate, self.tom)]
        if number in PLACES:
            return [self.place_of(person, number) for person in (self.kate, self.tom)]
        if number == "session":
            return [self.meeting_in(self.evening.demo.second_guild_id)]
        if number in OF_A_SESSION:
            elsewhere = part_of(self.evening, number, self.evening.demo.second_guild_id, self.tom)
            return (
                [elsewhere]
                if number != "draft"
                else [elsewhere, part_of(self.evening, number, 0, self.cast["owner"])]
            )
        # What nobody asked to have added, and what was asked for in the other network.
        return [self.fact_of(self.cast["member"]), self.fact_of(self.tom)] if number == "suggestion" else []

    def call_of(self, person: Person, number: str) -> int:
        """Somebody's open call, their draft, or what a listener was offered of their call; 0 for nothing."""
        found = self.evening.rows(f"SELECT id FROM {CALLS[number]}", person.id)
        return found[0][0] if found else 0

    @property
    def ade(self) -> Person:
        """Who was asked about calls as a listener."""
        return self.evening.world.people["ade"]

    @property
    def talk(self) -> int:
        """Kate's talk, which waits for a listener."""
        return self.evening.rows("SELECT id FROM talk")[0][0]

    def fact_of(self, person: Person) -> int:
        """What somebody told of whom they work for; 0 for nothing."""
        found = self.evening.rows("SELECT id FROM fact WHERE user_id = ?", person.id)
        return found[0][0] if found else 0

    def place_of(self, person: Person, number: str) -> int:
        """A suggestion to somebody, or a pair they are in; 0 for none."""
        state = PLACES[number]
        found = self.evening.rows(
            "SELECT id FROM buddy_place WHERE user_id = ? AND state = ? ORDER BY id", person.id, state
        )
        return found[0][0] if found else 0

    def meeting_in(self, network_id: int) -> int:
        """The session that is on in a network."""
        query = "SELECT id FROM session_occurrence WHERE network_id = ? ORDER BY starts_at LIMIT 1"
        return self.evening.rows(query, network_id)[0][0]

    def picked(self, kind: str, choice: str, person: Person, *, foreign: bool = False) -> list[str]:
        """What is picked in a menu: something of the person's own, or with `foreign` of somebody else's."""
        rows, whose = self.evening.rows, self.tom if foreign else person
        home = self.evening.demo.second_guild_id if foreign else self.evening.demo.guild_id
        if kind in ("me.meant", "networks.alias"):
            return [
                str(id) for (id,) in rows("SELECT id FROM organisation WHERE network_id = ? LIMIT 1", home)
            ]
        if kind in ("talk.anonymous.network", "talk.network"):
            return [str(home)]
        if kind == "calls.who":
            return ["999"] if foreign else ["0"]
        if kind == "calls.leave-out":
            return [str(self.tom.id if foreign else self.ade.id)]
        if kind == "listening.most":
            return ["2"]
        if kind == "me.dropped":
            return [str(self.fact_of(whose))]
        if kind == "networks.suggestion":
            return [str(self.fact_of(self.tom if foreign else self.kate))]
        if kind == "me.takeoff":
            return [str(id) for (id,) in rows("SELECT id FROM apart WHERE user_id = ?", whose.id)] or ["1"]
        if kind == "buddies.suggested":
            return [str(self.kate.id), str(self.cast["member"].id)]
        if kind == "networks.named":
            return [str(self.evening.world.people["ade"].id)]
        if kind == "sessions.open":
            return [str(self.meeting_in(home))]
        if kind in ("sessions.roll", "sessions.unroll", "sessions.invite", "sessions.helpers"):
            return [str(self.kate.id)]
        if kind == "sessions.given":
            return [str((self.tom if foreign else self.cast["facilitator"]).id)]
        if kind == "sessions.room" and not foreign:
            return [str(room(self.evening))]
        if kind == "sessions.role" and not foreign:
            query = "SELECT facilitator_role_id FROM network WHERE id = ?"
            return [str(self.evening.rows(query, self.evening.demo.guild_id)[0][0])]
        if kind in ("sessions.choose", "sessions.who") and not foreign:
            return ["0" if kind == "sessions.choose" else "invited"]
        return [{"often": "monthly", "closures": "ask"}.get(choice, choice or "never")]
