"""Makes `bot/support/weights.bin` from the development sentences, and measures what it is worth.

    REALLYOK_EVAL_DIR=... python -m tests.support.train              learn from every author and write the weights
    REALLYOK_EVAL_DIR=... python -m tests.support.train --measure    hold each author out in turn: figures in held_out.json
    REALLYOK_EVAL_DIR=... python -m tests.support.train --check      learn again and compare with the file

Needs the packages of the bot and of its tests, nothing else. Of the calibration files only `ordinary_talk_train` is learned
from: its even rows teach what ordinary talk is, its odd rows say where the thresholds stand. `ordinary_talk` and
`idioms` only measure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more threads only wait for one another here
import numpy as np

from bot.content.library import default_root
from bot.support.constructs import read
from bot.support.encoder import Encoder, plain
from bot.support.features import buckets, parts
from bot.support.lexicon import load_lexicon
from bot.support.model import CLASSES, marks_of, shortened, undenied
from bot.support.weights import FILE, load, save
from tests.support.learning import MEMBERS, Bags, centred, learn_letters, learn_network, rounded, softmax
from tests.support.sayings import FOLDER, Saying, authors, calibration, sayings

ORDINARY_WEIGHT = 0.2
RAMBLE_WEIGHT = 0.5
NETWORK_SHARE = 0.7  # of the network against letters, words and constructs
PART_DISCOUNT = 1.0
# How much of ordinary talk may be met with any card, and with the crisis card; the rules add a little of their own.
SOMETHING, CRISIS = 0.052, 0.0058
# How much of each kind of ordinary school talk may be taken for a crisis.
MOST_CRISIS = {"stress": 0.0475, "idiom": 0.115, "masking": 0.03, "joy": 0.0575}
MOST_SOMETHING = 0.28


@dataclass
class Texts:
    """What the model sees of many texts, worked out once: bags and vectors of every part, marks of the whole."""

    first: Any  # the place of each text's first part, which is the whole
    counts: list[dict[int, float]]
    vectors: Any
    marks: Any
    rules: list[tuple[str, bool]]  # the tier the rules alone give, and whether they found a denial


class Reader:
    """Reads texts as the product does, and remembers."""

    def __init__(self) -> None:
        self.lexicon = load_lexicon(default_root())
        self.encoder = Encoder.load()
        kinds = ("own ", "other ", "not ")
        self.names = ["masked", *(kind + one.name for one in self.lexicon.constructs for kind in kinds)]
        self._vectors: dict[str, Any] = {}

    def read(self, texts: Sequence[str]) -> Texts:
        from bot.support.recognise import by_rules

        first: list[int] = []
        every: list[str] = []
        marks = np.zeros((len(texts), len(self.names)), np.float32)
        rules: list[tuple[str, bool]] = []
        for row, text in enumerate(texts):
            reading = read(text, self.lexicon)
            for mark in marks_of(reading):
                marks[row, self.names.index(mark)] = 1
            ruled = by_rules(reading, self.lexicon)
            rules.append((ruled.tier.value, ruled.denial))
            first.append(len(every))
            every += parts(plain(shortened(undenied(text, reading, self.lexicon))))
        return Texts(np.array(first), [buckets(part) for part in every], self._encode(every), marks, rules)

    def _encode(self, texts: Sequence[str]) -> Any:
        new = sorted({text for text in texts if text not in self._vectors}, key=len)
        for at in range(0, len(new), 8):
            some = new[at : at + 8]
            sense, words = self.encoder.encode(some)
            vectors = np.concatenate((sense, words), axis=1).astype(np.float16)
            self._vectors.update(zip(some, vectors, strict=True))
        return np.stack([self._vectors[text] for text in texts]).astype(np.float32)


@dataclass
class Learned:
    """One trained model, and how it weighs texts; `network` False: without the encoder."""

    rarity: Any
    letters: Any
    marks: Any
    bias: Any
    mean: Any
    spread: Any
    networks: list[list[Any]]

    def scores(self, texts: Texts, *, network: bool = True) -> dict[str, Any]:
        """The likelihoods of the whole, and the log-odds of something and of a crisis in the weightiest part."""
        z = centred(Bags(texts.counts).scale(self.rarity).dot(self.letters) + self.bias)
        z[texts.first] += centred(texts.marks @ self.marks)
        if network:
            x = (texts.vectors - self.mean) / self.spread
            outs = [np.maximum(x @ a + b, 0) @ c + d for a, b, c, d in self.networks]
            z = z + sum(centred(out) for out in outs) / len(outs)
        share = softmax(z)
        discount = np.full(len(z), PART_DISCOUNT)
        discount[texts.first] = 0
        return {
            "likelihood": share[texts.first],
            "something": np.maximum.reduceat(_odds(1 - share[:, 0]) - discount, texts.first),
            "crisis": np.maximum.reduceat(_odds(share[:, 1]) - discount, texts.first),
        }


def learn(texts: Texts, tiers: Any, weights: Any) -> Learned:
    """Learn from the whole of each text."""
    whole = Bags([texts.counts[place] for place in texts.first])
    rarity = whole.rarity()
    whole.scale(rarity)
    letters, marks, bias = learn_letters(whole, texts.marks, tiers, weights)
    x = texts.vectors[texts.first]
    mean, spread = x.mean(axis=0), 2 * (x.std(axis=0) + 1e-3)
    networks = [learn_network((x - mean) / spread, tiers, weights, seed) for seed in range(MEMBERS)]
    networks = [[a, b, c * NETWORK_SHARE, d * NETWORK_SHARE] for a, b, c, d in networks]
    return Learned(rarity, letters, marks, bias, mean, spread, networks)


def rambles(said: Sequence[Saying]) -> list[tuple[str, str]]:
    """Long messages made of an author's short ones, each with its tier: of ordinary things alone, or with one that is not.

    So the model learns that length is no sign of anything, and that one clause among many counts.
    """
    chosen = random.Random(7)
    ordinary = [
        one.text for one in said if one.kind in ("stress", "masking", "joy", "ordinary", "idiom", "shop_talk")
    ]
    telling = [one for one in said if one.tier != "none"]
    made: list[tuple[str, str]] = []
    for number in range(len(said) // 3):
        some = chosen.sample(ordinary, chosen.choice((2, 2, 3, 4)))
        tier = "none"
        if number % 2:
            one = chosen.choice(telling)
            tier = one.tier
            some[chosen.randrange(len(some))] = one.text
        made.append((" ".join(text if text[-1:] in ".!?" else f"{text}." for text in some), tier))
    return made


def joined(some: Sequence[Texts]) -> Texts:
    starts = np.cumsum([0, *(len(one.counts) for one in some)])
    return Texts(
        np.concatenate([one.first + start for one, start in zip(some, starts, strict=False)]),
        [count for one in some for count in one.counts],
        np.concatenate([one.vectors for one in some]),
        np.concatenate([one.marks for one in some]),
        [rule for one in some for rule in one.rules],
    )


def thresholds(
    said: Sequence[Saying], own: Mapping[str, Any], ordinary: Mapping[str, Any]
) -> dict[str, float]:
    """Where the thresholds stand, from sentences of authors the model did not know and ordinary talk it did not see."""
    kinds = np.array([one.kind for one in said])
    none = np.array([one.tier == "none" for one in said]) & (kinds != "denial")
    something = max(
        np.quantile(ordinary["something"], 1 - SOMETHING),
        np.quantile(own["something"][none], 1 - MOST_SOMETHING),
    )
    crisis = max(
        np.quantile(ordinary["crisis"], 1 - CRISIS),
        *(np.quantile(own["crisis"][kinds == kind], 1 - most) for kind, most in MOST_CRISIS.items()),
    )
    return {"something": round(float(something), 3), "crisis": round(float(crisis), 3)}


def decided(
    scores: Mapping[str, Any], rules: Sequence[tuple[str, bool]], limits: Mapping[str, float]
) -> list[str]:
    """The tier of each text, by the product's own rule."""
    from bot.support.model import Share
    from bot.support.recognise import Tier, decide

    columns = (scores[key].tolist() for key in ("likelihood", "something", "crisis"))
    return [
        decide(Tier(tier), Share(tuple(likelihood), something, crisis, True), limits, denied=denied).value
        for (tier, denied), likelihood, something, crisis in zip(rules, *columns, strict=True)
    ]


