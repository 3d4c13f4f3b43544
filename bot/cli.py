"""The commands of `reallyok`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__, logs, settings
from bot.clock import SystemClock
from bot.errors import FolderUnusable, OperatorError
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.app import App

END_S = 4.5  # SIGTERM must end us within five seconds


def main(argv: list[str] | None = None) -> None:
    """Run `reallyok` with these arguments; exits with 0, 1 (something to mend, said in words) or 2 (usage)."""
    arguments = _parser().parse_args(argv)
    # Whatever we make (the database, its log, its copies) is for the bot's own account: it tells how people are.
    os.umask(0o077)
    _leave_no_core()
    try:
        if getattr(arguments, "recognise", None) is not None:
            # This reads nothing else: no settings, no database, no network.
            sys.exit(_recognise(arguments.recognise))
        chosen = settings.read()
        logs.start(chosen.log_level)
        sys.exit(_COMMANDS[arguments.command](arguments, chosen))
    except OperatorError as error:
        print(f"reallyok: {error.problem}\n{error.mend}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _leave_no_core() -> None:
    """A crash must not write our memory to a file: what members were just saying is in it (seen in a test)."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such files
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reallyok", description="Really OK keeps a peer-support network going on Discord."
    )
    parser.add_argument("--version", action="version", version=f"reallyok {__version__}")
    parser.set_defaults(command="default", wire_only=False, port=None, no_browser=False)
    commands = parser.add_subparsers(metavar="COMMAND")

    run = commands.add_parser("run", help="run the bot on Discord (needs DISCORD_TOKEN)")
    run.set_defaults(command="run")

    sandbox = commands.add_parser("sandbox", help="a rehearsal in the browser, with no Discord account")
    sandbox.add_argument(
        "--wire-only", action="store_true", help="only the local Discord, for a bot in another process"
    )
    sandbox.add_argument("--port", type=int, help="the page's port (any free one by default)")
    sandbox.add_argument("--no-browser", action="store_true", help="do not open the page by itself")
    sandbox.set_defaults(command="sandbox")

    check = commands.add_parser(
        "check", help="check every word and setting; needs no database and no network"
    )
    check.add_argument(
        "--recognise",
        metavar="TEXT",
        help="say how a text would be read, and why; - reads one text a line and answers in lines of JSON",
    )
    check.set_defaults(command="check")

    doctor = commands.add_parser("doctor", help="look at everything the bot needs and say how to mend it")
    doctor.set_defaults(command="doctor")

    db = commands.add_parser("db", help="the database").add_subparsers(metavar="ACTION", required=True)
    upgrade = db.add_parser(
        "upgrade", help="bring the database to the newest form (also done at every start)"
    )
    upgrade.set_defaults(command="db-upgrade")

    key = commands.add_parser("key", help="the key that seals what members answer").add_subparsers(
        metavar="ACTION", required=True
    )
    rotate = key.add_parser("rotate", help="seal everything anew with a new key (end the bot first)")
    rotate.set_defaults(command="key-rotate")
    show = key.add_parser("show-fingerprint", help="twelve characters that tell keys apart")
    show.set_defaults(command="key-show")

    backup = commands.add_parser("backup", help="a sealed copy of the database; the bot may run meanwhile")
    backup.add_argument(
        "file", nargs="?", type=Path, help="where to (by default into backups/ beside the database)"
    )
    backup.set_defaults(command="backup")

    restore = commands.add_parser("restore", help="put a backup back (end the bot first)")
    restore.add_argument("file", type=Path, help="what `reallyok backup` made")
    restore.add_argument(
        "--without-ledger", action="store_true", help="go on although the ledger of erasures was lost"
    )
    restore.set_defaults(command="restore")
    return parser


def _default(arguments: argparse.Namespace, chosen: Settings) -> int:
    return _run(arguments, chosen) if chosen.token else _sandbox(arguments, chosen)


