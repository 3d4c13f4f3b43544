"""How a bot in a process of its own begins. Apart from the launcher, so that tests load none of the bot to start one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Start:
    """`port` is where orders come from, 0 for nowhere; `clock` an instant for a clock that can be moved, None for the
    machine's.

    `blind` is the control of the crash tests: a bot that does not look before it sends again. The product has no
    such setting; only the process started so changes its own sender. `migrating` names a file: as long as it exists,
    bringing the database to the newest form takes. `sweep_s` is how often the alarm looks and `reopen_s` how often a
    database that would not open is tried, for tests that cannot wait a minute.
    """

    environ: Mapping[str, str]
    port: int = 0
    clock: str | None = None
    blind: bool = False
    migrating: str | None = None
    sweep_s: float | None = None
    reopen_s: float | None = None
