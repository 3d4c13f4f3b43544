"""`reallyok doctor`: look at everything the bot needs, and say how to mend what is wrong.

It changes nothing, makes nothing, may run while the bot runs, and goes on when a part of it cannot be examined.
No line names a person. Each says one of three things: "ok", "mend" (with what to do next), "look" (advice).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.clock import Clock, SystemClock
from bot.doctor import machine
from bot.doctor.findings import Findings
from bot.doctor.servers import DISCORD, Servers
from bot.settings import Settings


async def examine(settings: Settings, say: Callable[[str], object], *, clock: Clock | None = None) -> int:
    """Examine everything, telling `say` one line at a time; 0 when all is well, 1 when something is to mend.

    Never raises for what it finds. Takes seconds: a silent network is given up on after ten.
    """
    clock = clock or SystemClock()
    findings = Findings(say)
    await findings.part("The words", asyncio.to_thread(machine.words, findings, clock.now().date()))
    recorded = await findings.part("The database", asyncio.to_thread(machine.database, findings, settings))
    recorded = recorded or machine.Recorded()
    fingerprint = recorded.fingerprint
    await findings.part("The key", asyncio.to_thread(machine.key, findings, settings, fingerprint))
    await findings.part("The backups", asyncio.to_thread(machine.backups, findings, settings, clock.now()))
    await findings.part("The data folder", asyncio.to_thread(machine.folder, findings, settings))
    servers = Servers(settings, findings, clock, recorded.networks, recorded.sessions)
    await findings.part(f"Discord ({settings.api_url or DISCORD})", servers.examine())
    for trouble in recorded.troubles:
        machine.trouble(findings, trouble, servers.channels)
    count = findings.to_mend
    say(
        "Nothing needs mending."
        if not count
        else f"{count} thing(s) to mend: see the lines beginning with “mend”."
    )
    return 1 if count else 0
