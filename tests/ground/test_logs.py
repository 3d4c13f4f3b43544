"""Nobody can be found in a log: no id, no token, no name, no word of theirs, at any level."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from bot import logs
from bot.errors import OperatorError, StoreUnavailable

ID = 812345678901234567
NAME = "Marjorie Blenkinsop"
WORDS = "I cannot face another Monday"
TOKEN = "aW50ZXJhY3Rpb246MTIz" * 5
SECRETS = (str(ID), NAME, WORDS, TOKEN)
LEVELS = [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL]


class Log:
    """A logger's output through our formatter, as an operator reads it."""

    def __init__(self, name: str) -> None:
        self._out = io.StringIO()
        handler = logging.StreamHandler(self._out)
        handler.setFormatter(logs.ScrubbingFormatter())
        self.logger = logging.Logger(name, logging.DEBUG)
        self.logger.addHandler(handler)

    def text(self) -> str:
        return self._out.getvalue()


@pytest.fixture(
    params=["reallyok", "reallyok.outbox", "discord.client", "sqlalchemy.engine", "aiohttp.server"]
)
def log(request: pytest.FixtureRequest) -> Log:
    return Log(request.param)


def _discord_error(kind: type[discord.HTTPException], status: int) -> discord.HTTPException:
    answer: Any = SimpleNamespace(status=status, reason=f"{NAME} {ID}")
    said = {"code": 50035, "message": WORDS, "errors": {"content": {"_errors": [{"message": NAME}]}}}
    return kind(answer, said)


def _chained() -> Exception:
    try:
        try:
            raise ValueError(f"{NAME}: {WORDS}")
        except ValueError as error:
            raise StoreUnavailable from error
    except StoreUnavailable as error:
        return error


def _in_passing() -> Exception:
    try:
        try:
            raise KeyError(WORDS)
        except KeyError:
            raise RuntimeError(f"while handling {ID}")  # noqa: B904 - the implicit context is what is tested
    except RuntimeError as error:
        return error


def _suppressed() -> Exception:
    try:
        try:
            raise KeyError(WORDS)
        except KeyError:
            raise RuntimeError(NAME) from None
    except RuntimeError as error:
        return error


def _noted() -> Exception:
    error = ValueError(WORDS)
    error.add_note(f"the member was {NAME}")
    return error


def _own_circle() -> Exception:
    one, other = ValueError(NAME), KeyError(WORDS)
    one.__cause__, other.__cause__ = other, one
    return one


