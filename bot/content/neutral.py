"""Making text from outside harmless before it stands among our own words.

A display name may hold formatting, a mention of everyone, letters that reverse the line, or a link.
None of that may act inside a message the bot signs with its own name.
"""

from __future__ import annotations

import re
import unicodedata

# Invisible although Unicode does not class them as format characters: fillers, joiners, selectors.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
_MARKUP = re.compile(r"([\\*_~`|<\[\]])")
_LINE_START = re.compile(r"^([-+>#]|\d+(?=[.)]))")
_SCHEME = re.compile(r"://")
_BARE_LINK = re.compile(r"(?<=\w)\.(?=\w{2,}/)")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,']*")
_MARKS_IN_A_ROW = 2
_BREAK = "\u200b"  # seen by nobody; stops Discord from reading what follows as a mention or a link


def neutralise(value: str, limit: int) -> str:
    """`value` as harmless plain text of at most `limit` visible characters, on one line.

    Formatting is escaped, mentions and links are broken, invisible and direction-changing
    characters are gone, and stacked accents are thinned. Never empty: nothing visible becomes a dash.
    The result may be longer than `limit` by its escapes (at most twice over, and one).
    """
    if len(value) <= limit and _PLAIN.fullmatch(value) and value == " ".join(value.split()):
        return value
    text = _visible(value)
    if len(text) > limit:
        text = text[: max(limit - 1, 0)].rstrip() + "…"
    text = _MARKUP.sub(r"\\\1", text)
    text = _LINE_START.sub(_escape_start, text)
    text = text.replace("@", "@" + _BREAK)
    text = _SCHEME.sub(f":{_BREAK}//", text)
    text = _BARE_LINK.sub(f".{_BREAK}", text)
    return text or "–"


def _escape_start(found: re.Match[str]) -> str:
    start = found.group(1)
    # "1." would begin a numbered list: the backslash goes before the full stop.
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def _visible(value: str) -> str:
    kept: list[str] = []
    marks = 0
    # Cut before the costly part: nobody's name needs thousands of characters.
    for character in unicodedata.normalize("NFC", value[:4000]):
        category = unicodedata.category(character)
        if character.isspace() or category == "Cc":
            kept.append(" ")
            marks = 0
        elif category in ("Cf", "Cs", "Co", "Cn") or character in _INVISIBLE:
            continue
        elif category in ("Mn", "Me"):
            marks += 1
            if marks <= _MARKS_IN_A_ROW:
                kept.append(character)
        else:
            kept.append(character)
            marks = 0
    return " ".join("".join(kept).split())
