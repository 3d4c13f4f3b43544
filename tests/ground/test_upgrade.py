from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, select

from bot.db import backup, sealed_file, upgrade
from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.ledger import Ledger
from bot.db.store import engine_for
from bot.db.tables import Install
from bot.errors import OperatorError
from bot.members.tables import Membership, Network, Person
from bot.tables import TABLES

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
KEYRING = Keyring(bytes(range(32)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a folder, 100% #1" / "reallyok.db"


def _upgrade(file: Path, now: datetime = NOW) -> None:
    """As the start does it."""
    backup.keep_before_upgrade(file, KEYRING, Ledger(file.parent / "erased", KEYRING), now)
    upgrade.upgrade(f"sqlite:///{file}")


def _fill(file: Path) -> None:
    engine = engine_for(f"sqlite:///{file}", writing=True)
    with Session(engine) as session:
        session.add(Install(key_fingerprint=KEYRING.fingerprint(), made_at=NOW))
        session.add(Network(id=1, name="Saturday Coffee", made_at=NOW))
        session.add(Person(user_id=2))
        session.flush()
        session.add(Membership(id=new_id(), network_id=1, user_id=2, joined_at=NOW))
        session.commit()
    engine.dispose()


def _set_revision(file: Path, revision: str) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def _copies(file: Path) -> list[Path]:
    return sorted((file.parent / "copies").glob("*"))


NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "9000"
down_revision = "{before}"
def upgrade():
    with op.batch_alter_table("network") as batch:
        batch.add_column(sa.Column("motto", sa.String(), nullable=False, server_default="together"))
    op.execute("DELETE FROM network WHERE name = 'in the way'")
    if op.get_bind().execute(sa.text("SELECT 1 FROM network WHERE name = 'fails'")).first():
        raise sa.exc.OperationalError("a step", {{}}, Exception("database or disk is full"))
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of the next release: one more after the real ones."""
    folder = tmp_path / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9000_next.py").write_text(NEXT.format(before=upgrade.newest()))
    return folder


def test_an_empty_database_upgraded_has_exactly_the_tables_of_the_program(file: Path) -> None:
    _upgrade(file)
    engine = engine_for(f"sqlite:///{file}", writing=False)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, TABLES) == []
    engine.dispose()


def test_the_upgraded_and_the_made_database_are_the_same_to_the_letter(file: Path, tmp_path: Path) -> None:
    """What comparing leaves out: primary keys, what goes with what, partial indexes."""
    _upgrade(file)
    engine = engine_for(f"sqlite:///{tmp_path / 'made.db'}", writing=True)
    TABLES.create_all(engine)
    engine.dispose()

    def form(path: Path) -> dict[str, object]:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            told: dict[str, object] = {}
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                if table == "alembic_version":
                    continue
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                told[f"{table} columns"] = sorted((c[1], c[2], c[3], c[5]) for c in columns)
                keys = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
                told[f"{table} keys"] = sorted(k[2:7] for k in keys)
                told[f"{table} indexes"] = sorted(
                    (unique, partial, [c[2] for c in connection.execute(f"PRAGMA index_info({name})")])
                    for _, name, unique, _, partial in connection.execute(f"PRAGMA index_list({table})")
                )
            return told

    assert form(file) == form(tmp_path / "made.db")


def test_the_revisions_are_one_line_and_named_by_their_files() -> None:
    script = ScriptDirectory(str(upgrade.MIGRATIONS))
    revisions = list(script.walk_revisions())
    assert script.get_heads() == [upgrade.newest()]
    for revision in revisions:
        assert Path(revision.path).name.startswith(f"{revision.revision}_")
        assert not revision.is_branch_point
        assert not revision.is_merge_point


def test_a_new_database_is_made_with_its_folder_and_no_copy(file: Path) -> None:
    assert upgrade.current(str(file)) is None
    _upgrade(file)
    assert upgrade.current(str(file)) == upgrade.newest()
    assert _copies(file) == []


def test_an_empty_file_is_a_new_database(file: Path) -> None:
    file.parent.mkdir()
    file.touch()
    _upgrade(file)
    assert upgrade.current(str(file)) == upgrade.newest()
    assert _copies(file) == []


def test_the_newest_is_left_alone(file: Path) -> None:
    _upgrade(file)
    _fill(file)
    before = file.read_bytes()
    _upgrade(file)
    assert file.read_bytes() == before
    assert _copies(file) == []


def test_a_filled_database_is_copied_and_keeps_all_it_holds(
    file: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade(file)
    first = upgrade.current(str(file))
    _fill(file)
    assert first
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    _upgrade(file)
    assert upgrade.current(str(file)) == "9000"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name, motto FROM network").fetchall() == [
            ("Saturday Coffee", "together")
        ]
        assert connection.execute("SELECT network_id, user_id FROM membership").fetchall() == [(1, 2)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    (copy,) = _copies(file)
    assert copy.name == f"reallyok-{first}-20260304-170000.ok"
    assert b"Saturday Coffee" not in copy.read_bytes()
    assert sealed_file.read_header(copy).revision == first
    plain = file.with_name("plain.db")
    plain.write_bytes(b"".join(sealed_file.read(copy, KEYRING)))
    assert upgrade.current(str(plain)) == first
    with contextlib.closing(sqlite3.connect(plain)) as connection:
        assert connection.execute("SELECT user_id FROM person").fetchall() == [(2,)]
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("SELECT motto FROM network")
    if os.name == "posix":
        assert copy.stat().st_mode & 0o077 == 0


def test_with_another_key_nothing_is_upgraded(
    file: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade(file)
    _fill(file)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE install SET key_fingerprint = 'another'")
    before = file.read_bytes()
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    with pytest.raises(OperatorError, match="another key"):
        _upgrade(file)
    assert file.read_bytes() == before


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    file: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade(file)
    first = upgrade.current(str(file))
    engine = engine_for(f"sqlite:///{file}", writing=True)
    rows = [(1, "fails"), (2, "in the way")]
    with Session(engine) as session:
        session.add_all([Network(id=row_id, name=name, made_at=NOW) for row_id, name in rows])
        session.commit()
    engine.dispose()
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    with pytest.raises(OperatorError) as caught:
        _upgrade(file)
    assert "disk" in caught.value.mend
    assert upgrade.current(str(file)) == first
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT id, name FROM network").fetchall() == rows
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("SELECT motto FROM network")


def test_a_newer_database_is_refused_and_untouched(file: Path) -> None:
    _upgrade(file)
    _set_revision(file, "9999")
    before = file.read_bytes()
    with pytest.raises(OperatorError) as caught:
        _upgrade(file)
    assert "9999" in caught.value.problem
    assert "newer program" in caught.value.mend
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database" * 300, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_an_unreadable_database_is_refused_and_untouched(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(OperatorError) as caught:
        _upgrade(file)
    assert "copies" in caught.value.mend
    assert file.read_bytes() == content
    assert os.listdir(file.parent) == ["reallyok.db"]


def test_when_no_copy_can_be_made_nothing_is_changed(
    file: Path, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade(file)
    first = upgrade.current(str(file))
    (file.parent / "copies").write_text("a file where the folder should be")
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    with pytest.raises(OperatorError) as caught:
        _upgrade(file)
    assert "disk" in caught.value.mend
    assert upgrade.current(str(file)) == first


def test_two_upgrades_keep_two_copies(file: Path, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _upgrade(file)
    first = upgrade.newest()
    monkeypatch.setattr(upgrade, "MIGRATIONS", newer)
    _upgrade(file)
    _set_revision(file, first)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE network DROP COLUMN motto")
    _upgrade(file, NOW + timedelta(hours=1))
    assert len(_copies(file)) == 2


def test_a_database_held_by_another_process_is_refused_in_words(file: Path) -> None:
    file.parent.mkdir()
    sqlite3.connect(file).close()
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('CREATE TABLE x (y)'); c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OperatorError) as caught:
            _upgrade(file)
        assert "another program" in caught.value.mend.lower() or "no other program" in caught.value.mend
        other.communicate("")


def test_looking_leaves_no_file_behind(file: Path) -> None:
    _upgrade(file)
    _fill(file)
    before = sorted(os.listdir(file.parent))
    assert upgrade.current(str(file)) == upgrade.newest()
    assert sorted(os.listdir(file.parent)) == before


def test_looking_sees_what_only_the_log_holds_yet(file: Path) -> None:
    _upgrade(file)
    engine = engine_for(f"sqlite:///{file}", writing=True)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0777'")
    assert Path(f"{file}-wal").exists()
    assert upgrade.current(str(file)) == "0777"
    with (
        contextlib.closing(upgrade.open_to_look(str(file))) as looking,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        looking.execute("DELETE FROM person")
    engine.dispose()


def test_a_key_is_remembered_and_another_refused(file: Path) -> None:
    from bot.db.tables import check_key

    _upgrade(file)
    engine = engine_for(f"sqlite:///{file}", writing=True)
    with Session(engine) as session:
        assert check_key(session, "first", NOW)
        session.commit()
        assert check_key(session, "first", NOW)
        assert not check_key(session, "other", NOW)
        assert [row.key_fingerprint for row in session.exec(select(Install))] == ["first"]
    engine.dispose()
