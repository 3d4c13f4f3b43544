from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from filelock import FileLock

from bot.clock import MovableClock, SystemClock
from bot.db.store import Store
from bot.settings import Settings
from tests.doctor.conftest import Surgery
from tests.launch.scene import PATIENCE_S

KINDS = ("ok    ", "mend  ", "look  ")


async def test_all_well(surgery: Surgery) -> None:
    assert await surgery.examine() == 0, surgery.said
    assert not surgery.lines("mend")
    assert surgery.said[-1] == "Nothing needs mending."
    assert "permissions=" in surgery.line("To add the bot to a server")
    for good in (
        "accepts the token",
        "clock agrees",
        "at the newest revision",
        "fits the database",
        "In #welcome of “Saturday Coffee” the bot has every",
        "In #really-ok of “Saturday Coffee” the bot has every",
    ):
        assert surgery.line(good).startswith("ok    ")


async def test_it_changes_nothing(surgery: Surgery) -> None:
    def everything() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in surgery.data.parent.rglob("*") if p.is_file()}

    before = everything()
    await surgery.examine()
    assert everything() == before


async def test_it_makes_nothing_where_there_is_nothing(surgery: Surgery, tmp_path: Path) -> None:
    new = tmp_path / "new"
    code = await surgery.examine(
        data=new, database_url=f"sqlite:///{new}/x.db", key_file=new / "key", token=None
    )
    assert code == 1
    assert not new.exists()
    assert surgery.line("There is no database").startswith("look")
    assert surgery.line("There is no key").startswith("look")


async def test_it_names_nobody_and_shows_no_secret(surgery: Surgery) -> None:
    stage = surgery.stage
    surgery.settings.key_file.chmod(0o644)
    await surgery.examine()
    told = "\n".join(surgery.said)
    for person in (stage.bea, stage.cal):
        assert person.name not in told.lower().split()
        assert person.display_name not in told
        assert str(person.id) not in told
    assert surgery.settings.token not in told
    assert surgery.settings.key_file.read_text().strip() not in told
    application = str(stage.world.backend.application_id)
    assert set(re.findall(r"\d{15,}", told)) <= {application}


async def test_the_fingerprint_is_shown_so_that_a_saved_key_can_be_told(surgery: Surgery) -> None:
    await surgery.examine()
    assert "a copy of the key is kept" in surgery.line(f"fingerprint is {surgery.keyring.fingerprint()}")


# Usable while the bot runs


async def test_it_says_whether_a_bot_is_running_and_works_beside_it(surgery: Surgery) -> None:
    await surgery.examine()
    assert surgery.line("No bot is running").startswith("look")
    store = Store(surgery.settings.database_url)
    held = sqlite3.connect(surgery.database)
    held.execute("BEGIN IMMEDIATE")  # a bot in the middle of writing
    with FileLock(surgery.database.with_name("reallyok.db.lock")):
        assert await surgery.examine() == 0, surgery.said
        assert surgery.line("A bot is running").startswith("look")
    held.close()
    store.close()


async def test_the_lock_is_let_go_again(surgery: Surgery) -> None:
    lock_file = surgery.database.with_name("reallyok.db.lock")
    lock_file.touch()
    await surgery.examine()
    with FileLock(lock_file, timeout=0):
        pass


async def test_every_line_is_of_a_kind_and_every_fault_has_its_mend(surgery: Surgery) -> None:
    """Everything wrong at once."""
    stage = surgery.stage
    stage.world.backend.delete_channel(surgery.talk)
    for role in stage.world.backend.guilds[stage.guild].roles.values():
        role.permissions = 0
    surgery.settings.key_file.chmod(0o666)
    clock = MovableClock(SystemClock().now() + timedelta(hours=1))
    assert await surgery.examine(clock=clock, servers=frozenset({1, stage.guild})) == 1
    assert len(surgery.lines("mend")) >= 8
    assert all(line.startswith(KINDS) for line in surgery.said[:-1]), surgery.said
    for line in surgery.lines("mend"):
        assert re.fullmatch(r"mend  .+[^.] -> .+[^.]", line), line
    assert surgery.said[-1].startswith(f"{len(surgery.lines('mend'))} thing(s) to mend")


async def test_the_command(surgery: Surgery, tmp_path: Path) -> None:
    """`reallyok doctor` as an operator types it, with its exit code."""
    settings: Settings = surgery.settings
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("REALLYOK_", "DISCORD_"))},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "DISCORD_API_URL": settings.api_url or "",
        "DISCORD_GATEWAY_URL": settings.gateway_url or "",
        "REALLYOK_DATA": str(surgery.data),
        "REALLYOK_KEY_FILE": str(settings.key_file),
    }
    for token, code in ((settings.token, 0), ("wrong", 1)):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "doctor"],
            env={**environment, "DISCORD_TOKEN": token},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith("Nothing needs" if code == 0 else "1 thing(s)")
        assert done.stderr == ""