class Workshop:
    """Everything read once; models learned from any choice of authors."""

    def __init__(self) -> None:
        self.made_from = made_from()
        self.reader = Reader()
        self.said = {author: [one for one in sayings() if one.author == author] for author in authors()}
        self.texts = {
            author: self.reader.read([one.text for one in some]) for author, some in self.said.items()
        }
        self.rambles = {author: rambles(some) for author, some in self.said.items()}
        self.rambled = {
            author: self.reader.read([text for text, _ in some]) for author, some in self.rambles.items()
        }
        ordinary = calibration("ordinary_talk_train")
        self.ordinary = self.reader.read(ordinary[::2])
        self.apart = self.reader.read(ordinary[1::2])
        self._learned: dict[frozenset[str], Learned] = {}

    def learn(self, some: Sequence[str]) -> Learned:
        """The model these authors make, each choice of them only once."""
        key = frozenset(some)
        if key not in self._learned:
            self._learned[key] = self._learn(sorted(some))
        return self._learned[key]

    def _learn(self, some: Sequence[str]) -> Learned:
        texts = joined(
            [
                *(self.texts[author] for author in some),
                *(self.rambled[author] for author in some),
                self.ordinary,
            ]
        )
        own = [one.tier for author in some for one in self.said[author]]
        long = [tier for author in some for _, tier in self.rambles[author]]
        tiers = np.array([CLASSES.index(tier) for tier in own + long] + [0] * len(self.ordinary.first))
        weights = (
            [1.0] * len(own) + [RAMBLE_WEIGHT] * len(long) + [ORDINARY_WEIGHT] * len(self.ordinary.first)
        )
        return learn(texts, tiers, np.array(weights, np.float32))

    def limits(self, some: Sequence[str], learned: Learned) -> dict[str, dict[str, float]]:
        """Thresholds for a model that learned from these authors: each is held out in turn."""
        others = {author: self.learn([one for one in some if one != author]) for author in some}
        found: dict[str, dict[str, float]] = {}
        for name, network in (("with", True), ("without", False)):
            pieces = [others[author].scores(self.texts[author], network=network) for author in some]
            own = {key: np.concatenate([piece[key] for piece in pieces]) for key in ("something", "crisis")}
            said = [one for author in some for one in self.said[author]]
            found[name] = thresholds(said, own, learned.scores(self.apart, network=network))
        return found


