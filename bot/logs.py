"""Logs an operator can act on and nobody can be found in.

No text a person wrote, no name, no Discord id. An exception's own words may hold all three (SQLAlchemy
prints a statement's values, discord.py a URL with ids), so a traceback is reduced to its types and places.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from typing import cast

from bot.errors import OperatorError

# A Discord id has 17 to 20 digits; an interaction token follows its id in a URL.
_ID = re.compile(r"\d{15,}")
_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_.\-]{40,}")

_WARNING = re.compile(r".*?:\d+: \w+")


def scrub(text: str) -> str:
    """`text` without anything shaped like a Discord id or a token."""
    return _TOKEN.sub("<token>", _ID.sub("<id>", text))


class ScrubbingFormatter(logging.Formatter):
    """Our own lines as written; everybody else's scrubbed; every exception by type and place only."""

    def format(self, record: logging.LogRecord) -> str:
        own = record.name == "reallyok" or record.name.startswith("reallyok.")
        try:
            message = scrub(record.getMessage()) if own else _fixed_words(record)
        except Exception:
            message = scrub(str(record.msg))  # a slip in our own line: better its bare words than none
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + outline(record.exc_info[1])
        return line


def _fixed_words(record: logging.LogRecord) -> str:
    """What a library's author wrote, without what the library filled in: members, messages, URLs."""
    words = str(record.msg).partition("\n")[0]
    # These two fill in before they log: a callback's arguments in brackets, a warning's words after its kind.
    if record.name == "asyncio":
        words = words.partition("(")[0]
    elif record.name == "py.warnings" and (place := _WARNING.match(words)):
        words = place[0]
    return scrub(words)


def outline(error: BaseException) -> str:
    """Where an error came from: exception types, files, lines and functions; no values, no messages."""
    lines: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        words = f": {step}" if isinstance(step, OperatorError) else ""
        lines.append(f"  {type(step).__module__}.{type(step).__qualname__}{words}")
        for frame in traceback.extract_tb(step.__traceback__):
            lines.append(f"    {frame.filename}:{frame.lineno} {frame.name}")
        if isinstance(step, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", step)
            lines += [outline(part) for part in group.exceptions]
        step = step.__cause__ or step.__context__
    return "\n".join(lines)


def start(level: str) -> None:
    """Send every log record, and every error nobody caught, to standard error through the scrubbing formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ScrubbingFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")  # libraries narrate people's requests at INFO and DEBUG
    logging.getLogger("reallyok").setLevel(level)
    # Python's own last resorts print an error's words and the lines around it.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = lambda _kind, error, _trace: _uncaught(error)
    sys.unraisablehook = lambda what: _uncaught(what.exc_value)
    threading.excepthook = lambda what: _uncaught(what.exc_value)


def _uncaught(error: BaseException | None) -> None:
    logging.getLogger("reallyok").critical("An error nobody foresaw; report it.", exc_info=error)
