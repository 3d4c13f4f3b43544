"""Who may know whom, read from the imports: also those inside functions."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.architecture.source import Import, Source, product, under

# What every feature may know (a part not named below is a feature): no feature knows another.
FEATURE = {"members", "outbox", "schedule", "content", "db", "clock", "errors"}
# The ends of the house: nobody knows these but the parts that say so below.
ENDS = {
    "__main__",
    "app",
    "cli",
    "client",
    "cogs",
    "doctor",
    "features",
    "logs",
    "opening",
    "sandbox",
    "settings",
    "tables",
}
MAY_KNOW: dict[str, set[str]] = {
    "clock": set(),
    "errors": set(),
    "logs": {"errors"},
    "settings": {"errors"},
    "content": set(),
    "db": {"errors"},
    "outbox": {"db", "clock", "errors"},
    "schedule": {"db", "clock", "errors"},
    "support": {"content"},
    "checkins": FEATURE | {"support"},
    "listeners": FEATURE | {"support"},
    "ui": {"content", "errors"},
    "client": {"cogs", "errors", "members", "networks", "outbox", "ui"},
    "sandbox": {"app", "clock", "content", "errors", "settings"},
    "doctor": FEATURE | {"sessions", "settings", "support"},
    "opening": {"db", "errors", "settings"},
    "__main__": {"cli"},
}
# These meet every feature, and of the ends only the ones named.
MEETS_ALL: dict[str, set[str]] = {
    "cogs": set(),
    "app": {"client", "features", "opening", "settings"},
    "features": set(),
    "cli": {"app", "doctor", "logs", "sandbox", "settings"},
    "tables": set(),
}
# Names used for types alone make nobody depend on anybody at run time.
MAY_NAME = {("client", "app"), ("cogs", "client"), ("cogs", "cogs")}
# Work on every table there is, whatever a feature adds. A feature that imported these would close a circle.
EVERY_TABLE = {
    "bot.db.migrations": {"tables"},
    "bot.db.own": {"tables"},
    "bot.db.restore": {"tables"},
    "bot.db.rotation": {"tables", "settings"},
}

ONLY_IN = {
    "discord": ("cogs", "bot.ui", "bot.client", "bot.app", "bot.outbox.sender", "bot.sandbox"),
    "apscheduler": ("bot.schedule.alarm",),
    "simcord": ("bot.sandbox",),
    "numpy": ("bot.buddies.crowd", "bot.buddies.pairing", "bot.support.encoder", "bot.support.model"),
    "rustworkx": ("bot.buddies.pairing",),
    "bot.sandbox": ("bot.sandbox", "bot.cli"),
    "cogs": ("bot.client",),
}

PURE_LIBRARIES = {"dateutil", "rustworkx", "icalendar", "babel"}
NOT_PURE = {"asyncio", "logging", "os", "random", "secrets", "shutil", "socket", "sqlite3", "subprocess"} | {
    "tempfile",
    "threading",
    "time",
    "urllib",
}


def part_of(module: str) -> str:
    first, *rest = module.split(".")
    return rest[0] if first == "bot" and rest else first


def is_ours(module: str) -> bool:
    return under(module, "bot", "cogs")


def strangers(source: Source) -> list[str]:
    """A part that knows one it may not know."""
    found: list[str] = []
    for one in source.imports:
        here, there = part_of(one.importer), part_of(one.imported)
        if not is_ours(one.imported) or there == "bot":
            continue
        if here == there and here != "cogs":
            continue
        if one.typing_only and (here, there) in MAY_NAME:
            continue
        if any(under(one.importer, work) and there in known for work, known in EVERY_TABLE.items()):
            continue
        if not may_know(here, there):
            found.append(f"{one.importer} knows {one.imported}")
    return found


def may_know(here: str, there: str) -> bool:
    if here in MEETS_ALL:
        return there not in ENDS or there in MEETS_ALL[here]
    return there in MAY_KNOW.get(here, FEATURE)


def trespassers(source: Source) -> list[str]:
    """A library, or a part, imported where it must not be."""
    return [
        f"{one.importer} imports {one.imported}"
        for one in source.imports
        for library, homes in ONLY_IN.items()
        if under(one.imported, library)
        and not under(one.importer, *homes)
        and not (one.typing_only and part_of(one.importer) == "cogs")
    ]


def is_pure(module: str) -> bool:
    name = module.split(".")[-1]
    if under(module, "bot.schedule"):
        return name not in ("alarm", "tables", "schedule")
    return module.startswith("bot.") and (name == "rules" or name.endswith("_rules"))


def impure(source: Source) -> list[str]:
    """Rules that know more than the standard library's calculating half and libraries that only calculate."""

    def innocent(one: Import) -> bool:
        top = one.imported.split(".")[0]
        if is_ours(one.imported):
            return is_pure(one.imported)
        return top in PURE_LIBRARIES or (top in sys.stdlib_module_names and top not in NOT_PURE)

    return [
        f"{one.importer} imports {one.imported}"
        for one in source.imports
        if is_pure(one.importer) and not innocent(one)
    ]


