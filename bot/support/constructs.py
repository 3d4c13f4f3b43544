"""Finding the lexicon's constructs in a text, and who they are about: guards for negation, other people, idiom, quotation.

A guard looks only within its own clause: "I'm not suicidal but I keep wishing I wouldn't wake up" denies the first
half and not the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.support.lexicon import Construct, Lexicon, beginning
from bot.support.normal import LONGEST, normal

_INSIDE_FIRST = frozenset(("i", "im", "ive", "id", "ill", "me", "myself"))
_INSIDE_THIRD = frozenset(
    ("himself", "herself", "themselves", "themself", "yourself", "yourselves", "oneself", "itself")
)
_SAID_I = frozenset(("i", "im", "ive", "id", "ill"))
_NEGATION_REACH = 8
_ASKS = frozenset(
    ("ask", "asks", "asked", "asking", "question", "questions", "wonder", "wonders", "wondered", "wondering")
)
_THOUGHT = frozenset(("thought", "imagined", "expected", "dreamt", "dreamed"))
HALF_DENIED, FOR_NOW = "half denial", "passing denial"
AT_HAND = frozenset(("method", "preparation"))
_NOT_OF_ITS_OWN = re.compile(
    r"\b(?:not|never|no|nobody|dont|didnt|doesnt|wont|wouldnt|isnt|wasnt|werent|hadnt|havent|hasnt|cant|couldnt|shouldnt)\b"
)
# What makes half of a denial: "I don't think of it all the time", "not yet", "not while they are small".
_HALVES = re.compile(
    r"(?:myself )?(?:anymore )?(?:, )?(?:yet|except|unless|apart from|all the time|every|always|constantly|as much|as often|as bad|that much|that often|until|till"
    r"|if (?!thats|that|you|youre|it)|alone|while|whilst|in pain|slowly|like this|at (?:school|home|work)|in front of"
    r"|today|tonight|tomorrow|this (?:time|minute|morning|afternoon|evening|week|weekend|month|term|half term|year)|for now|so far"
    r"|mostly|most (?:days|nights|of the time)|on (?:good|better|school|work) days|during|in the (?:day|daytime|mornings?|evenings?|week)"
    r"|over (?:the )?(?:half term|holidays|weekend|christmas|easter|summer)"
    r"|before (?!you|u|ye|any|some|they|he|she))\b"
)
# "I am not one of those who want to die": who it is about is the writer.
_OF_A_KIND = re.compile(
    r" (?:i|im|ive|id) (?:(?:am|was|be|been|not|never|no|really|just|the|a|an|wasnt|hardly|that) ){0,4}"
    r"(?:one of (?:those|them|these|the)|one|kind|type|sort|person|someone|somebody|man|woman) (?:[^\s|]+ ){0,2}(?:who|whos|whod|that|thats|thatd) "
)
# "I can't promise I won't", "I wish I could say that I'm not".
_UNSURE = re.compile(
    r" (?:cant|couldnt|not|dont|cannot|wish i could|isnt|never|would like to|id like to|id love to) (?:[^\s|]+ )?"
    r"(?:promise|sure|guarantee|certain|know|say|swear|trust) (?:[^\s|]+ ){0,3}$"
)
# One "not" that undoes the next: "I can't not think of it", "I'm not sure I'm not".
_UNDOES = re.compile(
    r" (?:cant|couldnt|cannot|not|never|dont|didnt|wouldnt|wont|isnt|wasnt) (?:(?:i|im|ive|id|that|am|be|if|whether|it|its|sure|certain"
    r"|convinced|think|thinking|say|saying|claiming|pretend|pretending|believe|know|even|really|quite|entirely|swear|help) ){0,4}$"
)
# A question put to oneself, and answered no: all of its words have to be of a few, so that nothing else is denied with it.
_NO = r"(?:no|nope|nah|naw|never|not at all|(?:god|christ|lord|hell|heavens) no|(?:absolutely|of course|certainly|definitely) not)"
_ANSWERED = re.compile(
    rf"(?:(?<=[.!?\n,:;])|^) {{0,3}}((?:[a-z'’-]{{1,20}}[ ,]{{1,3}}){{0,14}}[a-z'’-]{{1,20}}) {{0,3}}[?,]\s{{0,3}}{_NO}\b"
    r"(?= {0,3}(?:[.!;:\n)]|$|,? {0,3}(?:thanks?|thank you|never|not (?:at all|ever)|i['’]?m not|i (?:am|do|have) not"
    r"|i (?:don|haven)['’]?t)\b|,\s*(?!not\b|but\b|yet\b|i want)))",
    re.IGNORECASE,
)
_ASKED_ABOUT = re.compile(
    r"suicid|\bkill|\bhurt|\bharm|\bself-?harm|\bend(?:ing)? (?:it|my|your)|\btak(?:e|ing) (?:my|your)|\bdie\b|\bdying|\bdead|\btop(?:ping)? ",
    re.IGNORECASE,
)
# The same told of somebody else's question: "the nurse asked if I felt suicidal and I said no".
_TOLD_NO = re.compile(
    r"(?:(?!not |couldnt |cant |didnt |never |nearly |almost )[^\s|]+ ){0,6}?"
    r"(?:(?:said|say|told|tell|answered|replied|put|ticked|scored) (?:him |her |them )?(?:honestly )?(?:no|none|never|not at all)|reassured?)\b"
    r"|(?:[^\s|]+ ){0,2}\| (?:(?:and |but |so )?i (?:always |just )?(?:say|said|told (?:him|her|them)) )?(?:no|none|nope|nah|never) (?:\||,)"
    r"|(?:[,|] )?(?:and |but |well )?(?:im|i am) not (?:\||,)"
)

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


def read(text: str, lexicon: Lexicon) -> Reading:
    """Every construct in a text, longest work bounded by the text's length times the number of patterns."""
    normalised = normal(answered(_unquoted(text), lexicon), lexicon.typos)
    masked: list[str] = []
    for construct in lexicon.masks:
        normalised, found = _mask(normalised, construct)
        if found:
            masked.append(construct.name)
    hits: list[Hit] = []
    for construct in lexicon.constructs:
        if construct.tier == "denial":
            hits += _hits(normalised, construct, lexicon)
    halves = [(hit.start, hit.end) for hit in hits if hit.construct.name == HALF_DENIED]
    hits = [
        hit
        for hit in hits
        if hit.construct.name == HALF_DENIED
        or not any(start < hit.end and hit.start < end for start, end in halves)
    ]
    denied = [(hit.start, hit.end) for hit in hits]
    for construct in lexicon.constructs:
        if construct.tier != "denial":
            for hit in _hits(normalised, construct, lexicon):
                if construct.name == FOR_NOW or not any(
                    start < hit.end and hit.start < end for start, end in denied
                ):
                    hits.append(hit)
    return Reading(normalised, tuple(hits), tuple(masked))


