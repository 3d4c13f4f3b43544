"""What the doctor says, one line at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import OperatorError

T = TypeVar("T")


class Findings:
    """Says each finding as it is made and counts what is to mend."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self.to_mend = 0

    def ok(self, fact: str) -> None:
        """Something that is as it should be."""
        self._say(f"ok    {fact}")

    def mend(self, problem: str, todo: str) -> None:
        """Something that keeps the bot, or a part of it, from working; `todo` is what to do next."""
        self.to_mend += 1
        self._say(f"mend  {problem} -> {todo}")

    def look(self, fact: str, todo: str = "") -> None:
        """Something to know or to think about; nothing is broken."""
        self._say(f"look  {fact}{f' -> {todo}' if todo else ''}")

    async def part(self, name: str, examination: Awaitable[T]) -> T | None:
        """The result of one part, or None when it could not be examined: said, and the next part goes on."""
        try:
            return await examination
        except OperatorError as error:
            self.mend(error.problem, error.mend)
        except Exception as error:
            # An exception's own words may hold ids or text; its type is enough to report it by.
            kind = type(error).__name__
            self.mend(
                f"{name} could not be examined ({kind})",
                "try once more; if it stays, report this line as a fault",
            )
        return None
