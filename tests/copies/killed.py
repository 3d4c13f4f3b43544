"""Does one thing to a house over and over, and is killed one step later each time, until it gets to the end.

Run as `python -m tests.copies.killed DEED FOLDER`; the house is `FOLDER/0`, the killed ones are `FOLDER/1` and on.
The children are real processes and the signal is SIGKILL. A step is whatever may reach the disk: a file opened to be
written, made lasting, renamed or removed, a database opened, a statement, a commit. Prints a line of JSON: the
step each one died before.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.db.rotation import rotate
from tests.copies.house import NOW, House

DEEDS: dict[str, Callable[[House], object]] = {
    "rotate": lambda house: rotate(house.place),
    "restore": lambda house: house.restore(house.folder / "elsewhere" / "one.ok", NOW + timedelta(days=1)),
    "backup": lambda house: house.backup("two.ok"),
}
WRITES = os.O_WRONLY | os.O_RDWR
FILES = {"os.rename", "os.remove", "os.link", "os.mkdir", "sqlite3.connect"}


def main(deed: str, folder: Path) -> None:
    # What the first time needs: all children are to take the same steps.
    warm = House(folder / "0").copy(folder / "warm")
    DEEDS[deed](warm)
    shutil.rmtree(warm.folder)
    died: list[str] = []
    while (step := _killed(deed, folder, len(died) + 1)) is not None:
        died.append(step)
    shutil.rmtree(folder / str(len(died) + 1))
    print(json.dumps(died))


def _killed(deed: str, folder: Path, at: int) -> str | None:
    house = House(folder / "0").copy(folder / str(at))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_killed(DEEDS[deed], house, at, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        step = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        return None
    if code != -signal.SIGKILL:
        raise SystemExit(f"step {at} ({step}) ended with {code}")
    return step


def _be_killed(do: Callable[[House], object], house: House, at: int, pipe: int) -> NoReturn:
    code = 70
    steps = 0

    def step(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.write(pipe, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(name: str, arguments: tuple[Any, ...]) -> None:
        if name in FILES:
            step(f"{name} {Path(str(arguments[0])).name}")
        elif name == "open" and not isinstance(arguments[0], int) and arguments[2] & WRITES:
            step(f"open {Path(os.fsdecode(arguments[0])).name}")

    fsync = os.fsync

    def lasting(file: int) -> None:
        step("fsync")
        fsync(file)

    try:
        os.fsync = lasting
        event.listen(Engine, "before_cursor_execute", lambda *a: step(a[2][:40]))
        event.listen(Engine, "commit", lambda _: step("COMMIT"))
        sys.addaudithook(audited)
        do(house)
        code = 0
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