def made_from() -> dict[str, str]:
    """What the weights depend on, by their contents: a test says when they have to be made again."""
    root = Path(__file__).parents[2]
    files = [
        *sorted(FOLDER.glob("*.jsonl")),
        *sorted((default_root() / "risk").glob("*.toml")),
        *(Path(__file__).with_name(name) for name in ("learning.py", "train.py")),
        *(
            root / "bot" / "support" / f"{name}.py"
            for name in ("constructs", "encoder", "features", "lexicon", "normal")
        ),
    ]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}


def write(learned: Learned, limits: Mapping[str, Mapping[str, float]], shop: Workshop, path: Path) -> None:
    letters, steps = rounded(learned.letters)
    numbers: dict[str, Any] = {
        "rarity": array("f", learned.rarity.tolist()),
        "letters": array("b", letters.ravel().tolist()),
        "letters_step": array("f", steps.tolist()),
        "marks": array("f", learned.marks.ravel().tolist()),
        "bias": array("f", learned.bias.tolist()),
        "mean": array("f", learned.mean.tolist()),
        "spread": array("f", learned.spread.tolist()),
    }
    for member, (first, first_bias, second, second_bias) in enumerate(learned.networks):
        whole, step = rounded(first)
        numbers[f"first_{member}"] = array("b", whole.ravel().tolist())
        numbers[f"first_step_{member}"] = array("f", step.tolist())
        numbers[f"first_bias_{member}"] = array("f", first_bias.tolist())
        numbers[f"second_{member}"] = array("f", second.ravel().tolist())
        numbers[f"second_bias_{member}"] = array("f", second_bias.tolist())
    about = {
        "made_from": shop.made_from,
        "constructs": shop.reader.names,
        "part_discount": PART_DISCOUNT,
        "limits": limits,
        "reviewed_by": "",
    }
    save(path, about, numbers)


def _odds(share: Any) -> Any:
    share = np.clip(share, 1e-6, 1 - 1e-6)
    return np.log(share / (1 - share))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.train", description=__doc__)
    parser.add_argument(
        "--measure", action="store_true", help="hold each author out in turn; writes held_out.json"
    )
    parser.add_argument("--only", help="with --measure: this author alone is held out")
    parser.add_argument("--check", action="store_true", help="learn again and compare; writes nothing")
    chosen = parser.parse_args()
    shop = Workshop()
    if chosen.measure:
        from tests.support.figures import measure, write_down

        figures = measure(shop, [chosen.only] if chosen.only else authors())
        if not chosen.only:
            write_down(shop.made_from, figures)
        print(json.dumps(figures))
        return
    learned = shop.learn(authors())
    if chosen.check:
        old = load().numbers["marks"]
        print(f"The farthest mark is {np.abs(np.array(old) - learned.marks.ravel()).max():.4f} off.")
        return
    write(learned, shop.limits(authors(), learned), shop, FILE)
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
