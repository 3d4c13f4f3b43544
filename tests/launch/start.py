"""How a bot in a process of its own begins. Apart from the launcher, so that tests load none of the bot to start one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """`clock` is an instant for a clock that can be moved; None takes the machine's.

    `blind` is the control of the crash tests: a bot that does not look before it sends again. The product has no
    such setting; only the process started so changes its own sender.
    """

    environ: Mapping[str, str]
    port: int
    clock: str | None = None
    blind: bool = False
