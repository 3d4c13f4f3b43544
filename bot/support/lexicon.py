"""The lexicon in `prompts/risk/`: constructs, and how people put them, as data that a clinician can review.

A pattern is a line of ordinary words:

    want|wanted to die        a|b      either word
    <want> to die             <name>   any of the words of that group
    want ~3 die               ~3       up to three words between
    want to just? die         word?    the word may be missing
    suicid*                   word*    a word that begins so
    ^ done                    ^        only as the first word of a clause
    done $                    $        only as the last word of a clause
    text_me                   a_b      words that belong together inside a group or an alternative

Apostrophes and capitals do not count: `dont`, `im`, `ive` are written as people type them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bot.content.files import read_text, read_toml, table
from bot.content.problems import ContentError, Problem, Report

FOLDER = "risk"
# What a construct may speak for: a tier, a mark the code reads, or nothing but a hint for the model.
LONGEST_GAP = 8
SPEAKS_FOR = frozenset(("crisis", "distress", "other_person", "bereavement", "denial", "hint"))
GAP = r"(?:[^\s|]+ ){0,%d}"

_TOKEN = re.compile(r"[\w|'*?<>~^$_-]+")
_FILE_KEYS = frozenset(("version", "reviewed_by", "review_by", "groups", "construct", "mask", "typos"))
_CONSTRUCT_KEYS = frozenset(("name", "tier", "says", "anyone", "negatable", "patterns"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of the lexicon, ready to search with; `anchors`: beginnings of words without which it cannot match."""

    source: str
    regex: re.Pattern[str]
    anchors: frozenset[str]

    def possible(self, beginnings: frozenset[str]) -> bool:
        """Whether a text with words that begin so could hold this pattern at all."""
        return not self.anchors or not self.anchors.isdisjoint(beginnings)


