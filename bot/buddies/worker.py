"""The process that puts rounds together: `python -m bot.buddies.worker`, started by `matchmaker` and by nobody else.

It reads what to match from its standard input and writes the round to its standard output. It ends when the other
end of its input is gone, even in the middle of its work: it never outlives the bot.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import BinaryIO

from bot.buddies import frames
from bot.buddies.matching import match


def main() -> None:
    """Match whatever is asked until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal goes to the bot, which ends this
    if hasattr(os, "nice"):
        os.nice(10)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is not an answer
    waiting: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, waiting), daemon=True).start()
    while True:
        people, forbidden, seed = frames.read_asked(_forever(waiting))
        for frame in frames.answered(match(people, forbidden, seed)):
            out.write(len(frame).to_bytes(frames.LENGTH) + frame)
        out.flush()
        del people, forbidden


def _listen(source: BinaryIO, waiting: SimpleQueue[bytes]) -> None:
    while head := source.read(frames.LENGTH):
        waiting.put(source.read(int.from_bytes(head)))
    os._exit(0)


def _forever(waiting: SimpleQueue[bytes]) -> Iterator[bytes]:
    while True:
        yield waiting.get()


if __name__ == "__main__":
    main()
