"""A new key: everything sealed opens with it alone, every index is made anew, and no key is lost."""

from __future__ import annotations

import base64
import contextlib
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, insert, select
from sqlmodel import Session
from sqlmodel import select as select_row

from bot.checkins.tables import Checkin
from bot.db import keys, rotation
from bot.db.columns import KeyedIndex, Sealed, new_id
from bot.db.keys import Keyring
from bot.db.rotation import rotate, settle
from bot.db.store import engine_for
from bot.db.tables import Install
from bot.errors import OperatorError
from bot.members.apart_tables import secret_made, secret_of
from bot.members.facts_rules import Kind, Listed
from bot.members.facts_tables import SAME_BODY, Fact
from bot.members.tables import Membership
from bot.tables import TABLES
from tests.copies.house import AMIR, NETWORK, NOW, PEOPLE, RUTH, House


def _sealed_values(house: House) -> list[tuple[int, bytes]]:
    with house.session() as session:
        return [(row.id, row.level_sealed or b"") for row in session.exec(select_row(Checkin))]


def test_everything_sealed_opens_with_the_new_key_and_not_with_the_old(house: House) -> None:
    old = house.keyring
    done = rotate(house.place)
    new = house.keyring
    assert (done.old, done.new, done.values) == (old.fingerprint(), new.fingerprint(), len(PEOPLE))
    assert new.key != old.key
    assert house.levels(new) == PEOPLE
    for row_id, value in _sealed_values(house):
        with pytest.raises(OperatorError):
            old.open(value, "checkin", "level_sealed", row_id)
    with house.session() as session:
        assert session.exec(select_row(Install.key_fingerprint)).one() == new.fingerprint()


def test_nothing_sealed_with_the_old_key_lies_on_in_the_database_or_its_log(house: House) -> None:
    before = [value for _, value in _sealed_values(house)]
    with house.session():  # somebody who looks keeps the log from going with the last connection
        rotate(house.place)
        files = [path.read_bytes() for path in house.database.parent.glob("reallyok.db*")]
    for value in before:
        assert value[1:] not in b"".join(files)


def test_the_old_key_is_kept_and_both_are_for_nobody_else(house: House) -> None:
    old = house.keyring
    done = rotate(house.place)
    assert keys.read(done.old_file) == old
    assert done.old_file.name == f"reallyok.key.{old.fingerprint()}.old"
    assert not house.place.new_file.exists()
    if os.name == "posix":
        for file in (done.old_file, house.place.key_file):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_can_be_done_again_and_again(house: House) -> None:
    seen = {house.keyring.fingerprint()}
    for _ in range(3):
        seen.add(rotate(house.place).new)
    assert len(seen) == 4
    assert house.levels() == PEOPLE
    assert len(list(house.place.key_file.parent.glob("*.old"))) == 3


def test_the_ledger_goes_on_with_the_new_key_alone(house: House) -> None:
    old = house.keyring
    mark = house.ledger.mark()
    house.forget(RUTH)
    tag = house.ledger.tag(RUTH)
    rotate(house.place)
    assert house.ledger.noted_since(mark) == {tag}
    assert old.fingerprint() not in house.place.ledger_file.read_text()


def test_more_rows_than_are_read_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_AT_ONCE", 7)
    keyring = house.keyring
    with house.session() as session:
        first = session.exec(select_row(Checkin).where(Checkin.user_id == AMIR)).one()
        wanted: dict[int, str | None] = {}
        for number in range(40):
            row = Checkin(
                id=new_id(), membership_id=first.membership_id, user_id=AMIR, network_id=NETWORK, due_at=NOW
            )
            wanted[row.id] = f"answer {number}" if number % 3 else None
            if (text := wanted[row.id]) is not None:
                row.level_sealed = keyring.seal(text, "checkin", "level_sealed", row.id)
            session.add(row)
        session.commit()
    rotate(house.place)
    new = house.keyring
    with house.session() as session:
        for row_id, text in wanted.items():
            value = session.get(Checkin, row_id).level_sealed
            assert (value and new.open(value, "checkin", "level_sealed", row_id)) == text


def test_every_sealed_column_there_is_can_be_sealed_anew() -> None:
    """It is bound to its row by one whole number, and an index stands beside the column it is made from."""
    for table in TABLES.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Sealed):
                (key,) = table.primary_key.columns
                assert key.type.python_type is int, f"{table.name}: sealed values are bound to a whole number"
            if isinstance(column.type, KeyedIndex):
                assert isinstance(table.columns[column.type.of].type, Sealed), f"{table.name}.{column.name}"


# Indexes

FACTS = Table(
    "facts",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("employer_sealed", Sealed),
    Column("employer_index", KeyedIndex("employer_sealed", "employer")),
)


def test_an_index_is_made_anew_from_its_sealed_sibling(tmp_path: Path) -> None:
    old, new = Keyring(os.urandom(32)), Keyring(os.urandom(32))
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}", writing=True)
    FACTS.metadata.create_all(engine)
    texts = {1: "Ash Trust", 2: "ash  trust", 3: "Birch School", 4: "not confirmed", 5: None}
    with engine.begin() as connection:
        for row_id, text in texts.items():
            sealed = None if text is None else old.seal(text, "facts", "employer_sealed", row_id)
            index = old.index(text, "employer") if text and row_id != 4 else None
            connection.execute(insert(FACTS).values(id=row_id, employer_sealed=sealed, employer_index=index))
        before = dict(map(tuple, connection.execute(select(FACTS.c.id, FACTS.c.employer_index))))
        assert rotation._reseal(connection, FACTS, old, new) == 4
        after = dict(map(tuple, connection.execute(select(FACTS.c.id, FACTS.c.employer_index))))
        sealed = dict(map(tuple, connection.execute(select(FACTS.c.id, FACTS.c.employer_sealed))))
    engine.dispose()
    assert after == {1: new.index("Ash Trust", "employer"), 2: after[1], 3: after[3], 4: None, 5: None}
    assert after[3] not in (after[1], None)
    assert not set(before.values()) & set(after.values()) - {None}
    assert {k: v and new.open(v, "facts", "employer_sealed", k) for k, v in sealed.items()} == texts


