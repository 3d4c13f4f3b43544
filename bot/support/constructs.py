"""Finding the lexicon's constructs in a text, and who they are about: guards for negation, other people, idiom, quotation.

A guard looks only within its own clause: "I'm not suicidal but I keep wishing I wouldn't wake up" denies the first
half and not the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.support.lexicon import Construct, Lexicon, beginning
from bot.support.normal import normal

_INSIDE_FIRST = frozenset(("i", "im", "ive", "id", "ill", "me", "myself"))
_INSIDE_THIRD = frozenset(
    ("himself", "herself", "themselves", "themself", "yourself", "yourselves", "oneself", "itself")
)
# A "not" that takes nothing back: "not sure", "not just", "I don't know why I…", "why not".
_NOT_BUT = frozenset(
    (
        *("sure", "just", "only", "know", "tell", "say", "even", "certain", "joking", "lying", "lie", "care"),
        *("stopped", "stop", "thought", "gone", "left", "matter", "help", "understand"),
    )
)
_TURNS = frozenset(
    ("but", "though", "although", "yet", "however", "except", "still", "because", "and", "so", "then")
)
_NEGATION_REACH = 5
_NOT_OF_ITS_OWN = re.compile(r"\b(?:not|never|no|nobody|dont|didnt|wont|wouldnt|isnt|hadnt|cant|shouldnt)\b")

_QUOTED = re.compile(
    r"“([^“”\n]{2,300})”|\"([^\"\n]{2,300})\"|(?<!\w)['‘]([^'’‘\n]{2,300}(?:['’]\w[^'’‘\n]{0,300}){0,5})['’](?!\w)"
)
_TITLES = re.compile(
    r"\b(?:song|lyrics?|sang|sings?|singing|play|plays|film|movie|book|novel|title|titled|called|chapter|poem|album|episode|band|track"
    r"|hamlet|macbeth|ophelia|juliet|romeo|shakespeare|plath|scene|act|policy|poster|headline|essay|article|documentary"
    r"|assembly|worksheet|exam|question|text|slide|podcast|series|show|musical|ks[1234]|gcse|a-level|comprehension)\b",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:said|says|say|saying|told|wrote|writes|written|texted|messaged|typed|posted|asked|put|goes|whispered|shouted|screamed)\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"\b(?:he|she|they|who|pupil|student|child|kid|boy|girl|lad|colleague|teacher|ta|friend|mate|mum|dad|brother|sister|son"
    r"|daughter|husband|wife|partner|parent|year \d+|yr ?\d+|y\d+)\b",
    re.IGNORECASE,
)
_I = re.compile(r"\b(?:i|i['’]?m|i['’]?ve|i['’]?d|i['’]?ll|my|me|myself)\b", re.IGNORECASE)
_THEY = {"my": "their", "me": "them", "myself": "themselves", "i": "they", "im": "theyre", "ive": "theyve"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A construct found: where in the normal form, whether about the writer, whether taken back by a "not"."""

    construct: Construct
    start: int
    end: int
    own: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the rules leave it: its normal form with idioms masked, and what was found in it."""

    normalised: str
    hits: tuple[Hit, ...]
    masked: tuple[str, ...]

    def kept(self) -> str:
        """The normal form without what was taken back: what is left when a plain denial is set aside."""
        signs = list(self.normalised)
        for hit in self.hits:
            if hit.construct.tier == "denial":
                signs[hit.start : hit.end] = " " * (hit.end - hit.start)
        return "".join(signs)


def read(text: str, lexicon: Lexicon) -> Reading:
    """Every construct in a text, longest work bounded by the text's length times the number of patterns."""
    normalised = normal(_unquoted(text), lexicon.typos)
    masked: list[str] = []
    for construct in lexicon.masks:
        normalised, found = _mask(normalised, construct)
        if found:
            masked.append(construct.name)
    hits: list[Hit] = []
    for construct in lexicon.constructs:
        if construct.tier == "denial":
            hits += _hits(normalised, construct, lexicon)
    denied = [(hit.start, hit.end) for hit in hits]
    for construct in lexicon.constructs:
        if construct.tier != "denial":
            for hit in _hits(normalised, construct, lexicon):
                if not any(start < hit.end and hit.start < end for start, end in denied):
                    hits.append(hit)
    return Reading(normalised, tuple(hits), tuple(masked))


def _hits(normalised: str, construct: Construct, lexicon: Lexicon) -> Iterator[Hit]:
    beginnings = _beginnings(normalised)
    for pattern in construct.patterns:
        if not pattern.possible(beginnings):
            continue
        for found in pattern.regex.finditer(normalised):
            before = _before(normalised, found.start())
            own = construct.anyone or _is_own(before, found.group().split(), lexicon)
            negated = construct.negatable and (
                _is_negated(before, lexicon) or _is_negated(_own_gap(found.group(), pattern.source), lexicon)
            )
            yield Hit(construct, found.start(), found.end(), own, negated)


def _beginnings(normalised: str) -> frozenset[str]:
    return frozenset(beginning(word) for word in set(normalised.split()))


def _mask(normalised: str, construct: Construct) -> tuple[str, bool]:
    beginnings = _beginnings(normalised)
    found = False
    for pattern in construct.patterns:
        if pattern.possible(beginnings):
            normalised, count = pattern.regex.subn("idiom ", normalised)
            found = found or count > 0
    return normalised, found


def _before(normalised: str, start: int) -> list[str]:
    """The words of the same clause that stand before a place, nearest last."""
    return normalised[normalised.rfind("|", 0, start) + 1 : start].split()


def _is_own(before: list[str], inside: list[str], lexicon: Lexicon) -> bool:
    if not _INSIDE_FIRST.isdisjoint(inside):
        return True
    if not _INSIDE_THIRD.isdisjoint(inside):
        return False
    first, third, others = (lexicon.groups[name] for name in ("first", "third", "others"))
    for word in reversed(before):
        if word in first:
            return True
        if word in third or word in others or word.removesuffix("s") in others:
            return False
    return True


def _is_negated(before: list[str], lexicon: Lexicon) -> bool:
    """A "not" shortly before, in the same half of the clause, that is not one of those that take nothing back."""
    near = before[-_NEGATION_REACH:]
    for index in range(len(near) - 1, -1, -1):
        word = near[index]
        if word in _TURNS or word == ",":
            return False
        if word in lexicon.groups["not"]:
            return not _NOT_BUT.intersection(near[index + 1 :])
    return False


def _own_gap(found: str, source: str) -> list[str]:
    """The words of a hit, unless its pattern has a "not" of its own: "I've never felt suicidal" takes itself back."""
    return [] if _NOT_OF_ITS_OWN.search(source) else found.split()[:-1]


def _unquoted(text: str) -> str:
    """Quotations set aside: titles and lines dropped, what somebody else said told of them."""
    if not any(sign in text for sign in "\"“'‘"):
        return text

    def told(found: re.Match[str]) -> str:
        inside = found.group().strip("\"“”'‘’")
        around = text[max(0, found.start() - 80) : found.start()]
        after = text[found.end() : found.end() + 60]
        if (
            _SAID.search(around)
            and _SPEAKER.search(around)
            and not re.search(r"\bi (?:said|say|told)\b", around, re.I)
        ):
            return _I.sub(
                lambda one: _THEY.get(re.sub("['’]", "", one.group().lower()), "they"), found.group()
            )
        if _TITLES.search(around) or _TITLES.search(after):
            return " quotation "
        return f" {inside} "

    return _QUOTED.sub(told, text)
