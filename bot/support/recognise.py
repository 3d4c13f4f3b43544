"""Recognising what somebody's words are about, in memory and offline: an extra net, never the safety feature.

Nothing here keeps, logs or counts anything: text goes in, a verdict comes out. The way to support is on every message
whether or not anything was recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.support.constructs import Hit, Reading, read
from bot.support.lexicon import Lexicon, load_lexicon


class Tier(StrEnum):
    """What card a text calls for; the first in this order that holds."""

    CRISIS = "crisis"
    DISTRESS = "distress"
    OTHER_PERSON = "other_person"
    BEREAVEMENT = "bereavement"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was recognised. Lives as long as the answer takes: never stored, never logged.

    `about`: for another person "pupil", "colleague" or "someone"; for bereavement "suicide" or "death"; else empty.
    `denial`: the text says it is not so ("I'm not suicidal, just tired"). `reasons`: for `reallyok check` alone.
    """

    tier: Tier
    about: str = ""
    denial: bool = False
    reasons: tuple[str, ...] = ()


class Recogniser:
    """Reads texts. Made once, safe to use from any thread."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    @classmethod
    def load(cls, root: Path) -> Recogniser:
        """The recogniser for the words below `root`. Raises ContentError when the lexicon is damaged."""
        return cls(load_lexicon(root))

    def read(self, text: str) -> Verdict:
        """The verdict on any text whatever. No I/O, never raises, bounded by the text's length."""
        reading = read(text, self._lexicon)
        return _verdict(reading, self._lexicon)


def _verdict(reading: Reading, lexicon: Lexicon) -> Verdict:
    hits = [hit for hit in reading.hits if hit.construct.tier != "hint"]
    denial = any(_denies(hit) for hit in hits)
    standing = [hit for hit in hits if not hit.negated and hit.construct.tier != "denial"]
    reasons = tuple(dict.fromkeys(hit.construct.name for hit in (*hits,)))
    own = [hit for hit in standing if hit.own]
    others = [hit for hit in standing if not hit.own and hit.construct.tier in ("crisis", "distress")]
    others += [hit for hit in standing if hit.construct.tier == "other_person"]
    tiers = {hit.construct.tier for hit in own}
    if "crisis" in tiers:
        return Verdict(Tier.CRISIS, "", denial, reasons)
    lost = [hit for hit in standing if hit.construct.tier == "bereavement"]
    if lost:
        suicide = any(hit.construct.name.startswith("lost to suicide") for hit in lost)
        return Verdict(Tier.BEREAVEMENT, "suicide" if suicide else "death", denial, reasons)
    if others:
        return Verdict(Tier.OTHER_PERSON, whom(reading.normalised, lexicon), denial, reasons)
    if "distress" in tiers:
        return Verdict(Tier.DISTRESS, "", denial, reasons)
    return Verdict(Tier.NONE, "", denial, reasons)


def _denies(hit: Hit) -> bool:
    if hit.construct.tier == "denial":
        return hit.own
    return hit.negated and hit.own and hit.construct.tier == "crisis"


def whom(normalised: str, lexicon: Lexicon) -> str:
    """Whether somebody else in a text is a pupil, a colleague, or simply someone."""
    words = f" {normalised} "

    def named(group: str) -> bool:
        return any(f" {word} " in words for word in lexicon.groups.get(group, ()))

    if named("kin"):
        return "someone"
    if named("pupil"):
        return "pupil"
    return "colleague" if named("colleague") else "someone"
