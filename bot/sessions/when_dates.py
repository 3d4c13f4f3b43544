"""The dates in a "when": said with or without a year, as "tomorrow", as "next Friday". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.parser import ParserError, parse
from dateutil.relativedelta import relativedelta

from bot.schedule.recurrence import first_on
from bot.sessions import when_words as words
from bot.sessions.when_said import Ask, Choice, Problem, Question, Said, Stop, Unread

JUST_PAST = timedelta(days=60)
"""A date without a year that went by within this is asked about; one longer ago is next year's."""

_LEAP = datetime(2000, 1, 1)  # noqa: DTZ001 - dateutil fills in a date from it, never an instant


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it was said. `edge`: only a month, of which it is the "start" or the "end"; "?" if that was not said."""

    day: int
    month: int
    year: int | None
    found: re.Match[str]
    doubtful: bool = False
    edge: str = ""


class DateReader:
    """Takes the dates out of a text. Raises `Stop` where something has to be asked or cannot be."""

    def __init__(self, said: Said, today: date) -> None:
        self.said = said
        self.today = today
        self.hint = ""  # "tonight" says a date and half a time

    def day(self) -> Day | None:
        """The date it is on or begins on."""
        return self._relative() or self._date()

    def starting(self) -> Day | None:
        """ "starting next week": its Monday."""
        found = self.said.take(words.STARTS_NEXT_WEEK)
        return self._of(first_on(0, self.today + timedelta(days=1)), found) if found else None

    def until(self) -> Day | None:
        """The last date, if one was said: "until 3 July", "until July", "until the end of July"."""
        found = self.said.find(words.UNTIL)
        if found is None:
            return None
        if words.TIME.match(self.said.rest, found.end() + 1) and not self._dates_at(found.end()):
            return None  # "9am until 10am"
        if self.said.rest[found.end() :].startswith(" further notice"):
            return None
        place = found.end()
        last = self._dates_at(place)
        if last is not None:
            self.said.blank(found.start(), last.found.end())
            return last
        month = words.MONTH_ALONE.match(self.said.rest, place + 1)
        if month is None:
            raise Stop(Unread(Problem.UNREAD, self.said.rest[found.start() :].replace("\x00", " ").strip()))
        self.said.blank(found.start(), month.end())
        edge = (month["edge"] or "?").split()[0]
        year = int(month["year"]) if month["year"] else None
        return Day(1, words.month_of(month["month"]), year, month, edge=edge)

    def _dates_at(self, place: int) -> Day | None:
        """A date that stands right there, with or without its weekday."""
        gap = re.compile(rf" (?:{words.ONE_DAY.pattern} )?(?=\S)").match(self.said.rest, place)
        if gap is None:
            return None
        for pattern in (words.ISO, words.SLASHED, words.NAMED):
            found = pattern.match(self.said.rest, gap.end())
            if found is not None:
                return self._read(pattern, found)
        return None

    def _date(self) -> Day | None:
        for pattern in (words.ISO, words.SLASHED, words.NAMED, words.DAY_ALONE):
            found = self.said.find(pattern)
            if found is not None:
                day = self._read(pattern, found)
                self.said.blank(*found.span())
                return day
        return None

    def _read(self, pattern: re.Pattern[str], found: re.Match[str]) -> Day:
        if pattern is words.ISO:
            return self._checked(int(found[3]), int(found[2]), int(found[1]), found)
        if pattern is words.SLASHED:
            day, month, year = int(found[1]), int(found[2] or found[4]), _year(found[3] or found[5])
            if month > 12 >= day:
                other = f" {month} {words.MONTH_NAMES[day - 1]} {year or ''} "
                raise Stop(Ask(Question.MONTH_FIRST, found[0], (Choice(self.said.instead(found, other)),)))
            return self._checked(day, month, year, found, doubtful=day <= 12 and day != month)
        if pattern is words.DAY_ALONE:
            number = int(found[1])
            on = next((on for n in range(62) if (on := self.today + timedelta(days=n)).day == number), None)
            if on is None:
                raise Stop(Unread(Problem.NOT_A_DATE, found[0]))
            return self._of(on, found)
        try:
            read = parse(found[0].replace("the ", "").replace("'", ""), default=_LEAP, dayfirst=True)
        except (ParserError, OverflowError):
            raise Stop(Unread(Problem.NOT_A_DATE, found[0])) from None
        return self._checked(read.day, read.month, _year(found["year"]), found)

    def _checked(
        self, day: int, month: int, year: int | None, found: re.Match[str], *, doubtful: bool = False
    ) -> Day:
        """A date there is: in its year, or for one without, in some year."""
        try:
            date(year or 2000, month, day)
        except ValueError:
            raise self._no_such(day, month, year, found) from None
        return Day(day, month, year, found, doubtful)

    def _no_such(self, day: int, month: int, year: int | None, found: re.Match[str]) -> Stop:
        if (day, month) != (29, 2) or year is None:
            return Stop(Unread(Problem.NOT_A_DATE, found[0].strip()))
        leap = next(y for y in range(year, year + 9) if y % 4 == 0 and (y % 100 or y % 400 == 0))
        others = [date(year, 2, 28), date(year, 3, 1), date(leap, 2, 29)]
        choices = [Choice(self.said.instead(found, dated(on)), on=on) for on in others if on >= self.today]
        return Stop(Ask(Question.NO_SUCH, found[0].strip(), tuple(choices)))

    def next(self, day: Day) -> date:
        """The date meant: with a year that one, without one the next to come."""
        if day.year is not None:
            return date(day.year, day.month, day.day)
        if (day.day, day.month) == (29, 2):
            coming = self.today.year + (date(self.today.year, 3, 1) <= self.today)
            if coming % 4:
                raise self._no_such(29, 2, coming, day.found)
            return date(coming, 2, 29)
        this = date(self.today.year, day.month, day.day)
        if this >= self.today:
            return this
        coming = date(self.today.year + 1, day.month, day.day)
        if self.today - this <= JUST_PAST:
            choice = Choice(self.said.instead(day.found, dated(coming)), on=coming)
            raise Stop(Ask(Question.GONE_BY, day.found[0].strip(), (choice,)))
        return coming

    def until_after(self, day: Day, first: date) -> date:
        """The last date of a series that begins on `first`. Asks what "until July" means."""
        year = day.year or first.year
        if day.edge:
            begins = date(year, day.month, 1)
            ends = begins + relativedelta(months=1) - timedelta(days=1)
            if day.year is None and ends < first:
                begins, ends = (
                    begins + relativedelta(years=1),
                    begins + relativedelta(years=1, months=1, days=-1),
                )
            if day.edge == "end":
                return ends
            if day.edge in ("start", "beginning"):
                return begins
            before = begins - timedelta(days=1)
            ask = [
                Choice(self.said.instead(day.found, dated(on)), on=on) for on in (before, ends) if on >= first
            ]
            if len(ask) == 1:
                return ends
            raise Stop(Ask(Question.UNTIL, day.found[0].strip(), tuple(ask)))
        if day.year is None and (day.month, day.day) < (first.month, first.day):
            year += 1
        try:
            return date(year, day.month, day.day)
        except ValueError:
            # Until 29 February, in a year without one: its last day.
            return date(year, 3, 1) - timedelta(days=1)

    def wrong_weekday(self, day: Day, on: date, weekday: int) -> Ask:
        """ "Monday 12 January", which is a Tuesday: the date, or the Mondays around it."""
        near = first_on(weekday, on)
        others = [on, near - timedelta(days=7), near]
        pattern = re.compile(rf"\b{words.ONE_DAY.pattern}")
        choices: list[Choice] = []
        for each in others:
            if each >= self.today:
                text = pattern.sub("", self.said.instead(day.found, dated(each)), count=1)
                choices.append(Choice(" ".join(text.split()), on=each))
        return Ask(Question.WEEKDAY, self.said.text, tuple(choices))

    def _relative(self) -> Day | None:
        found = self.said.take(words.RELATIVE)
        if found is not None:
            after = found[1].startswith("day")
            ahead = 2 if after else {"tomorrow": 1, "yesterday": -1}.get(found[1], 0)
            part = found[1].rpartition(" ")[2]
            self.hint = {"tonight": "pm", "evening": "pm", "afternoon": "pm", "morning": "am"}.get(part, "")
            return self._of(self.today + timedelta(days=ahead), found)
        found = self.said.take(words.WEEK_ON)
        if found is not None:
            weeks = 2 if found["n"] else 1
            coming = first_on(words.weekday_of(found["a"] or found["b"]), self.today + timedelta(days=1))
            return self._of(coming + timedelta(days=7 * weeks), found)
        found = self.said.take(words.NEXT_WEEK)
        if found is not None:
            monday = first_on(0, self.today + timedelta(days=1))
            return self._of(first_on(words.weekday_of(found["a"] or found["b"]), monday), found)
        found = self.said.find(words.NEXT)
        return self._next(found) if found is not None else None

    def _next(self, found: re.Match[str]) -> Day:
        """ "This Friday" is the one to come; "next Friday" is that one for some and the one after it for others."""
        weekday = words.weekday_of(found[2])
        coming = first_on(weekday, self.today + timedelta(days=1))
        if found[1] != "next" and weekday != self.today.weekday():
            self.said.blank(*found.span())
            return self._of(coming, found)
        if found[1] == "next" and weekday == self.today.weekday():
            self.said.blank(*found.span())
            return self._of(coming, found)
        first = self.today if weekday == self.today.weekday() else coming
        both = (first, first + timedelta(days=7))
        raise Stop(
            Ask(
                Question.NEXT,
                found[0],
                tuple(Choice(self.said.instead(found, dated(on)), on=on) for on in both),
            )
        )

    @staticmethod
    def _of(on: date, found: re.Match[str]) -> Day:
        return Day(on.day, on.month, on.year, found)


def _year(said: str | None) -> int | None:
    if not said:
        return None
    year = int(said.lstrip("'"))
    return year if year > 99 else 2000 + year


def dated(on: date) -> str:
    """A date as it is typed, with its year: "3 april 2027"."""
    return f"{on.day} {words.MONTH_NAMES[on.month - 1]} {on.year}"