@dataclass(frozen=True, slots=True)
class Construct:
    """What several patterns have in common: its tier, and `says`, the words `reallyok check` explains it with.

    `anyone`: it means the same whoever the clause is about. `negatable`: a "not" before it takes it back.
    """

    name: str
    tier: str
    says: str
    patterns: tuple[Pattern, ...]
    anyone: bool = False
    negatable: bool = True


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything in `prompts/risk/`. `masks`: turns of phrase that only sound like something; `typos`: how words are meant."""

    version: str
    constructs: tuple[Construct, ...]
    masks: tuple[Construct, ...]
    groups: Mapping[str, frozenset[str]]
    typos: Mapping[str, str]


def load_lexicon(root: Path) -> Lexicon:
    """The lexicon below `root`. Raises ContentError with every problem found."""
    lexicon, problems, _ = _gather(root)
    if problems:
        raise ContentError(problems)
    return lexicon


def check_lexicon(root: Path) -> Report:
    """Errors in the files, and a warning for each that nobody qualified has signed."""
    _, problems, warnings = _gather(root)
    return Report(tuple(problems), tuple(warnings))


def beginning(word: str) -> str:
    """What anchors compare: the first three letters."""
    return word[:3]


def _gather(root: Path) -> tuple[Lexicon, list[Problem], list[Problem]]:
    problems: list[Problem] = []
    warnings: list[Problem] = []
    contents: list[tuple[str, Mapping[str, Any]]] = []
    groups: dict[str, tuple[str, ...]] = {}
    typos: dict[str, str] = {}
    versions: list[str] = []
    for path in sorted((root / FOLDER).glob("*.toml")):
        file = f"{FOLDER}/{path.name}"
        content = read_toml(read_text(path, file, problems), file, problems)
        contents.append((file, content))
        for key in sorted(content.keys() - _FILE_KEYS):
            problems.append(Problem(file, None, f"“{key}” is not a part of the lexicon"))
        if not str(content.get("version", "")):
            problems.append(Problem(file, None, "write version, raised with every change"))
        versions.append(str(content.get("version", "")))
        if not str(content.get("reviewed_by", "")):
            warnings.append(Problem(file, None, "nobody qualified has reviewed this part of the lexicon yet"))
        for name, words in table(content.get("groups")).items():
            groups[name] = tuple(str(word) for word in cast("list[object]", words))
        typos.update({wrong: str(right) for wrong, right in table(content.get("typos")).items()})
    if not contents:
        problems.append(Problem(FOLDER, None, "there is no lexicon"))
    constructs = [
        found
        for file, content in contents
        for item in cast("list[object]", content.get("construct") or [])
        if (found := _construct(table(item), groups, file, problems)) is not None
    ]
    masks = [
        found
        for file, content in contents
        for item in cast("list[object]", content.get("mask") or [])
        if (found := _construct({"tier": "hint", **table(item)}, groups, file, problems)) is not None
    ]
    names = [one.name for one in (*constructs, *masks)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem(FOLDER, None, f"two constructs are called “{name}”"))
    lexicon = Lexicon(
        version=".".join(versions),
        constructs=tuple(constructs),
        masks=tuple(masks),
        groups={name: frozenset(word.replace("_", " ") for word in words) for name, words in groups.items()},
        typos=typos,
    )
    return lexicon, problems, warnings


def _construct(
    item: Mapping[str, Any], groups: Mapping[str, Sequence[str]], file: str, problems: list[Problem]
) -> Construct | None:
    name = str(item.get("name", ""))
    before = len(problems)
    for key in sorted(item.keys() - _CONSTRUCT_KEYS):
        problems.append(Problem(file, None, f"{name}: “{key}” is not a setting of a construct"))
    if not name or not str(item.get("says", "")):
        problems.append(Problem(file, None, f"{name or 'a construct'}: name and says are both needed"))
    tier = str(item.get("tier", ""))
    if tier not in SPEAKS_FOR:
        problems.append(Problem(file, None, f"{name}: tier is one of {', '.join(sorted(SPEAKS_FOR))}"))
    patterns: list[Pattern] = []
    for line in cast("list[object]", item.get("patterns") or []):
        try:
            patterns.append(compiled(str(line), groups))
        except ValueError as mistake:
            problems.append(Problem(file, None, f"{name}: “{line}”: {mistake}"))
    if not patterns:
        problems.append(Problem(file, None, f"{name}: there are no patterns"))
    if len(problems) > before:
        return None
    return Construct(
        name,
        tier,
        str(item["says"]),
        tuple(patterns),
        anyone=bool(item.get("anyone", False)),
        negatable=bool(item.get("negatable", True)),
    )


def compiled(line: str, groups: Mapping[str, Sequence[str]]) -> Pattern:
    """One line as a regular expression over normalised text (see `bot.support.normal`). Raises ValueError.

    Gaps are bounded and never cross the end of a clause, so that the time a search takes is bounded too.
    """
    parts: list[str] = []
    anchors: list[frozenset[str]] = []
    start, end = r"(?<= )", ""
    for piece in line.split():
        if not _TOKEN.fullmatch(piece):
            raise ValueError(f"“{piece}” is not written as a word")
        if piece == "^":
            start = r"(?<=\| )"
        elif piece == "$":
            end = r"(?=\|)"
        elif piece[0] == "~":
            if not piece[1:].isdigit() or not 0 < int(piece[1:]) <= LONGEST_GAP:
                raise ValueError(f"“{piece}”: a gap is ~1 to ~{LONGEST_GAP}")
            parts.append(GAP % int(piece[1:]))
        else:
            optional = piece.endswith("?")
            words = _alternatives(piece.rstrip("?"), groups)
            body = "|".join(_one(word) for word in words)
            parts.append(f"(?:(?:{body}) (?:, )?)?" if optional else f"(?:{body}) (?:, )?")
            if not optional:
                anchors.append(frozenset(beginning(word.split()[0].rstrip("*")) for word in words))
    if not anchors:
        raise ValueError("it has no word that must be there")
    # The best to look for first: few words, and not the little ones that stand in every sentence.
    best = min(anchors, key=lambda some: (any(len(one) < 3 for one in some), len(some)))
    return Pattern(line, re.compile(start + "".join(parts) + end), best)


def _alternatives(piece: str, groups: Mapping[str, Sequence[str]]) -> list[str]:
    words: list[str] = []
    for word in piece.split("|"):
        if word.startswith("<") and word.endswith(">"):
            if word[1:-1] not in groups:
                raise ValueError(f"there is no group {word}")
            words += groups[word[1:-1]]
        elif word:
            words.append(word)
    if not words:
        raise ValueError(f"“{piece}” names no word")
    return sorted((word.replace("_", " ").replace("'", "") for word in words), key=len, reverse=True)


def _one(word: str) -> str:
    if "*" in word[:3] or "*" in word[:-1]:
        raise ValueError(f"“{word}”: a * stands at the end of three letters or more")
    return re.escape(word).replace(r"\*", r"[^\s|]*").replace(r"\ ", " ")