def test_where_members_work_and_who_is_kept_apart_still_compare(house: House) -> None:
    """With the real tables: a confirmed employer matches as before, and so do the codes of who is kept apart."""
    old = house.keyring
    ash = Listed("Ash Trust")
    with house.session() as session:
        secret = secret_made(session, old)
        for user_id in (RUTH, AMIR):
            member = session.exec(select_row(Membership).where(Membership.user_id == user_id)).one()
            fact = Fact(
                id=user_id,
                membership_id=member.id,
                user_id=user_id,
                network_id=NETWORK,
                kind=Kind.EMPLOYER,
                name_sealed=b"",
                given_at=NOW,
            )
            fact.say(old, f"said by {user_id}")
            fact.confirm(old, ash, NOW)
            session.add(fact)
        session.commit()
    done = rotate(house.place)
    new = house.keyring
    assert done.values == len(PEOPLE) + 2 * 2 + 1
    with house.session() as session:
        facts = session.exec(select_row(Fact)).all()
        assert {fact.said(new) for fact in facts} == {f"said by {user_id}" for user_id in (RUTH, AMIR)}
        for fact in facts:
            assert fact.compared_index == new.index(fact.compared(new), SAME_BODY)
            assert fact.compared_index != old.index(fact.compared(new), SAME_BODY)
        assert secret_of(session, new) == secret


def test_an_index_says_same_and_nothing_more() -> None:
    ring, other = Keyring(os.urandom(32)), Keyring(os.urandom(32))
    index = ring.index("St Mary’s School", "employer")
    assert len(index) == 16
    assert index == ring.index(" st MARY’S\u00a0 school ", "employer")
    assert index != ring.index("St Marys School", "employer")
    assert index != ring.index("St Mary’s School", "trust")
    assert index != other.index("St Mary’s School", "employer")
    assert ring.derive("a") != ring.derive("b") != ring.key
    assert ring.derive("a", b"salt") != ring.derive("a")


def test_an_index_column_takes_nothing_else(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}", writing=True)
    with Session(engine) as session, pytest.raises(ValueError, match=r"Keyring\.index"):
        FACTS.c.employer_index.type.process_bind_param(b"Ash Trust", session.get_bind().dialect)
    engine.dispose()


# A key from the settings


def _given(house: House, keyring: Keyring) -> None:
    house.place = replace(house.place, key=base64.b64encode(keyring.key).decode())


def test_a_key_in_the_settings_is_rotated_in_two_honest_steps(house: House) -> None:
    old = house.keyring
    house.forget(RUTH)
    tag = house.ledger.tag(RUTH)
    house.place.key_file.unlink()
    _given(house, old)
    done = rotate(house.place)
    assert done.new_file == house.place.new_file
    new = keys.read(house.place.new_file)
    assert new.fingerprint() == done.new
    assert not house.place.key_file.exists()

    with pytest.raises(OperatorError, match="still holds the old one") as caught:
        settle(house.place)
    assert str(house.place.new_file) in caught.value.mend

    _given(house, new)
    assert settle(house.place) == new
    assert house.levels(new) == {user_id: PEOPLE[user_id] for user_id in PEOPLE if user_id != RUTH}
    house.place.new_file.unlink()
    assert settle(house.place) == new
    assert rotation.Ledger(house.place.ledger_file, new).all_noted() == {tag}


# Refusals


def test_without_a_key_or_a_database_nothing_is_made(tmp_path: Path, house: House) -> None:
    empty = House(tmp_path / "empty")
    with pytest.raises(OperatorError, match="no key"):
        rotate(empty.place)
    assert not empty.folder.exists()
    keys.make(empty.place.key_file)
    before = empty.bytes()
    with pytest.raises(OperatorError, match="not there yet"):
        rotate(empty.place)
    assert empty.bytes() == before


def test_with_another_key_nothing_changes(house: House) -> None:
    keys.write(house.place.key_file, Keyring(os.urandom(32)))
    before = house.bytes()
    with pytest.raises(OperatorError, match="sealed with another key"):
        rotate(house.place)
    assert house.bytes() == before


def test_a_value_that_does_not_open_stops_it_and_the_old_key_still_fits(house: House) -> None:
    """The last of many: all before it were sealed anew already and go back."""
    old = house.keyring
    with contextlib.closing(sqlite3.connect(house.database)) as connection, connection:
        (row_id,) = connection.execute("SELECT max(id) FROM checkin").fetchone()
        connection.execute("UPDATE checkin SET level_sealed = ? WHERE id = ?", (b"\x01" + bytes(40), row_id))
        rows = connection.execute("SELECT id, level_sealed FROM checkin").fetchall()
    with pytest.raises(OperatorError, match="does not open"):
        rotate(house.place)
    assert sorted(_sealed_values(house)) == sorted(rows)
    assert settle(house.place) == old
    with house.session() as session:
        assert session.exec(select_row(Install.key_fingerprint)).one() == old.fingerprint()
    # And once the value is gone, the next try succeeds, the key of the first one set aside.
    house.execute("DELETE FROM checkin WHERE id = ?", row_id)
    rotate(house.place)
    assert len(house.levels()) == len(PEOPLE) - 1
    assert len(list(house.place.key_file.parent.glob("*.old"))) == 2
