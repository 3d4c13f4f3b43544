"""How somebody stands with a meeting, and what is on, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.content.library import Library, Words, joined
from bot.content.neutral import neutralise
from bot.sessions.attendance import Register
from bot.sessions.coming import Answered
from bot.sessions.feed import Standing
from bot.sessions.listing import Listed, On, Reminders
from bot.sessions.meeting import moment, title_said, where_said
from bot.sessions.places import FEWEST
from bot.sessions.reminding import CHOICES
from bot.sessions.rules import REASON_LENGTH, Answer, Place

LIST_LENGTH = 1400
COMING_SHOWN = 500
OTHERS_SHOWN = 220
THERE_SHOWN = 300
ABOUT_SHOWN = 280
_KEPT: dict[Answer, str] = {Answer.MAYBE: "maybe", Answer.CANT: "cant"}


class Teller:
    """Says things about sessions in one language."""

    def __init__(self, library: Library, language: str = "en") -> None:
        self._library = library
        self._language = language

    def _text(self, key: str, **params: str) -> Words:
        return self._library.text(f"sessions.{key}", self._language, count=None, **params)

    def _counted(self, key: str, count: int, **params: str) -> Words:
        return self._library.text(f"sessions.{key}", self._language, count=count, **params)

    def answered(self, done: Answered) -> tuple[str, dict[str, str]]:
        """Which words a press is met with, and what fills them."""
        meeting = done.meeting
        params: dict[str, str] = {
            "title": title_said(meeting),
            "when": moment(meeting.starts_at),
            "where": where_said(meeting),
        }
        if not meeting.held:
            params["reason"] = self.reason(meeting.reason)
            return "sessions.not_held", params
        if done.over:
            return "sessions.over", params
        if done.answer is Answer.COMING:
            return ("sessions.coming" if done.place is Place.IN else "sessions.waiting"), params
        if done.answer is Answer.MAYBE:
            return ("sessions.maybe" if meeting.places is None else "sessions.maybe_full"), params
        return "sessions.cant", params

    def reason(self, reason: str) -> Words:
        """Why something is not held, as its facilitator put it; nothing where they said nothing."""
        said = neutralise(reason, REASON_LENGTH) if reason.strip() else ""
        return self._text("reason", reason=Words(said)) if said else Words("")

    def standing(self, answer: Answer | None, place: Place, until: datetime | None) -> Words:
        """How somebody stands, in a sentence; nothing for who has said nothing."""
        if place is Place.OFFERED and until is not None:
            return self._text("standing.offered", until=moment(until))
        if place in (Place.IN, Place.WAITING):
            return self._text("standing.coming" if place is Place.IN else "standing.waiting")
        key = _KEPT.get(answer) if answer is not None else None
        return Words("") if key is None else self._text(f"standing.{key}")

    def on(self, on: On) -> Words:
        """The list of what is on: the next meeting of each series, and whichever they said something about.

        A weekly coffee would otherwise fill the screen five times over; the menu beneath has all of them.
        """
        lines: list[Words] = []
        network, series, left = "", set[int](), 0
        for listed in on.listed:
            new = listed.meeting.series_id not in series
            series.add(listed.meeting.series_id)
            line = self._line(listed)
            if on.networks > 1 and listed.network != network:
                line = joined([self._text("list.from", network=listed.network), line])
            full = sum(len(each) + 1 for each in lines) + len(line) > LIST_LENGTH
            if full or not (new or listed.answer):
                left += 1
                continue
            network = listed.network
            lines.append(line)
        if left:
            lines.append(self._text("list.more", number=str(left)))
        if on.unreachable:
            lines.append(self._text("list.unreachable"))
        return joined(lines)

    def _line(self, listed: Listed) -> Words:
        meeting = listed.meeting
        standing = self.standing(listed.answer, listed.place, listed.until)
        return self._text(
            "list.line",
            title=title_said(meeting),
            when=moment(meeting.starts_at),
            where=where_said(meeting),
            standing=joined([Words("\n-# "), standing], "") if standing else Words(""),
        )

    def card(self, done: Answered) -> dict[str, str]:
        """One meeting's own screen."""
        meeting = done.meeting
        parts: list[Words] = []
        standing = self.standing(done.answer, done.place, done.until)
        if standing:
            parts.append(standing)
        if meeting.places is not None:
            parts.append(self._text("standing.places", places=str(meeting.places)))
        if done.coming is not None and done.coming >= FEWEST:
            parts.append(self._counted("count", done.coming))
        about = Words(neutralise(meeting.about, ABOUT_SHOWN)) if meeting.about.strip() else Words("")
        if about and parts:
            about = joined([about, Words("\n\n")], "")
        return {
            "title": title_said(meeting),
            "when": moment(meeting.starts_at),
            "where": where_said(meeting),
            "about": about,
            "standing": joined(parts, " "),
        }

    def option(self, listed: Listed, zone: str) -> tuple[str, str]:
        """One meeting in a menu, which shows neither mentions nor times of its own: by the session's clock."""
        when = self._library.when(listed.meeting.starts_at, zone, self._language)
        return str(listed.meeting.id), f"{when} · {listed.meeting.title}"

    def reminders(self, chosen: Reminders) -> dict[str, str]:
        """When somebody is reminded."""
        name = next((key for key, leads in CHOICES.items() if tuple(leads) == tuple(chosen.leads)), "own")
        return {
            "leads": self._text(f"leads.{name}"),
            "maybe": self._text("maybe.yes" if chosen.maybe else "maybe.no"),
            "after": self._text("after.yes" if chosen.after else "after.no"),
        }

    def feed(self, standing: Standing | None, *, served: bool, note: str = "") -> Words:
        """How things are with somebody's private calendar address."""
        lines: list[Words] = []
        if not served:
            lines.append(self._text("feed.not_here"))
        elif standing is None:
            lines.append(self._text("feed.none"))
        else:
            lines.append(
                self._text(
                    "feed.there",
                    date=self._library.day(standing.made_on, self._language, year=True),
                    titles=self._text("feed.neutral" if standing.neutral else "feed.names"),
                )
            )
        if note:
            lines.append(self._text(f"feed.{note}"))
        return joined(lines)

    def permissions(self, names: Sequence[str]) -> Words:
        """Permissions by Discord's own names for them; `names` are discord.py's."""
        return joined([self._text(f"permission.{name}") for name in names], ", ")

    def people(self, key: str, users: Sequence[int], limit: int) -> Words:
        """A list of people, as Discord shows a mention to whoever reads it: nobody is called by it."""
        names: list[Words] = []
        for user_id in users:
            name = Words(f"<@{user_id}>")
            if sum(len(each) + 2 for each in names) + len(name) > limit:
                names.append(self._text("register.more", number=str(len(users) - len(names))))
                break
            names.append(name)
        said = joined(names, ", ")
        if key == "register.coming":
            return self._counted(key, len(users), names=said)
        return self._text(key, names=said)

    def register(self, taken: Register) -> dict[str, str]:
        """A meeting's register, for its facilitator."""
        none = self._text("register.coming_none")
        lines = [self.people("register.coming", taken.coming, COMING_SHOWN) if taken.coming else none]
        if taken.waiting:
            lines.append(self.people("register.waiting", taken.waiting, OTHERS_SHOWN))
        there = self.people("register.there", taken.there, THERE_SHOWN)
        return {
            "title": title_said(taken.meeting),
            "when": moment(taken.meeting.starts_at),
            "coming": joined(lines),
            "maybe": self.people("register.maybe", taken.maybe, OTHERS_SHOWN) if taken.maybe else Words(""),
            "there": there if taken.there else self._text("register.there_none"),
        }

    def registered(self, register: Register, strangers: Sequence[int]) -> dict[str, str]:
        """What a roll-call came to."""
        said = self.people("register.strangers", strangers, OTHERS_SHOWN) if strangers else Words("")
        there = len(register.there)
        count = self._counted("register.count", there) if there else self._text("register.count_none")
        return {"count": count, "strangers": said}
