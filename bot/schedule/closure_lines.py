"""Term dates as an organiser types them, one closure a line.

    26 Oct - 30 Oct 2026 half-term
    Christmas: Mon 21 December 2026 to 3 January
    2026-11-27 INSET day

Days come before months (03/04/2026 is 3 April); such a date is marked doubtful so that the reply can say so in
words. Nothing is guessed: a line without a year, or with the wrong weekday, is given back as it was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from bot.schedule.closures import Problem, Read, Reading, Unread, checked, sorted_out

LONGEST_LINE = 300

# English and Welsh, in full and as people shorten them.
_MONTHS = (
    ("january", "jan", "ionawr", "ion"),
    ("february", "feb", "chwefror", "chwef", "chw"),
    ("march", "mar", "mawrth", "maw"),
    ("april", "apr", "ebrill", "ebr"),
    ("may", "mai"),
    ("june", "jun", "mehefin", "meh"),
    ("july", "jul", "gorffennaf", "gorff", "gor"),
    ("august", "aug", "awst"),
    ("september", "sept", "sep", "medi"),
    ("october", "oct", "hydref", "hyd"),
    ("november", "nov", "tachwedd", "tach"),
    ("december", "dec", "rhagfyr", "rhag"),
)
_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_WEEKDAYS = (
    ("monday", "mon", "llun"),
    ("tuesday", "tues", "tue", "mawrth"),
    ("wednesday", "weds", "wed", "mercher"),
    ("thursday", "thurs", "thur", "thu", "iau"),
    ("friday", "fri", "gwener"),
    ("saturday", "sat", "sadwrn"),
    ("sunday", "sun", "sul"),
)
_WEEKDAY_NUMBERS = {name: number for number, names in enumerate(_WEEKDAYS) for name in names}


def _any_of(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MONTH = _any_of(_MONTH_NUMBERS)
_ORDINAL = r"(?:st|nd|rd|th|af|ail|il|ydd|fed|eg|ain)?"
# A Welsh weekday is only one after "dydd": alone, "Mawrth" is March.
_ENGLISH_DAYS = "|".join(name for names in _WEEKDAYS for name in names[:-1])
_WELSH_DAYS = "|".join(names[-1] for names in _WEEKDAYS)
# Good Friday and Easter Monday are names.
_WEEKDAY = (
    rf"(?:(?<!good\ )(?<!easter\ )\b(?P<weekday>{_ENGLISH_DAYS})\b\.?,?\s*"
    rf"|\bd?dydd\s+(?P<dydd>{_WELSH_DAYS})\b,?\s*)?"
)

_DATE = re.compile(
    _WEEKDAY
    + rf"""(?:
      (?<!\d)(?P<iso_year>\d{{4}})-(?P<iso_month>\d{{1,2}})-(?P<iso_day>\d{{1,2}})(?!\d)
    | (?<!\d)(?P<num_day>\d{{1,2}})(?P<mark>[/.-])(?P<num_month>\d{{1,2}})(?P=mark)(?P<num_year>\d{{4}}|\d{{2}})(?!\d)
    | (?<!\d)(?P<short_day>\d{{1,2}})/(?P<short_month>0?[1-9]|1[0-2])(?![\d/])(?!{_ORDINAL}\s*(?:of\s+)?(?:{_MONTH})\b)
    | (?<!\d)(?P<day>\d{{1,2}}){_ORDINAL}\s*(?:of\s+|o\s+)?(?P<month>{_MONTH})(?![^\W\d])\.?(?:,?\s*(?P<year>\d{{4}}|['’]\d{{2}})(?!\d))?
    | \b(?P<us_month>{_MONTH})\b\.?\s+(?P<us_day>\d{{1,2}}){_ORDINAL}(?![\d/:.]\d|\d)(?:,?\s+(?P<us_year>\d{{4}})(?!\d))?
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TO = (
    r"\s*(?:[-–—/]|\.\.\.?|…|→|(?:\bto|\buntil|\btill|\bthrough|\bi|\btan|\bhyd)\b"
    r"|(?P<both>&|\+|\b(?:and|a|ac)\b))\s*"
)
_BETWEEN = re.compile(_TO, re.IGNORECASE)
_BARE_DAY = re.compile(rf"{_WEEKDAY}(?<!\d)(?P<day>\d{{1,2}}){_ORDINAL}{_TO}$", re.IGNORECASE)
_MORE_DAYS = re.compile(rf"\d{{1,2}}{_ORDINAL}\s*(?:,|&|\+|\band|\ba)\s*$", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•·–—]\s*|\d{1,2}\)\s+|\d{1,2}\.\s+(?=\S))")
_FROM = re.compile(r"\b(?:from|o)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A date as typed; what was not said is None. `numeric` is for 3/4/2026, which two countries read two ways."""

    day: int
    month: int | None
    year: int | None
    weekday: int | None
    numeric: bool = False


def parse_closures(text: str) -> Reading:
    """Read closures from typed text, one a line; blank lines are passed over, every other is read or given back."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return sorted_out(_read_line(number, line) for number, line in lines if line)


def _read_line(number: int, line: str) -> Read | Unread:
    if len(line) > LONGEST_LINE:
        return Unread(number, line, Problem.UNCLEAR)
    text = _BULLET.sub("", line)
    found = list(_DATE.finditer(text))
    if not found:
        return Unread(number, line, Problem.NO_DATE)
    typed = [_typed(each) for each in found]
    before, after = text[: found[0].start()], text[found[-1].end() :]
    if len(found) == 1:
        joined = _BARE_DAY.search(before)
        if joined:
            first = _Typed(int(joined["day"]), typed[0].month, None, _weekday(joined))
            typed, before = [first, typed[0]], before[: joined.start()]
    else:
        joined = _BETWEEN.fullmatch(text[found[0].end() : found[1].start()])
    if len(found) > 2 or (len(found) == 2 and not joined) or _MORE_DAYS.search(before):
        return Unread(number, line, Problem.UNCLEAR)
    try:
        first, last = _dated(typed[0], typed[-1])
    except _CannotReadError as wrong:
        return Unread(number, line, wrong.problem)
    if joined and joined["both"] and (last - first).days != 1:
        return Unread(number, line, Problem.UNCLEAR)  # two days with days between, on one line
    name = _FROM.sub("", before) + " " + after
    return checked(number, line, (first, last, name), doubtful=_doubtful(typed))


class _CannotReadError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _dated(first: _Typed, last: _Typed) -> tuple[date, date]:
    """Both dates, each borrowing from the other a year that was said once."""
    first_year, last_year = first.year, last.year
    if first_year is None and last_year is None:
        raise _CannotReadError(Problem.NO_YEAR)
    turns_the_year = (first.month or 0, first.day) > (last.month or 0, last.day)
    if first_year is None and last_year is not None:
        first_year = last_year - (turns_the_year and first.month != last.month)
    if last_year is None and first_year is not None:
        last_year = first_year + (turns_the_year and first.month != last.month)
    return _real(first, first_year), _real(last, last_year)


def _real(typed: _Typed, year: int | None) -> date:
    try:
        day = date(year or 0, typed.month or 0, typed.day)
    except ValueError:
        raise _CannotReadError(Problem.NOT_A_DATE) from None
    if typed.weekday is not None and day.weekday() != typed.weekday:
        raise _CannotReadError(Problem.WRONG_WEEKDAY)
    return day


def _doubtful(typed: list[_Typed]) -> bool:
    """Whether day and month could be the other way round in every date of the line, and it would matter."""
    numeric = all(each.numeric and each.day <= 12 for each in typed)
    return numeric and any(each.day != each.month for each in typed)


def _typed(found: re.Match[str]) -> _Typed:
    weekday = _weekday(found)
    if found["iso_year"]:
        return _Typed(int(found["iso_day"]), int(found["iso_month"]), int(found["iso_year"]), weekday)
    if found["num_day"]:
        return _Typed(int(found["num_day"]), int(found["num_month"]), _year(found["num_year"]), weekday, True)
    if found["short_day"]:
        return _Typed(int(found["short_day"]), int(found["short_month"]), None, weekday, True)
    if found["day"]:
        return _Typed(
            int(found["day"]), _MONTH_NUMBERS[found["month"].lower()], _year(found["year"]), weekday
        )
    return _Typed(
        int(found["us_day"]), _MONTH_NUMBERS[found["us_month"].lower()], _year(found["us_year"]), weekday
    )


def _weekday(found: re.Match[str]) -> int | None:
    said: str | None = found["weekday"] or found["dydd"]
    return None if said is None else _WEEKDAY_NUMBERS[said.lower()]


def _year(said: str | None) -> int | None:
    if said is None:
        return None
    digits = said.lstrip("'’")
    return int(digits) if len(digits) == 4 else 2000 + int(digits)
