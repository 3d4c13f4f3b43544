"""What only some bots need is loaded by those: each takes memory from a small computer for as long as the bot runs."""

from __future__ import annotations

import subprocess
import sys

from tests.launch.processes import ROOT

BUILT = """
import sys
from dataclasses import replace
from pathlib import Path
from bot.app import build
from bot.settings import Settings

chosen = Settings(data=Path(sys.argv[1]), key_file=Path(sys.argv[1], "key"))
for settings in (chosen, replace(chosen, http_port=8080)):
    build(settings)
    print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""
SERVER, OTHER_DATABASE = "aiohttp.web", "sqlalchemy.dialects.postgresql"


def test_a_bot_loads_no_server_it_has_no_port_for_and_no_database_but_its_own(tmp_path: object) -> None:
    command = [sys.executable, "-c", BUILT, str(tmp_path), SERVER, OTHER_DATABASE]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["", SERVER]
