"""Reading the files of words: front matter, wordings, and tables of short strings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bot.content.problems import Problem

FIRST_LANGUAGE = "en"
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
BUTTON_REFERENCE = re.compile(r"[A-Za-z]+(?:\.[A-Za-z]+)*(?:=[A-Za-z0-9.\-]+)?")
CATEGORIES = frozenset(("zero", "one", "two", "few", "many", "other"))
STYLES = frozenset(("primary", "secondary", "success", "danger"))
LAYOUTS = frozenset(("text", "panel"))
PLACES = frozenset(("dm", "channel", "private"))
# How long a variable may be when the template says nothing else: characters before escaping.
LIMITS = {"text": 80, "mention": 100, "url": 300, "number": 12, "words": 400}

_SEPARATOR = re.compile(r"^===[ \t]*$", re.MULTILINE)
_TOML_LINE = re.compile(r"at line (\d+)")
_TEMPLATE_KEYS = frozenset(
    ("id", "vars", "buttons", "layout", "title", "where", "message", "reviewed_by", "review_by")
)


@dataclass(frozen=True, slots=True)
class Var:
    """A variable of a template: what may be put in, and how long it may be."""

    name: str
    kind: str
    limit: int


@dataclass(frozen=True, slots=True)
class Template:
    """One message in one language, in one or several wordings."""

    id: str
    language: str
    file: str
    vars: tuple[Var, ...]
    buttons: tuple[tuple[str, ...], ...]
    layout: str
    title: str
    where: str
    message: bool
    wordings: tuple[str, ...]
    lines: tuple[int, ...]  # the line in the file at which each wording begins
    reviewed_by: str
    review_by: str


def table(value: object) -> dict[str, Any]:
    """`value` if it is a TOML table, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def read_toml(text: str, file: str, problems: list[Problem], *, first_line: int = 1) -> dict[str, Any]:
    """The table in `text`; on a mistake, a problem with its line and an empty table."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as mistake:
        found = _TOML_LINE.search(str(mistake))
        line = int(found.group(1)) + first_line - 1 if found else None
        problems.append(Problem(file, line, f"this is not valid TOML: {mistake}"))
        return {}


def read_text(path: Path, file: str, problems: list[Problem]) -> str:
    """The file's text, or an empty string and a problem."""
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        problems.append(Problem(file, None, "this file is not saved as UTF-8; save it again as UTF-8"))
    except OSError as mistake:
        problems.append(Problem(file, None, f"this file cannot be read: {mistake.strerror}"))
    return ""


def read_template(
    path: Path, file: str, language: str, first: Template | None, problems: list[Problem]
) -> Template | None:
    """The template in one Markdown file, or None with problems.

    A translation need say only its id: what it leaves out it takes from `first`, the English one.
    """
    text = read_text(path, file, problems)
    if not text:
        return None
    if not text.startswith("+++\n") or (end := text.find("\n+++\n", 3)) < 0:
        problems.append(Problem(file, 1, "start the file with a line +++, the settings, and a line +++"))
        return None
    before = len(problems)
    head = read_toml(text[4 : end + 1], file, problems, first_line=2)
    for key in sorted(head.keys() - _TEMPLATE_KEYS):
        problems.append(Problem(file, _line_of(text, key), f"“{key}” is not a setting of a template"))
    expected = f"{path.parent.name}.{path.name.removesuffix(f'.{language}.md')}"
    if head.get("id") != expected:
        problems.append(
            Problem(file, _line_of(text, "id"), f'write id = "{expected}", after the file’s name')
        )
    wordings, lines = _wordings(text, end + len("\n+++\n"))
    if not wordings:
        problems.append(Problem(file, None, "there is no wording below the second +++"))
    template = Template(
        id=expected,
        language=language,
        file=file,
        vars=tuple(_vars(head["vars"], file, problems)) if "vars" in head else (first.vars if first else ()),
        buttons=_rows(head["buttons"], file, problems)
        if "buttons" in head
        else (first.buttons if first else ()),
        layout=_one_of(head, "layout", LAYOUTS, first.layout if first else "text", file, problems),
        title=str(head.get("title", "")),
        where=_one_of(head, "where", PLACES, first.where if first else "dm", file, problems),
        message=bool(head.get("message", first.message if first else True)),
        wordings=wordings,
        lines=lines,
        reviewed_by=str(head.get("reviewed_by", "")),
        review_by=str(head.get("review_by", "")),
    )
    _check_variables(template, problems)
    return template if len(problems) == before else None


