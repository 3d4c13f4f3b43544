"""What services of buddies work with besides a session: the key, the words, and a network's own lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from bot.buddies.rules import Field
from bot.buddies.tables import Buddying
from bot.buddies.told_rules import Lists, Told, name_of, read_names
from bot.content.library import Library, Words, joined
from bot.db.keys import Keyring
from bot.members.habits import Habit, Habits, no_habits
from bot.members.tables import Network, Person
from bot.schedule.zones import valid_zone

VOWELS = "aeiouAEIOU"


@dataclass(frozen=True)
class Desk:
    """The key, the words, and when members may be written to."""

    keys: Keyring
    library: Library
    habits: Habits = no_habits

    def hours(self, session: Session, network: Network, user_id: int) -> Habit:
        """A member's own clock and quiet hours; the network's clock for somebody who never said."""
        found = self.habits(session, [user_id]).get(user_id)
        # A zone this machine no longer knows must not hold up everybody's messages.
        return found if found is not None and valid_zone(found.zone) else Habit(network.zone, None)

    def usual_lists(self, language: str) -> dict[Field, list[str]]:
        """The lists that ship, until an organiser writes others."""
        text = self.library.text
        return {which: read_names(text(f"buddies.lists.{which}", language)) for which in Field}

    def lists(self, session: Session, network: Network) -> Lists:
        """A network's lists."""
        kept = session.get(Buddying, network.id)
        own = kept.lists if kept is not None else {}
        usual = self.usual_lists(network.language)
        return {which: own.get(which.value) or usual[which] for which in Field}

    def describe(self, told: Told, shown: Collection[Field], lists: Lists, language: str) -> Words:
        """Somebody without a name: "a deputy head at a large coastal secondary, two or three years in"."""
        text = self.library.text

        def name(which: Field) -> Words | None:
            found = name_of(lists, which, told.facts.get(which)) if which in shown else None
            return None if found is None else self.library.harmless(found)

        role = name(Field.ROLE)
        who = self._a(role, language) if role else text("buddies.who.somebody", language)
        kind = [part for which in (Field.SIZE, Field.PLACE) if (part := name(which))]
        phase = name(Field.PHASE)
        if kind or phase:
            what = joined([*kind, phase or text("buddies.who.place", language)], " ")
            who = text("buddies.who.at", language, who=who, place=self._a(what, language))
        for which in (Field.YEARS, Field.REGION):
            if part := name(which):
                who = text(f"buddies.who.{which}", language, who=who, part=part)
        return who

    def _a(self, what: Words, language: str) -> Words:
        key = "an" if what[:1] in VOWELS else "a"
        return self.library.text(f"buddies.who.{key}", language, what=what)

    def in_common(
        self, told: Told, fields: Collection[Field], lists: Lists, language: str, who: str
    ) -> Words:
        """What two have in common, as a sentence: "You're each a headteacher at a small rural primary.".

        `who` is how the other was just described: where that is all of it, it is not said twice.
        """
        text = self.library.text
        if not fields:
            return text("buddies.common.none", language)
        if Field.ROLE in fields:
            mine = self.describe(told, fields, lists, language)
            if mine == who:
                return text("buddies.common.same", language)
            return text("buddies.common.both", language, who=mine)
        names = [text(f"buddies.common.{which}", language) for which in fields]
        what = names[0]
        if len(names) > 1:
            what = text("buddies.common.and", language, first=joined(names[:-1], ", "), last=names[-1])
        return text("buddies.common.some", language, what=what)


def spoken(person: Person, network: Network) -> str:
    """The language a member is written to in."""
    return person.language or network.language
