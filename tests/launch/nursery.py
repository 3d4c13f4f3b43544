"""Forks bots: everything is imported once, so that a start costs a tenth of a second and 200 kills are cheap.

Run as `python -m tests.launch.nursery`. It forks before any event loop or thread exists; the children are real
processes, killed with real signals. Lines of JSON come in on standard input, one answer goes out for each.

    {"start": {...}, "log": path}   {"pid": 123}
    {"poll": 123}                   {"code": null} while it lives, then its exit code (minus the signal's number)
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from typing import Any, NoReturn

import cogs
from tests.launch.launcher import play
from tests.launch.start import Start

# What a start imports when it first needs it.
LATER = ("alembic.command", "alembic.config", "cryptography.hazmat.primitives.ciphers.aead", "babel.dates")


def main() -> None:
    for module in (*LATER, *(f"cogs.{m.name}" for m in pkgutil.iter_modules(cogs.__path__))):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"pid": _fork(order)} if "start" in order else {"code": _code(order["poll"])}
        print(json.dumps(answer), flush=True)


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _be_born(order)
    return pid


def _be_born(order: dict[str, Any]) -> NoReturn:
    code = 70
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the test run's, which ends us itself
        code = play(Start(**order["start"]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _code(pid: int) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


if __name__ == "__main__":
    main()
