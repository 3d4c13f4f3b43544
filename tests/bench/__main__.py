"""Benches: `python -m tests.bench NAME [options]`; the last line is one JSON object.

A figure is measured here and judged by people: no test asserts a time.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import tempfile
from pathlib import Path

NAMES = (
    "checkin-round",
    "crash",
    "due-scan",
    "footprint",
    "history",
    "interactions",
    "outbox-round",
    "pairing",
    "privacy",
    "recognise",
    "replies",
    "talk",
    "sessions",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    benches = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    modules = {name: importlib.import_module(f"tests.bench.{name.replace('-', '_')}") for name in NAMES}
    for name, module in modules.items():
        module.options(benches.add_parser(name, help=(module.__doc__ or "").partition("\n")[0]))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reallyok-bench-") as folder:
        figures = asyncio.run(modules[chosen.name].run(chosen, Path(folder)))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
