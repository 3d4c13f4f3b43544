"""Gathering every file below `prompts/` into tables in memory, with all that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.content.files import (
    BUTTON_REFERENCE,
    FIRST_LANGUAGE,
    STYLES,
    Template,
    flatten,
    placeholders,
    read_template,
    read_text,
    read_toml,
    table,
)
from bot.content.problems import Problem

_SECTIONS = frozenset(("text", "buttons", "commands", "options", "forms"))
# Folders that hold data with a loader of its own.
_DATA = frozenset(("signposts", "risk"))


@dataclass(frozen=True, slots=True)
class ButtonWords:
    """What stands on a button, and its colour by name."""

    label: str
    style: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """All the words, by key and language."""

    languages: dict[str, str] = field(default_factory=dict[str, str])
    templates: dict[tuple[str, str], Template] = field(default_factory=dict[tuple[str, str], Template])
    texts: dict[tuple[str, str], str | Mapping[str, str]] = field(
        default_factory=dict[tuple[str, str], "str | Mapping[str, str]"]
    )
    buttons: dict[tuple[str, str], ButtonWords] = field(default_factory=dict[tuple[str, str], ButtonWords])
    commands: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    options: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    forms: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    # The file each short string came from, for a check's report.
    files: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


def gather(root: Path) -> tuple[Shelf, list[Problem]]:
    """Read everything. What is broken is left out and told in the problems."""
    problems: list[Problem] = []
    shelf = Shelf()
    _read_languages(root, shelf, problems)
    if not shelf.languages:
        return shelf, problems
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir() and folder.name not in _DATA)
    for folder in folders:
        # English first: a translation takes from it what it does not say itself.
        for path in sorted(folder.glob(f"*.{FIRST_LANGUAGE}.md")):
            _add_template(shelf, path, FIRST_LANGUAGE, problems)
        for path in sorted(folder.iterdir()):
            _add_file(shelf, path, problems)
    _check_references(shelf, problems)
    return shelf, problems


def _read_languages(root: Path, shelf: Shelf, problems: list[Problem]) -> None:
    file = "languages.toml"
    text = read_text(root / file, file, problems)
    names = table(read_toml(text, file, problems).get("languages"))
    shelf.languages.update({code: str(name) for code, name in names.items()})
    if text and FIRST_LANGUAGE not in shelf.languages:
        shelf.languages.clear()
        problems.append(Problem(file, None, 'write [languages] and below it en = "English"'))


def _add_file(shelf: Shelf, path: Path, problems: list[Problem]) -> None:
    file = f"{path.parent.name}/{path.name}"
    parts = path.name.split(".")
    if path.name.startswith(".") or path.is_dir():
        return
    if len(parts) != 3 or parts[2] not in ("md", "toml"):
        problems.append(Problem(file, None, "name the file like opening.en.md or words.en.toml"))
        return
    _, language, kind = parts
    if language not in shelf.languages:
        problems.append(Problem(file, None, f"“{language}” is not a language in languages.toml"))
    elif kind == "toml":
        _add_strings(shelf, path, language, problems)
    elif language != FIRST_LANGUAGE:
        _add_template(shelf, path, language, problems)


def _add_template(shelf: Shelf, path: Path, language: str, problems: list[Problem]) -> None:
    file = f"{path.parent.name}/{path.name}"
    template_id = f"{path.parent.name}.{path.name.removesuffix(f'.{language}.md')}"
    first = shelf.templates.get((template_id, FIRST_LANGUAGE))
    template = read_template(path, file, language, first, problems)
    if template is not None:
        shelf.templates[template.id, language] = template


def _add_strings(shelf: Shelf, path: Path, language: str, problems: list[Problem]) -> None:
    feature = path.parent.name
    file = f"{feature}/{path.name}"
    content = read_toml(read_text(path, file, problems), file, problems)
    for section in sorted(content.keys() - _SECTIONS):
        problems.append(
            Problem(file, None, f"[{section}] is not a part of this file ({', '.join(sorted(_SECTIONS))})")
        )
    for key, value in flatten(table(content.get("text")), feature):
        forms = table(value)
        shelf.texts[key, language] = (
            {name: str(form) for name, form in forms.items()} if forms else str(value)
        )
        _note(shelf, ("text", key), language, file, problems)
        for form in forms.values() if forms else (value,):
            if not placeholders(str(form))[1]:
                problems.append(
                    Problem(file, None, f"{key}: a lone {{ or }}; write {{{{ or }}}} for the sign")
                )
    for reference, value in table(content.get("buttons")).items():
        _add_button(shelf, reference, table(value), language, file, problems)
    for name, value in table(content.get("commands")).items():
        shelf.commands[name, language] = str(value)
        _note(shelf, ("commands", name), language, file, problems)
    for name, value in table(content.get("options")).items():
        shelf.options[name, language] = str(value)
        _note(shelf, ("options", name), language, file, problems)
    for key, value in flatten(table(content.get("forms")), feature):
        shelf.forms[key, language] = str(value)
        _note(shelf, ("forms", key), language, file, problems)


def _add_button(
    shelf: Shelf,
    reference: str,
    words: Mapping[str, Any],
    language: str,
    file: str,
    problems: list[Problem],
) -> None:
    label, style = str(words.get("label", "")), str(words.get("style", "secondary"))
    if not BUTTON_REFERENCE.fullmatch(reference):
        problems.append(Problem(file, None, f"“{reference}” is not a button (kind or kind=choice)"))
    if not label.strip():
        problems.append(Problem(file, None, f'“{reference}” needs words: {{ label = "…" }}'))
    if style not in STYLES:
        problems.append(
            Problem(file, None, f"“{reference}”: style is one of {', '.join(sorted(STYLES))}, not “{style}”")
        )
        style = "secondary"
    shelf.buttons[reference, language] = ButtonWords(label, style)
    _note(shelf, ("buttons", reference), language, file, problems)


def _note(shelf: Shelf, key: tuple[str, str], language: str, file: str, problems: list[Problem]) -> None:
    place = (f"{key[0]} {key[1]}", language)
    if place in shelf.files:
        problems.append(Problem(file, None, f"“{key[1]}” is written in {shelf.files[place]} too"))
    shelf.files[place] = file


def _check_references(shelf: Shelf, problems: list[Problem]) -> None:
    known = {reference for reference, language in shelf.buttons if language == FIRST_LANGUAGE}
    for template in shelf.templates.values():
        for reference in (reference for row in template.buttons for reference in row):
            if reference not in known and reference.partition("=")[0] not in known:
                problems.append(
                    Problem(template.file, None, f"the button “{reference}” has no words in any words file")
                )
