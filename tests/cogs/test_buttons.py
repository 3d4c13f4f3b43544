"""Every button has somebody who answers to it, and every template somebody who says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
import cogs
from bot.ui.ids import make, parse
from tests.checkins.evening import Evening, library

PACKAGES = (Path(bot.__file__).parent, Path(cogs.__file__).parent)
FOLDERS = {template.id.partition(".")[0] for template in library().templates}
# The parts that are whole: their words and their cogs. A part on its way joins the list when it arrives.
WHOLE = ("calls", "checkins", "listeners", "me", "members", "networks", "reports", "support", "talks")


def references(folders: tuple[str, ...] = WHOLE) -> set[str]:
    """Every button that a template of these parts carries, in any language."""
    return {
        ref
        for template in library().templates
        if template.id.startswith(tuple(f"{folder}." for folder in folders))
        for row in template.buttons
        for ref in row
    }


async def test_every_button_of_every_template_is_answered_by_the_running_bot(evening: Evening) -> None:
    handlers = evening.app.client.router.handlers
    unanswered = {ref for ref in references() if ref.partition("=")[0] not in handlers}
    assert unanswered == set()


async def test_every_handler_has_a_control_that_reaches_it(evening: Evening) -> None:
    drawn = {ref.partition("=")[0] for ref in references(tuple(FOLDERS))}
    made = set(strings())
    orphans = {kind for kind in evening.app.client.router.handlers if kind not in drawn | made}
    assert orphans == set()


@pytest.mark.parametrize("reference", sorted(references()))
def test_every_button_comes_back_as_it_went(reference: str) -> None:
    kind, _, choice = reference.partition("=")
    press = parse(make(reference, 2**63 - 1))
    assert press is not None
    assert (press.kind, press.id, press.arg) == (kind, 2**63 - 1, choice)
    assert library().button(reference).label


def strings() -> Iterator[str]:
    """Every text in the code but documentation; what is put together at run time has a `*` for each part unknown.

    Decorators are left out: they say who answers to a control, not who draws it.
    """
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            parts: set[int] = set()
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    node.decorator_list = []
                elif isinstance(node, ast.JoinedStr):
                    parts |= {id(part) for part in node.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                    yield node.value


def named() -> set[str]:
    """What in the code looks like the name of a template, without its wording; `*` stands for any part."""
    found = {text.partition("#")[0] for text in strings()}
    return {
        text
        for text in found
        if re.fullmatch(r"[a-z]+\.[a-z_*.]+", text) and text.partition(".")[0] in FOLDERS
    }


def test_every_template_is_said_somewhere() -> None:
    patterns = [re.compile(re.escape(name).replace(r"\*", "[a-z_]+")) for name in named()]
    templates = {t.id for t in library().templates if t.id.partition(".")[0] in WHOLE}
    unsaid = {name for name in templates if not any(p.fullmatch(name) for p in patterns)}
    assert unsaid == set()


def test_every_template_the_code_says_is_written() -> None:
    """A whole name in the code is a template, a short text, a button, or the label of a form."""
    words = library()
    ids = {template.id for template in words.templates}
    kinds = {ref.partition("=")[0] for ref in references(tuple(FOLDERS))}
    made = {name for name in named() if "*" not in name and not name.endswith((".json", ".lock", ".id"))}
    for name in sorted(made - ids - kinds):
        known = words.has_text(name) or known_form(name) or handled(name)
        assert known, f"{name} is said in the code and written nowhere"


def known_form(name: str) -> bool:
    """Whether it is the label of a form's field, its title or what stands in it."""
    for end in ("", ".label", ".title", ".placeholder"):
        try:
            library().form(f"{name}{end}")
        except KeyError:
            continue
        return True
    return False


def handled(name: str) -> bool:
    """Whether some cog answers to it."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGES[1].rglob("*.py")))
    return any(f'"{name}"' in line for line in re.findall(r"@on_press\((.*)\)", text))
