"""Recognising what somebody's words are about, in memory and offline: an extra net, never the safety feature.

Nothing here keeps, logs or counts anything: text goes in, a verdict comes out. The way to support is on every message
whether or not anything was recognised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.support.constructs import FOR_NOW, HALF_DENIED, Reading, denies, read
from bot.support.lexicon import Lexicon, load_lexicon
from bot.support.model import CLASSES, Model, Share
from bot.support.weights import load as load_weights

LOST_TO_SUICIDE = "suicide loss"
TAKEN_BACK = "denial withdrawn"
SHARED = "oneself too"
MEANS = "denied means"
INSTEAD = "another instead"
# How much surer than without one the model has to be of a crisis against a plain denial.
AGAINST_A_DENIAL = 2.0


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

    def __init__(self, lexicon: Lexicon, model: Model | None) -> None:
        self._lexicon = lexicon
        self._model = model

    @classmethod
    def load(cls, root: Path) -> Recogniser:
        """The recogniser for the words below `root`, without the encoder. Takes a few hundredths of a second.

        Raises ContentError when the lexicon is damaged. Without a readable file of weights the rules work alone.
        """
        lexicon = load_lexicon(root)
        try:
            return cls(lexicon, Model(load_weights(), lexicon))
        except (OSError, ValueError, LookupError):
            return cls(lexicon, None)

    def load_encoder(self) -> bool:
        """Load the sentence encoder, which finds more: about a second's work in another thread; whether it is there now.

        `read` may be called meanwhile and does without. Never raises: where the wheel is missing or damaged, reading
        stays as it is.
        """
        if self._model is None:
            return False
        try:
            self._model.load_encoder()
        except (ImportError, OSError, ValueError, LookupError, MemoryError):
            return False
        return True

    @property
    def with_encoder(self) -> bool:
        """Whether the encoder is there."""
        return self._model is not None and self._model.with_encoder

    def read(self, text: str) -> Verdict:
        """The verdict on any text whatever. No I/O, never raises, bounded by the text's length."""
        reading = read(text, self._lexicon)
        ruled = by_rules(reading, self._lexicon)
        if self._model is None:
            return ruled
        share = self._model.weigh(text, reading)
        limits = self._model.about["limits"]["with" if share.with_encoder else "without"]
        tier = decide(ruled.tier, share, limits, denied=ruled.denial)
        reasons = (*ruled.reasons, *_bands(share, limits))
        if tier == ruled.tier:
            return Verdict(tier, ruled.about, ruled.denial, reasons)
        about = ""
        if tier == Tier.OTHER_PERSON:
            about = whom(reading.normalised, self._lexicon)
        elif tier == Tier.BEREAVEMENT:
            about = "suicide" if _names_suicide(reading) else "death"
        return Verdict(tier, about, ruled.denial, reasons)


def decide(ruled: Tier, share: Share, limits: Mapping[str, float], *, denied: bool) -> Tier:
    """The tier of a text from what the rules say of it and what the model makes of it.

    What a rule found is never taken back by the model; the model may add to it. Against a plain denial (`denied`) the
    model has to be much surer of a crisis, else it is met as distress, with a line at the foot, and the door stays open.
    """
    crisis = limits["crisis"] + (AGAINST_A_DENIAL if denied else 0.0)
    likeliest = Tier(CLASSES[max(range(1, len(CLASSES)), key=lambda place: share.likelihood[place])])
    if ruled == Tier.CRISIS:
        return ruled
    if share.crisis > crisis and likeliest in (Tier.CRISIS, Tier.DISTRESS):
        return Tier.CRISIS
    if ruled in (Tier.OTHER_PERSON, Tier.BEREAVEMENT):
        return ruled
    if share.something > limits["something"]:
        return Tier.DISTRESS if likeliest == Tier.CRISIS else likeliest
    return ruled


def by_rules(reading: Reading, lexicon: Lexicon) -> Verdict:
    """What the constructs say alone."""
    hits = [hit for hit in reading.hits if hit.construct.tier != "hint"]
    denial = any(denies(hit) for hit in hits)
    beside = {hit.construct.name for hit in reading.hits if hit.own and not hit.negated}
    standing = [hit for hit in hits if not hit.negated and hit.construct.tier != "denial"]
    reasons = tuple(dict.fromkeys(hit.construct.name for hit in hits))
    own = {hit.construct.tier for hit in standing if hit.own}
    others = any(not hit.own and hit.construct.tier in ("crisis", "distress") for hit in standing)
    wished = any(not hit.own and hit.construct.tier == "crisis" for hit in standing)
    # "I said I wasn't suicidal, I lied": what was denied stands. "They ask, I say no; but the rope is in the car".
    # "She wants to die, and so do I".
    denied = denial or HALF_DENIED in reasons or FOR_NOW in reasons
    for name, holds in ((TAKEN_BACK, denied), (MEANS, denied), (SHARED, wished)):
        if holds and name in beside:
            return Verdict(Tier.CRISIS, "", False, (*reasons, name))
    if "crisis" in own:
        return Verdict(Tier.CRISIS, "", denial, reasons)
    if any(hit.construct.tier == "bereavement" for hit in standing):
        return Verdict(Tier.BEREAVEMENT, "suicide" if _names_suicide(reading) else "death", denial, reasons)
    instead = INSTEAD in beside and (denial or any(hit.negated for hit in hits))
    if others or instead or any(hit.construct.tier == "other_person" for hit in standing):
        return Verdict(Tier.OTHER_PERSON, whom(reading.normalised, lexicon), denial, reasons)
    if "distress" in own or HALF_DENIED in reasons:
        return Verdict(Tier.DISTRESS, "", denial, reasons)
    return Verdict(Tier.NONE, "", denial, reasons)


def _names_suicide(reading: Reading) -> bool:
    return any(hit.construct.name == LOST_TO_SUICIDE for hit in reading.hits)


def _bands(share: Share, limits: Mapping[str, float]) -> Iterator[str]:
    """The model's part in a verdict, in words rather than numbers."""
    if share.crisis > limits["crisis"]:
        yield "model: crisis"
    elif share.something > limits["something"]:
        yield f"model: perhaps {CLASSES[max(range(1, len(CLASSES)), key=lambda place: share.likelihood[place])]}"


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
