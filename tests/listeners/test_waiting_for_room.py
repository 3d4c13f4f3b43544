"""Calls and talks nobody could take at first: whoever has room for them later is asked, and nobody is nagged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session

from bot.errors import Refusal
from bot.listeners import calls, holding, serving, talks_ending, talks_taking
from bot.listeners.rules import Ending, Promise, State, rota_of
from bot.listeners.tables import Call
from bot.listeners.talk_rules import Talk
from bot.listeners.talks_taking import Answer
from tests.listeners.room import ANN, BOB, KEYS, NET, SAM
from tests.listeners.talk_room import TalkRoom


@pytest.fixture
def room() -> Iterator[TalkRoom]:
    made = TalkRoom()
    yield made
    made.close()


def change(room: TalkRoom, who: int, **what: Any) -> None:
    room.run(serving.change(room.store, room.desk, NET, who, room.now, **what))


def full(room: TalkRoom, who: int) -> int:
    """Somebody is on for days, and holds the one talk they have room for."""
    change(room, who, rota=rota_of("mon 00:00-00:00, tue 00:00-00:00, wed 00:00-00:00, sun 00:00-00:00"))
    change(room, who, most_open=1)
    talk = room.ask_talk(BOB)
    room.ring()
    assert room.try_to(talks_taking.accept, room.desk, who, talk, room.now) is Answer.YOURS
    return talk


def test_a_call_is_put_before_whoever_was_full_once_they_are_free(room: TalkRoom) -> None:
    talk = full(room, ANN)
    assert room.send().state is State.NOBODY
    room.wait(days=1)
    assert room.asked() == []
    room.do(talks_ending.close, KEYS, BOB, talk, room.now)
    room.wait(minutes=10)
    assert room.asked() == [ANN]


@pytest.mark.parametrize("what", [{"most_open": 2}, {"takes_calls": True}])
def test_a_limit_that_is_raised_is_minded_at_once(room: TalkRoom, what: dict[str, Any]) -> None:
    full(room, ANN)
    if "takes_calls" in what:
        change(room, ANN, takes_calls=False, most_open=2)
    assert room.send().state is State.NOBODY
    change(room, ANN, **what)
    room.ring()
    assert room.asked() == [ANN]


@pytest.mark.parametrize("how", ["closed", "spoken", "given back"])
def test_a_call_less_makes_room_at_once(room: TalkRoom, how: str) -> None:
    change(room, ANN, most_open=1)
    room.on(ANN)
    room.send()
    held = room.accept(ANN)
    talk = room.ask_talk(BOB)
    room.ring()
    assert room.offered_to() == []
    if how == "closed":
        room.run(calls.end(room.store, room.desk, held.id, SAM, Ending.NOT_NEEDED, room.event(), room.now))
    else:
        done = holding.spoken if how == "spoken" else holding.give_back
        room.run(done(room.store, room.desk, held.id, ANN, room.event(), room.now))
    room.ring()
    assert room.offered_to() == [ANN], talk


def test_the_silent_are_not_asked_every_few_minutes_but_once_they_come_on_again(room: TalkRoom) -> None:
    change(room, ANN, rota=rota_of("sun 17:00-23:00, mon 08:00-09:00"))
    room.send()
    room.wait(hours=4)
    assert room.asked() == [ANN, ANN]
    assert room.state is State.NOBODY
    room.on(ANN)
    assert room.asked() == [ANN] * 3, "by their own word"
    room.wait(hours=9)
    before = len(room.asked())
    room.wait(hours=6)
    assert len(room.asked()) == before + 1, "by their rota"
    room.wait(hours=6)
    assert len(room.asked()) == before + 1


def test_what_the_member_reads_is_when_somebody_is_on_not_when_it_is_looked(room: TalkRoom) -> None:
    change(room, ANN, rota=rota_of("mon 19:30-21:00"))
    room.send()
    room.wait(hours=3)
    found = room.run(calls.look(room.store, room.desk, room.call.id, SAM, room.now))
    assert found.step_at is not None
    assert f"{found.step_at:%a %H:%M}" == "Mon 19:30"
    assert room.told(SAM) == []


def test_a_talk_that_waits_is_put_before_whoever_comes_on_at_once(room: TalkRoom) -> None:
    room.ask_talk()
    room.wait(minutes=1)
    room.on(BOB)
    assert room.offered_to() == [BOB]
    assert room.talk_state is Talk.WAITING


def test_one_call_that_cannot_be_read_holds_up_no_other(
    room: TalkRoom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.on(ANN)
    room.send()
    sams = room.call.id
    room.wait(seconds=1)

    def another(session: Session) -> None:
        sam = session.get_one(Call, sams)
        copied = {name: getattr(sam, name) for name in Call.model_fields}
        session.add(Call(**copied | {"id": sams + 1, "user_id": BOB, "state": "broken"}))

    room.do(another)
    with caplog.at_level(logging.ERROR):
        room.wait(minutes=30)
    assert room.asked() == [ANN, ANN], "asked a second time, as if the other were not there"
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert said == ["A call's next step failed; it is tried again later."]
    assert str(sams + 1) not in caplog.text
    with caplog.at_level(logging.ERROR):
        room.wait(minutes=10)
    assert len([one for one in caplog.records if one.levelno >= logging.ERROR]) == 2, "tried again, later"


def test_the_same_event_twice_neither_writes_nor_takes_a_second_time(room: TalkRoom) -> None:
    room.on(ANN)
    drafted = room.write()
    room.events -= 10
    assert room.write().id == drafted.id
    room.run(calls.drop(room.store, drafted.id, SAM))
    room.events -= 10
    with pytest.raises(Refusal):
        room.write()
    room.send()
    held = room.accept(ANN)
    taken, offer = room.events, room.offer(ANN)
    assert offer is not None
    room.run(holding.give_back(room.store, room.desk, held.id, ANN, room.event(), room.now))
    with pytest.raises(Refusal):
        room.run(holding.accept(room.store, room.desk, offer.id, ANN, Promise.HALF_HOUR, taken, room.now))
    assert room.call.holder_id is None


def test_a_talk_that_is_over_is_nobodys(room: TalkRoom) -> None:
    room.on(ANN)
    talk = room.ask_talk()
    room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now)
    room.do(talks_ending.close, KEYS, SAM, talk, room.now)
    assert room.try_to(talks_taking.accept, room.desk, ANN, talk, room.now) is Answer.NOT_NEEDED
