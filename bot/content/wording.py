"""The words no message may use. The lists are in `prompts/wording.<language>.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.content.files import read_text, read_toml
from bot.content.problems import Problem

# Pictures: pictographs, symbols and dingbats, flags, and the mark that makes a sign colourful.
_PICTURE = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u20e3]")
_EXCLAMATIONS = 1


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's lists, ready to search with. None: that list is empty."""

    never: re.Pattern[str] | None
    never_first: re.Pattern[str] | None

    def mistakes(self, text: str) -> Iterator[str]:
        """Everything in `text` that no message may say, in words for whoever wrote it."""
        plain = text.replace("’", "'")
        if self.never is not None:
            for found in self.never.finditer(plain):
                yield f"“{found.group()}” is never said to a member (see wording.en.toml)"
        if _PICTURE.search(text):
            yield "no emoji or pictures in our words"
        if text.count("!") > _EXCLAMATIONS:
            yield "more than one exclamation mark is shouting"

    def first_line_mistakes(self, text: str) -> Iterator[str]:
        """Everything in the first line that should not be read off a phone lying on a desk."""
        first = text.strip().partition("\n")[0].replace("’", "'")
        if self.never_first is not None:
            for found in self.never_first.finditer(first):
                yield f"“{found.group()}” in the first line, which a lock screen shows; move it down"


def read_wording(root: Path, language: str, problems: list[Problem]) -> Wording:
    """The lists of one language; a missing file is a problem."""
    file = f"wording.{language}.toml"
    content = read_toml(read_text(root / file, file, problems), file, problems)
    return Wording(_any_of(content.get("never")), _any_of(content.get("never_first")))


def _any_of(value: object) -> re.Pattern[str] | None:
    phrases = [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []
    if not phrases:
        return None
    alternatives = "|".join(
        r"\s+".join(
            re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")
            for word in phrase.split()
        )
        for phrase in sorted(phrases, key=len, reverse=True)
    )
    return re.compile(rf"(?<![\w-])(?:{alternatives})(?!\w)", re.IGNORECASE)
