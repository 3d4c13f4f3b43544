from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType
from sqlmodel import Session

from bot.clock import MovableClock, SystemClock
from bot.db import keys
from bot.db.store import Store
from bot.doctor import machine
from bot.doctor.permissions import NEEDED, needed
from bot.outbox import queue
from bot.outbox.queue import Ending
from bot.outbox.tables import Outbox, State
from bot.sandbox.wire.faults import Rule
from bot.settings import Settings
from tests.doctor.conftest import NOW, Surgery

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


# What is to mend on this machine


def _mend(surgery: Surgery, fragment: str) -> str:
    line = surgery.line(fragment)
    assert line.startswith("mend  ")
    assert re.fullmatch(r"mend  .+ -> .+", line)
    return line


async def test_a_database_held_by_another_program(surgery: Surgery) -> None:
    held = sqlite3.connect(surgery.database)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    try:
        assert await surgery.examine() == 1
        _mend(surgery, "locked")
        assert surgery.line("accepts the token")
    finally:
        held.close()


async def test_a_damaged_database(surgery: Surgery) -> None:
    content = bytearray(surgery.database.read_bytes())
    content[-4096:-4032] = b"\xff" * 64  # the head of the last page; the first ones can still be read
    surgery.database.write_bytes(content)
    assert await surgery.examine() == 1
    assert "copies" in _mend(surgery, "The database is damaged")
    assert surgery.line("accepts the token")


async def test_a_file_that_is_no_database(surgery: Surgery) -> None:
    surgery.database.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    assert await surgery.examine() == 1
    _mend(surgery, "cannot be read")
    assert surgery.line("accepts the token")


