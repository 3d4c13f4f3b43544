"""Every column of every table says what it knows of a person: export, forgetting and retention rest on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table
from sqlmodel import Session, SQLModel

import bot.tables
from bot.checkins.tables import Checkin
from bot.db.columns import Erase, Sealed, UtcDateTime, impersonal, new_id, personal
from bot.db.store import engine_for
from bot.db.tables import Install
from bot.members.tables import Network

# Tables that hold something of a person and whose rows are not one person's; why, and how it ends.
SHARED = {
    "buddy_past": "a code of two accounts that were introduced, which names neither and is meant to outlive both",
    "network": "a server's own row; it names its safeguarding contact, who can be cleared from it",
    "separation": "a code of two accounts that names neither, and is meant to outlive both being forgotten",
    "seen": "only the number of an event, which Discord made and nobody can be found by; gone after 7 days",
}


def undeclared(metadata: MetaData) -> Iterator[str]:
    """What is missing from the declarations of these tables, in words."""
    for table in metadata.sorted_tables:
        held = [column for column in table.columns if column.info.get("personal")]
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if "personal" not in column.info:
                yield f"{name}: declare it personal(...) or impersonal(...)"
            elif not column.info["personal"]:
                if not column.info["why"].strip():
                    yield f"{name}: say why it tells nothing of anybody"
            else:
                if not column.info["keep"].strip():
                    yield f"{name}: say for how long it is kept"
                if column.info["erase"] is Erase.KEEP and not column.info["why"].strip():
                    yield f"{name}: say why it outlives forgetting"
                if column.info["erase"] is Erase.CLEAR and not column.nullable:
                    yield f"{name}: it is to be cleared and cannot be empty"
            if column.name.endswith("_sealed") != isinstance(column.type, Sealed):
                yield f"{name}: sealed columns are called ..._sealed, and only they"
            if column.name.endswith("_at") and not isinstance(column.type, UtcDateTime):
                yield f"{name}: an instant is a UtcDateTime"
            if column.name in ("user_id", "safeguarding_id") and not column.info.get("personal"):
                yield f"{name}: this is a person"
        subjects = [column for column in held if column.info["subject"]]
        if held and not subjects and table.name not in SHARED:
            yield f"{table.name}: it holds something of a person and no column says whose row it is"
        if len(subjects) > 1:
            yield f"{table.name}: two columns say whose row it is"
        for column in subjects:
            if not column.index and not column.primary_key:
                yield f"{table.name}.{column.name}: needs an index, or forgetting somebody reads everybody"


def test_every_column_is_declared() -> None:
    assert list(undeclared(SQLModel.metadata)) == []


def test_the_exceptions_are_tables_that_exist_and_need_one() -> None:
    for name in SHARED:
        columns = SQLModel.metadata.tables[name].columns
        assert any(column.info["personal"] for column in columns)
        assert not any(column.info.get("subject") for column in columns)


def test_every_table_is_looked_at() -> None:
    """A table in a module nobody imports would be declared by nobody and never migrated."""
    named = {
        path
        for path in (Path(__file__).parents[2] / "bot").rglob("*.py")
        if "table=True" in path.read_text() and path.parent.name != "migrations"
    }
    listed = Path(bot.tables.__file__).read_text()
    for path in named:
        module = ".".join(path.relative_to(Path(__file__).parents[2]).with_suffix("").parts)
        assert f"import {module} " in listed or f"import {module}\n" in listed, module


def _table(*columns: Column[object]) -> MetaData:
    metadata = MetaData()
    Table("made_up", metadata, *columns)
    return metadata


SUBJECT = personal(export="Discord id", keep="a day", subject=True)


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        ([Column("mood", String)], "made_up.mood: declare it"),
        ([Column("mood", String, **impersonal(" "))], "made_up.mood: say why"),
        ([Column("mood", String, **personal(export="Mood", keep="a day"))], "no column says whose row"),
        ([Column("user_id", BigInteger, index=True, **impersonal("a number"))], "this is a person"),
        ([Column("user_id", BigInteger, **SUBJECT)], "needs an index"),
        (
            [
                Column("user_id", BigInteger, primary_key=True, **SUBJECT),
                Column("other_id", BigInteger, index=True, **SUBJECT),
            ],
            "two columns say whose",
        ),
        (
            [
                Column("user_id", BigInteger, primary_key=True, **SUBJECT),
                Column(
                    "mood", String, nullable=False, **personal(export=None, keep="a day", erase=Erase.CLEAR)
                ),
            ],
            "cannot be empty",
        ),
        (
            [
                Column("user_id", BigInteger, primary_key=True, **SUBJECT),
                Column("mood_sealed", String, **personal(export="Mood", keep="a day")),
            ],
            "sealed columns are called",
        ),
        (
            [
                Column("user_id", BigInteger, primary_key=True, **SUBJECT),
                Column("mood", String, **personal(export="Mood", keep="")),
            ],
            "for how long",
        ),
    ],
)
def test_the_check_finds_what_is_missing(columns: list[Column[object]], missing: str) -> None:
    found = list(undeclared(_table(*columns)))
    assert len(found) == 1
    assert missing in found[0]


def test_what_outlives_forgetting_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        personal(export=None, erase=Erase.KEEP, keep="for ever")


# The types


def test_an_instant_comes_back_as_the_same_instant(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}", writing=True)
    SQLModel.metadata.create_all(engine)
    at = datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with Session(engine) as session:
        session.add(Install(key_fingerprint="x", made_at=at))
        session.commit()
    with Session(engine) as session:
        kept = session.get_one(Install, 1).made_at
    assert kept == at
    assert kept.tzinfo is UTC
    engine.dispose()


def test_a_naive_instant_is_refused() -> None:
    engine = engine_for("sqlite:///unused.db", writing=False)
    with pytest.raises(ValueError, match="aware"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), engine.dialect)  # noqa: DTZ001 - that is the test
    engine.dispose()


def test_a_level_cannot_be_stored_in_the_clear(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'x.db'}", writing=False)
    kind = SQLModel.metadata.tables[Checkin.__tablename__].c.level_sealed.type
    with pytest.raises(ValueError, match="sealed"):
        kind.process_bind_param(b"not ok", engine.dialect)
    engine.dispose()


def test_row_ids_fit_a_column_and_a_nonce_and_do_not_repeat() -> None:
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(0 < row_id < 2**63 and len(str(row_id)) <= 25 for row_id in ids)
    assert Network.__tablename__ in SQLModel.metadata.tables
