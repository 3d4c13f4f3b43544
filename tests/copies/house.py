"""A bot's belongings in one folder: a key, a filled database and a ledger; and a way to look into them."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, date, datetime, time
from pathlib import Path

from sqlmodel import Session, col, select

from bot.checkins.tables import Checkin, Plan
from bot.db import keys, tables, upgrade
from bot.db.backup import backup
from bot.db.columns import new_id
from bot.db.keys import Keyring
from bot.db.ledger import Ledger
from bot.db.own import erase
from bot.db.restore import Restored, restore
from bot.db.rotation import KeyPlace, settle
from bot.db.store import engine_for
from bot.members.tables import Membership, Network, Person
from bot.outbox.tables import Outbox

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
NETWORK = 77
# Eighteen digits, as Discord's ids are: they must be findable as text and as bytes.
PEOPLE = {100000000000000001: "good", 100000000000000002: "wobbly", 100000000000000003: "not_ok"}
RUTH, AMIR, BEA = PEOPLE


class House:
    """Everything that one bot keeps, under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "data" / "reallyok.db"
        self.url = f"sqlite:///{self.database}"
        self.place = KeyPlace(
            None, folder / "keys" / "reallyok.key", self.url, folder / "keys" / "reallyok.erased"
        )

    @property
    def keyring(self) -> Keyring:
        return keys.read(self.place.key_file)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.place.ledger_file, self.keyring)

    def fill(self) -> None:
        upgrade.upgrade(self.url)
        keyring = keys.load(None, self.place.key_file)
        with self.session() as session:
            tables.check_key(session, keyring.fingerprint(), NOW)
            session.add(Network(id=NETWORK, name="Saturday Coffee", safeguarding_id=RUTH, made_at=NOW))
            for user_id, level in PEOPLE.items():
                _person(session, keyring, user_id, level)
            session.commit()

    @contextlib.contextmanager
    def session(self) -> Generator[Session]:
        engine = engine_for(self.url, writing=True)
        with Session(engine) as session:
            yield session
        engine.dispose()

    def forget(self, user_id: int) -> None:
        """As the bot does it: the ledger last, in the transaction."""
        with self.session() as session:
            erase(session, self.keyring, user_id)
            self.ledger.note(user_id, NOW.date())
            session.commit()

    def backup(self, name: str = "one.ok", now: datetime = NOW) -> Path:
        target = self.folder / "elsewhere" / name
        backup(self.database, target, self.keyring, self.ledger, now)
        return target

    def restore(self, file: Path, now: datetime = NOW, *, without_ledger: bool = False) -> Restored:
        return restore(self.place, file, now, erase, without_ledger=without_ledger)

    def levels(self, keyring: Keyring | None = None) -> dict[int, str]:
        """What everybody answered, opened with the key there is now."""
        keyring = keyring or settle(self.place)
        with self.session() as session:
            rows = session.exec(select(Checkin).order_by(col(Checkin.user_id))).all()
            return {
                row.user_id: keyring.open(row.level_sealed, "checkin", "level_sealed", row.id)
                for row in rows
                if row.level_sealed is not None
            }

    def people(self) -> set[int]:
        with self.session() as session:
            return set(session.exec(select(Person.user_id)).all())

    def bytes(self) -> dict[str, bytes]:
        """Every file there is, locks aside: for "nothing changed"."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix != ".lock"
        }

    def copy(self, folder: Path) -> House:
        """The same house somewhere else."""
        shutil.copytree(self.folder, folder)
        return House(folder)

    def rename_and_die(self, name: str) -> None:
        """Rename the network in a process that is killed: the change is committed, and only the log holds it."""
        program = (
            "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('PRAGMA journal_mode=WAL'); c.execute('UPDATE network SET name = ?', (sys.argv[2],));"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        ended = subprocess.run([sys.executable, "-c", program, str(self.database), name], check=False)
        assert ended.returncode == -9
        assert Path(f"{self.database}-wal").stat().st_size > 0

    def execute(self, statement: str, *values: object) -> None:
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement, values)


def _person(session: Session, keyring: Keyring, user_id: int, level: str) -> None:
    session.add(Person(user_id=user_id, dm_channel_id=user_id + 10))
    session.flush()
    membership = Membership(id=new_id(), network_id=NETWORK, user_id=user_id, joined_at=NOW)
    session.add(membership)
    session.flush()
    ours = {"membership_id": membership.id, "user_id": user_id, "network_id": NETWORK}
    session.add(Plan(**ours, anchor_on=date(2026, 3, 4), at=time(18), zone="Europe/London"))
    answer = Checkin(**ours, id=new_id(), due_at=NOW)
    answer.level_sealed = keyring.seal(level, "checkin", "level_sealed", answer.id)
    session.add(answer)
    session.add(
        Outbox(
            dedupe_key=f"checkins:{user_id}",
            user_id=user_id,
            channel_id=user_id + 10,
            template="checkins.opening",
            not_before=NOW,
        )
    )


def forget_everybody(house: House) -> None:
    """Lose everything, without the ledger knowing."""
    with house.session() as session:
        for user_id in PEOPLE:
            erase(session, house.keyring, user_id)
        session.commit()
    assert house.people() == set()
