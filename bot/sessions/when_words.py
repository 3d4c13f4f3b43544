"""The words people say times, days and repetition in, as patterns. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_MONTH_WORDS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH_STARTS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTH_NAMES: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_WD = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
} | {"a": 1, "an": 1}
ORDINALS: Final = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3,
    "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "last": -1, "final": -1,
}  # fmt: skip
NTH_NAMES: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_NUM = r"(?:\d{1,3}|" + "|".join(NUMBERS) + ")"
_ORD = "(?:" + "|".join(ORDINALS) + ")"
_AND = r"(?: ?, ?(?:and )?| ?(?:and|&|/) ?)(?:the )?"
_ORDS = rf"{_ORD}(?:{_AND}{_ORD})*"
_DAY_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


# Dates. A two-digit year is taken only after a month's name or in 12/1/27.
ISO: Final = _pattern(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
SLASHED: Final = _pattern(
    r"\b(\d{1,2})(?:/(\d{1,2})(?:/(20\d\d|\d\d))?|\.(\d{1,2})\.(20\d\d|\d\d))\b(?![:.]\d)"
)
NAMED: Final = _pattern(
    rf"\b(?:the )?(?:(?P<d1>{_DAY_NUMBER})(?: of)? (?P<m1>{_MONTH_WORDS})|(?P<m2>{_MONTH_WORDS}) (?:the )?(?P<d2>{_DAY_NUMBER}))"
    rf"\b(?![:.]\d|\s?[ap]m\b)(?: (?P<year>20\d\d\b|'\d\d\b|\d\d\b(?![:.]\d|\s?[ap]m|\d)))?"
)
DAY_ALONE: Final = _pattern(
    rf"\bthe (\d{{1,2}})(?:st|nd|rd|th)\b(?! of)(?!(?:{_AND}{_ORD})* {_WD}\b)(?!(?:{_AND}{_ORD})+ {_WD}s\b)"
)
MONTH_ALONE: Final = _pattern(
    rf"(?:the )?(?P<edge>end of|start of|beginning of)? ?\b(?P<month>{_MONTH_WORDS})\b(?: (?P<year>20\d\d)\b)?"
)
UNTIL: Final = _pattern(r"\b(?:until|till|til|ending|ends|up to)\b(?: on\b)?")
RELATIVE: Final = _pattern(
    r"\b(?:the )?(day after tomorrow|tomorrow|yesterday|tonight|today|this (?:evening|afternoon|morning))\b"
)
WEEK_ON: Final = _pattern(rf"\b(?:a|(?P<n>two)) weeks? (?:on|from) (?P<a>{_WD})\b|\b(?P<b>{_WD}) week\b")
NEXT_WEEK: Final = _pattern(rf"\b(?:next week (?:on )?(?P<a>{_WD})|(?P<b>{_WD}) (?:of )?next week)\b")
STARTS_NEXT_WEEK: Final = _pattern(r"\b(?:from|starting|beginning)(?: from)? next week\b")
NEXT: Final = _pattern(rf"\b(next|this(?: coming)?|coming) ({_WD})\b")

# Times.
TIME: Final = _pattern(
    r"(?<![\d/.:])(?:\bat )?\b(?:"
    r"(?P<name>noon|midday|midnight)"
    r"|(?P<part>half past|half|quarter past|quarter to) (?P<hour_word>[a-z]+|\d{1,2})(?:\s?(?P<half_word>am|pm)\b)?"
    r"|(?P<hm>\d{3,4})(?:\s?(?P<half_hm>am|pm)\b|\s?(?:hrs?|hours)\b|(?=\D|$))"
    r"|(?P<hour>\d{1,2})(?:(?P<dot>[:.h])(?P<minute>[0-5]\d))?(?:\s?(?:(?P<half>am|pm)\b|(?P<clock>o'?clock)\b(?:\s(?P<half_clock>am|pm)\b)?))?"
    r"|(?P<spelt>"
    + "|".join(word for word in NUMBERS if len(word) > 2)
    + r")\s?(?:(?P<half_spelt>am|pm)|(?P<clock_spelt>o'?clock))"
    r")(?![\d/:]|st\b|nd\b|rd\b|th\b)"
)
RANGE: Final = _pattern(r"\s?(?:-|\bto\b|\buntil\b|\btill?\b)\s?")
HINT: Final = _pattern(r"\b(?:in the |at )?(morning|afternoon|evening|night|lunchtime)s?\b")
HALVES: Final = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm", "lunchtime": "pm"}

# Repetition.
COUNTED: Final = _pattern(
    rf"\b(?:for|x) ?(?:the next )?(?P<n>{_NUM}) (?P<unit>weeks?|months?|days?|fortnights?|sessions?|meetings?|times)\b"
    rf"|\b(?P<n2>{_NUM}) (?P<unit2>sessions?|meetings?|times)\b|\bx ?(?P<n3>\d{{1,3}})\b"
)
EVERY_ORDINAL: Final = _pattern(
    rf"\b(?:on )?(?:the )?(?P<every>every |each )?(?:the )?(?P<nth>{_ORDS}) (?P<day>{_WD})s?\b"
    r"(?P<month> (?:of|in) (?:the |each |every |a )?month\b| (?:each|every|of each|of every) month\b| monthly\b)?"
)
TWO_ORDINALS: Final = _pattern(
    rf"\b(?P<a>{_ORDS}) (?P<day>{_WD})s?(?P<and>{_AND})(?P<b>{_ORD}) (?P<other>{_WD})s?\b"
)
ONE_ORDINAL: Final = _pattern(rf"\b{_ORD}\b")
_LISTED = rf"{_WD}s?(?:(?: ?(?:,|/|&|-) ?| and | to | or )(?:and |on )?{_WD}s?)*"
EVERY_DAYS: Final = _pattern(
    rf"\b(?:on )?(?P<every>every|each) (?:(?P<other>other|alternate|{_NUM}) )?(?P<days>{_LISTED})\b"
)
ALTERNATE_DAYS: Final = _pattern(rf"\balternate (?P<days>{_LISTED})\b")
EVERY_UNIT: Final = _pattern(
    rf"\b(?:every|each) (?:(?P<other>other|alternate|second|2nd|third|3rd|fourth|4th|{_NUM}) )?"
    r"(?P<unit>days?|weeks?|fortnight|months?|weekdays?|working day|school day|weekend)\b"
)
ADVERB: Final = _pattern(
    r"\b(?:on )?(daily|weekly|once a week|fortnightly|once a fortnight|monthly|once a month|on weekdays|weekdays|school days|weekends)\b"
)
DAYS: Final = _pattern(rf"\b(?:on )?(?P<days>{_LISTED})\b")
ONE_DAY: Final = _pattern(rf"\b({_WD})(s?)\b")
NAMES: Final = _pattern(rf"\b(?:{_WD}|{_MONTH_WORDS})s?\b")
FILLER: Final = frozenset(
    [
        "at",
        "on",
        "the",
        "of",
        "for",
        "from",
        "starting",
        "start",
        "starts",
        "beginning",
        "begin",
        "and",
        "in",
        "a",
        "please",
        "sharp",
        "until",
        "further",
        "notice",
        "each",
        "local",
        "time",
        "uk",
        "this",
        "coming",
        "o'clock",
        "hrs",
    ]
)


def plain(text: str) -> str:
    """The text in one form: small letters, one kind of dash and blank, nothing that cannot be seen."""
    known = unicodedata.normalize("NFKC", text).casefold()
    known = re.sub("[‐-―−]", "-", known).replace("’", "'")
    # Marks of direction, pictures and what colours them say nothing about a time.
    known = "".join(
        " " if mark.isspace() or unicodedata.category(mark) == "So" else mark
        for mark in known
        if mark.isspace() or unicodedata.category(mark) not in ("Cf", "Mn", "Cc")
    )
    known = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", known)
    known = re.sub(r"(?<=[a-z]),|,(?=\s|$)", " , ", known)
    return " ".join(known.split())


def of_one_day(text: str) -> str:
    """ "First Tuesday and third Tuesday" as "first and third tuesday"; different days stay as they are."""
    while (found := TWO_ORDINALS.search(text)) and weekday_of(found["day"]) == weekday_of(found["other"]):
        said = f"{found['a']}{found['and']}{found['b']} {found['other']}"
        text = text[: found.start()] + said + text[found.end() :]
    return text


def nths_in(said: str) -> tuple[int, ...]:
    """ "first and third" as (1, 3), in the order of a month; 5 for a fifth, -1 for the last."""
    found = {ORDINALS[each[0]] for each in ONE_ORDINAL.finditer(said)}
    return tuple(each for each in (1, 2, 3, 4, 5, -1) if each in found)


def weekday_of(word: str) -> int:
    """0 for Monday, by the first three letters."""
    return next(number for number, name in enumerate(WEEKDAY_NAMES) if name.startswith(word[:3]))


def month_of(word: str) -> int:
    """1 for January, by the first three letters."""
    return _MONTH_STARTS.index(word[:3]) + 1


def number_of(word: str) -> int:
    """ "6" and "six"."""
    return NUMBERS[word] if word in NUMBERS else int(word)


def days_in(listed: str) -> tuple[int, ...]:
    """ "tuesdays and thursdays" as (1, 3), "mon-fri" as (0, 1, 2, 3, 4)."""
    found = [(weekday_of(each[1]), each.start(), each.end()) for each in ONE_DAY.finditer(listed)]
    days: list[int] = []
    for place, (number, start, _) in enumerate(found):
        between = listed[found[place - 1][2] : start].strip() if place else ""
        if between in ("-", "to"):
            first = days[-1]
            days += [(first + step) % 7 for step in range(1, (number - first) % 7)]
        days.append(number)
    return tuple(sorted(set(days)))
