"""A verdict in plain words, for whoever tries the recogniser out with `reallyok check --recognise`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.support.lexicon import load_lexicon
from bot.support.recognise import Recogniser, Tier, Verdict

_TIERS = {
    Tier.CRISIS: "Crisis: the card with numbers to ring or text, at once.",
    Tier.DISTRESS: "Distress: the card that thanks, asks one question back and offers somebody.",
    Tier.OTHER_PERSON: "Worry about somebody else ({about}): the card for that.",
    Tier.BEREAVEMENT: "A loss ({about}): the card for that.",
    Tier.NONE: "Nothing was recognised. The way to support is on the answer all the same.",
}
_MODEL = "model: "


def explain(recogniser: Recogniser, root: Path, text: str, *, with_encoder: bool) -> list[str]:
    """Why a text is read as it is: one line for the tier, then one for each thing that was found."""
    verdict = recogniser.read(text)
    says = {one.name: one.says for one in load_lexicon(root).constructs}
    lines = [_TIERS[verdict.tier].format(about=verdict.about)]
    for reason in verdict.reasons:
        if reason.startswith(_MODEL):
            lines.append(f"The model alone would say: {reason.removeprefix(_MODEL).replace('_', ' ')}.")
        else:
            lines.append(f"A rule found {says.get(reason, reason)} ({reason}).")
    if verdict.denial:
        lines.append("It says that it is not so: a soft card, and the door stays open.")
    if not verdict.reasons:
        lines.append("No rule found anything, and the model saw nothing above its thresholds.")
    if not with_encoder:
        lines.append("The sentence encoder could not be loaded; the rules and the smaller model read alone.")
    return lines


def as_json(verdict: Verdict) -> str:
    """One line of JSON: what a program needs that reads many texts."""
    return json.dumps(
        {
            "tier": verdict.tier.value,
            "about": verdict.about,
            "denial": verdict.denial,
            "reasons": list(verdict.reasons),
        },
        ensure_ascii=False,
    )


def answer_lines(recogniser: Recogniser, lines: Iterable[bytes], say: Callable[[str], object]) -> None:
    """One line of JSON for each line of text, as it comes. Bytes that are no text are read as far as they are."""
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        say(as_json(recogniser.read(text)))