def circles(source: Source) -> list[str]:
    """Modules that import themselves through others. Names for types alone do not count: they never run."""
    return [
        f"{one.importer} imports itself through {one.imported}"
        for one in source.imports
        if not one.typing_only
        and one.imported in source.texts
        and one.importer in source.reached_from(one.imported)
    ]


RULES: list[Callable[[Source], list[str]]] = [strangers, trespassers, impure, circles]


@pytest.mark.parametrize("rule", RULES)
def test_the_layers_hold(rule: Callable[[Source], list[str]]) -> None:
    assert rule(product()) == []


@pytest.mark.parametrize(
    ("rule", "module", "text"),
    [
        (strangers, "bot.members.service", "from bot.checkins import plans"),
        (strangers, "bot.networks.service", "from bot.support.lines import NetworkLines"),
        (strangers, "bot.ui.render", "def late():\n    from bot.members.tables import Person"),
        (strangers, "bot.content.library", "from bot.db import store"),
        (strangers, "cogs.support", "from cogs.members import Members"),
        (strangers, "cogs.support", "from bot.app import App"),
        (strangers, "bot.outbox.queue", "from bot.members.tables import Person"),
        (trespassers, "bot.checkins.asking", "import discord"),
        (trespassers, "bot.outbox.queue", "from discord.ext import commands"),
        (trespassers, "bot.app", "import apscheduler.schedulers.asyncio"),
        (trespassers, "bot.app", "from bot.sandbox.world import World"),
        (trespassers, "bot.doctor", "import simcord"),
        (trespassers, "bot.app", "import cogs.support"),
        (trespassers, "bot.app", "import numpy"),
        (impure, "bot.checkins.rules", "import logging"),
        (impure, "bot.checkins.rules", "from bot.checkins.tables import Plan"),
        (impure, "bot.members.facts_rules", "from bot.members.tables import Person"),
        (impure, "bot.schedule.recurrence", "import sqlalchemy"),
        (impure, "bot.schedule.recurrence", "def now():\n    import time"),
        (circles, "bot.errors", "from bot.settings import Settings"),
        (circles, "bot.errors", "def late():\n    from bot.db.keys import load"),
        (strangers, "bot.gossip.service", "from bot.checkins import plans"),
    ],
)
def test_a_breach_is_noticed(rule: Callable[[Source], list[str]], module: str, text: str) -> None:
    assert rule(product().with_module(module, text))


def test_only_a_process_of_its_own_puts_rounds_together() -> None:
    reached = product().reached_from(
        "bot.__main__", "bot.app", *(m for m in product().texts if under(m, "cogs"))
    )
    assert "bot.buddies.matchmaker" in reached
    assert not {"bot.buddies.worker", "bot.buddies.matching", "bot.buddies.crowd"} & reached


def test_a_name_for_types_alone_closes_no_circle() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot.settings import Settings"
    assert circles(product().with_module("bot.errors", text)) == []
