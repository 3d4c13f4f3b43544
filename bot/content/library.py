"""The library of words: loads and checks `prompts/` once, then answers from memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot.content import dates
from bot.content.files import FIRST_LANGUAGE, LIMITS, PLACEHOLDER, Template, Var, named
from bot.content.neutral import neutralise
from bot.content.problems import ContentError, Problem
from bot.content.shelf import ButtonWords, Shelf, gather

# What Discord itself writes between angle brackets: people, channels, roles, times, commands.
_MENTION = re.compile(r"<(?:@[!&]?\d{1,20}|#\d{1,20}|t:-?\d{1,13}(?::[tTdDfFR])?|/[\w \-]{1,96}:\d{1,20})>")
_URL = re.compile(r"https?://[^\s<>()\[\]*`|\\]+")
_T = TypeVar("_T")


class Words(str):
    """Text the library made: already harmless, so it may stand inside other text unchanged."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """A message ready to be drawn: its text, rows of button references, layout and title."""

    text: str
    buttons: tuple[tuple[str, ...], ...]
    layout: str
    title: str


class Library:
    """Every word of the bot. Immutable; reads no file after `load`.

    A language without the words falls back to English. An id nobody wrote raises KeyError: that is
    a mistake in the code, never in what a member did.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    @property
    def languages(self) -> Mapping[str, str]:
        """The languages offered, as code and the language's own name."""
        return self._shelf.languages

    @property
    def templates(self) -> tuple[Template, ...]:
        """All templates in all languages."""
        return tuple(self._shelf.templates.values())

    def template(self, template_id: str, language: str = FIRST_LANGUAGE) -> Template:
        """The template in `language`, else in English."""
        found = self._shelf.templates.get((template_id, language))
        return found or self._shelf.templates[template_id, FIRST_LANGUAGE]

    def pick(self, template_id: str, number: int, *, last: str | None = None) -> str:
        """A reference to one wording, such as “checkins.opening#7”, chosen by any whole number.

        The same number gives the same wording. `last` is the reference used the time before: it is
        never given again straight away, as long as there is a second wording.
        """
        count = len(self.template(template_id).wordings)
        index = number % count
        if count > 1 and last == f"{template_id}#{index}":
            index = (index + 1) % count
        return f"{template_id}#{index}"

    def fill(
        self, template_ref: str, params: Mapping[str, object] | None = None, language: str = FIRST_LANGUAGE
    ) -> Filled:
        """The message for “id” (its first wording) or “id#index”, with `params` put in.

        Every value is made harmless according to the kind its template declares. Values nobody
        declared are ignored; a missing one raises KeyError.
        """
        template_id, _, index = template_ref.partition("#")
        template = self.template(template_id, language)
        wording = template.wordings[int(index or 0) % len(template.wordings)]
        given = params or {}
        values = {var.name: _safe(var, given[var.name]) for var in template.vars}
        return Filled(
            text=_put(wording, values),
            buttons=template.buttons,
            layout=template.layout,
            title=_put(template.title, values),
        )

    def text(
        self, key: str, language: str = FIRST_LANGUAGE, *, count: int | None = None, **params: object
    ) -> Words:
        """A short string. With `count`, the plural form for it; `{count}` may be used in the words.

        Values are made harmless as for a template; `{channel:mention}` says in the string itself that
        Discord's own form may stand there.
        """
        value = self._lookup(self._shelf.texts, key, language)
        if isinstance(value, str):
            chosen = value
        elif count is None:
            raise ValueError(f"“{key}” has plural forms and needs a count")
        else:
            chosen = value.get(dates.plural(self._spoken(language), count)) or value["other"]
        given = {**params, "count": count} if count is not None else params
        values = {
            place: _safe(Var(name, kind or "text", LIMITS[kind or "text"]), given[name])
            for place, name, kind in named(chosen)
        }
        return Words(_put(chosen, values))

    def has_text(self, key: str) -> bool:
        """Whether the short string is written, at least in English."""
        return (key, FIRST_LANGUAGE) in self._shelf.texts

    def button(self, reference: str, language: str = FIRST_LANGUAGE) -> ButtonWords:
        """The words on a button: for “kind=choice” those of exactly that, else those of “kind”.

        What a choice carries besides, after a point (“kind=choice.en”), changes no words.
        """
        kind, _, choice = reference.partition("=")
        buttons = self._shelf.buttons
        for code in (language, FIRST_LANGUAGE):
            for name in (reference, f"{kind}={choice.partition('.')[0]}", kind):
                if found := buttons.get((name, code)):
                    return found
        raise KeyError(reference)

    def command(self, name: str, language: str = FIRST_LANGUAGE) -> str:
        """The description of a slash command, by its full name: “checkin now”."""
        return self._lookup(self._shelf.commands, name, language)

    def option(self, name: str, language: str = FIRST_LANGUAGE) -> str:
        """The description of a command's option: “join.zone”, “checkin settings.day”."""
        return self._lookup(self._shelf.options, name, language)

    def form(self, key: str, language: str = FIRST_LANGUAGE) -> str:
        """A form's title, label or placeholder: “checkins.more.title”."""
        return self._lookup(self._shelf.forms, key, language)

    def day(self, on: date, language: str = FIRST_LANGUAGE, *, year: bool = False) -> Words:
        """“Wednesday 25 November”, with the year if asked."""
        return Words(dates.day(on, self._spoken(language), year=year))

    def clock(self, at: datetime, zone: str, language: str = FIRST_LANGUAGE) -> Words:
        """The time of day by the wall clock of `zone`: “6.30 pm”."""
        return self.time(dates.wall(at, zone).time(), language)

    def time(self, at: time, language: str = FIRST_LANGUAGE) -> Words:
        """A time of day in words: “6 pm”, “6.30 pm”, “midday”, “midnight”."""
        if at.minute == 0 and at.hour in (0, 12):
            return self.text("dates.midday" if at.hour else "dates.midnight", language)
        return Words(dates.clock(at, self._spoken(language)))

    def when(self, at: datetime, zone: str, language: str = FIRST_LANGUAGE, *, year: bool = False) -> Words:
        """“Wednesday 25 November at 6 pm” by the wall clock of `zone`. `at` must be aware."""
        local = dates.wall(at, zone)
        said_day = self.day(local.date(), language, year=year)
        return self.text("dates.day_at", language, day=said_day, time=self.time(local.time(), language))

    def when_day(self, at: datetime, zone: str, language: str = FIRST_LANGUAGE) -> Words:
        """The day an instant falls on by the wall clock of `zone`: “Wednesday 25 November”. `at` must be aware."""
        return self.day(dates.wall(at, zone).date(), language)

    def harmless(self, text: str) -> Words:
        """Something a member supplied, made harmless, so that it may stand among our own words."""
        return Words(neutralise(text, 80))

    def weekday(self, number: int, language: str = FIRST_LANGUAGE) -> Words:
        """A day's name; Monday is 0."""
        return Words(dates.weekday(number, self._spoken(language)))

    def months(self, language: str = FIRST_LANGUAGE) -> tuple[str, ...]:
        """The twelve months in short: “Jan” first."""
        return dates.months(self._spoken(language))

    def _spoken(self, language: str) -> str:
        """The language if it is offered: a button a stranger made up must not reach Babel."""
        return language if language in self._shelf.languages else FIRST_LANGUAGE

    def _lookup(self, kept: Mapping[tuple[str, str], _T], key: str, language: str) -> _T:
        found = kept.get((key, language))
        return found if found is not None else kept[key, FIRST_LANGUAGE]


