"""Text as the recogniser sees it: typing slips, disguises and typography taken away, clauses marked.

The normal form is words with single spaces, `|` between clauses and at both ends, `,` standing alone, all in
lower case and without apostrophes: `| i dont want to be here , not any more | `.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Longer than Discord lets anybody write (4,000 characters); of more than that, the beginning and the end are read.
LONGEST = 8000

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]")
_LINK = re.compile(r"https?://\S+|<[@#][!&]?\d+>|<a?:\w+:\d+>")
_LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)
# Bounded, so that a long run of signs does not take the square of its length.
_MIXED = re.compile(r"(?<![\w@$!*])[\w@$!*]{0,15}[0134578@$!*](?=[a-z])[\w@$*]{0,15}", re.ASCII)
_SPACED = re.compile(r"(?<![^\W_])(?:[a-z][ .\-_*]){3,}[a-z](?![^\W_])")
_LONG = re.compile(r"([a-z])\1{2,}")
_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´ʼ](?=\w)")
_END = re.compile(r"[.!?;:\n\r…()\[\]{}]+|\s[-–—]+\s|[–—]|--+")
_WORD = re.compile(r"[^\W_]+|[|,]")
_MASKED = {"k*ll": "kill", "d*e": "die", "s*icide": "suicide", "su*cide": "suicide", "suic*de": "suicide"}
# What a number between letters stands for in words people disguise; anything else with a number stays as it is.
_DISGUISED = frozenset(
    (
        *(
            "kill",
            "killing",
            "die",
            "dying",
            "dead",
            "death",
            "suicide",
            "suicidal",
            "self",
            "harm",
            "hang",
            "end",
        ),
        *("myself", "life", "live", "unalive", "overdose", "cut", "cutting"),
    )
)
_JOINED = (
    ("can not", "cant"),
    ("cannot", "cant"),
    ("i am", "im"),
    ("i have", "ive"),
    ("i will", "ill"),
    ("i would", "id"),
    ("do not", "dont"),
    ("does not", "doesnt"),
    ("did not", "didnt"),
    ("is not", "isnt"),
    ("was not", "wasnt"),
    ("are not", "arent"),
    ("were not", "werent"),
    ("would not", "wouldnt"),
    ("could not", "couldnt"),
    ("will not", "wont"),
    ("have not", "havent"),
    ("has not", "hasnt"),
    ("had not", "hadnt"),
    ("should not", "shouldnt"),
    ("any more", "anymore"),
    ("any longer", "anymore"),
    ("no more", "anymore"),
    ("my self", "myself"),
    ("some one", "someone"),
    ("every one", "everyone"),
    ("no one", "nobody"),
    ("noone", "nobody"),
)
_JOINS = re.compile(r"(?<= )(?:" + "|".join(re.escape(apart) for apart, _ in _JOINED) + r")(?= )")
_JOINING = dict(_JOINED)


def normal(text: str, typos: Mapping[str, str]) -> str:
    """The normal form of any text. `typos`: words as they are written to words as they are meant, may be several.

    Never raises; does work in proportion to the text's length, of which at most `LONGEST` characters count.
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"
    text = unicodedata.normalize("NFKC", text).lower()
    text = _LINK.sub(" ", _INVISIBLE.sub("", text))
    text = _APOSTROPHE.sub("", text)
    text = "".join(_plain(text))
    text = _SPACED.sub(_unspaced, text)
    text = _MIXED.sub(_undisguised, text)
    text = _END.sub(" | ", text.replace("'", " ").replace("*", " "))
    words = [_meant(word, typos) for word in _WORD.findall(text)]
    joined = re.sub(r"\|(?:[ ,|]*\|)*", "|", f"| {' '.join(words)} | ")
    return _JOINS.sub(lambda found: _JOINING[found.group()], joined)


def _plain(text: str) -> list[str]:
    """Letters without their accents, Latin ones only: other writing is left alone."""
    return [sign for sign in unicodedata.normalize("NFD", text) if not ("\u0300" <= sign <= "\u036f")]


def _unspaced(found: re.Match[str]) -> str:
    """k i l l  and  d.i.e: one word, if it is one of those people disguise; else as it was."""
    letters = re.sub(r"[^a-z]", "", found.group())
    for length in range(len(letters), 2, -1):
        if letters[-length:] in _DISGUISED:
            return f"{found.group()[: 2 * (len(letters) - length)]} {letters[-length:]}"
    return found.group()


def _undisguised(found: re.Match[str]) -> str:
    word = found.group()
    if "*" in word:
        return _MASKED.get(word, word)
    plain = word.translate(_LEET)
    return plain if plain in _DISGUISED else word


def _meant(word: str, typos: Mapping[str, str]) -> str:
    meant = typos.get(word)
    if meant is not None:
        return meant
    if _LONG.search(word):
        # sooo and dieeee: to two letters, or to one if that is a word we know
        once = _LONG.sub(r"\1", word)
        if once in _DISGUISED:
            return once
        twice = _LONG.sub(r"\1\1", word)
        return typos.get(once) or typos.get(twice) or (twice if twice in _DISGUISED else once)
    return word
