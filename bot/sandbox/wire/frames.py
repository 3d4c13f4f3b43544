"""How gateway messages are packed: plain text, or one compressed stream a connection as discord.py asks."""

from __future__ import annotations

import importlib
import json
import zlib
from collections.abc import Callable
from typing import Any, Protocol


class Packer(Protocol):
    """Turns one message into what goes over the socket."""

    def pack(self, text: str) -> str | bytes:
        """Text frames are str, compressed ones bytes."""
        ...


class Plain:
    """No compression."""

    def pack(self, text: str) -> str | bytes:
        return text


class Zlib:
    """`compress=zlib-stream`: one deflate context for the connection, flushed after each message."""

    def __init__(self) -> None:
        # The quickest level: the reader is on the same machine.
        self._deflate = zlib.compressobj(level=1)

    def pack(self, text: str) -> str | bytes:
        return self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


class Zstd:
    """`compress=zstd-stream`, where Python or an installed package brings zstandard."""

    _compress: Callable[[bytes], bytes]

    def __init__(self, library: Any) -> None:
        if hasattr(library, "ZstdCompressor") and hasattr(library.ZstdCompressor, "FLUSH_BLOCK"):
            compressor = library.ZstdCompressor()
            self._compress = lambda data: compressor.compress(data, mode=compressor.FLUSH_BLOCK)
        else:
            stream = library.ZstdCompressor().compressobj()
            self._compress = lambda data: (
                stream.compress(data) + stream.flush(library.COMPRESSOBJ_FLUSH_BLOCK)
            )

    def pack(self, text: str) -> str | bytes:
        return self._compress(text.encode())


def packer(wanted: str | None) -> Packer:
    """What the client asked for in its address; plain text where this Python cannot do it (every client reads it)."""
    if wanted == "zlib-stream":
        return Zlib()
    if wanted == "zstd-stream":
        for name in ("compression.zstd", "zstandard"):
            try:
                return Zstd(importlib.import_module(name))
            except ImportError:
                continue
    return Plain()


def encode(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
