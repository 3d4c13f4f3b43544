from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.checkins.tables import Checkin
from bot.db import keys
from bot.db.store import engine_for
from bot.errors import OperatorError

HERE = ("checkin", "level_sealed", 7)
WORDS = "not ok — Ŵyn"


@pytest.fixture
def ring() -> keys.Keyring:
    return keys.Keyring(os.urandom(32))


def test_what_was_sealed_opens_again(ring: keys.Keyring) -> None:
    for text in ("", WORDS, "x" * 4000):
        assert ring.open(ring.seal(text, *HERE), *HERE) == text


def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice(ring: keys.Keyring) -> None:
    one, other = ring.seal(WORDS, *HERE), ring.seal(WORDS, *HERE)
    assert one != other
    assert WORDS.encode() not in one
    assert b"not ok" not in one


@pytest.mark.parametrize(
    "place",
    [("checkin", "level_sealed", 8), ("checkin", "words_sealed", 7), ("journal", "level_sealed", 7)],
    ids=["row", "column", "table"],
)
def test_it_opens_nowhere_else(ring: keys.Keyring, place: tuple[str, str, int]) -> None:
    with pytest.raises(OperatorError):
        ring.open(ring.seal(WORDS, *HERE), *place)


def test_it_opens_with_no_other_key(ring: keys.Keyring) -> None:
    with pytest.raises(OperatorError) as caught:
        keys.Keyring(os.urandom(32)).open(ring.seal(WORDS, *HERE), *HERE)
    assert "key" in caught.value.mend


@pytest.mark.parametrize("where", [0, 1, 13, -1])
def test_a_single_changed_bit_does_not_open(ring: keys.Keyring, where: int) -> None:
    sealed = bytearray(ring.seal(WORDS, *HERE))
    sealed[where] ^= 1
    with pytest.raises(OperatorError):
        ring.open(bytes(sealed), *HERE)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 20])
def test_a_value_that_was_cut_off_does_not_open(ring: keys.Keyring, length: int) -> None:
    with pytest.raises(OperatorError):
        ring.open(ring.seal(WORDS, *HERE)[:length], *HERE)


def test_a_sealed_column_takes_nothing_that_is_not_sealed(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}", writing=True)
    sealed = Checkin.__table__.c.level_sealed.type
    with Session(engine) as session, pytest.raises(ValueError, match="sealed"):
        sealed.process_bind_param(b"ok", session.get_bind().dialect)
    engine.dispose()


# The file


def test_the_file_is_made_at_the_first_start_and_read_ever_after(tmp_path: Path) -> None:
    file = tmp_path / "new" / "reallyok.key"
    first = keys.load(None, file)
    again = keys.load(None, file)
    assert first.made_now
    assert not again.made_now
    assert again.key == first.key
    assert len(first.key) == 32


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_may_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        keys.load(None, tmp_path / "k")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600


def test_a_key_in_the_settings_goes_before_the_file_and_makes_none(tmp_path: Path) -> None:
    own = os.urandom(32)
    assert keys.load(base64.b64encode(own).decode(), tmp_path / "k").key == own
    assert not (tmp_path / "k").exists()


def test_a_key_copied_by_hand_with_blanks_around_it_is_read(tmp_path: Path) -> None:
    own = os.urandom(32)
    (tmp_path / "k").write_text(f"  {base64.b64encode(own).decode()} \r\n")
    assert keys.load(None, tmp_path / "k").key == own


@pytest.mark.parametrize(
    "content", [b"", b"hello", base64.b64encode(b"x" * 31), base64.b64encode(b"x" * 33), b"\xff\xfe\x00"]
)
def test_a_bad_key_says_what_to_do_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "k"
    file.write_bytes(content)
    with pytest.raises(OperatorError) as caught:
        keys.load(None, file)
    assert "32 bytes in base64" in caught.value.problem
    assert "saved key" in caught.value.mend
    assert file.read_bytes() == content


def test_a_bad_key_in_the_settings_is_not_shown() -> None:
    with pytest.raises(OperatorError) as caught:
        keys.load("hunter2hunter2", Path("unused"))
    assert "REALLYOK_KEY" in caught.value.problem
    assert "hunter2" not in str(caught.value)


def test_a_file_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "k", tmp_path):
        with pytest.raises(OperatorError) as caught:
            keys.load(None, place)
        assert "REALLYOK_KEY" in caught.value.mend


def test_a_fingerprint_tells_keys_apart_and_gives_none_away() -> None:
    rings = [keys.Keyring(os.urandom(32)) for _ in range(50)]
    assert len({ring.fingerprint() for ring in rings}) == 50
    for ring in rings:
        assert len(ring.fingerprint()) == 12
        assert ring.fingerprint() == keys.Keyring(ring.key).fingerprint()
        assert ring.fingerprint() not in ring.key.hex()


def test_a_keyring_does_not_show_its_key_when_printed(ring: keys.Keyring) -> None:
    assert str(ring.key) not in repr(ring)
