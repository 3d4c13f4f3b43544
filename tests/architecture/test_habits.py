"""How the house writes: short files, plain names, and no words, clocks or SQL where they do not belong."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Source, product, under
from tests.architecture.words import prose_in

LONGEST = 400
LONGEST_COG = 260
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "core", "common", "misc"}

CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
SQL = ("sqlalchemy", "sqlmodel", "sqlite3", "bot.db")

# Words an operator reads in a terminal or a log, and what the rehearsal's page says around the conversation.
FOR_OPERATORS = (
    "bot.cli",
    "bot.content",
    "bot.db",
    "bot.doctor",
    "bot.logs",
    "bot.sandbox",
    "bot.settings",
    "bot.support.explain",
    "bot.support.helplines",
    "bot.support.lexicon",
    "bot.support.lines",
)
# What is handed to these is for operators too, or says what a column is kept for.
EXCUSED_CALLS = {"Ending", "OperatorError", "impersonal", "personal"}


def is_cog(module: str) -> bool:
    return under(module, "cogs")


def own_clocks(source: Source) -> list[str]:
    """Only `bot.clock` looks at the wall; everybody else is told the time."""
    return [
        f"{module} line {node.lineno}"
        for module, tree in source.trees.items()
        if module != "bot.clock" and not under(module, "bot.sandbox")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (_last(node.value), node.attr) in CLOCKS
    ]


def cogs_with_sql(source: Source) -> list[str]:
    """A cog knows no table language and holds no session: it calls a service."""
    imports = [
        f"{one.importer} imports {one.imported}"
        for one in source.imports
        if is_cog(one.importer) and under(one.imported, *SQL)
    ]
    names = [
        f"{module} line {node.lineno}"
        for module, tree in source.trees.items()
        if is_cog(module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and _last(node) in ("session", "Session")
    ]
    return imports + names


def cogs_that_sleep(source: Source) -> list[str]:
    """What happens later is a row with a time; a sleeping task dies with the process."""
    return [
        f"{module} line {node.lineno}"
        for module, tree in source.trees.items()
        if is_cog(module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and _last(node) == "sleep"
    ]


def prose(source: Source) -> list[str]:
    """Every word a member reads is in prompts/."""
    return [
        f"{module} {phrase}"
        for module, tree in source.trees.items()
        # A table says for how long a column is kept, beside the column.
        if not under(module, *FOR_OPERATORS) and not module.endswith("tables")
        for phrase in prose_in(tree, callees=EXCUSED_CALLS)
    ]


def long_cogs(source: Source) -> list[str]:
    return [
        f"{module}: {lines} lines"
        for module, text in source.texts.items()
        if is_cog(module) and (lines := text.count("\n")) > LONGEST_COG
    ]


def empty_names(source: Source) -> list[str]:
    """Names that say nothing about what is inside."""
    return [module for module in source.texts if EMPTY_NAMES & set(module.split("."))]


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


RULES: list[Callable[[Source], list[str]]] = [
    own_clocks,
    cogs_with_sql,
    cogs_that_sleep,
    prose,
    long_cogs,
    empty_names,
]


@pytest.mark.parametrize("rule", RULES)
def test_the_habits_hold(rule: Callable[[Source], list[str]]) -> None:
    assert rule(product()) == []


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (own_clocks, "cogs.support", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
        (own_clocks, "bot.members.service", "import datetime\ntoday = datetime.date.today()"),
        (own_clocks, "bot.members.service", "import time\nnow = time.time()"),
        (cogs_with_sql, "cogs.support", "from sqlmodel import select"),
        (cogs_with_sql, "cogs.support", "def late():\n    from bot.db.store import Store"),
        (cogs_with_sql, "cogs.support", "def read(session): return session.exec('')"),
        (cogs_that_sleep, "cogs.support", "import asyncio\nasync def wait(): await asyncio.sleep(60)"),
        (cogs_that_sleep, "cogs.support", "from asyncio import sleep\nasync def wait(): await sleep(60)"),
        (prose, "cogs.support", "TEXT = 'You are not alone'"),
        (prose, "cogs.support", "async def say(to): await to.send(f'Hello {to}, how are you?')"),
        (prose, "bot.checkins.asking", "REPLY = {'ok': 'Thank you for telling me'}"),
        (prose, "bot.ui.render", "def f(log): log.write('somebody has pressed a button')"),
        (long_cogs, "cogs.support", "\n" * (LONGEST_COG + 1)),
        (empty_names, "bot.members.helpers", ""),
        (empty_names, "bot.core.rows", ""),
    ],
)
def test_a_breach_is_noticed(rule: Callable[[Source], list[str]], module: str, text: str) -> None:
    assert rule(product().with_module(module, text))


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring says what it promises."""',
        "log.warning('Discord would not say who is there')",
        "def f(): raise ValueError('a message cannot go back')",
        "assert 1, 'the command line asks for a token'",
        "class Cog:\n    '''Check-ins and what follows them.'''",
        "KEY = 'checkins.not_ok'",
    ],
)
def test_what_members_never_see_is_not_prose(text: str) -> None:
    assert prose(Source({"cogs.support": text})) == []


# Every file somebody has to read, not only ours in bot/ and cogs/.


def readable() -> Iterator[Path]:
    for folder in ("bot", "cogs", "tests", "prompts"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".js", ".css", ".html", ".md", ".toml", ".json"}:
                yield path


def too_long(text: str) -> bool:
    return text.count("\n") > LONGEST


def test_no_file_is_longer_than_one_sitting() -> None:
    long = [str(path.relative_to(ROOT)) for path in readable() if too_long(path.read_text(encoding="utf-8"))]
    assert long == []
    assert too_long("\n" * (LONGEST + 1))
    assert not too_long("\n" * LONGEST)


def test_no_test_module_has_an_empty_name() -> None:
    assert (
        empty_names(Source({".".join(p.relative_to(ROOT).with_suffix("").parts): "" for p in readable()}))
        == []
    )
