"""A network's own lines: on the disk whole or not at all, and never in the way of an answer."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.support.lines import MOST_LINES, NetworkLines, NetworkSupport, OwnLine

OURS = NetworkSupport("wales", "en", False, (OwnLine("Ein llinell", "ring 01234"),))


def test_what_is_set_is_there_now_and_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "support.json"
    lines = NetworkLines(path)
    assert lines.problem is None
    assert lines.get(1) == NetworkSupport()
    lines.set(1, OURS)
    assert lines.get(1) == OURS
    again = NetworkLines(path)
    assert again.get(1) == OURS
    assert again.get(2) == again.get(None) == NetworkSupport()
    again.forget(1)
    again.forget(1)
    assert NetworkLines(path).get(1) == NetworkSupport()
    assert os.listdir(path.parent) == ["support.json"]


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b"\xff\xfe\x00",
        b'{"version": 1}',
        b'{"version": 99, "networks": {}}',
        b'{"version": 1, "networks": {"x": {}}}',
        b'{"version": 1, "networks": {"1": {"nation": null, "language": "en", "education": true, "lines": [1]}}}',
        b'{"version": 1, "networks": []}',
        b"[" * 100_000,
    ],
)
def test_a_torn_file_is_set_aside_and_support_goes_on(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "support.json"
    path.write_bytes(torn)
    lines = NetworkLines(path)
    assert lines.get(1) == NetworkSupport()
    assert lines.problem is not None
    assert "support.json.torn-1" in lines.problem
    assert (tmp_path / "support.json.torn-1").read_bytes() == torn
    lines.set(1, OURS)
    assert NetworkLines(path).get(1) == OURS


def test_every_torn_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "support.json"
    for number in (1, 2, 3):
        path.write_text(f"torn {number}")
        NetworkLines(path)
        assert (tmp_path / f"support.json.torn-{number}").read_text() == f"torn {number}"


def test_what_cannot_be_read_or_moved_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "support.json"
    path.mkdir()  # reading fails as it would without permission, for root as well
    for number in range(1, 1000):
        (tmp_path / f"support.json.torn-{number}").touch()
    lines = NetworkLines(path)
    assert lines.problem is not None
    assert "cannot be moved aside" in lines.problem
    with pytest.raises(OSError, match="not overwritten"):
        lines.set(1, OURS)
    assert lines.get(1) == NetworkSupport()


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "support.json"
    lines = NetworkLines(path)
    lines.set(1, OURS)
    before = path.read_bytes()
    bad = NetworkSupport("wales", "en", True, (OwnLine("\ud800", "cannot be written as UTF-8"),))
    with pytest.raises(UnicodeEncodeError):
        lines.set(1, bad)
    assert lines.get(1) == OURS
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["support.json"]


def test_too_many_lines_are_refused(tmp_path: Path) -> None:
    lines = NetworkLines(tmp_path / "support.json")
    with pytest.raises(ValueError, match=str(MOST_LINES)):
        lines.set(1, NetworkSupport(lines=(OwnLine("a", "b"),) * (MOST_LINES + 1)))


def test_answering_reads_no_file(tmp_path: Path) -> None:
    path = tmp_path / "support.json"
    lines = NetworkLines(path)
    lines.set(1, OURS)
    path.unlink()
    assert lines.get(1) == OURS


def test_changes_from_several_threads_are_all_kept(tmp_path: Path) -> None:
    lines = NetworkLines(tmp_path / "support.json")
    threads = [threading.Thread(target=lines.set, args=(number, OURS)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = NetworkLines(tmp_path / "support.json")
    assert all(again.get(number) == OURS for number in range(12))


WRITER = """
import sys
from pathlib import Path
from bot.support.lines import NetworkLines, NetworkSupport, OwnLine
lines = NetworkLines(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number += 1
    lines.set(1, NetworkSupport("wales", "en", True, tuple(OwnLine(str(number), "x" * 20000) for _ in range(5))))
    print(number, flush=True)
"""


def test_a_kill_in_the_middle_of_writing_leaves_a_whole_file(tmp_path: Path) -> None:
    """SIGKILL at a random moment, again and again: the file is always whole, and never older than told."""
    path = tmp_path / "support.json"
    chance = random.Random(20261122)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.005, 0.06))
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        if not told:
            continue
        kept = json.loads(path.read_text(encoding="utf-8"))["networks"]["1"]["lines"]
        assert len({line["name"] for line in kept}) == 1
        # The last line of what it said may be cut short by the kill, so the one before it is the witness.
        assert int(kept[0]["name"]) >= int(told[-2] if len(told) > 1 else 1)
        assert NetworkLines(path).problem is None