async def test_a_database_of_a_newer_version(surgery: Surgery) -> None:
    with contextlib.closing(sqlite3.connect(surgery.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert await surgery.examine() == 1
    assert "newer program" in _mend(surgery, "newer version (9999)")


async def test_a_database_of_an_older_version_is_no_fault(surgery: Surgery) -> None:
    with contextlib.closing(sqlite3.connect(surgery.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    assert await surgery.examine() == 0
    assert surgery.line("revision 0000").startswith("look")


async def test_another_kind_of_database(surgery: Surgery) -> None:
    assert await surgery.examine(database_url="postgresql://db/reallyok") == 1
    assert any("does not name a SQLite file" in line for line in surgery.lines("mend"))


async def test_a_full_disk(surgery: Surgery, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 3 << 20))
    assert await surgery.examine() == 1
    _mend(surgery, "The disk has 3 MB free")


async def test_a_log_that_grew(surgery: Surgery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LARGE_LOG", 1)
    store = Store(surgery.settings.database_url)
    await store.write(_note, 1)
    assert await surgery.examine() == 0
    assert surgery.line("has grown").startswith("look")
    store.close()


async def test_the_key_is_gone(surgery: Surgery) -> None:
    surgery.settings.key_file.unlink()
    assert await surgery.examine() == 1
    assert "saved copy" in _mend(surgery, surgery.keyring.fingerprint())
    assert not surgery.settings.key_file.exists()


async def test_the_key_of_another_database(surgery: Surgery, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    keys.load(None, other)
    assert await surgery.examine(key_file=other) == 1
    _mend(surgery, "is not the one this database was sealed with")


async def test_a_key_that_is_no_key(surgery: Surgery) -> None:
    assert await surgery.examine(key="not a key") == 1
    _mend(surgery, "not 32 bytes in base64")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
async def test_a_key_others_may_read(surgery: Surgery) -> None:
    surgery.settings.key_file.chmod(0o640)
    assert await surgery.examine() == 1
    assert "chmod 600" in _mend(surgery, "Others on this machine may read the key")


async def test_a_key_beside_the_database(surgery: Surgery) -> None:
    beside = surgery.data / "reallyok.key"
    beside.write_bytes(surgery.settings.key_file.read_bytes())
    beside.chmod(0o600)
    assert await surgery.examine(key_file=beside) == 0
    assert surgery.line("lies beside the database").startswith("look")


async def test_a_data_folder_that_is_a_file(surgery: Surgery, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert await surgery.examine(data=file) == 1
    _mend(surgery, "Nothing can be written")


async def test_words_that_cannot_be_used(
    surgery: Surgery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "default_root", lambda: tmp_path / "no-prompts")
    assert await surgery.examine() == 1
    assert any("words" in line for line in surgery.lines("mend"))
    assert surgery.line("accepts the token")


# What is to mend at Discord


async def test_no_token(surgery: Surgery) -> None:
    assert await surgery.examine(token=None) == 1
    assert "developer portal" in _mend(surgery, "There is no DISCORD_TOKEN")
    assert surgery.line("at the newest revision")


@pytest.mark.parametrize("token", ["wrong", "two words", "tøken", "line\nbreak"])
async def test_a_wrong_token(surgery: Surgery, token: str) -> None:
    assert await surgery.examine(token=token) == 1
    _mend(surgery, "does not accept the token")


async def test_nobody_answers(surgery: Surgery) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v10"
        assert await surgery.examine(api_url=address) == 1
    _mend(surgery, "Discord cannot be reached")
    assert surgery.line("at the newest revision")
    assert surgery.line("fits the database")


async def test_discord_has_trouble(surgery: Surgery) -> None:
    surgery.stage.wire.faults.rules.append(Rule("error", path="/users/@me", status=503))
    assert await surgery.examine() == 1
    _mend(surgery, "error 503")


async def test_one_server_in_trouble_does_not_hide_the_others(surgery: Surgery) -> None:
    stage = surgery.stage
    other = stage.world.guild("Wednesday Tea", stage.cal)
    stage.world.add_bot(other)
    stage.wire.faults.rules.append(Rule("error", path=f"/guilds/{stage.guild}", status=500))
    assert await surgery.examine() == 1
    _mend(surgery, "error 500")
    assert surgery.line("“Wednesday Tea” has not been set up").startswith("look")


async def test_too_many_requests_are_waited_out(surgery: Surgery) -> None:
    surgery.stage.wire.limits.per_second = 3
    assert await surgery.examine() == 0, surgery.said
    assert surgery.stage.wire.stats.http_429 > 0


@pytest.mark.parametrize(
    ("seconds", "kind", "words"),
    [(12, "look", "12 s ahead"), (-90, "mend", "90 s behind"), (90, "mend", "90 s ahead")],
)
async def test_a_clock_that_is_wrong(surgery: Surgery, seconds: int, kind: str, words: str) -> None:
    clock = MovableClock(SystemClock().now() + timedelta(seconds=seconds))
    code = await surgery.examine(clock=clock)
    line = surgery.line("This machine's clock is")
    assert line.startswith(kind)
    # A second either way: the header holds whole ones.
    about = {str(abs(seconds) + n) for n in (-2, -1, 0, 1, 2)}
    assert re.search(r"is (\d+) s", line)[1] in about, line
    assert words.split()[-1] in line
    assert code == (1 if kind == "mend" else 0)


async def test_a_bot_in_no_server(surgery: Surgery) -> None:
    surgery.stage.world.remove_bot(surgery.stage.guild)
    assert await surgery.examine() == 0
    assert surgery.line("in no server yet").startswith("look")
    assert surgery.line("no longer in “Saturday Coffee”").startswith("look")


async def test_the_list_of_servers(surgery: Surgery) -> None:
    assert await surgery.examine(servers=frozenset({surgery.stage.guild})) == 0
    assert await surgery.examine(servers=frozenset({1, surgery.stage.guild})) == 1
    _mend(surgery, "The bot is not in 1 of the servers in REALLYOK_SERVERS")
    assert await surgery.examine(servers=frozenset({1})) == 1
    assert surgery.line("1 server(s) that REALLYOK_SERVERS does not list").startswith("look")
    assert "In #welcome" not in "".join(surgery.said)


@pytest.mark.parametrize("permission", NEEDED, ids=lambda p: p.name)
async def test_a_permission_the_bot_lacks_in_a_server(surgery: Surgery, permission: object) -> None:
    store = surgery.stage.world.backend
    for role in store.guilds[surgery.stage.guild].roles.values():
        role.permissions &= ~permission.bit
    assert await surgery.examine() == 1
    _mend(surgery, f"In “Saturday Coffee” the bot lacks {permission.name}")


async def test_a_permission_the_bot_lacks_in_one_channel(surgery: Surgery) -> None:
    stage = surgery.stage
    bits = {p.name: p.bit for p in NEEDED}
    stage.world.backend.get_channel(surgery.talk).overwrites.append(
        Overwrite(stage.guild, OverwriteType.ROLE, deny=bits["Send Messages"] | bits["Read Message History"])
    )
    assert await surgery.examine() == 1
    _mend(surgery, "In #really-ok of “Saturday Coffee” the bot lacks Send Messages")
    _mend(surgery, "In #really-ok of “Saturday Coffee” the bot lacks Read Message History")
    assert surgery.line("In #welcome of").startswith("ok")
    assert len(surgery.lines("mend")) == 2


async def test_exactly_the_permissions_of_the_link_are_enough(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.remove_bot(stage.guild)
    stage.world.backend.guilds[stage.guild].everyone_role.permissions = 0
    stage.world.add_bot(stage.guild, needed())
    assert await surgery.examine() == 0, surgery.said


async def test_an_administrator_is_told_it_is_more_than_enough(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.remove_bot(stage.guild)
    stage.world.add_bot(stage.guild, 8)
    assert await surgery.examine() == 0
    assert surgery.line("more than it needs").startswith("look")


async def test_channels_and_roles_that_were_deleted(surgery: Surgery) -> None:
    stage = surgery.stage
    stage.world.backend.delete_channel(surgery.talk)
    del stage.world.backend.guilds[stage.guild].roles[surgery.role]
    assert await surgery.examine() == 1
    assert "/network setup again" in _mend(surgery, "the checkin channel was deleted")
    assert "/network setup again" in _mend(surgery, "organiser role was deleted")


async def test_what_could_not_be_posted(surgery: Surgery) -> None:
    gone = 555
    store = Store(surgery.settings.database_url)
    for number, (channel, ending) in enumerate(
        [
            (surgery.talk, Ending(State.FORBIDDEN, error="50013")),
            (surgery.talk, Ending(State.FORBIDDEN, error="50013")),
            (gone, Ending(State.GONE, error="10003")),
            (surgery.welcome, Ending(State.REFUSED, error="50035")),
        ]
    ):
        await store.write(_ended, number, channel, ending)
    store.close()
    assert await surgery.examine() == 0
    assert "2 message(s) could not be posted in #really-ok" in surgery.line("did not allow it")
    assert "/network setup" in surgery.line("in a channel: it is no more")
    assert "#welcome" in surgery.line("error 50035")
    assert str(gone) not in "".join(surgery.said).replace("“", " ").split("client_id")[0]


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
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].startswith("Nothing needs" if code == 0 else "1 thing(s)")
        assert done.stderr == ""


def _note(session: Session, number: int) -> None:
    queue.enqueue(session, f"test:{number}", 1, "a.b", now=NOW)


def _ended(session: Session, number: int, channel_id: int, ending: Ending) -> None:
    row = Outbox(dedupe_key=f"test:{number}", channel_id=channel_id, template="a.b", not_before=NOW)
    row.state = State.SENDING
    session.add(row)
    session.flush()
    queue.settle(session, {row.id: ending}, NOW, {})
