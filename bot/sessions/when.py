""" "Saturday 9am", "every other Thursday 7:30pm until July": what somebody typed, as a rule or as a question.

Nothing is guessed. What could mean two things comes back as an `Ask` with choices, each of them the same text made
plain, so that whoever asks only has to read the chosen text again. Days come before months: 03/04 is 3 April.

A date with a month's name is read by dateutil; the rest is a small grammar of our own, since libraries that read whole
phrases fill in what was not said (dateparser takes "at 7" for the morning, and 13/01 and 01/13 for the same day).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from bot.schedule.recurrence import MAX_COUNT, Series, Unit, first_on, nth_of_month, resolve
from bot.sessions import when_words as words
from bot.sessions.when_dates import DateReader, Day, dated
from bot.sessions.when_said import Ask, Choice, Heard, Problem, Question, Said, Stop, Unread
from bot.sessions.when_times import TimeReader

LONGEST = 200
"""The most characters read: more than that is not a time."""

FURTHEST = timedelta(days=3 * 366)
"""How far ahead a first meeting may be."""


def read_when(text: str, now: datetime, zone: str) -> Heard | Ask | Unread:
    """The rule meant by `text`, or what has to be asked, or what could not be read.

    `now` is aware; the rule is by the wall clock of `zone` and starts on its first date.
    """
    if len(text) > LONGEST:
        return Unread(Problem.TOO_LONG, text[:40])
    said = Said(words.of_one_day(words.plain(text)))
    try:
        return _Reading(said, now.astimezone(ZoneInfo(zone)), zone).rule()
    except Stop as stop:
        return stop.outcome
    except (OverflowError, ValueError):  # a year 0, a month 0, a count of nothing
        return Unread(Problem.NOT_A_DATE, text[:40])


@dataclass
class _Repeat:
    """How often, as far as it was said."""

    unit: Unit
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int | tuple[int, ...] = 0
    span: tuple[int, int] = (0, 0)


class _Reading:
    def __init__(self, said: Said, now: datetime, zone: str) -> None:
        self.said = said
        self.now = now
        self.today = now.date()
        self.zone = zone
        self.dates = DateReader(said, self.today)
        self.minutes: int | None = None
        self.habit = False

    def rule(self) -> Heard | Ask | Unread:
        self._not_ours()
        until = self.dates.until()
        counted = self._counted()
        starting = self.dates.starting()
        day = self.dates.day()
        repeat = self._repeat()
        times = TimeReader(self.said, self.dates.hint)
        at = times.read()
        self.minutes, self.habit = times.minutes, times.habit
        days, singular = self._days()
        if self.said.left:
            return Unread(Problem.UNREAD, self.said.left)
        if repeat is None and days and (len(days) > 1 or not singular):
            repeat = _Repeat(Unit.WEEK, weekdays=days)
        repeat = self._filled(repeat, days, day, counted)
        if day is None and starting is None and not days and repeat is None:
            return Unread(Problem.NO_DAY, self.said.text)
        if at is None:
            return Unread(Problem.NO_TIME, self.said.text)
        if repeat is None:
            return self._once(day or starting, days, at, until is not None)
        return self._series(repeat, day or starting, at, until, counted)

    # What is said

    def _not_ours(self) -> None:
        if words.TWO_ORDINALS.search(self.said.text):
            raise Stop(Unread(Problem.TWO_RULES, self.said.text))

    def _counted(self) -> tuple[int, str] | None:
        found = self.said.take(words.COUNTED)
        if found is None:
            return None
        number = words.number_of(found["n"] or found["n2"] or found["n3"])
        unit = (found["unit"] or found["unit2"] or "times").rstrip("s")
        if not 1 <= number <= MAX_COUNT:
            raise Stop(Unread(Problem.COUNT, found[0]))
        return number, unit

    # How often

    def _repeat(self) -> _Repeat | None:
        unit = self._unit()
        found = self.said.find(words.EVERY_ORDINAL)
        if found is not None:
            return self._ordinal(found, unit)
        found = self.said.take(words.EVERY_DAYS) or self.said.take(words.ALTERNATE_DAYS)
        if found is not None:
            other = found.groupdict().get("other", "other")
            every = 1 if other is None else 2 if other in ("other", "alternate") else words.number_of(other)
            return _Repeat(Unit.WEEK, every, words.days_in(found["days"]))
        return unit

    def _unit(self) -> _Repeat | None:
        """ "every fortnight", "daily", "on weekdays"."""
        found = self.said.take(words.EVERY_UNIT)
        if found is not None:
            other = found["other"]
            every = (
                1
                if other is None
                else 2
                if other in ("other", "alternate")
                else words.ORDINALS.get(other) or words.number_of(other)
            )
            name = found["unit"].rstrip("s")
        else:
            found = self.said.take(words.ADVERB)
            if found is None:
                return None
            every = 1
            name = {
                "daily": "day",
                "weekly": "week",
                "once a week": "week",
                "fortnightly": "fortnight",
                "once a fortnight": "fortnight",
                "monthly": "month",
                "once a month": "month",
                "weekends": "weekend",
            }.get(found[1], "weekday")
        span = found.span()
        match name:
            case "day":
                return _Repeat(Unit.DAY, every, span=span)
            case "week":
                return _Repeat(Unit.WEEK, every, span=span)
            case "fortnight":
                return _Repeat(Unit.WEEK, 2 * every, span=span)
            case "month":
                return _Repeat(Unit.MONTH, every, span=span)
            case "weekend":
                return _Repeat(Unit.WEEK, every, (5, 6), span=span)
            case _:
                return _Repeat(Unit.WEEK, every, (0, 1, 2, 3, 4), span=span)

    def _ordinal(self, found: re.Match[str], unit: _Repeat | None) -> _Repeat:
        nths, day = words.nths_in(found["nth"]), words.weekday_of(found["day"])
        name = words.WEEKDAY_NAMES[day]
        if 5 in nths:
            others = tuple(dict.fromkeys(-1 if each == 5 else each for each in nths))
            listed = " and ".join(words.NTH_NAMES[each] for each in others)
            plain = self.said.instead(found, f" {listed} {name} monthly ")
            choice = Choice(plain, nth=others, weekday=day)
            raise Stop(Ask(Question.FIFTH, found[0].strip(), (choice,)))
        monthly = unit is not None and unit.unit is Unit.MONTH
        if len(nths) > 1:
            # There is nothing but months that several of them could be of.
            self.said.blank(*found.span())
            return _Repeat(Unit.MONTH, unit.every if monthly and unit else 1, (day,), nths)
        nth = next(iter(nths))
        if not monthly and not found["month"] and not (found["every"] and nth in (1, -1)):
            choices = [
                Choice(
                    self.said.instead(found, f" {words.NTH_NAMES[nth]} {name} monthly "),
                    nth=nths,
                    weekday=day,
                )
            ]
            if found["every"]:
                choices.append(
                    Choice(self.said.instead(found, f" every {nth} weeks on {name} "), every=nth, weekday=day)
                )
            raise Stop(Ask(Question.NTH, found[0].strip(), tuple(choices)))
        self.said.blank(*found.span())
        return _Repeat(Unit.MONTH, unit.every if monthly and unit else 1, (day,), nth)

    def _days(self) -> tuple[tuple[int, ...], bool]:
        """Weekdays said by themselves, and whether as one day ("Saturday") rather than as a habit ("Saturdays")."""
        found = self.said.take(words.DAYS)
        if found is None:
            return (), True
        ones = list(words.ONE_DAY.finditer(found["days"]))
        habit = any(each[2] and words.plain(each[0]) not in ("tues", "weds", "thurs") for each in ones)
        return words.days_in(found["days"]), not (habit or self.habit)

    def _filled(
        self, repeat: _Repeat | None, days: tuple[int, ...], day: Day | None, counted: tuple[int, str] | None
    ) -> _Repeat | None:
        """A repetition with its weekdays, from wherever in the sentence they stood."""
        if repeat is None:
            if counted is None:
                return None
            if counted[1] in ("week", "fortnight") and (days or day):
                return _Repeat(Unit.WEEK, 1, days or (self.dates.next(day).weekday(),) if day else days)
            choices = [
                Choice(f"{self.said.text} {each}", every=every)
                for each, every in (("weekly", 1), ("fortnightly", 2))
            ]
            raise Stop(Ask(Question.OFTEN, self.said.text, tuple(choices)))
        if repeat.weekdays and not set(days) <= {*repeat.weekdays, *self._weekday_of(day)}:
            raise Stop(Unread(Problem.TWO_RULES, self.said.text))
        if repeat.weekdays or not days:
            return repeat
        if repeat.unit is Unit.DAY:
            raise Stop(Unread(Problem.TWO_RULES, self.said.text))
        if repeat.unit is Unit.MONTH:
            name = words.WEEKDAY_NAMES[days[0]]
            text = self.said.text[: repeat.span[0]] + " " + self.said.text[repeat.span[1] :]
            text = words.ONE_DAY.sub("", text, count=1)
            often = "" if repeat.every == 1 else f"every {repeat.every} months "
            raise Stop(
                Ask(
                    Question.WHICH_WEEK,
                    name,
                    tuple(
                        Choice(
                            " ".join(f"{often}{nth_name} {name} monthly {text}".split()),
                            nth=(nth,),
                            weekday=days[0],
                        )
                        for nth, nth_name in words.NTH_NAMES.items()
                    ),
                )
            )
        return _Repeat(repeat.unit, repeat.every, days, 0)

    def _weekday_of(self, day: Day | None) -> tuple[int, ...]:
        """The weekday a date falls on, which may be said beside it."""
        return () if day is None else (self.dates.next(day).weekday(),)

    # What it comes to

    def _once(self, day: Day | None, days: tuple[int, ...], at: time, ended: bool) -> Heard | Ask | Unread:
        if day is None:
            return self._once_or_weekly(days[0], at, ended)
        on = self.dates.next(day)
        if days and days[0] != on.weekday():
            return self.dates.wrong_weekday(day, on, days[0])
        return self._heard(Series(on, at, self.zone, Unit.DAY, count=1), doubtful=day.doubtful)

    def _once_or_weekly(self, weekday: int, at: time, ended: bool) -> Ask:
        first = self._first(weekday, at)
        name = words.WEEKDAY_NAMES[weekday]
        every = words.ONE_DAY.sub(f"every {name}", self.said.text, count=1)
        other = words.ONE_DAY.sub(f"every other {name}", self.said.text, count=1)
        once = words.ONE_DAY.sub(dated(first), self.said.text, count=1)
        choices = [Choice(every, weekday=weekday, every=1), Choice(other, weekday=weekday, every=2)]
        if not ended:
            choices.insert(0, Choice(once, on=first))
            if first == self.today:
                later = first + timedelta(days=7)
                choices.insert(1, Choice(words.ONE_DAY.sub(dated(later), self.said.text, count=1), on=later))
        return Ask(Question.ONCE, name, tuple(choices))

    def _first(self, weekday: int, at: time) -> date:
        """The next such weekday on which that time is still to come."""
        first = first_on(weekday, self.today)
        return first if resolve(first, at, self.zone) > self.now else first + timedelta(days=7)

    def _series(
        self, repeat: _Repeat, day: Day | None, at: time, until: Day | None, counted: tuple[int, str] | None
    ) -> Heard | Ask | Unread:
        since = self.dates.next(day) if day else self.today
        if day is None and resolve(since, at, self.zone) <= self.now:
            since += timedelta(days=1)
        if repeat.unit is Unit.MONTH and not repeat.weekdays:
            return self._month_of(repeat, since if day else None)
        if repeat.unit is Unit.WEEK and not repeat.weekdays:
            if day is None:
                return Unread(Problem.NO_DAY, self.said.text)
            repeat.weekdays = (since.weekday(),)
        if day is None and repeat.every > 1 and repeat.unit is not Unit.MONTH:
            return self._start(repeat, since)
        first = next(
            Series(
                since.replace(day=1) if repeat.unit is Unit.MONTH else since,
                at,
                self.zone,
                repeat.unit,
                repeat.every if repeat.unit is not Unit.MONTH else 1,
                repeat.weekdays,
                repeat.nth,
            ).dates(since)
        )
        last = self._last(first, until, counted)
        if last is not None and last < first:
            return Unread(Problem.ENDS_FIRST, self.said.text)
        count = counted[0] if counted and counted[1] in ("session", "meeting", "time") else None
        return self._heard(
            Series(first, at, self.zone, repeat.unit, repeat.every, repeat.weekdays, repeat.nth, last, count),
            doubtful=day is not None and day.doubtful,
        )

    def _month_of(self, repeat: _Repeat, on: date | None) -> Ask | Unread:
        """ "Monthly" with a date, or with nothing: months are counted by weekday here, never by number."""
        if on is None:
            return Unread(Problem.NO_DAY, self.said.text)
        nth, name = nth_of_month(on), words.WEEKDAY_NAMES[on.weekday()]
        text = self.said.text[: repeat.span[0]] + " " + self.said.text[repeat.span[1] :]
        often = "" if repeat.every == 1 else f"every {repeat.every} months "
        last = (on + timedelta(days=7)).month != on.month
        return Ask(
            Question.MONTHLY,
            self.said.text,
            tuple(
                Choice(
                    " ".join(f"{often}{words.NTH_NAMES[each]} {name} monthly {text}".split()),
                    nth=(each,),
                    weekday=on.weekday(),
                )
                for each in dict.fromkeys([nth, -1] if last else [nth])
            ),
        )

    def _start(self, repeat: _Repeat, since: date) -> Ask:
        if repeat.unit is Unit.WEEK:
            first = min(first_on(day, since) for day in repeat.weekdays)
            starts = [first + timedelta(days=7 * ahead) for ahead in range(min(repeat.every, 4))]
        else:
            starts = [since + timedelta(days=ahead) for ahead in range(min(repeat.every, 4))]
        return Ask(
            Question.START,
            self.said.text,
            tuple(Choice(f"{self.said.text} from {dated(on)}", on=on) for on in starts),
        )

    def _last(self, first: date, until: Day | None, counted: tuple[int, str] | None) -> date | None:
        if until is not None:
            return self.dates.until_after(until, first)
        if counted is None or counted[1] in ("session", "meeting", "time"):
            return None
        number, unit = counted
        length = {
            "day": relativedelta(days=number),
            "week": relativedelta(weeks=number),
            "fortnight": relativedelta(weeks=2 * number),
            "month": relativedelta(months=number),
        }[unit]
        return first + length - timedelta(days=1)

    def _heard(self, series: Series, *, doubtful: bool) -> Heard | Unread:
        first = next(series.dates(series.start), None)
        if first is None:
            return Unread(Problem.ENDS_FIRST, self.said.text)
        if resolve(first, series.at, series.zone) <= self.now:
            return Unread(Problem.PAST, self.said.text, on=first)
        if first > self.today + FURTHEST:
            return Unread(Problem.TOO_FAR, self.said.text, on=first)
        return Heard(series, self.minutes, doubtful)
