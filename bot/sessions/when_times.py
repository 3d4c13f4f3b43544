"""The time in a "when", and an end if one was said. Pure."""

from __future__ import annotations

import re
from datetime import time

from bot.sessions import when_words as words
from bot.sessions.when_said import Ask, Choice, Problem, Question, Said, Stop, Unread


class TimeReader:
    """Takes the time out of a text. `minutes`: how long, if an end was said; `habit`: "mornings" rather than "morning"."""

    def __init__(self, said: Said, hint: str) -> None:
        self.said = said
        self._hint = hint
        self.minutes: int | None = None
        self.habit = False

    def read(self) -> time | None:
        """The time it starts, if one was said. Raises `Stop` where something has to be asked or cannot be."""
        hint_found = self.said.find(words.HINT)
        hint = words.HALVES[hint_found[1]] if hint_found else self._hint
        self.habit = hint_found is not None and hint_found[0].endswith("s")
        first = self.said.find(words.TIME)
        if first is not None and self._clock(first) is None:
            raise Stop(Unread(Problem.NOT_A_TIME, first[0]))
        if first is None:
            if hint_found:
                raise Stop(Unread(Problem.NO_TIME, self.said.text))
            return None
        second = self._second(first)
        if second is not None and not self._half(first) and self._half(second):
            at = self._ranged(first, second)
        else:
            at = self._plain_time(first, hint)
        if second is not None:
            end = self._plain_time(second, hint or self._half(first), after=at)
            minutes = (end.hour * 60 + end.minute - at.hour * 60 - at.minute) % (24 * 60)
            self.minutes = minutes or None
            self.said.blank(first.start(), second.end())
        self.said.blank(first.start(), first.end())
        if hint_found:
            self.said.blank(hint_found.start(), hint_found.end())
        if (another := self.said.find(words.TIME)) is not None and self._clock(another) is not None:
            raise Stop(Unread(Problem.TWO_TIMES, self.said.text))
        return at

    def _second(self, first: re.Match[str]) -> re.Match[str] | None:
        """The end of "9 to 10am", if an end was said."""
        between = words.RANGE.match(self.said.rest, first.end())
        second = words.TIME.match(self.said.rest, between.end()) if between else None
        return second if second is not None and self._clock(second) is not None else None

    def _ranged(self, first: re.Match[str], second: re.Match[str]) -> time:
        """ "7-8pm" is 7 pm, "11-1pm" is 11 am: the half of the day in which the end comes soonest after the start."""
        clock, end = self._clock(first), self._clock(second)
        assert clock is not None
        assert end is not None
        until = self._in_half(*end, self._half(second))
        both = [self._in_half(*clock, half) for half in ("am", "pm")]
        return min(
            both, key=lambda at: (until.hour * 60 + until.minute - at.hour * 60 - at.minute - 1) % 1440
        )

    def _plain_time(self, found: re.Match[str], hint: str, after: time | None = None) -> time:
        clock = self._clock(found)
        assert clock is not None
        hour, minute = clock
        half = self._half(found)
        if found["name"] == "midnight" and after is None:
            ask = [
                Choice(self.said.instead(found, f" {said} "), at=at)
                for said, at in (("00:00", time(0)), ("23:59", time(23, 59)))
            ]
            raise Stop(Ask(Question.MIDNIGHT, found[0].strip(), tuple(ask)))
        if found["name"]:
            return time(0 if found["name"] == "midnight" else 12)
        if half:
            if not 1 <= hour <= 12:
                raise Stop(Unread(Problem.NOT_A_TIME, found[0].strip()))
            return self._in_half(hour, minute, half)
        if self._by_24(found, hour):
            return time(hour, minute)
        if hint and not (hint == "pm" and hour < 6 and "night" in self.said.text):
            return self._in_half(hour, minute, hint)
        if after is not None:
            return min(
                (self._in_half(hour, minute, each) for each in ("am", "pm")),
                key=lambda at: (at.hour * 60 + at.minute - after.hour * 60 - after.minute - 1) % 1440,
            )
        shown = f"{hour}:{minute:02}" if minute else str(hour)
        ask = [
            Choice(self.said.instead(found, f" {shown}{each} "), at=self._in_half(hour, minute, each))
            for each in ("am", "pm")
        ]
        raise Stop(Ask(Question.HALF, found[0].strip(), tuple(ask)))

    @staticmethod
    def _in_half(hour: int, minute: int, half: str) -> time:
        return time(hour % 12 + (12 if half == "pm" else 0), minute) if hour <= 12 else time(hour, minute)

    @staticmethod
    def _half(found: re.Match[str]) -> str:
        return (
            found["half"]
            or found["half_clock"]
            or found["half_hm"]
            or found["half_word"]
            or found["half_spelt"]
            or ""
        )

    @staticmethod
    def _by_24(found: re.Match[str], hour: int) -> bool:
        """Whether it can only be meant by the 24-hour clock: 13 and later, 00:15, 09:00, 0900, 12:30."""
        written = found["hour"] or found["hm"] or ""
        if hour > 12 or hour == 0 or written.startswith("0"):
            return True
        if found["hm"]:
            return len(written) == 4 and "h" in found[0]
        return found["dot"] in (":", "h") and len(written) == 2

    @staticmethod
    def _clock(found: re.Match[str]) -> tuple[int, int] | None:
        """Hour and minute as they were said; None for what is no time of day."""
        if found["name"]:
            return 12, 0
        if found["part"]:
            try:
                hour = words.number_of(found["hour_word"])
            except ValueError:
                return None
            return (
                {"half": (hour, 30), "quarter": (hour, 15)}.get(found["part"].split()[0], (hour, 0))
                if "to" not in found["part"].split()
                else ((hour - 2) % 12 + 1, 45)
            )
        if found["hm"]:
            hour, minute = divmod(int(found["hm"]), 100)
        elif found["spelt"]:
            hour, minute = words.number_of(found["spelt"]), 0
        else:
            hour, minute = int(found["hour"]), int(found["minute"] or 0)
        return (hour, minute) if hour <= 23 and minute <= 59 else None