def placeholders(text: str) -> tuple[set[str], bool]:
    """The variables used in `text`, and whether every brace in it is in order."""
    names: set[str] = set()
    sound = True
    for found in PLACEHOLDER.finditer(text):
        place = found.group(1)
        if place is None:
            sound = sound and found.group() in ("{{", "}}")
            continue
        name, colon, kind = place.partition(":")
        if name.isidentifier() and (kind in LIMITS if colon else True):
            names.add(name)
        else:
            sound = False
    return names, sound


def named(text: str) -> list[tuple[str, str, str]]:
    """Each place for a variable in a short string: what stands between the braces, its name, its kind or ""."""
    places = [found.group(1) for found in PLACEHOLDER.finditer(text) if found.group(1) is not None]
    parted = [(place, place.partition(":")) for place in dict.fromkeys(places)]
    return [(place, name, kind) for place, (name, _, kind) in parted]


def flatten(tables: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; a table of plural forms counts as one value."""
    for key, value in tables.items():
        inner = table(value)
        if inner and not ("other" in inner and inner.keys() <= CATEGORIES):
            yield from flatten(inner, f"{prefix}.{key}")
        else:
            yield f"{prefix}.{key}", value


def _check_variables(template: Template, problems: list[Problem]) -> None:
    declared = {var.name for var in template.vars}
    used: set[str] = set()
    for text, line in zip((*template.wordings, template.title), (*template.lines, 1), strict=True):
        names, sound = placeholders(text)
        used |= names
        if not sound:
            problems.append(
                Problem(template.file, line, "a lone { or } here: write {{ or }} for the sign itself")
            )
        for place, name, kind in named(text):
            if kind:
                what = f"write {{{name}}} here, and “{place}” in vars"
                problems.append(Problem(template.file, line, what))
        for name in sorted(names - declared):
            problems.append(Problem(template.file, line, f"“{{{name}}}” is used here but not named in vars"))
    for name in sorted(declared - used):
        problems.append(Problem(template.file, None, f"“{name}” is named in vars but no wording uses it"))


def _wordings(text: str, start: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    wordings: list[str] = []
    lines: list[int] = []
    edges = [start]
    for found in _SEPARATOR.finditer(text, start):
        edges += [found.start(), found.end()]
    edges.append(len(text))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        body = text[begin:end]
        if body.strip():
            lead = len(body) - len(body.lstrip())
            wordings.append(body.strip())
            lines.append(text.count("\n", 0, begin + lead) + 1)
    return tuple(wordings), tuple(lines)


def _vars(value: object, file: str, problems: list[Problem]) -> Iterator[Var]:
    for item in cast("list[object]", value) if isinstance(value, list) else [value]:
        name, _, rest = str(item).partition(":")
        kind, _, limit = rest.partition(":")
        kind = kind or "text"
        if not name.isidentifier() or kind not in LIMITS or not (limit or "1").isdigit():
            kinds = ", ".join(sorted(LIMITS))
            problems.append(
                Problem(file, None, f"“{item}” in vars: write name, name:kind or name:kind:length ({kinds})")
            )
            continue
        yield Var(name, kind, int(limit) if limit else LIMITS[kind])


def _rows(value: object, file: str, problems: list[Problem]) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    for row in cast("list[object]", value) if isinstance(value, list) else [value]:
        if not isinstance(row, list):
            problems.append(Problem(file, None, 'buttons are rows: write [["one", "two"], ["support"]]'))
            continue
        references = tuple(str(reference) for reference in cast("list[object]", row))
        for reference in references:
            if not BUTTON_REFERENCE.fullmatch(reference):
                problems.append(Problem(file, None, f"“{reference}” is not a button (kind or kind=choice)"))
        rows.append(references)
    return tuple(rows)


def _one_of(
    head: Mapping[str, Any],
    key: str,
    allowed: frozenset[str],
    default: str,
    file: str,
    problems: list[Problem],
) -> str:
    value = str(head.get(key, default))
    if value not in allowed:
        problems.append(Problem(file, None, f"{key} is one of {', '.join(sorted(allowed))}, not “{value}”"))
    return value


def _line_of(text: str, key: str) -> int | None:
    found = re.search(rf"^{re.escape(key)}\s*=", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