def _hits(normalised: str, construct: Construct, lexicon: Lexicon) -> Iterator[Hit]:
    beginnings = _beginnings(normalised)
    for pattern in construct.patterns:
        if not pattern.possible(beginnings):
            continue
        for found in pattern.regex.finditer(normalised):
            before = _before(normalised, found.start())
            if construct.tier == "other_person" and _is_said_of_me(before, found.group().split(), lexicon):
                continue
            own = construct.anyone or _is_own(before, found.group().split(), lexicon)
            half = bool(_HALVES.match(normalised, found.end()))
            if construct.tier == "denial" and (half or _is_half(before, found.group(), lexicon)):
                continue
            negated = (construct.negatable and not half) and (
                _is_negated(before, found.group().split()[0], lexicon)
                or (
                    _is_negated(_own_gap(found.group(), pattern.source), "", lexicon)
                    and not _is_undone(before, found.group().split(), lexicon)
                )
            )
            if not negated and _was_asked(before, lexicon):
                negated = bool(_TOLD_NO.match(normalised, found.end()))
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
        return bool(_OF_A_KIND.search(f" {' '.join(before)} "))
    first, others = lexicon.groups["first"], lexicon.groups["third"] | lexicon.groups["others"]
    verb = inside[0] if inside else ""
    theirs = verb in lexicon.groups["third_verb"]
    if theirs:
        others |= lexicon.groups["pupil"]
    for index in range(len(before) - 1, -1, -1):
        word = before[index]
        if word == "," and verb in lexicon.groups["first_verb"]:
            return True  # a verb with nobody before it: "three pupils off, rent due, want to die"
        if word in first:
            if theirs and word == "me" and index and before[index - 1] in lexicon.groups["told"]:
                continue  # "she rang me, wants to die": told to me, not of me
            return True
        if word in ("who", "whos", "those", "people") and _OF_A_KIND.search(f" {' '.join(before)} "):
            return True
        two = " ".join(before[max(0, index - 1) : index + 1])
        if not {word, word.removesuffix("s"), two, two.removesuffix("s")}.isdisjoint(others):
            return False
        if theirs and _is_one_of_them(before[index : index + 4], lexicon):
            return False
    return True


