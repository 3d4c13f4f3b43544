"""Whatever is done to the file is noticed, with a key and mostly without."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import sealed_file
from bot.db.keys import Keyring
from bot.db.sealed_file import Header
from bot.errors import OperatorError

PIECE = 1 << 20
CONTENT = os.urandom(3 * PIECE + 1000)


@pytest.fixture(scope="module")
def ring() -> Keyring:
    return Keyring(os.urandom(32))


@pytest.fixture
def sealed(ring: Keyring, tmp_path: Path) -> Path:
    return _sealed(tmp_path / "one.ok", ring, CONTENT)


def _sealed(path: Path, ring: Keyring, content: bytes) -> Path:
    header = Header(
        "2026-03-04T17:00:00+00:00",
        "0001",
        ring.fingerprint(),
        "ledger",
        3,
        len(content),
        sealed_file.new_salt(),
    )
    sealed_file.write(path, header, content, ring)
    return path


def _read(path: Path, ring: Keyring) -> bytes:
    return b"".join(sealed_file.read(path, ring))


def _refused(path: Path, ring: Keyring, words: str) -> None:
    with pytest.raises(OperatorError, match=words):
        _read(path, ring)


def _signed(path: Path, body: bytes) -> None:
    """Write a body with a checksum that fits: somebody who means it, not a torn copy."""
    path.write_bytes(body + hashlib.sha256(body).digest())


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_what_was_sealed_comes_back(ring: Keyring, tmp_path: Path, size: int) -> None:
    path = _sealed(tmp_path / "x.ok", ring, CONTENT[:size])
    assert _read(path, ring) == CONTENT[:size]


def test_two_files_of_one_content_share_nothing(ring: Keyring, tmp_path: Path) -> None:
    one, other = (_sealed(tmp_path / name, ring, CONTENT).read_bytes() for name in ("a", "b"))
    start = one.index(b"}\n") + 2
    assert not any(one[at : at + 16] == other[at : at + 16] for at in range(start, len(one) - 16, 4096))


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_may_read_it_whatever_the_umask(ring: Keyring, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = _sealed(tmp_path / "x.ok", ring, CONTENT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 31, 32, 33, 1000, PIECE, 3 * PIECE, len(CONTENT), len(CONTENT) + 60])
def test_a_file_cut_short_is_torn(sealed: Path, ring: Keyring, cut: int) -> None:
    sealed.write_bytes(sealed.read_bytes()[:-cut])
    _refused(sealed, ring, "torn or damaged")


def test_a_file_that_grew_is_torn(sealed: Path, ring: Keyring) -> None:
    sealed.write_bytes(sealed.read_bytes() + b"\0")
    _refused(sealed, ring, "torn or damaged")


@pytest.mark.parametrize("place", [0.001, 0.1, 0.4, 0.7, 0.99999])
def test_one_changed_bit_is_noticed_without_any_piece_given_out(
    sealed: Path, ring: Keyring, place: float
) -> None:
    content = bytearray(sealed.read_bytes())
    content[int(place * len(content))] ^= 1
    sealed.write_bytes(content)
    pieces = sealed_file.read(sealed, ring)
    with pytest.raises(OperatorError, match="torn or damaged"):
        next(pieces)


def test_pieces_in_another_order_do_not_open_though_the_checksum_fits(sealed: Path, ring: Keyring) -> None:
    body = sealed.read_bytes()[:-32]
    head = body.index(b"}\n") + 2
    step = PIECE + 16
    first, second = body[head : head + step], body[head + step : head + 2 * step]
    _signed(sealed, body[:head] + second + first + body[head + 2 * step :])
    _refused(sealed, ring, "changed after it was made")


def test_a_file_that_ends_early_does_not_open_though_all_else_fits(ring: Keyring, tmp_path: Path) -> None:
    """Two whole pieces of three, with a header that says two: the last one is not sealed as the last."""
    path = _sealed(tmp_path / "x.ok", ring, CONTENT[: 3 * PIECE])
    body = path.read_bytes()[:-32].replace(b'"size": %d' % (3 * PIECE), b'"size": %d' % (2 * PIECE))
    _signed(path, body[: -(PIECE + 16)])
    _refused(path, ring, "changed after it was made")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"position": 3', b'"position": 9'),
        (b'"revision": "0001"', b'"revision": "0000"'),
        (b"2026-03", b"2027-03"),
    ],
    ids=["position", "revision", "date"],
)
def test_a_header_changed_on_purpose_does_not_open(
    sealed: Path, ring: Keyring, was: bytes, becomes: bytes
) -> None:
    body = sealed.read_bytes()[:-32]
    assert body.count(was) == 1
    _signed(sealed, body.replace(was, becomes))
    _refused(sealed, ring, "changed after it was made")


def test_another_key_is_told_from_a_torn_file(sealed: Path, ring: Keyring) -> None:
    other = Keyring(os.urandom(32))
    _refused(sealed, other, f"another key \\({ring.fingerprint()}\\) than this \\({other.fingerprint()}\\)")
    body = sealed.read_bytes()[:-32].replace(ring.fingerprint().encode(), other.fingerprint().encode())
    _signed(sealed, body)
    _refused(sealed, other, "not made with this key")


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\0" * 9, os.urandom(5000)])
def test_another_file_is_no_backup(tmp_path: Path, ring: Keyring, content: bytes) -> None:
    path = tmp_path / "x.ok"
    path.write_bytes(content)
    _refused(path, ring, "not a backup of Really OK")


def test_a_file_of_a_newer_form_says_so(sealed: Path, ring: Keyring) -> None:
    sealed.write_bytes(sealed.read_bytes().replace(b"Really OK backup 1\n", b"Really OK backup 2\n", 1))
    _refused(sealed, ring, "newer program")


@pytest.mark.parametrize(
    "head",
    [b"{}", b"[]", b"nonsense", b'{"made_at": 3}', b"{" * 5000],
    ids=["empty", "list", "text", "part", "long"],
)
def test_a_header_that_makes_no_sense_is_torn(sealed: Path, ring: Keyring, head: bytes) -> None:
    _, _, rest = sealed.read_bytes().split(b"\n", 2)
    sealed.write_bytes(b"Really OK backup 1\n" + head + b"\n" + rest)
    _refused(sealed, ring, "torn or damaged")


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path, ring: Keyring) -> None:
    _refused(tmp_path / "none.ok", ring, "cannot be read")
    _refused(tmp_path, ring, "cannot be read")


def test_nothing_is_written_over(sealed: Path, ring: Keyring) -> None:
    before = sealed.read_bytes()
    header = replace(sealed_file.read_header(sealed), salt=sealed_file.new_salt())
    with pytest.raises(FileExistsError):
        sealed_file.write(sealed, header, CONTENT, ring)
    assert sealed.read_bytes() == before
