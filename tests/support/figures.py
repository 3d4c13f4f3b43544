"""What the recogniser is worth on sentences of an author it did not know, with the doubt in each figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.sayings import calibration

HELD_OUT = Path(__file__).with_name("held_out.json")

if TYPE_CHECKING:
    from tests.support.train import Workshop


def write_down(made_from: Mapping[str, str], figures: Mapping[str, Any]) -> None:
    """Keep what was measured, and of what, a line for each author."""
    lines = [f" {json.dumps(name)}: {json.dumps(figures[name], sort_keys=True)}" for name in sorted(figures)]
    start = f'{{"made_from": {json.dumps(made_from, sort_keys=True)},\n"figures": {{\n'
    HELD_OUT.write_text(start + ",\n".join(lines) + "\n}}\n", encoding="utf-8")


def wilson(hits: int, of: int) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson's), rounded to three places."""
    if not of:
        return 0.0, 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return round(share, 3), round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


def rates(rows: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """For rows of (tier, kind, tier found): by tier and kind, the share in any tier, in the crisis tier, in its own."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for tier, kind, found in rows:
        groups.setdefault(tier, []).append((tier, found))
        groups.setdefault(f"{tier}/{kind}", []).append((tier, found))
    return {
        name: {
            "rows": len(some),
            "any": wilson(sum(found != "none" for _, found in some), len(some)),
            "crisis": wilson(sum(found == "crisis" for _, found in some), len(some)),
            "own": wilson(sum(tier == found for tier, found in some), len(some)),
        }
        for name, some in sorted(groups.items())
    }


def measure(shop: Workshop, held_out: Sequence[str]) -> dict[str, Any]:
    """Each author's sentences read by a model that learned from the others, with the encoder and without."""
    from tests.support.train import decided

    files = {name: shop.reader.read(calibration(name)) for name in ("ordinary_talk", "idioms")}
    figures: dict[str, Any] = {}
    for author in held_out:
        others = [one for one in shop.said if one != author]
        learned = shop.learn(others)
        limits = shop.limits(others, learned)
        for name, network in (("with", True), ("without", False)):
            found = decided(
                learned.scores(shop.texts[author], network=network), shop.texts[author].rules, limits[name]
            )
            rows = [(one.tier, one.kind, tier) for one, tier in zip(shop.said[author], found, strict=True)]
            figures[f"{author} {name}"] = {
                "limits": limits[name],
                "held_out": rates(rows),
                **{
                    file: rates(
                        ("none", "", tier)
                        for tier in decided(learned.scores(texts, network=network), texts.rules, limits[name])
                    )["none"]
                    for file, texts in files.items()
                },
            }
    return figures
