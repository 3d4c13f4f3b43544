"""What services of this package speak with: the key, the words, and one number that answers at any hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.content.library import Library, Words
from bot.db.keys import Keyring
from bot.schedule.recurrence import local_date

EVENING_HOUR = 17


@dataclass(frozen=True)
class Desk:
    """Made once, when the database is open. `line` gives the number for a network and a language, from memory."""

    keys: Keyring
    library: Library
    line: Callable[[int, str], str]

    def when(self, at: datetime, zone: str, now: datetime, language: str = "en") -> Words:
        """An instant as people say it by the clock of `zone`: "4 pm today", "7.30 pm this evening"."""
        text, clock = self.library.text, self.library.clock(at, zone, language)
        days = (local_date(at, zone) - local_date(now, zone)).days
        if days == 0:
            late = at.astimezone(ZoneInfo(zone)).hour >= EVENING_HOUR
            return text("listeners.when.evening" if late else "listeners.when.today", language, time=clock)
        if days == 1:
            return text("listeners.when.tomorrow", language, time=clock)
        return text("listeners.when.day", language, when=self.library.when(at, zone, language))

    def span(self, length: timedelta, language: str = "en") -> Words:
        """A length of time in words: "30 minutes", "2 hours"."""
        minutes = round(length.total_seconds() / 60)
        if minutes % 60 == 0:
            return self.library.text("listeners.hours", language, count=minutes // 60)
        return self.library.text("listeners.minutes", language, count=minutes)

    def later(self, at: datetime | None, zone: str, now: datetime, language: str = "en") -> Words:
        """When somebody will next be on, in a sentence; or that nobody has said."""
        if at is None:
            return self.library.text("listeners.later.unknown", language)
        return self.library.text("listeners.later.known", language, when=self.when(at, zone, now, language))
