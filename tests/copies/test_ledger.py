"""The ledger of erasures: who was noted since, whatever happens to clocks, lines and keys."""

from __future__ import annotations

import os
import stat
import threading
from datetime import date, timedelta
from pathlib import Path

import filelock
import pytest

from bot.db.keys import Keyring
from bot.db.ledger import KEEP, Ledger, Mark
from bot.errors import OperatorError
from tests.launch.scene import PATIENCE_S

TODAY = date(2026, 3, 4)
RUTH, AMIR, BEA = 100000000000000001, 100000000000000002, 100000000000000003


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "keys" / "reallyok.erased", Keyring(os.urandom(32)))


def _again(ledger: Ledger) -> Ledger:
    """As another process would read it."""
    return Ledger(ledger.path, ledger._keyring)


def test_it_knows_who_was_noted_since_and_nobody_else(ledger: Ledger) -> None:
    ledger.note(RUTH, TODAY)
    mark = ledger.mark()
    ledger.note(AMIR, TODAY)
    tags = _again(ledger).noted_since(mark)
    assert tags == {ledger.tag(AMIR)}
    assert ledger.erased_among(tags, {RUTH, AMIR, BEA}) == {AMIR}


def test_a_clock_that_went_back_makes_no_difference(ledger: Ledger) -> None:
    ledger.note(RUTH, TODAY)
    mark = ledger.mark()
    ledger.note(AMIR, TODAY - timedelta(days=3))
    assert ledger.noted_since(mark) == {ledger.tag(AMIR)}


def test_the_file_says_of_nobody_that_they_are_in_it(ledger: Ledger) -> None:
    ledger.note(RUTH, TODAY)
    content = ledger.path.read_bytes()
    assert str(RUTH).encode() not in content
    assert RUTH.to_bytes(8, "big") not in content
    assert ledger._keyring.key not in content
    assert b"2026-03-04 " in content
    assert Ledger(ledger.path.with_name("other"), ledger._keyring).tag(RUTH) != ledger.tag(RUTH)
    if os.name == "posix":
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("torn", [1, 5, 11, 20, 42])
def test_a_torn_last_line_costs_nobody_else_anything(ledger: Ledger, torn: int) -> None:
    ledger.note(RUTH, TODAY)
    mark = ledger.mark()
    ledger.note(AMIR, TODAY)
    ledger.path.write_bytes(ledger.path.read_bytes()[:-torn])
    whole = torn == 1  # only the end of the line is missing: it can still be read
    assert ledger.noted_since(mark) == ({ledger.tag(AMIR)} if whole else set())
    ledger.note(BEA, TODAY)
    assert ledger.noted_since(mark) == ({ledger.tag(AMIR), ledger.tag(BEA)} if whole else {ledger.tag(BEA)})


def test_many_may_write_at_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = ledger.mark()
    # Four who do nothing else may keep one of them from the file for longer than a bot waits.
    lock = filelock.FileLock
    monkeypatch.setattr(filelock, "FileLock", lambda *a, timeout, **how: lock(*a, timeout=PATIENCE_S, **how))

    def work(start: int) -> None:
        own = _again(ledger)
        for number in range(start, start + 20):
            own.note(number, TODAY)
            if number % 7 == 0:
                own.tidy(TODAY)
            own.mark()

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 80, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tags = ledger.noted_since(mark)
    assert tags is not None
    assert ledger.erased_among(tags, set(range(100))) == set(range(80))


# When it does not know, it says so


def test_another_ledger_does_not_know(ledger: Ledger) -> None:
    mark = ledger.mark()
    ledger.path.unlink()
    assert ledger.noted_since(mark) is None
    ledger.note(RUTH, TODAY)
    assert ledger.noted_since(mark) is None
    assert ledger.all_noted() == {ledger.tag(RUTH)}


def test_an_older_copy_of_it_does_not_know(ledger: Ledger) -> None:
    ledger.note(RUTH, TODAY)
    older = ledger.path.read_bytes()
    ledger.note(AMIR, TODAY)
    mark = ledger.mark()
    assert ledger.noted_since(mark) == set()
    ledger.path.write_bytes(older)
    assert ledger.noted_since(mark) is None


def test_what_is_over_four_hundred_days_old_goes_and_older_backups_are_refused(ledger: Ledger) -> None:
    before = ledger.mark()
    ledger.note(RUTH, TODAY - KEEP - timedelta(days=1))
    between = ledger.mark()
    ledger.note(AMIR, TODAY - KEEP)
    assert ledger.tidy(TODAY) == 1
    assert ledger.tidy(TODAY) == 0
    assert ledger.noted_since(before) is None
    assert ledger.noted_since(between) == {ledger.tag(AMIR)}
    assert ledger.mark() == Mark(between.ledger, 2)


# Keys


def test_after_a_rotation_it_opens_with_the_new_key_alone_and_still_knows(ledger: Ledger) -> None:
    old, new = ledger._keyring, Keyring(os.urandom(32))
    mark = ledger.mark()
    ledger.note(RUTH, TODAY)
    tag = ledger.tag(RUTH)
    ledger.seal_for(old, new)
    for keyring in (old, new):
        assert Ledger(ledger.path, keyring).noted_since(mark) == {tag}
    ledger.seal_for(new)
    assert Ledger(ledger.path, new).noted_since(mark) == {tag}
    assert Ledger(ledger.path, new).tag(RUTH) == tag
    with pytest.raises(OperatorError, match="another key"):
        Ledger(ledger.path, old).noted_since(mark)


def test_sealing_a_ledger_that_is_not_there_makes_none(ledger: Ledger) -> None:
    ledger.seal_for(Keyring(os.urandom(32)))
    assert not ledger.path.exists()


@pytest.mark.parametrize("content", [b"", b"hello\n", b"Really OK erasures 1\nfirst x\n"])
def test_a_damaged_head_is_said_and_not_replaced(ledger: Ledger, content: bytes) -> None:
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(content)
    for use in (ledger.mark, ledger.all_noted, lambda: ledger.note(RUTH, TODAY)):
        with pytest.raises(OperatorError):
            use()
    assert ledger.path.read_bytes() == content


def test_a_ledger_that_cannot_be_written_is_not_acknowledged(ledger: Ledger) -> None:
    ledger.path.parent.write_text("a file where the folder should be")
    with pytest.raises(OperatorError, match="cannot be used"):
        ledger.note(RUTH, TODAY)