def _run(_: argparse.Namespace, chosen: Settings) -> int:
    if not chosen.token:
        raise OperatorError(
            "There is no DISCORD_TOKEN.",
            "Put it in .env (see .env.example), or run `reallyok sandbox` to try the bot without Discord.",
        )
    from bot.app import build

    async def work(hold: Callable[[], None] | None) -> None:
        app = build(chosen)
        app.before_opening = hold
        end_on_signals(app)
        await app.run()

    with holding(chosen) as hold:
        asyncio.run(work(hold))
    return 0


def end_on_signals(app: App) -> None:
    """Have SIGTERM and SIGINT end the process: politely, and within five seconds. Needs a running event loop."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        # What was committed is safe whenever we go; this only bounds how politely.
        loop.call_later(END_S, os._exit, 0)
        app.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(number, end)


@contextlib.contextmanager
def holding(chosen: Settings) -> Generator[Callable[[], None] | None]:
    """Be the only copy while the bot runs. Where the folder cannot be used, the bot starts all the same, for support.

    Yields None; or, in that case, what has to succeed before the database may be opened: it raises `OperatorError`
    until then. Raises `OperatorError` when another copy runs.
    """
    with contextlib.ExitStack() as held:

        def hold() -> None:
            held.enter_context(only_copy(chosen))

        try:
            hold()
        except FolderUnusable:
            yield hold
        else:
            yield None


@contextlib.contextmanager
def only_copy(chosen: Settings) -> Generator[None]:
    """Hold the lock that says this database has a bot.

    Raises `OperatorError` when another copy holds it, and `FolderUnusable` when nobody can.
    """
    from filelock import FileLock, Timeout

    from bot.db.store import sqlite_path

    path = Path(sqlite_path(chosen.database_url))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A doctor looking at the lock holds it for a moment.
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=0.3)
        lock.acquire()
    except Timeout:
        raise OperatorError(
            f"Another copy of Really OK is running on {path}.",
            "End that one first; two would ask everybody twice. (The lock goes by itself when it ends.)",
        ) from None
    except OSError as error:
        raise FolderUnusable(
            f"The folder of the database {path} cannot be used ({error.strerror}).",
            "Make it writable for the bot's user, or set REALLYOK_DATA to another folder.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _sandbox(arguments: argparse.Namespace, chosen: Settings) -> int:
    try:
        from bot.sandbox import rehearsal
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"The sandbox needs {error.name}, which is not installed.",
            "Install it with `uv sync`, or set DISCORD_TOKEN to run the bot itself.",
        ) from None
    port = arguments.port if arguments.port is not None else chosen.sandbox_port
    if arguments.wire_only:
        asyncio.run(rehearsal.wire_only(port))
    else:
        asyncio.run(rehearsal.rehearse(replace(chosen, token=None), port, browser=not arguments.no_browser))
    return 0


def _check(_: argparse.Namespace, chosen: Settings) -> int:
    from bot.content.check import check
    from bot.content.library import default_root
    from bot.support.helplines import check_helplines
    from bot.support.lexicon import check_lexicon

    root, today = default_root(), SystemClock().now().date()
    report = check(root, today) + check_helplines(root, today) + check_lexicon(root)
    for warning in report.warnings:
        print(f"warning: {warning}")
    for error in report.errors:
        print(f"error: {error}")
    print(f"{len(report.errors)} error(s), {len(report.warnings)} warning(s).")
    return 1 if report.errors else 0


def _recognise(text: str) -> int:
    """Say how a text is read: for trying the recogniser out. Nothing is kept."""
    from bot.content.library import default_root
    from bot.support.explain import answer_lines, explain
    from bot.support.recognise import Recogniser

    root = default_root()
    recogniser = Recogniser.load(root)
    with_encoder = recogniser.load_encoder()
    if text == "-":
        with contextlib.suppress(BrokenPipeError):
            answer_lines(recogniser, sys.stdin.buffer, lambda line: print(line, flush=True))
    else:
        print("\n".join(explain(recogniser, root, text, with_encoder=with_encoder)))
    return 0


def _doctor(_: argparse.Namespace, chosen: Settings) -> int:
    from bot.doctor import examine

    return asyncio.run(examine(chosen, print))


def _db_upgrade(_: argparse.Namespace, chosen: Settings) -> int:
    from bot.db.backup import keep_before_upgrade
    from bot.db.ledger import Ledger
    from bot.db.rotation import KeyPlace, existing
    from bot.db.store import sqlite_path
    from bot.db.upgrade import current, newest, upgrade

    database = Path(sqlite_path(chosen.database_url))
    with only_copy(chosen):
        if current(str(database)) not in (None, newest()):
            keyring = existing(KeyPlace.of(chosen))
            keep_before_upgrade(database, keyring, Ledger(chosen.ledger_file, keyring), SystemClock().now())
        upgrade(chosen.database_url)
    print(f"The database is at revision {newest()}.")
    return 0


def _key_rotate(_: argparse.Namespace, chosen: Settings) -> int:
    from bot.db.rotation import KeyPlace, rotate

    with only_copy(chosen):
        done = rotate(KeyPlace.of(chosen))
    print(f"{done.values} value(s) were sealed anew. The key was {done.old} and is {done.new}.")
    if done.new_file:
        print(
            f"Two things are left to do, and the bot does not start before the first:\n"
            f"1. Set REALLYOK_KEY to the line in {done.new_file}. Keep the old value: backups made until now need it.\n"
            f"2. Delete {done.new_file}: it holds the key in the open."
        )
    else:
        print(
            f"Save a copy of {chosen.key_file} away from this machine now.\n"
            f"Backups made until now need the old key: it is kept in {done.old_file}, save that as well. "
            "Delete it with the last of those backups."
        )
    return 0


def _key_show(_: argparse.Namespace, chosen: Settings) -> int:
    from bot.db.rotation import KeyPlace, existing, sealed_with

    fingerprint = existing(KeyPlace.of(chosen)).fingerprint()
    recorded = sealed_with(chosen.database_url)
    print(fingerprint)
    if recorded not in (None, fingerprint):
        raise OperatorError(
            f"The database was sealed with another key ({recorded}).",
            "Put back the key with that fingerprint before the bot starts.",
        )
    return 0


def _backup(arguments: argparse.Namespace, chosen: Settings) -> int:
    from bot.db.backup import backup, default_target
    from bot.db.ledger import Ledger
    from bot.db.rotation import KeyPlace, existing
    from bot.db.store import sqlite_path

    now, database = SystemClock().now(), Path(sqlite_path(chosen.database_url))
    target = arguments.file or default_target(database, now)
    keyring = existing(KeyPlace.of(chosen))
    ledger = Ledger(chosen.ledger_file, keyring)
    made = backup(database, target, keyring, ledger, now)
    ledger.tidy(now.date())
    print(f"{target}: {made.size / 1e6:.1f} MB, sealed with key {made.key}, read through and whole.")
    return 0


def _restore(arguments: argparse.Namespace, chosen: Settings) -> int:
    from bot.db.own import erase
    from bot.db.restore import restore
    from bot.db.rotation import KeyPlace

    with only_copy(chosen):
        done = restore(
            KeyPlace.of(chosen),
            arguments.file,
            SystemClock().now(),
            erase,
            without_ledger=arguments.without_ledger,
        )
    print(f"The database is as it was on {done.header.made:%d %B %Y at %H:%M} UTC.")
    if done.forgotten:
        print(f"{done.forgotten} person(s) who asked to be forgotten since then were erased from it again.")
    if done.kept:
        print(f"The database it replaced is sealed in {done.kept}; `reallyok restore` brings it back.")
    if done.damaged:
        print(
            f"The damaged database it replaced lies in {done.damaged}, not sealed. Delete it when nobody needs it: "
            "people who were forgotten may still be in it."
        )
    return 0


_COMMANDS = {
    "default": _default,
    "run": _run,
    "sandbox": _sandbox,
    "check": _check,
    "doctor": _doctor,
    "db-upgrade": _db_upgrade,
    "key-rotate": _key_rotate,
    "key-show": _key_show,
    "backup": _backup,
    "restore": _restore,
}