def _is_said_of_me(before: list[str], inside: list[str], lexicon: Lexicon) -> bool:
    """Whether what seems to be about somebody else is about the writer after all: "they ask if I'm suicidal"."""
    if _OF_A_KIND.search(f" {' '.join((*before, *inside))} "):
        return True
    if not _INSIDE_THIRD.isdisjoint(inside):
        return False
    for word in reversed(inside[:-1]):
        if word in _SAID_I:
            return True
        if word in lexicon.groups["third"] or word in lexicon.groups["others"]:
            return False
    return False


def _is_one_of_them(words: list[str], lexicon: Lexicon) -> bool:
    """ "One of our cleaners", whatever a cleaner is; but not "one of my bad days"."""
    if len(words) < 4 or words[0] not in lexicon.groups["some"] or words[1] != "of":
        return False
    return words[2] in lexicon.groups["whose"] and words[3] not in lexicon.groups["own_times"]


def _is_negated(before: list[str], verb: str, lexicon: Lexicon) -> bool:
    """A "not" shortly before that takes back what follows, which begins with `verb`.

    Nothing may stand between that has a meaning of its own:
    "Not sleeping and I want to die", "I never told anyone I want to die", "not afraid to die" take nothing back.
    """
    through, opens = lexicon.groups["through"], lexicon.groups["opens"]
    near = _without_asides(before[-2 * _NEGATION_REACH :])[-_NEGATION_REACH:]
    for index in range(len(near) - 1, -1, -1):
        word = near[index]
        if word in lexicon.groups["not"]:
            if near[index + 1 : index + 3] == ["want", "to"] and (
                near[index + 3 :] or verb in ("feel", "think")
            ):
                return False  # "I don't want to feel suicidal any more"
            if _is_surprise(near[max(0, index - 1) : index + 3]):
                return False  # "I never thought I'd want to die"
            if _is_undone(near[:index], near[index:], lexicon):
                return False
            if _is_every_day(before[: len(before) - len(near) + index], lexicon):
                return False
            # "Why not", "whether or not", "reasons not to" weigh it; and without is no "not": "no day without thinking of it".
            return word != "without" and not (
                index and near[index - 1] in ("why", "or", "how", "whether", "when", "reason", "reasons")
            )
        if word in _SAID_I and index and near[index - 1] not in opens and near[index - 1] not in _SAID_I:
            return False  # "no I want to die", "I don't need this I want to die": somebody begins anew
        listed = near[index + 1 : index + 2] in (["or"], ["nor"])  # "not depressed or suicidal"
        if word not in through and not word.endswith("ly") and not listed:
            return False
    return False


