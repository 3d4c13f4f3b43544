"""Calls when somebody goes, or is not who they say; stated times, drafts, and hours one is off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.checkins import plans
from bot.errors import Refusal
from bot.listeners import calls, due, holding, serving, stated
from bot.listeners.rules import Ending, Promise, State, rota_of
from bot.listeners.tables import Call, Listener
from bot.members import apart
from bot.members import service as members
from bot.members.apart_tables import Apart
from tests.listeners.room import ANN, BOB, KEYS, NET, SAM, UNKNOWN, Room


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


@pytest.mark.parametrize("how", ["leave", "forget"])
def test_a_member_who_goes_takes_their_call_with_them(room: Room, how: str) -> None:
    room.on(ANN)
    room.send()
    room.accept(ANN)
    getattr(room, how)(SAM)
    room.post()
    assert room.told(ANN)[-1] == "listeners.not_needed"
    assert room.rows(Call) == []


@pytest.mark.parametrize("how", ["leave", "forget", "role", "pause"])
def test_a_listener_who_goes_leaves_nobody_waiting(room: Room, how: str) -> None:
    room.on(ANN, BOB)
    room.send()
    (first,) = room.asked()
    room.accept(first)
    if how == "role":
        assert room.run(due.stand_down(room.store, room.desk, NET, first, room.now))
    elif how == "pause":
        room.run(due.rest(room.store, room.desk, first, room.now))
    else:
        getattr(room, how)(first)
    room.post()
    assert room.told(SAM)[-1] == "calls.reoffered"
    assert len(set(room.asked())) == 2
    assert (first in {row.user_id for row in room.rows(Listener)}) == (how == "pause")
    if how in ("leave", "forget"):
        assert room.call.holder_id is None
        assert room.offer(first) is None or how == "leave"


def test_who_goes_while_being_asked_is_not_waited_for(room: Room) -> None:
    room.on(ANN, BOB)
    room.send()
    (first,) = room.asked()
    room.forget(first)
    room.post()
    assert len(set(room.asked())) == 2, "the next is asked at once"


def test_somebody_elses_call_is_nobody_elses(room: Room) -> None:
    room.on(ANN)
    room.send()
    held = room.accept(ANN)
    for who in (BOB, UNKNOWN):
        with pytest.raises(Refusal, match=r"errors\.not_yours"):
            room.run(calls.end(room.store, room.desk, held.id, who, Ending.SPOKE, room.event(), room.now))
        with pytest.raises(Refusal, match=r"errors\.not_yours|listeners\.not_needed_now"):
            room.run(holding.seen(room.store, room.desk, held.id, who))
    with pytest.raises(Refusal, match=r"errors\.not_yours"):
        room.run(calls.end(room.store, room.desk, held.id, ANN, Ending.SPOKE, room.event(), room.now))


def test_the_stated_answer_time_is_kept_to(room: Room) -> None:
    assert room.run(stated.answer_minutes(room.store, NET)) == 30
    room.run(stated.set_answer_minutes(room.store, NET, 10))
    with pytest.raises(ValueError, match="4 minutes"):
        room.run(stated.set_answer_minutes(room.store, NET, 4))
    room.on(ANN, BOB)
    room.send()
    room.wait(minutes=10)
    assert len(set(room.asked())) == 2


def test_a_draft_nobody_sent_is_gone_the_next_day(room: Room) -> None:
    room.write()
    assert room.rows(Call)[0].state == State.DRAFT
    room.write()
    assert len(room.rows(Call)) == 1, "written again, the first is replaced"
    room.wait(hours=24)
    assert room.rows(Call) == []


def test_being_off_rests_the_week_until_its_next_stretch(room: Room) -> None:
    week = rota_of("sun 17:00-21:00")
    room.run(serving.change(room.store, room.desk, NET, ANN, room.now, rota=week))
    here = room.run(serving.find(room.store, room.desk, NET, ANN, room.now))
    assert here is not None
    assert here.on
    here = room.run(serving.finish(room.store, room.desk, NET, ANN, room.now))
    assert not here.on
    assert here.next_on is not None
    assert f"{here.next_on:%a %d}" == "Sun 29"


def test_quiet_from_what_the_bot_starts_does_not_swallow_what_was_asked_for(room: Room) -> None:
    """A yes is on its way to Sam, who just then asks for quiet, and for no more questions."""
    room.on(ANN)
    room.send()
    offer = room.offer(ANN)
    assert offer is not None
    work = holding.accept(room.store, room.desk, offer.id, ANN, Promise.TONIGHT, room.event(), room.now)
    room.run(work)
    room.run(members.pause(room.store, SAM, room.now + timedelta(days=7), {}, room.now))
    room.run(plans.stop(room.store, NET, SAM, room.now))
    room.run(members.unpause(room.store, SAM, room.now))
    room.post()
    assert room.told(SAM) == ["calls.accepted"]


@pytest.mark.parametrize("asks", ["member", "listener"])
def test_what_two_have_with_one_another_goes_to_others_once_they_are_kept_apart(
    room: Room, asks: str
) -> None:
    room.on(ANN, BOB)
    room.send()
    (holder,) = room.asked()
    held = room.accept(holder)
    pair = (SAM, holder) if asks == "member" else (holder, SAM)
    room.run(apart.keep_apart(room.store, KEYS, NET, "", *pair, Apart.AVOID, room.now))
    room.run(due.separated(room.store, room.desk, *pair, room.now))
    room.post()
    with pytest.raises(Refusal):
        room.run(holding.seen(room.store, room.desk, held.id, holder))
    other = room.asked()[-1]
    assert other != holder
    room.run(due.separated(room.store, room.desk, SAM, other, room.now))
    room.post()
    assert room.state is State.NOBODY, "nor is anybody asked who is kept apart by now"
