"""What a facilitator is shown while they write a session: a rule in words, its next dates, a question about a "when"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.content.dates import wall
from bot.content.library import Library, Words, joined
from bot.content.neutral import neutralise
from bot.schedule.recurrence import Series, Unit
from bot.sessions.drafts import Writing
from bot.sessions.fields import Place
from bot.sessions.meeting import Meeting, moment
from bot.sessions.previewing import Next
from bot.sessions.rules import TITLE_LENGTH, Where, Who
from bot.sessions.when_said import Ask, Choice, Question, Unread
from bot.sessions.when_words import NAMES

SAID = 60  # so much of what somebody typed is repeated to them
ABOUT_SHOWN = 90
TITLE_SHOWN = 60
WHERE_SHOWN = 150
CLOSURE_SHOWN = 40


@dataclass(frozen=True)
class Screen:
    """A template, what fills it, the row its buttons speak of, and a menu: (value, name)."""

    template: str
    params: Mapping[str, str]
    subject_id: int
    options: Sequence[tuple[str, str]] = ()
    without: frozenset[str] = field(default_factory=frozenset[str])


class Screens:
    """Puts what facilitators are shown into one language."""

    def __init__(self, library: Library, language: str = "en") -> None:
        self._library = library
        self._language = language

    def _text(self, key: str, **params: object) -> Words:
        return self._library.text(f"sessions.{key}", self._language, count=None, **params)

    def _counted(self, key: str, count: int, **params: object) -> Words:
        return self._library.text(f"sessions.{key}", self._language, count=count, **params)

    # A draft

    def draft(self, writing: Writing) -> Screen:
        """A draft before it is saved: what it is, and its next dates."""
        fields = writing.fields
        lines = [self.where(fields.where), self._who(writing)]
        if fields.places is not None:
            lines.append(self._counted("draft.places", fields.places))
        if fields.about:
            lines.append(self._text("draft.about", about=Words(neutralise(fields.about, ABOUT_SHOWN))))
        template = "sessions.draft"
        if writing.series_id is not None:
            template = "sessions.draft_edit"
            lines.append(self._text(f"draft.scope.{writing.scope}"))
        params = {
            "title": Words(neutralise(fields.title, TITLE_SHOWN)),
            "when": self.rule(fields.rule) if fields.rule else self._text("draft.no_when"),
            "length": self.length(fields.minutes),
            "details": joined(lines),
            "dates": self._dates(writing),
        }
        return Screen(template, params, writing.id)

    def more(self, writing: Writing) -> Screen:
        """The rest of what may be said of it."""
        fields = writing.fields
        neutral = fields.neutral_title
        helpers = [Words(f"<@{user}>") for user in fields.helpers]
        params = {
            "title": Words(neutralise(fields.title, TITLE_SHOWN)),
            "who": self._who(writing),
            "places": self._text("draft.no_places")
            if fields.places is None
            else self._counted("draft.places", fields.places),
            "helpers": joined(helpers, ", ") if helpers else self._text("draft.no_helpers"),
            "neutral": Words(neutralise(neutral, TITLE_LENGTH))
            if neutral
            else self._text("draft.no_neutral"),
            "closures": self._text("draft.skip" if fields.skip_closures else "draft.hold"),
        }
        options = [(who.value, str(self._text(f"who.{who}"))) for who in Who]
        return Screen("sessions.more", params, writing.id, options)

    def where(self, place: Place) -> Words:
        """Where it is, in a line."""
        if place.channel_id is not None:
            return self._text(f"where.{place.kind}", channel=f"<#{place.channel_id}>")
        if not place.text:
            return self._text("where.unsaid")
        if place.kind is Where.LINK:
            return self._text("where.link", link=place.text)
        return self._text("where.place", place=Words(neutralise(place.text, WHERE_SHOWN)))

    def _who(self, writing: Writing) -> Words:
        fields = writing.fields
        if fields.who is Who.ROLE:
            role = fields.role_id
            return self._text("for.role", role=f"<@&{role}>") if role else self._text("for.no_role")
        if fields.who is Who.INVITED:
            return self._counted("for.invited", len(fields.invited))
        return self._text("for.open", network=writing.network)

    def _dates(self, writing: Writing) -> Words:
        if writing.preview is None or not writing.preview.dates:
            return self._text("draft.no_dates")
        lines = [self._date(one) for one in writing.preview.dates]
        if writing.preview.more:
            lines.append(self._text("draft.and_so_on"))
        return joined(lines)

    def _date(self, one: Next) -> Words:
        params = {
            "day": self._library.day(one.on, self._language),
            "at": moment(one.at, "t"),
            "closure": Words(neutralise(one.closure, CLOSURE_SHOWN))
            if one.closure
            else self._text("draft.bank_holiday"),
        }
        if not one.held:
            return self._text("draft.date_closed", **params)
        line = self._text("draft.date", **params)
        notes: list[Words] = []
        if one.closure is not None:
            notes.append(self._text("draft.in_closure", **params))
        if one.clocks and not one.shifted:
            notes.append(self._text(f"draft.clocks_{one.clocks}"))
        if one.shifted:
            notes.append(self._text("draft.shifted"))
        return joined([line, *notes], " ") if notes else line

    # A rule

    def rule(self, rule: Series) -> Words:
        """ "every other Thursday at 7.30 pm, until 1 July 2027"."""
        params: dict[str, object] = {"time": self._library.time(rule.at, self._language), "n": rule.every}
        if rule.count == 1:
            params["day"] = self._library.day(rule.start, self._language, year=True)
            return self._text("rule.once", **params)
        days = rule.weekdays or (rule.start.weekday(),)
        names = [self._library.weekday(day, self._language) for day in days]
        params["days"] = self._text("rule.weekdays") if days == (0, 1, 2, 3, 4) else self._listed(names)
        match rule.unit:
            case Unit.DAY:
                said = self._by_every("rule.day", rule.every, params)
            case Unit.WEEK:
                said = self._by_every("rule.week", rule.every, params)
            case Unit.MONTH:
                params["nth"] = self._nth(rule.nths)
                said = self._by_every("rule.month", rule.every, params)
        if rule.until is not None:
            until = self._library.day(rule.until, self._language, year=True)
            said = joined([said, self._text("rule.until", day=until)], ", ")
        if rule.count is not None:
            said = joined([said, self._counted("rule.count", rule.count)], ", ")
        return said

    def _by_every(self, key: str, every: int, params: Mapping[str, object]) -> Words:
        number = {1: "one", 2: "two"}.get(every, "more")
        return self._text(f"{key}_{number}", **params)

    def _nth(self, nths: tuple[int, ...]) -> Words:
        """ "first", "first and third"."""
        return self._listed([self._text(f"nth.{each}") for each in nths])

    def _listed(self, names: list[Words]) -> Words:
        if len(names) == 1:
            return names[0]
        return joined([joined(names[:-1], ", "), self._text("and"), names[-1]], " ")

    def length(self, minutes: int) -> Words:
        """ "an hour", "1 hour 30 minutes"."""
        hours, rest = divmod(minutes, 60)
        parts = [self._counted("length.hours", hours)] if hours else []
        if rest:
            parts.append(self._counted("length.minutes", rest))
        return joined(parts, " ")

    # A question about a "when"

    @staticmethod
    def _said(text: str) -> Words:
        """What somebody typed, with days and months as they are written."""
        return Words(neutralise(NAMES.sub(lambda name: name[0].capitalize(), text), SAID))

    def ask(self, writing: Writing, ask: Ask) -> Screen:
        """What may be meant, to pick from."""
        options = [(str(n), self._choice(ask.question, one)[:100]) for n, one in enumerate(ask.choices)]
        params = {
            "said": self._said(writing.when),
            "question": self._text(f"ask.{ask.question}", part=self._said(ask.said)),
        }
        return Screen("sessions.ask_when", params, writing.id, options)

    def _choice(self, question: Question, one: Choice) -> str:
        if one.at is not None:
            key = "choice.begins" if question is Question.MIDNIGHT and one.at.hour == 0 else "choice.at"
            return str(self._text(key, time=self._library.time(one.at, self._language)))
        if one.on is not None:
            day = self._library.day(one.on, self._language, year=True)
            key = {
                Question.ONCE: "choice.just",
                Question.UNTIL: "choice.until",
                Question.START: "choice.from",
            }
            return str(self._text(key.get(question, "choice.on"), day=day))
        params: dict[str, object] = {"n": one.every or 1}
        if one.weekday is not None:
            params["day"] = self._library.weekday(one.weekday, self._language)
        if one.nth:
            return str(self._text("choice.nth", nth=self._nth(one.nth), **params))
        if one.weekday is not None:
            return str(self._by_every("choice.week", one.every or 1, params))
        if one.every is not None:
            return str(self._text(f"choice.often_{one.every}"))
        return one.text

    def unread(self, writing: Writing, unread: Unread) -> Screen:
        """What could not be read, and how else it may be said."""
        part = self._said(unread.said)
        day = self._library.day(unread.on, self._language, year=True) if unread.on else part
        params = {
            "said": self._said(writing.when),
            "problem": self._text(f"unread.{unread.problem}", part=part, day=day),
        }
        return Screen("sessions.when_unread", params, writing.id)

    def hint(self, reading: Ask | Unread) -> Words:
        """In one line what was not plain, where there is no menu to pick from."""
        part = self._said(reading.said)
        if isinstance(reading, Unread):
            day = self._library.day(reading.on, self._language, year=True) if reading.on else part
            return self._text(f"unread.{reading.problem}", part=part, day=day)
        choices = [self._said(one.text) for one in reading.choices]
        return self._text(
            "ask.or",
            question=self._text(f"ask.{reading.question}", part=part),
            choices=joined(choices, " · "),
        )

    # A meeting

    def option(self, meeting: Meeting) -> str:
        """A meeting as one line of a menu: plain text, which Discord shows as it is."""
        local = wall(meeting.starts_at, meeting.zone)
        day = self._library.day(local.date(), self._language)
        time = self._library.time(local.time(), self._language)
        key = "option" if meeting.held else "option_off"
        room = 95 - len(str(self._text(key, day=day, time=time, title=Words(""))))
        title = " ".join(meeting.title.split())[: max(10, room)]
        return str(self._text(key, day=day, time=time, title=Words(title)))[:100]


def picked(writing: Writing, value: str) -> str | None:
    """The text behind a choice of a menu; None for what no menu of ours holds."""
    return writing.choices[int(value)] if value.isdecimal() and int(value) < len(writing.choices) else None