def _is_surprise(words: list[str]) -> bool:
    if not _SAID_I.isdisjoint(words[-1:]) and words[-2:-1] and words[-2] in _THOUGHT:
        return words[0] not in ("ive", "have")
    return False


def _is_half(before: list[str], found: str, lexicon: Lexicon) -> bool:
    """Whether a denial is none: "not just thoughts of it", "I can't promise I won't", "wish I could say I'm not"."""
    if not lexicon.groups["halves"].isdisjoint(found.split()[:-1]):
        return True
    if _is_undone(before, found.split(), lexicon):
        return True
    return _is_every_day(before, lexicon) or bool(_UNSURE.search(f" {' '.join(before[-_NEGATION_REACH:])} "))


def _is_undone(before: list[str], found: list[str], lexicon: Lexicon) -> bool:
    """Whether another "not" stands before the first one found."""
    first = next((index for index, word in enumerate(found) if word in lexicon.groups["not"]), None)
    if first is None:
        return False
    return bool(_UNDOES.search(f" {' '.join((*before, *found[:first])[-_NEGATION_REACH:])} "))


def _is_every_day(before: list[str], lexicon: Lexicon) -> bool:
    """ "Not a day when I don't…": one "not" undoes the other."""
    rare = lexicon.groups["not"] | {"hardly", "barely", "rarely", "scarcely"}
    return any(
        word in ("day", "night", "hour", "morning", "week", "minute", "moment")
        and not rare.isdisjoint(before[max(0, index - 4) : index])
        and "but" not in before[index:]
        for index, word in enumerate(before)
    )


def _was_asked(before: list[str], lexicon: Lexicon) -> bool:
    """Whether somebody else asked about what follows: "she asked if I felt", but not "I asked who knew"."""
    near = _without_asides(before[-2 * _NEGATION_REACH :])[-_NEGATION_REACH:]
    for index in range(len(near) - 1, -1, -1):
        if near[index] in _ASKS:
            return not (index and near[index - 1] in _SAID_I)
        if near[index] not in lexicon.groups["through"] and near[index] not in (
            "whether",
            "outright",
            "straight",
        ):
            return False
    return False


def _without_asides(words: list[str]) -> list[str]:
    """What stands between two commas is left out: "never, let me be clear, with a thought of…"."""
    for index, word in enumerate(words[:-1]):
        if word in ("not", "never", "asked") and words[index + 1] == "," and "," in words[index + 2 :]:
            return words[: index + 1] + words[words.index(",", index + 2) + 1 :]
    return words


def _own_gap(found: str, source: str) -> list[str]:
    """The words of a hit, unless its pattern has a "not" of its own: "I've never felt suicidal" takes itself back."""
    return [] if _NOT_OF_ITS_OWN.search(source.replace("_", " ")) else found.rstrip(", ").split()[:-1]


def denies(hit: Hit) -> bool:
    """Whether somebody says of themselves that it is not so."""
    if hit.construct.tier == "denial":
        return hit.own and hit.construct.name != HALF_DENIED
    # Not to have a thing at hand is no denial: "I'm not taking my tablets".
    return hit.negated and hit.own and hit.construct.tier == "crisis" and hit.construct.name not in AT_HAND


def answered(text: str, lexicon: Lexicon) -> str:
    """The text without the questions about harm to oneself that it answers with a plain no: "Suicidal? No. Just tired."."""

    def told(found: re.Match[str]) -> str:
        asked = found.group(1).lower()
        words = re.findall(r"[a-z-]+", re.sub("['’]", "", asked))
        if _ASKED_ABOUT.search(asked) and lexicon.groups["asked"].issuperset(words):
            return " not suicidal"
        return found.group()

    return text if len(text) > LONGEST else _ANSWERED.sub(told, text)


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