ERRORS = [
    ValueError(f"{NAME} ({ID}) said {WORDS}"),
    IntegrityError("INSERT INTO person VALUES (?, ?)", (ID, NAME), Exception(WORDS)),
    OperationalError(f"SELECT {NAME!r}", {"words": WORDS}, Exception(TOKEN)),
    StatementError(WORDS, f"SELECT {ID}", [(ID, WORDS)], ValueError(NAME)),
    _discord_error(discord.HTTPException, 400),
    _discord_error(discord.Forbidden, 403),
    _discord_error(discord.NotFound, 404),
    aiohttp.InvalidURL(f"https://discord.com/api/v10/webhooks/{ID}/{TOKEN}"),
    ExceptionGroup(NAME, [ValueError(WORDS), ExceptionGroup(str(ID), [KeyError(TOKEN), _chained()])]),
    _chained(),
    _in_passing(),
    _suppressed(),
    _noted(),
    _own_circle(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("level", LEVELS, ids=logging.getLevelName)
def test_no_traceback_says_whose_it_was(log: Log, level: int, error: Exception) -> None:
    def work(said: str = WORDS) -> None:
        raise error

    try:
        work()
    except Exception:
        log.logger.log(level, "It went wrong.", exc_info=True)
    told = log.text()
    assert not [secret for secret in SECRETS if secret in told]
    # What is left is enough to mend it by.
    assert type(error).__name__ in told
    assert f"{Path(__file__).name}:" in told
    assert " work\n" in told


def test_every_part_of_a_group_and_of_a_chain_is_named(log: Log) -> None:
    group = ExceptionGroup("two", [ValueError(WORDS), _chained()])
    log.logger.error("It went wrong.", exc_info=group)
    for name in ("ExceptionGroup", "builtins.ValueError", "bot.errors.StoreUnavailable"):
        assert name in log.text()


def test_an_operators_error_keeps_its_words(log: Log) -> None:
    log.logger.error("No.", exc_info=OperatorError("The disk is full.", "Make room."))
    assert "The disk is full. Make room." in log.text()


def test_a_stack_asked_for_shows_no_source_line_with_words_in_it(log: Log) -> None:
    log.logger.warning("Here.", stack_info=True)
    assert "I cannot face" not in log.text()


@pytest.mark.parametrize("level", LEVELS, ids=logging.getLevelName)
def test_what_a_library_puts_into_its_line_is_left_out(level: int) -> None:
    log = Log("discord.gateway")
    log.logger.log(level, "Member %s said %s in %d", NAME, WORDS, ID)
    told = log.text()
    assert "Member %s said %s in %d" in told
    assert not [secret for secret in SECRETS if secret in told]


def test_what_asyncio_puts_into_its_line_itself_is_left_out() -> None:
    log = Log("asyncio")
    log.logger.error(f"Exception in callback answer(<Member {NAME!r}>)\nhandle: <Handle {WORDS}>")
    log.logger.error(f"Unclosed client session\nclient_session: <{WORDS}>")
    assert "Exception in callback answer\n" in log.text()
    assert "Unclosed client session\n" in log.text()
    assert not [secret for secret in SECRETS if secret in log.text()]


def test_ids_and_tokens_go_even_from_fixed_words(log: Log) -> None:
    log.logger.error(f"POST /interactions/{ID}/{TOKEN}/callback and <@{ID}>")
    assert not [secret for secret in SECRETS if secret in log.text()]
    assert "callback" in log.text()


def test_our_own_lines_keep_numbers_that_are_nobodys(log: Log) -> None:
    if log.logger.name.startswith("reallyok"):
        log.logger.info("%d messages in %s s, error %d", 1000, 20.5, 50007)
        assert "1000 messages in 20.5 s, error 50007" in log.text()


def test_a_record_that_cannot_be_formatted_is_still_logged_without_its_values() -> None:
    log = Log("reallyok")
    log.logger.error("%d messages for %s", "many", NAME)  # a slip in our own code
    assert "messages for" in log.text()
    assert NAME not in log.text()


def test_started_logging_takes_in_every_logger_and_warning(tmp_path: Path) -> None:
    """In a process of its own, since it sets up the root logger."""
    program = f"""
import asyncio, logging, sys, threading, warnings
from bot import logs
logs.start("INFO")
logging.getLogger("reallyok.a").info("ours at info")
logging.getLogger("reallyok.a").debug("ours at debug")
logging.getLogger("discord.http").info("theirs at info")
logging.getLogger("asyncio").error("theirs at error", exc_info=ValueError({WORDS!r}))
logging.getLogger("discord.x").warning("hello %s", {NAME!r})
async def main():
    asyncio.get_running_loop().set_debug(False)
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_soon(called, {NAME!r})
    await asyncio.sleep(0)
class Odd:
    def __del__(self): raise ValueError({WORDS!r})
def called(name): raise ValueError(name)
async def fail():
    raise ValueError({WORDS!r})
asyncio.run(main())
def thread(): raise ValueError({WORDS!r})
t = threading.Thread(target=thread); t.start(); t.join()
warnings.warn({WORDS!r})
Odd()
sys.stderr.flush()
raise ValueError({WORDS!r})
"""
    script = tmp_path / "program.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = done.stderr
    assert done.returncode == 1
    assert "ours at info" in told
    assert "theirs at error" in told
    assert told.count("An error nobody foresaw") == 3, told
    assert "Exception in callback called" in told
    assert "Task exception was never retrieved" in told
    assert "ours at debug" not in told
    assert "theirs at info" not in told
    assert not [secret for secret in SECRETS if secret in told], told
    assert done.stdout == ""
