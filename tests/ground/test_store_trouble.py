"""The store when things go wrong around it: a lock, a full disk, damage, a kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.db.store import BUSY_TIMEOUT_MS, Store
from bot.errors import StoreUnavailable
from tests.ground import rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(rows.made(tmp_path / "x.db"))
    yield store
    await asyncio.to_thread(store.close)


async def test_locked_by_another_process_it_says_so_soon_and_recovers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.write(rows.add, 1)
    waits: list[int] = []
    give_up = Store._give_up
    monkeypatch.setattr(
        Store,
        "_give_up",
        lambda self, held, jobs, why: waits.append(len(jobs)) or give_up(self, held, jobs, why),
    )
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.readline()"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(tmp_path / "x.db"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdin
    assert other.stdout
    assert await other.stdout.readline() == b"held\n"
    ended = await asyncio.gather(*(store.write(rows.add, 10 + n) for n in range(300)), return_exceptions=True)
    # The bound is the promise itself: a member waits three seconds at most, whoever came with them. So the lock is
    # waited for once for whoever was there first, and for nobody in a queue behind them.
    assert len(waits) * BUSY_TIMEOUT_MS <= 2000, waits
    assert {type(outcome) for outcome in ended} == {StoreUnavailable}
    assert await store.read(rows.ids) == [1], "reading goes on"
    other.stdin.write(b"\n")
    await other.wait()
    assert await store.write(rows.add, 2) == 2
    assert await store.read(rows.ids) == [1, 2]


async def test_a_full_disk_keeps_all_or_nothing_and_recovers(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def limit(session: Session, pages: int) -> None:
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await store.write(rows.add, 1)
    await store.write(limit, 20)
    big = "x" * 40_000
    ended = await asyncio.gather(
        *(store.write(rows.add, 100 + n, f"{n}{big}") for n in range(10)), return_exceptions=True
    )
    assert StoreUnavailable in {type(outcome) for outcome in ended}
    assert "full" in caplog.text, "the operator is told why"
    told_kept = {outcome for outcome in ended if isinstance(outcome, int)}
    assert set(await store.read(rows.ids)) == {1} | told_kept
    await store.write(limit, 10_000)
    assert await store.write(rows.add, 2, big) == 2


async def test_a_change_that_swallows_a_full_disk_is_not_told_it_was_kept(store: Store) -> None:
    def limit(session: Session) -> None:
        session.connection().exec_driver_sql("PRAGMA max_page_count=20")

    def swallow(session: Session) -> None:
        for n in range(50):
            with contextlib.suppress(DBAPIError):
                session.connection().execute(
                    rows.TABLE.insert().values(id=500 + n, count=0, words=f"{n}" + "x" * 8_000)
                )

    await store.write(limit)
    changes = [(rows.add, 1), (swallow,), (rows.add, 2)]
    ended = await asyncio.gather(*(store.write(*change) for change in changes), return_exceptions=True)
    assert isinstance(ended[1], StoreUnavailable)
    told_kept = {outcome for outcome in ended if isinstance(outcome, int)}
    assert {1, 2} & set(await store.read(rows.ids)) == told_kept


async def test_damage_in_one_place_is_unavailable_and_the_rest_can_be_read(
    store: Store, tmp_path: Path
) -> None:
    await asyncio.gather(*(store.write(rows.add, n, f"{n}" + "x" * 1_000) for n in range(100)))
    await asyncio.to_thread(store.close)
    file = tmp_path / "x.db"
    await asyncio.to_thread(_damage, file, b"60" + b"x" * 1_000)
    again = Store(f"sqlite:///{file}")
    with pytest.raises(StoreUnavailable):
        await again.write(rows.increment, 60)
    with pytest.raises(StoreUnavailable):
        await again.read(rows.count, 60)
    assert await again.write(rows.increment, 1) == 1
    assert await again.read(rows.count, 1) == 1
    await asyncio.to_thread(again.close)


def _damage(file: Path, where: bytes) -> None:
    """Overwrite the head of the page of the table that holds `where`."""
    content = bytearray(file.read_bytes())
    place = content.index(where) // 4096 * 4096
    content[place : place + 8] = b"\xff" * 8
    file.write_bytes(content)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk; needs root on Linux"
)
async def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = await asyncio.to_thread(
        subprocess.run, ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        store = Store(rows.made(disk / "x.db"))
        told_kept: set[int] = set()
        for n in range(200):
            try:
                told_kept.add(await store.write(rows.add, n, f"{n}" + "x" * 8_000))
            except StoreUnavailable:
                break
        else:
            pytest.fail("the disk never filled up")
        assert set(await store.read(rows.ids)) == told_kept
        with pytest.raises(StoreUnavailable):
            await store.write(rows.add, 1000, "x" * 8_000)
        await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert await store.write(rows.add, 1000, "x" * 8_000) == 1000
        assert set(await store.read(rows.ids)) == told_kept | {1000}
        await asyncio.to_thread(store.close)
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("content", [b"this is no database" * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_a_damaged_file_is_unavailable_not_a_crash(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(content)
    store = Store(f"sqlite:///{file}")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.write(rows.add, 1)
        with pytest.raises(StoreUnavailable):
            await store.read(rows.ids)
    await asyncio.to_thread(store.close)
    assert file.read_bytes() == content


async def test_a_missing_folder_is_unavailable_and_recovers(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'not yet' / 'x.db'}")
    with pytest.raises(StoreUnavailable):
        await store.write(rows.add, 1)
    with pytest.raises(StoreUnavailable):
        await store.read(rows.ids)
    (tmp_path / "not yet").mkdir()
    rows.made(tmp_path / "not yet" / "x.db")
    assert await store.write(rows.add, 1) == 1
    await asyncio.to_thread(store.close)


async def test_killed_in_the_middle_everything_told_as_kept_is_kept(tmp_path: Path) -> None:
    url = rows.made(tmp_path / "x.db")
    program = f"""
import asyncio, sys
from bot.db.store import BUSY_TIMEOUT_MS, Store
from tests.ground import rows
async def main():
    store = Store({url!r})
    async def work(n):
        while True:
            kept = await store.write(rows.add, n)
            sys.stdout.write(f"{{kept}}\\n"); sys.stdout.flush()
            n += 50
    await asyncio.gather(*(work(n) for n in range(50)))
asyncio.run(main())
"""
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert victim.stdout
    told: list[bytes] = [await victim.stdout.readline() for _ in range(2000)]
    victim.kill()
    told += (await victim.stdout.read()).splitlines(keepends=True)
    await victim.wait()
    told_kept = {int(line) for line in told if line.endswith(b"\n")}
    assert len(told_kept) >= 2000
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        kept = {n for (n,) in connection.execute("SELECT id FROM tally")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert told_kept <= kept
