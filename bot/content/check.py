"""Checking every word before it is used: what `reallyok check` says about `prompts/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from bot.content import dates
from bot.content.files import FIRST_LANGUAGE, LIMITS, Template, Var, named, placeholders
from bot.content.neutral import neutralise
from bot.content.problems import Problem, Report
from bot.content.shelf import Shelf, gather
from bot.content.wording import Wording, read_wording

MESSAGE_LIMIT = 2000
PANEL_LIMIT = 4000
CUSTOM_ID_LIMIT = 100
LABEL_LIMIT = 34  # Discord allows 80; this is what a narrow phone shows without cutting
DESCRIPTION_LIMIT = 100
FORM_LIMITS = {"title": 45, "label": 45, "placeholder": 100, "description": 100}
ROWS, IN_A_ROW = 5, 5
_LONGEST_ID = 20


def check(root: Path, today: date) -> Report:
    """Everything wrong with the words (errors), and everything a human has yet to look at (warnings)."""
    shelf, errors = gather(root)
    wording = {language: read_wording(root, language, errors) for language in shelf.languages}
    warnings: list[Problem] = []
    for template in shelf.templates.values():
        errors += _check_template(template, wording[template.language])
        warnings += _review(template, today, errors)
    errors += _check_strings(shelf, wording)
    for language in shelf.languages:
        errors += _check_complete(shelf, language)
    return Report(tuple(sorted(set(errors), key=str)), tuple(sorted(set(warnings), key=str)))


def worst(var: Var) -> str:
    """The longest text that can stand for a variable."""
    return (
        neutralise("*" * var.limit, var.limit) if var.kind in ("text", "mention", "url") else "W" * var.limit
    )


def _check_template(template: Template, wording: Wording) -> Iterator[Problem]:
    """Nothing of this is asked of a paper: it is read by an organiser, and Discord never carries it."""
    if not template.message:
        return
    longest = {var.name: len(worst(var)) for var in template.vars}
    limit = PANEL_LIMIT if template.layout == "panel" else MESSAGE_LIMIT
    for text, line in zip(template.wordings, template.lines, strict=True):
        length = _length(f"{template.title}\n{text}" if template.title else text, longest)
        if length > limit:
            what = f"with the longest names this is {length} characters; Discord allows {limit}"
            yield Problem(template.file, line, what)
        for mistake in wording.mistakes(f"{template.title}\n{text}"):
            yield Problem(template.file, line, mistake)
        if template.where == "dm":
            for mistake in wording.first_line_mistakes(text):
                yield Problem(template.file, line, mistake)
    references = [reference for row in template.buttons for reference in row]
    if not any(ref.partition("=")[0] == "support" for ref in references):
        what = 'every message carries the way to support: add ["support"] as the last row of buttons'
        yield Problem(template.file, None, what)
    if len(template.buttons) > ROWS or any(not 0 < len(row) <= IN_A_ROW for row in template.buttons):
        yield Problem(template.file, None, f"at most {ROWS} rows of buttons with 1 to {IN_A_ROW} in each")
    if len(set(references)) < len(references):
        yield Problem(template.file, None, "the same button stands in this message twice")
    for reference in references:
        kind, _, argument = reference.partition("=")
        if len(f"ok1:{kind}:{'9' * _LONGEST_ID}:{argument}") > CUSTOM_ID_LIMIT:
            yield Problem(template.file, None, f"“{reference}” is too long for a button")


def _review(template: Template, today: date, errors: list[Problem]) -> Iterator[Problem]:
    if not template.reviewed_by:
        yield Problem(template.file, None, "nobody qualified has reviewed these words yet")
    if template.review_by:
        try:
            due = date.fromisoformat(template.review_by)
        except ValueError:
            errors.append(Problem(template.file, None, "write review_by as 2027-01-31"))
            return
        if due < today:
            yield Problem(template.file, None, f"these words were to be reviewed again by {due}")


def _check_strings(shelf: Shelf, wording: Mapping[str, Wording]) -> Iterator[Problem]:
    for (key, language), value in shelf.texts.items():
        file = shelf.files[f"text {key}", language]
        for form in (value,) if isinstance(value, str) else value.values():
            yield from _short(file, key, form, MESSAGE_LIMIT, wording[language])
    for (reference, language), words in shelf.buttons.items():
        file = shelf.files[f"buttons {reference}", language]
        yield from _short(file, reference, words.label, LABEL_LIMIT, wording[language])
    for section, kept in (("commands", shelf.commands), ("options", shelf.options), ("forms", shelf.forms)):
        for (key, language), text in kept.items():
            file = shelf.files[f"{section} {key}", language]
            limit = DESCRIPTION_LIMIT
            if section == "forms":
                limit = FORM_LIMITS.get(key.rpartition(".")[2], 0)
            if not limit:
                yield Problem(file, None, f"{key}: a form's key ends in {', '.join(FORM_LIMITS)}")
            else:
                yield from _short(file, key, text, limit, wording[language])


def _short(file: str, key: str, text: str, limit: int, wording: Wording) -> Iterator[Problem]:
    if not text.strip():
        yield Problem(file, None, f"“{key}” is empty")
    longest = {
        place: len(worst(Var(name, kind or "text", LIMITS.get(kind, LIMITS["text"]))))
        for place, name, kind in named(text)
    }
    length = _length(text, longest)
    if length > limit:
        yield Problem(file, None, f"“{key}” is {length} characters; the most is {limit}")
    for mistake in wording.mistakes(text):
        yield Problem(file, None, f"“{key}”: {mistake}")


def _check_complete(shelf: Shelf, language: str) -> Iterator[Problem]:
    """Every key in every language, with the same variables and the plural forms the language has."""
    place = f"languages.toml ({language})"
    for kind, kept in (
        ("the template", shelf.templates),
        ("the text", shelf.texts),
        ("the button", shelf.buttons),
        ("the command", shelf.commands),
        ("the option", shelf.options),
        ("the form", shelf.forms),
    ):
        keys = {key for key, code in kept if code == FIRST_LANGUAGE}
        here = {key for key, code in kept if code == language}
        for key in sorted(keys - here):
            yield Problem(place, None, f"{kind} “{key}” is not written in this language")
        for key in sorted(here - keys):
            yield Problem(place, None, f"{kind} “{key}” is not written in English")
    for (key, code), value in shelf.texts.items():
        if code != language:
            continue
        file = shelf.files[f"text {key}", language]
        first = shelf.texts.get((key, FIRST_LANGUAGE), value)
        if _variables(value) - {"count"} != _variables(first) - {"count"}:
            yield Problem(file, None, f"“{key}” does not use the same variables as in English")
        if not isinstance(value, str):
            needed = {*dates.locale(language).plural_form.tags, "other"}
            for category in sorted(needed - value.keys()):
                yield Problem(file, None, f"“{key}” has no form for “{category}”, which this language needs")


def _variables(value: str | Mapping[str, str]) -> set[str]:
    forms = (value,) if isinstance(value, str) else value.values()
    return {name for form in forms for name in placeholders(form)[0]}


def _length(text: str, longest: Mapping[str, int]) -> int:
    total = len(text)
    for place, _, _ in named(text):
        total += text.count(f"{{{place}}}") * (longest.get(place, 0) - len(place) - 2)
    return total
