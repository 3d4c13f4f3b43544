"""Support answers from memory: nothing on its way may read or write a database, log, count, or keep a file."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import Source, defined, product, under

COG = "cogs.support"
STARTS = (COG, *(name for name in product().texts if under(name, "bot.support")))
KEEPS = ("sqlite3", "sqlalchemy", "sqlmodel", "aiosqlite", "alembic", "logging", "shelve", "dbm", "bot.db")
KEEPS += ("bot.outbox", "bot.members", "bot.networks", "bot.checkins", "bot.logs", "bot.tables", "bot.app")

# What the cog calls elsewhere while somebody waits for the numbers.
ON_THE_WAY = [
    (COG, "Support"),
    ("bot.app", "App.origin_of"),
    ("bot.support.lines", "NetworkLines.get"),
    ("bot.support.signposts", "Signposts.card"),
    ("bot.support.signposts", "Signposts.more"),
    ("bot.support.signposts", "Signposts.keep"),
    ("bot.support.cards", "Cards"),
    ("bot.support.signposts", "Signposts.about"),
    ("bot.ui.render", "draw_card"),
    ("bot.ui.router", "Router.find"),
    ("bot.client", "ReallyOk.on_interaction"),
]
TRACES = {"store", "_store", "keyring", "pump", "outcome", "session", "log", "logger", "logging", "metrics"}
TRACES |= {"print", "open", "write_text", "write_bytes", "read_text", "read_bytes", "to_thread"}


# The same for words that are met with a card; this may say in the log that something failed, and nothing else.
MEETING = [
    ("cogs.cards", "Cards"),
    ("cogs.card_post", "CardPost"),
    ("cogs.edits", "Edits"),
    ("bot.support.meeting", "Heard"),
    ("bot.support.meeting", "Lately"),
    ("cogs.conversation", "Conversation.on_message"),
    ("cogs.conversation", "Conversation._gather"),
    ("cogs.conversation", "Conversation._answer_soon"),
]


def keepers(source: Source, *starts: str) -> set[str]:
    """What can keep something, among all that runs when these are imported."""
    return {name for name in source.reached_from(*starts) if under(name, *KEEPS)}


def traces(node: ast.AST) -> set[str]:
    """Names in a piece of code that could leave a trace of the one who asked."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    used |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return used & TRACES


def test_nothing_that_keeps_is_imported_on_the_way() -> None:
    assert keepers(product(), *STARTS) == set()


@pytest.mark.parametrize(("module", "qualified"), ON_THE_WAY)
def test_nothing_on_the_way_leaves_a_trace(module: str, qualified: str) -> None:
    assert traces(defined(product(), module, qualified)) == set()


@pytest.mark.parametrize(("module", "qualified"), MEETING)
def test_words_get_their_card_before_anything_is_kept(module: str, qualified: str) -> None:
    node = defined(product(), module, qualified)
    assert traces(node) <= {"log"}
    said = [n.func.attr for n in ast.walk(node) if isinstance(n, ast.Call) and _is_log(n.func)]
    assert set(said) <= {"error"}


def _is_log(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "log"
    )


@pytest.mark.parametrize(
    "text",
    [
        "import logging",
        "from bot.db.store import Store",
        "def late():\n    import sqlite3",
        "from bot.members import service",
        "from bot.ui.answers import Answers",  # it logs: reached through another module
    ],
)
def test_a_keeper_is_noticed(text: str) -> None:
    assert keepers(product().with_module(COG, text), COG)


@pytest.mark.parametrize(
    "text",
    [
        "self.app.store.write(count, interaction.user.id)",
        "log.info('support')",
        "print(interaction.user)",
        "with open('asked', 'a') as file: file.write('x')",
        "path.write_text(str(interaction.user.id))",
    ],
)
def test_a_trace_is_noticed(text: str) -> None:
    assert traces(ast.parse(text))
