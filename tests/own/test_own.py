"""Export, forgetting and retention follow the declarations of the columns, on a real database."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.checkins.tables import Checkin, Plan
from bot.db import own, upgrade
from bot.db.keys import Keyring
from bot.db.store import Store
from bot.members.tables import Consent, Membership, Network, Person, Purpose
from bot.networks import service as networks
from bot.outbox.queue import enqueue
from bot.outbox.tables import Outbox
from bot.own import page, service

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Keyring(b"k" * 32)
ANN, BOB, NET, OTHER = 700000000000000001, 700000000000000002, 900000000000000001, 900000000000000002


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Store, str]]:
    url = f"sqlite:///{(tmp_path / 'own.db').as_posix()}"
    upgrade.upgrade(url)
    store = Store(url)
    await store.write(fill)
    yield store, url
    store.close()


def fill(session: Session) -> None:
    for network_id in (NET, OTHER):
        session.add(Network(id=network_id, name=f"Network {network_id}", made_at=NOW, safeguarding_id=ANN))
    session.flush()
    for user in (ANN, BOB):
        session.add(Person(user_id=user, dm_channel_id=user + 10))
        session.flush()
        member = Membership(network_id=NET, user_id=user, joined_at=NOW - timedelta(days=200))
        session.add(member)
        session.add(Consent(network_id=NET, user_id=user, purpose=Purpose.CHECKINS, given_at=NOW))
        session.flush()
        session.add(
            Plan(
                membership_id=member.id,
                user_id=user,
                network_id=NET,
                anchor_on=date(2026, 11, 25),
                at=time(18),
                zone="Europe/London",
            )
        )
        for days in (1, 80, 89, 91, 200):
            asked = Checkin(
                membership_id=member.id, user_id=user, network_id=NET, due_at=NOW - timedelta(days=days)
            )
            asked.level_sealed = KEYS.seal("wobbly", "checkin", "level_sealed", asked.id)
            session.add(asked)
        enqueue(session, f"checkins:{user}", user + 10, "checkins.opening", now=NOW, user_id=user)


def everyone(session: Session) -> dict[str, int]:
    counted = {table.name: session.connection().execute(table.select()).fetchall() for table in own.tables()}
    return {name: len(rows) for name, rows in counted.items()}


async def test_what_is_exported_is_everything_and_can_be_read(place: tuple[Store, str]) -> None:
    rows = await service.everything(place[0], KEYS, ANN)
    assert set(rows) == {"person", "membership", "consent", "checkin", "checkin_plan", "outbox", "network"}
    assert [row["level_sealed"] for row in rows["checkin"]] == ["wobbly"] * 5
    assert len(rows["network"]) == 2
    assert str(BOB) not in json.dumps(rows)
    words = page.PageWords(
        "en", "Mine", "<intro>", "none", lambda t: t, lambda t, c: f"{t} {c}", lambda t, c, v: v
    )
    with zipfile.ZipFile(io.BytesIO(page.archive(rows, words, NOW))) as file:
        assert json.loads(file.read("reallyok.json"))["kept"] == rows
        read = file.read("reallyok.html").decode()
    assert "&lt;intro&gt;" in read
    assert read.count("wobbly") == 5


async def test_forgetting_takes_one_person_and_nobody_else(place: tuple[Store, str]) -> None:
    store, url = place
    before = await store.read(everyone)
    noted: list[int] = []
    erased = await service.forget(store, KEYS, url, ANN, lambda who, _: noted.append(who), NOW)
    assert noted == [ANN, ANN], "at the beginning and at the end"
    assert erased.failed == []
    assert erased.gone["checkin"] == 5
    assert erased.gone["network"] == 2, "named as a contact, and no longer"
    after = await store.read(everyone)
    assert {n: before[n] - after[n] for n in before if before[n] != after[n]} == {
        "checkin": 5,
        "checkin_plan": 1,
        "consent": 1,
        "membership": 1,
        "outbox": 1,
        "person": 1,
    }
    assert await service.everything(store, KEYS, ANN) == {}
    assert await service.everything(store, KEYS, BOB) != {}
    again = await service.forget(store, KEYS, url, ANN, lambda who, _: noted.append(who), NOW)
    assert again.gone == {}
    assert again.failed == []


async def test_not_a_byte_of_a_forgotten_person_is_left(place: tuple[Store, str], tmp_path: Path) -> None:
    store, url = place
    traces = [str(ANN).encode(), ANN.to_bytes(8, "big"), (ANN + 10).to_bytes(8, "big")]

    def found() -> list[bytes]:
        data = b"".join(path.read_bytes() for path in tmp_path.glob("own.db*"))
        return [trace for trace in traces if trace in data]

    assert found() == traces, "the search finds what is there"
    await service.forget(store, KEYS, url, ANN, lambda *_: None, NOW)
    assert found() == []


async def test_a_part_that_fails_is_named_and_the_rest_is_gone(
    place: tuple[Store, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, url = place
    real = own.erase_from

    def sometimes(session: Session, keys: Keyring, table: object, user_id: int) -> int:
        if getattr(table, "name", "") == "consent":
            raise RuntimeError("a part that fails")
        return real(session, keys, table, user_id)

    monkeypatch.setattr(own, "erase_from", sometimes)
    erased = await service.forget(store, KEYS, url, ANN, lambda *_: None, NOW)
    assert erased.failed == ["consent"]
    assert set(await service.everything(store, KEYS, ANN)) == {"consent"}
    monkeypatch.undo()
    assert (await service.forget(store, KEYS, url, ANN, lambda *_: None, NOW)).gone == {"consent": 1}


async def test_nothing_is_erased_when_the_ledger_cannot_be_written(place: tuple[Store, str]) -> None:
    def full(*_: object) -> None:
        raise OSError("no room")

    before = await place[0].read(everyone)
    with pytest.raises(OSError, match="no room"):
        await service.forget(place[0], KEYS, place[1], ANN, full, NOW)
    assert await place[0].read(everyone) == before


async def test_retention_lets_go_of_what_is_old_and_of_nothing_else(place: tuple[Store, str]) -> None:
    store = place[0]
    before = await store.read(everyone)
    assert await store.write(own.expire, NOW) == 4
    after = await store.read(everyone)
    assert before["checkin"] - after["checkin"] == 4
    assert {name: before[name] for name in before if name != "checkin"} == {
        name: after[name] for name in after if name != "checkin"
    }
    assert await store.write(own.expire, NOW) == 0


def test_every_clock_in_a_declaration_is_a_column_of_its_table() -> None:
    ends = {table.name: own.expires(table) for table in own.tables()}
    assert ends["checkin"] == "90 days"
    assert ends["outbox"] == "7 days after sending"
    assert ends["seen"] == "7 days"
    assert ends["person"] is None
    for table in own.tables():
        for column in table.columns:
            keep = column.info.get("keep")
            if keep is not None and keep.days is not None:
                assert keep.since in table.columns


async def test_a_network_left_a_month_ago_is_erased_with_everybody_who_was_only_there(
    place: tuple[Store, str],
) -> None:
    store = place[0]
    await networks.removed(store, NET, NOW)
    assert await networks.let_go(store, NOW + timedelta(days=29)) == []
    await networks.removed(store, NET, None)
    assert await networks.let_go(store, NOW + timedelta(days=99)) == []
    await networks.removed(store, NET, NOW)
    assert await networks.let_go(store, NOW + timedelta(days=31)) == [NET]
    left = await store.read(everyone)
    assert left["network"] == 1
    assert left["person"] == left["membership"] == left["checkin"] == left["consent"] == 0
    outbox = await store.read(lambda session: session.exec(select(Outbox.user_id)).all())
    assert set(outbox) == {ANN, BOB}, "rows of no network are not this network's"
