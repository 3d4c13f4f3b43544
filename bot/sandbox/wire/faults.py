"""Things that go wrong on purpose: refusals, silences and broken connections, at an exact moment.

A rule matches requests by method and path ("/channels/*/messages"), after skipping some, as often as told.
"Before" is before anything is stored; "after" is when Discord has stored the message but the bot does
not learn it, which is where messages are lost and doubled.
"""

from __future__ import annotations

import asyncio
import fnmatch
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

When = Literal["before", "after"]
What = Literal["error", "hang", "drop", "slow"]
Stage = Literal["arrived", "stored", "answered"]

_WELL_KNOWN = {
    40003: (400, "You are opening direct messages too fast."),
    50007: (403, "Cannot send messages to this user"),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    50013: (403, "Missing Permissions"),
    50001: (403, "Missing Access"),
    10003: (404, "Unknown Channel"),
    10007: (404, "Unknown Member"),
    10062: (404, "Unknown interaction"),
}


@dataclass(slots=True)
class Call:
    """One REST request on its way through the wire."""

    method: str
    path: str
    json: Any = None
    status: int | None = None
    answer: Any = None


class Dropped(Exception):
    """The socket is to be broken here and now. A hook may raise it: at "arrived" nothing is stored."""


Hook = Callable[[Stage, Call], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Rule:
    """One thing that goes wrong.

    `error` answers `status` with Discord's `code`; `hang` answers nothing for `seconds`, or until
    `release()` when that is None, and then goes on; `slow` is a hang of known length; `drop` breaks the socket.
    """

    what: What
    method: str = "*"
    path: str = "*"
    when: When = "before"
    code: int = 0
    status: int = 500
    message: str = "500: Internal Server Error"
    seconds: float | None = None
    skip: int = 0
    """How many matching requests pass first."""
    times: int | None = 1
    """How often it happens; None for always."""
    probability: float = 1.0
    happened: int = 0
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let everything that hangs on this rule go on."""
        self._released.set()

    async def pause(self) -> None:
        """Wait as long as this rule says."""
        if self.seconds is None:
            await self._released.wait()
        else:
            await asyncio.sleep(self.seconds)


def refusal(code: int, *, path: str = "*", method: str = "*", times: int | None = 1, skip: int = 0) -> Rule:
    """A rule that refuses before storing with one of Discord's well-known codes (50007, 40003, 50013...)."""
    status, message = _WELL_KNOWN[code]
    return Rule(
        "error", method=method, path=path, code=code, status=status, message=message, times=times, skip=skip
    )


class Faults:
    """The rules in force.

    `on_request` is awaited by the wire at each stage of each request that passed the rate limits: "arrived"
    (nothing is stored yet), "stored" (the bot does not know it yet) and "answered" (the answer is on its way).
    """

    def __init__(self, rules: list[Rule] | None = None, *, seed: int | None = None) -> None:
        self.rules: list[Rule] = list(rules or [])
        self.on_request: Hook | None = None
        self._dice = random.Random(seed)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force."""
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Nothing goes wrong from here on; what hangs goes on."""
        for rule in self.rules:
            rule.release()
        self.rules.clear()

    def match(self, when: When, call: Call) -> Rule | None:
        """The first rule that strikes this request now; counts it."""
        for rule in self.rules:
            if rule.when != when or rule.method not in ("*", call.method):
                continue
            if rule.times is not None and rule.happened >= rule.times:
                continue
            if not fnmatch.fnmatchcase(call.path, rule.path):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1.0 and self._dice.random() >= rule.probability:
                continue
            rule.happened += 1
            return rule
        return None


def rule_from(fields: Mapping[str, Any]) -> Rule:
    """A rule as other processes write it: {"code": 50007, "path": ...} or the fields of `Rule`."""
    if "what" not in fields:
        return refusal(int(fields["code"]), **{k: v for k, v in fields.items() if k != "code"})
    return Rule(**dict(fields))
