"""The support card, built in memory from memory.

Nothing here reads a file, a database or a clock, and nothing is written or logged: an answer to
somebody asking for help leaves no trace of who, where or when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from bot.content.files import FIRST_LANGUAGE
from bot.content.library import Library, Words, joined
from bot.content.neutral import neutralise
from bot.support.helplines import COUNTRIES, QUARTER, Helplines, load_helplines
from bot.support.lines import OwnLine
from bot.support.rules import SHOWN, UK, UK_NATIONS, Line, Opening, choose

_CACHED = 512
_OWN_ON_CARD = 2
_OWN_NAME, _OWN_CONTACT = 60, 120
_OWN_LENGTH = 1000
# Buttons that lead on to another card and must remember where the reader is.
_CARRY = frozenset(("support.more", "support.keep", "support.country", "support.cymraeg"))
_WAY = "support.way="


@dataclass(frozen=True, slots=True)
class Card:
    """A support card: its text and its rows of button references."""

    text: str
    buttons: tuple[tuple[str, ...], ...]


class Signposts:
    """All the helplines and the words around them, held in memory and never changed."""

    def __init__(self, helplines: Helplines, library: Library) -> None:
        self._helplines = helplines
        self._library = library
        self._cards: dict[tuple[object, ...], Card] = {}
        self._lasting: dict[tuple[object, ...], Words] = {}

    @classmethod
    def load(cls, root: Path, library: Library) -> Signposts:
        """Read the helplines once. Raises ContentError when a file is wrong."""
        return cls(load_helplines(root), library)

    def warm(self, at: datetime) -> None:
        """Build the cards of this moment for everywhere, so that the first person asking waits for nothing."""
        for language in self._library.languages:
            for nation in (None, *COUNTRIES):
                self.card(nation, language, at)
                self.more(nation, language, at)

    def card(
        self,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine] = (),
        *,
        education: bool = True,
    ) -> Card:
        """The first card: emergency number, two or three lines open now, choices beneath.

        `nation` None is the whole UK. `at` is aware. An unknown nation is treated as None.
        """
        return self._kept("card", nation, language, at, network_lines, education, self._card)

    def more(
        self,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine] = (),
        *,
        education: bool = True,
    ) -> Card:
        """All the other lines, open ones first, with when the closed ones open."""
        return self._kept("more", nation, language, at, network_lines, education, self._more)

    def keep(
        self,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine] = (),
        *,
        education: bool = True,
        template: str = "support.kept",
    ) -> Card:
        """The card to send to the member's own messages: only lines that never close, as it is read later.

        With `template="support.not_kept"`, the same for when the message could not be sent.
        """
        return self._kept(template, nation, language, at, network_lines, education, self._keep)

    def cymraeg(
        self,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine] = (),
        *,
        education: bool = True,
    ) -> Card:
        """The Welsh-language line with its hours, then lines in English that never close."""
        return self._kept("cymraeg", nation, language, at, network_lines, education, self._cymraeg)

    def about(
        self,
        wording: str,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine] = (),
        *,
        education: bool = True,
        bereaved: tuple[str, ...] = (),
        **others: Words,
    ) -> Card:
        """A card about one thing, with the lines of this hour: `wording` is a reference such as “support.crisis#2”.

        For a loss, `bereaved` names the audiences whose lines come first, whatever the hour, with one that never
        closes after them. `others` fill what else stands in the words.
        """
        place = nation if nation in COUNTRIES else None
        language = language if language in self._library.languages else FIRST_LANGUAGE
        slot = int(at.timestamp()) // (QUARTER * 60)
        ask = _Ask("card", place, language, at, slot, tuple(network_lines), education)
        lines = self._said(self._for_the_bereaved(ask, bereaved) if bereaved else self._choose(ask)[0], ask)
        urgent = self._library.text("support.urgent", language) if place in (None, *UK_NATIONS) else Words("")
        line = self.line(place, language, at, education=education)
        return self._filled(wording, ask, lines, line=line, urgent=urgent, **others)

    def _for_the_bereaved(self, ask: _Ask, audiences: tuple[str, ...]) -> list[Line]:
        """Lines of these audiences, in their order, and one for anybody that never closes: four at the most."""
        places = {ask.nation} if ask.nation else {UK, *UK_NATIONS}
        found: dict[tuple[str, str], Line] = {}
        for audience in audiences:
            for line in self._helplines.lines:
                if line.audience == audience and places & set(line.nations):
                    found.setdefault((line.name, line.number), line)
        lasting = [line for line in self._helplines.lines if line.hours.always]
        first, _ = choose(lasting, ask.nation, ask.at, ask.language, education=False)
        return [*[*found.values()][:SHOWN], *first[:1]]

    def emergency(self, nation: str | None, language: str) -> Words:
        """The sentence for when life is in danger now."""
        return self._emergency(nation if nation in COUNTRIES else None, language)

    def line(self, nation: str | None, language: str, at: datetime, *, education: bool = True) -> Words:
        """One line that answers at any hour, for the foot of a message."""
        place = nation if nation in COUNTRIES else None
        language = language if language in self._library.languages else FIRST_LANGUAGE
        key = (place, language, education)
        found = self._lasting.get(key)  # never closed, so the same at any time
        if found is None:
            lasting = [line for line in self._helplines.lines if line.hours.always]
            first, _ = choose(lasting, place, at, language, education=education)
            found = self._lasting[key] = self._line(first[0], at, language)
        return found

    def countries(self, language: str, nation: str | None = None) -> Card:
        """The choice of a country."""
        place = nation if nation in COUNTRIES else None
        filled = self._library.fill(
            "support.country", {"emergency": self._emergency(place, language)}, language
        )
        return Card(
            filled.text, tuple(tuple(_carry(ref, None, language) for ref in row) for row in filled.buttons)
        )

    def _kept(
        self,
        kind: str,
        nation: str | None,
        language: str,
        at: datetime,
        network_lines: Iterable[OwnLine],
        education: bool,
        build: Callable[[_Ask], Card],
    ) -> Card:
        own = tuple(network_lines)
        place = nation if nation in COUNTRIES else None
        language = language if language in self._library.languages else FIRST_LANGUAGE
        slot = int(at.timestamp()) // (QUARTER * 60)
        key = (kind, place, language, slot, education, own)
        found = self._cards.get(key)
        if found is None:
            if len(self._cards) >= _CACHED:
                self._cards.clear()
            found = build(_Ask(kind, place, language, at, slot, own, education))
            self._cards[key] = found
        return found

    def _card(self, ask: _Ask) -> Card:
        first, _ = self._choose(ask)
        return self._filled(self._library.pick("support.card", ask.slot), ask, self._said(first, ask))

    def _more(self, ask: _Ask) -> Card:
        _, more = self._choose(ask)
        # A country with nothing more shows its first lines again rather than an empty card.
        return self._filled("support.more", ask, self._said(more or self._choose(ask)[0], ask))

    def _keep(self, ask: _Ask) -> Card:
        lasting = [line for line in self._helplines.lines if line.hours.always]
        first, _ = choose(lasting, ask.nation, ask.at, ask.language, education=ask.education)
        return self._filled(self._library.pick(ask.kind, ask.slot), ask, self._said(first, ask))

    def _cymraeg(self, ask: _Ask) -> Card:
        lasting = [line for line in self._helplines.lines if line.hours.always]
        first, _ = choose(lasting, ask.nation, ask.at, "en", education=ask.education)
        welsh = [line for line in self._helplines.lines if line.language == "cy"]
        return self._filled("support.cymraeg", ask, self._said(first, ask), welsh=self._said(welsh, ask))

    def _choose(self, ask: _Ask) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        return choose(self._helplines.lines, ask.nation, ask.at, ask.language, education=ask.education)

    def _filled(self, template: str, ask: _Ask, lines: Words, **others: Words) -> Card:
        words = {
            "emergency": self._emergency(ask.nation, ask.language),
            "lines": lines,
            "own": self._own(ask),
            **others,
        }
        filled = self._library.fill(template, words, ask.language)
        in_wales = ask.nation in (None, "wales")
        rows = (
            tuple(
                _carry(ref, ask.nation, ask.language) for ref in row if ref != "support.cymraeg" or in_wales
            )
            for row in filled.buttons
        )
        return Card(filled.text, tuple(row for row in rows if row))

    def _emergency(self, nation: str | None, language: str) -> Words:
        number = self._helplines.emergency.get(nation or UK, "")
        if number:
            return self._library.text("support.emergency", language, number=Words(number))
        return self._library.text("support.emergency_local", language)

    def _said(self, lines: Iterable[Line], ask: _Ask) -> Words:
        return joined(self._line(line, ask.at, ask.language) for line in lines)

    def _line(self, line: Line, at: datetime, language: str) -> Words:
        text = self._library.text
        how = "text_word" if line.how == "text" and line.message else line.how
        said = text(
            f"support.line.{how}",
            language,
            name=Words(line.name),
            number=Words(line.number),
            message=Words(line.message),
        )
        notes = [
            *([text(f"support.for.{line.audience}", language)] if line.audience != "everyone" else ()),
            *([text(f"support.language.{line.language}", language)] if line.language != "en" else ()),
            *([text(f"support.cost.{line.cost}", language)] if line.cost else ()),
            *([self._hours(line, at, language)] if line.hours.known else ()),
        ]
        if not notes:
            return said
        return text("support.line.notes", language, line=said, notes=joined(notes, ", "))

    def _hours(self, line: Line, at: datetime, language: str) -> Words:
        if line.hours.always:
            return self._library.text("support.hours.always", language)
        if (closes := line.hours.closes(at)) is not None:
            # Until a small hour of the next morning is still "tonight" to the reader.
            soon = closes.days == 0 or (closes.days == 1 and closes.minute < 12 * 60)
            return self._moment("until" if soon else "until_day", closes, language)
        opens = line.hours.opens(at)
        if opens is None:
            raise AssertionError("hours that are known are either open or about to open")
        return self._moment(
            ("from", "from_tomorrow")[opens.days] if opens.days < 2 else "from_day", opens, language
        )

    def _moment(self, key: str, moment: Opening, language: str) -> Words:
        return self._library.text(
            f"support.hours.{key}",
            language,
            day=self._library.weekday(moment.weekday, language),
            time=self._library.time(time(moment.minute // 60, moment.minute % 60), language),
        )

    def _own(self, ask: _Ask) -> Words:
        shown = ask.own if ask.kind == "more" else ask.own[:_OWN_ON_CARD]
        if not shown:
            return Words("")
        said = [
            self._library.text(
                "support.line.own",
                ask.language,
                name=Words(neutralise(line.name, _OWN_NAME)),
                contact=Words(neutralise(line.contact, _OWN_CONTACT)),
            )
            for line in shown
        ]
        # Escapes can double a line made of nothing but signs; a card Discord refuses helps nobody.
        while sum(map(len, said)) > _OWN_LENGTH:
            said.pop()
        heading = self._library.text("support.own_heading", ask.language)
        return joined([Words("\n"), heading, *said])


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is asked for: enough to build one card."""

    kind: str
    nation: str | None
    language: str
    at: datetime
    slot: int
    own: tuple[OwnLine, ...]
    education: bool


def read_choice(argument: str) -> tuple[str | None, str]:
    """Nation and language from a button's argument, such as “scotland.en” or “wales”.

    Anything not understood becomes the whole UK in English: a button a stranger made up still answers.
    """
    nation, _, language = argument.partition(".")
    return nation if nation in COUNTRIES else None, language or FIRST_LANGUAGE


def _carry(reference: str, nation: str | None, language: str) -> str:
    if reference in _CARRY:
        return f"{reference}={nation or UK}.{language}"
    if reference.startswith("support.nation="):
        return f"{reference}.{language}"
    if reference.startswith(_WAY):
        return f"{reference}.{nation or UK}.{language}"
    return reference