def default_root() -> Path:
    """The `prompts` folder that stands beside the bot's package."""
    return Path(__file__).resolve().parents[2] / "prompts"


def load(root: Path) -> Library:
    """Read and check every file once. Raises ContentError with all the problems if there is any."""
    shelf, problems = gather(root)
    if problems:
        raise ContentError(sorted(problems, key=_place))
    return Library(shelf)


def _place(problem: Problem) -> tuple[str, int]:
    return problem.file, problem.line or 0


def _safe(var: Var, value: object) -> str:
    if var.kind == "words" or isinstance(value, Words):
        return str(value)
    text = str(value)
    if var.kind == "mention" and len(text) <= var.limit and _MENTION.fullmatch(text):
        return text
    if var.kind == "url" and len(text) <= var.limit and _URL.fullmatch(text):
        return text
    return neutralise(text, var.limit)


def _put(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(partial(_one, values), text) if "{" in text or "}" in text else text


def _one(values: Mapping[str, str], found: re.Match[str]) -> str:
    name = found.group(1)
    return found.group()[0] if name is None else values[name]


def joined(parts: Iterable[str], between: str = "\n") -> Words:
    """Our own words one after another, still our own words: every part must be Words."""
    pieces = tuple(parts)
    if not all(isinstance(piece, Words) for piece in pieces):
        raise TypeError("only the library's own words may be joined into words")
    return Words(between.join(pieces))
