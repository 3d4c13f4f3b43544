"""Which card words are met with, and the card itself: from memory alone, as support is.

Nothing here keeps, logs or counts. What was recognised lives as long as it takes to answer; what is remembered of a
person for ten minutes is in `meeting.py`.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from bot.content.library import Library, Words
from bot.support.lines import NetworkSupport
from bot.support.recognise import Tier, Verdict
from bot.support.signposts import Card, Signposts


class Topic(StrEnum):
    """What a card is about. The first in this order wins when several things were said."""

    CRISIS = "crisis"
    BEREAVED_BY_SUICIDE = "bereavement_suicide"
    BEREAVED = "bereavement"
    PUPIL = "pupil"
    SOMEONE = "someone"
    DISTRESS = "distress"
    DENIAL = "denial"


class Way(StrEnum):
    """What gets in the way of ringing. The short words are for custom ids."""

    BUSY = "busy"
    BOTHER = "bother"
    KNOWN = "known"
    ENOUGH = "enough"


TEMPLATES: dict[Topic, str] = {
    Topic.CRISIS: "support.crisis",
    Topic.BEREAVED_BY_SUICIDE: "support.bereavement_suicide",
    Topic.BEREAVED: "support.bereavement",
    Topic.PUPIL: "support.pupil",
    Topic.SOMEONE: "support.someone",
    Topic.DISTRESS: "support.distress",
    Topic.DENIAL: "support.denial",
}
AGAIN = "support.crisis_again"
LATE = "support.late"
DELAYED = "support.delayed"
UNREAD = "support.unread"
SORRY = "errors.generic"
WAY = "support.way"
WAYS: dict[str, str] = {
    Way.BUSY: "support.way_busy",
    Way.BOTHER: "support.way_bother",
    Way.KNOWN: "support.way_known",
    Way.ENOUGH: "support.way_enough",
}
# The menu beneath the numbers, in its order: what may be chosen without having written anything.
MENU = (
    Topic.CRISIS,
    Topic.DISTRESS,
    Topic.DENIAL,
    "way",
    Topic.PUPIL,
    Topic.SOMEONE,
    Topic.BEREAVED,
    Topic.BEREAVED_BY_SUICIDE,
)
_ORDER = list(Topic)
_LOSSES: dict[str, tuple[str, ...]] = {
    TEMPLATES[Topic.BEREAVED]: ("bereaved",),
    TEMPLATES[Topic.BEREAVED_BY_SUICIDE]: ("bereaved-suicide", "bereaved"),
}
_PLAINLY = ("support.plainly.one", "support.plainly.two", "support.plainly.three")
# The word itself, in English and Welsh, and as it is often misspelt. What it is said of does not matter here.
_SAID = re.compile(r"\bsui?c[ie]?d|\bhunanladdiad", re.IGNORECASE)


def topic_of(verdict: Verdict) -> Topic | None:
    """The card a verdict calls for; None when it calls for none."""
    match verdict.tier:
        case Tier.CRISIS:
            return Topic.CRISIS
        case Tier.DISTRESS:
            return Topic.DISTRESS
        case Tier.OTHER_PERSON:
            return Topic.PUPIL if verdict.about == "pupil" else Topic.SOMEONE
        case Tier.BEREAVEMENT:
            return Topic.BEREAVED_BY_SUICIDE if verdict.about == "suicide" else Topic.BEREAVED
        case Tier.NONE:
            return Topic.DENIAL if verdict.denial else None


def foremost(topics: Iterator[Topic | None]) -> Topic | None:
    """Of several the one to be met; None when there is none."""
    return min((topic for topic in topics if topic is not None), key=_ORDER.index, default=None)


def says_suicide(text: str) -> bool:
    """Whether somebody used the word themselves: then we say it back plainly, and else we do not."""
    return _SAID.search(text) is not None


class Cards:
    """Builds cards. Holds the words and the lines, and for each template how often it was shown; nobody's name."""

    def __init__(self, library: Library, signposts: Signposts) -> None:
        self._library = library
        self._signposts = signposts
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def next(self, template: str) -> str:
        """The next wording in turn. Nothing is remembered of who had which: for where nothing may be."""
        return self._library.pick(template, next(self._turns[template]))

    def fill(self, wording: str, own: NetworkSupport, language: str, at: datetime, *, said: str = "") -> Card:
        """The card for “support.crisis#2”, with the lines of the network's nation at this hour.

        `said` are the member's words, read for one thing: whether the word suicide may be said back.
        """
        text = self._library.text
        plainly = says_suicide(said)
        key = _PLAINLY[next(self._turns["plainly"]) % len(_PLAINLY)]
        template = wording.partition("#")[0]
        return self._signposts.about(
            wording,
            own.nation,
            language,
            at,
            own.lines,
            education=own.education,
            bereaved=_LOSSES.get(template, ()),
            plainly=text(key, language) if plainly else Words(""),
            question=text("support.ask.plain" if plainly else "support.ask.soft", language),
        )

    def menu(self, language: str, *, education: bool = True) -> list[tuple[str, str]]:
        """The choices beneath the numbers: (value, words). Pupils are only where the network is in education."""
        return [
            (str(value), str(self._library.text(f"support.about.{value}", language)))
            for value in MENU
            if education or value is not Topic.PUPIL
        ]

    def chosen(self, value: str) -> str | None:
        """The template for a choice of that menu; None for what no menu of ours holds."""
        if value == "way":
            return WAY
        return TEMPLATES.get(Topic(value)) if value in set(Topic) else None
