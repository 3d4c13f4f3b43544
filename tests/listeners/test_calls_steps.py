"""Whom a call goes to, in which order and after how long; and that some people never hear of it, by any path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session

from bot.errors import Refusal
from bot.listeners import calls, duty, holding, serving
from bot.listeners.rules import Ending, Promise, State, rota_of
from bot.listeners.tables import Call
from bot.members import apart, facts, lists
from bot.members.apart_tables import Apart
from bot.members.facts_rules import Kind
from tests.listeners.room import (
    ANN,
    AVOIDED,
    BOB,
    CEM,
    COLLEAGUE,
    KEYS,
    LISTENERS,
    NET,
    NEVER,
    SAM,
    TRUST,
    UNKNOWN,
    Room,
)

MINUTES = timedelta(minutes=1)


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


def test_one_then_the_next_then_all_and_then_the_member_is_told(room: Room) -> None:
    room.on(ANN, BOB, CEM)
    room.send()
    first = room.asked()
    assert len(first) == 1
    room.wait(minutes=30)
    assert len(set(room.asked())) == 2
    assert room.told(SAM) == ["calls.asking_next"]
    room.wait(minutes=30)
    assert set(room.asked()[2:]) == {ANN, BOB, CEM}, "everybody who is on, at once"
    assert room.state is State.ASKING_ALL
    room.wait(minutes=30)
    assert room.told(SAM) == ["calls.asking_next", "calls.asking_all", "calls.nobody"]
    assert "116 123" in room.server[-1].text
    assert room.state is State.NOBODY
    room.wait(days=3)
    assert room.state is State.NOBODY, "time closes nothing"


def test_the_only_one_on_who_is_silent_is_asked_once_more_and_then_the_member_is_told(room: Room) -> None:
    room.on(ANN)
    room.send()
    room.wait(minutes=30)
    assert room.asked() == [ANN, ANN]
    assert room.told(SAM) == ["calls.asking_all"]
    assert "116 123" in room.server[-1].text + room.server[-2].text
    room.wait(minutes=30)
    assert room.told(SAM) == ["calls.asking_all", "calls.nobody"]
    room.wait(minutes=60)
    assert room.asked() == [ANN, ANN], "and is left in peace"


def test_not_me_asks_the_next_at_once_and_a_late_yes_still_counts(room: Room) -> None:
    room.on(ANN, BOB)
    room.send()
    (first,) = room.asked()
    offer = room.offer(first)
    assert offer is not None
    room.run(holding.decline(room.store, room.desk, offer.id, first, room.event(), room.now))
    room.post()
    (second,) = set(room.asked()) - {first}
    room.wait(minutes=29)
    assert room.asked() == [first, second]
    room.wait(minutes=5)
    assert room.asked() == [first, second, second], "there is no next, so all who are on and said nothing"
    room.wait(minutes=30)
    assert room.state is State.NOBODY
    room.accept(second)
    assert room.told(SAM)[-1] == "calls.accepted"
    with pytest.raises(Refusal, match=r"listeners\.taken"):
        room.accept(first)


@pytest.mark.parametrize(
    "path", ["first", "next", "all", "came-on", "again", "given back", "missed", "left", "second"]
)
def test_nobody_related_ever_hears_of_it_by_any_path(room: Room, path: str) -> None:
    """The colleague, the one of the same trust, the one who avoids Sam and the unseen are on all the time, and first."""
    sam_may = {ANN, BOB} if path != "first" else set[int]()
    room.on(*NEVER)
    if path == "first":
        assert room.send().state is State.NOBODY
    elif path == "came-on":
        assert room.send().state is State.NOBODY
        room.on(ANN)
    else:
        room.on(ANN, BOB)
        room.send()
    if path in ("next", "all"):
        room.wait(minutes=31 if path == "next" else 200)
    if path in ("again", "given back", "missed", "left", "second"):
        (holder,) = room.asked()
        held = room.accept(holder)
        event = room.event()
        if path in ("again", "second"):
            room.run(calls.again(room.store, room.desk, held.id, SAM, event, room.now))
        elif path == "given back":
            room.run(holding.give_back(room.store, room.desk, held.id, holder, event, room.now))
        elif path == "missed":
            room.wait(hours=2)
        else:
            room.leave(holder)
        room.post()
        assert len(set(room.asked())) == 2, "it went on to another"
    assert set(room.asked()) <= sam_may
    for who in NEVER:
        assert room.told(who) == []
        offer = room.offer(who)
        assert offer is None, "not even shown"


def test_a_trust_that_is_told_as_somebody_s_authority_is_the_same_body(room: Room) -> None:
    """As for buddies: whichever way each of them is under it."""
    room.run(lists.keep(room.store, KEYS, NET, "", Kind.AUTHORITY, "Grove Trust", room.now))
    given = room.run(facts.give(room.store, KEYS, NET, "", BOB, Kind.AUTHORITY, "Grove Trust", room.now))
    room.run(facts.choose(room.store, KEYS, BOB, given.fact_id, given.offered[0].id, room.now))
    for one, other in ((SAM, BOB), (BOB, TRUST)):
        found = room.ask(duty.suitable, KEYS, NET, one, room.now)
        assert other not in {each.user_id for each in found}


def test_one_whose_employer_nobody_knows_is_asked_only_when_seen(room: Room) -> None:
    room.on(UNKNOWN)
    room.run(serving.change(room.store, room.desk, NET, UNKNOWN, room.now, takes_calls=False))
    room.write()
    room.run(serving.change(room.store, room.desk, NET, UNKNOWN, room.now, takes_calls=True))
    unseen = room.call.id
    room.run(calls.send(room.store, room.desk, unseen, SAM, room.event(), room.now))
    room.wait(hours=2)
    assert room.asked() == [], "they came on after Sam had looked"
    room.run(calls.end(room.store, room.desk, unseen, SAM, Ending.NOT_NEEDED, room.event(), room.now))
    room.send()
    assert room.asked() == [UNKNOWN], "shown by name and organisation, and sent all the same"


def test_a_colleague_by_what_both_only_typed_is_a_colleague(room: Room) -> None:
    organisation = "Ash  SCHOOL"
    room.run(
        serving.introduce(
            room.store, room.desk, NET, "", UNKNOWN, "Una", organisation, "Europe/London", room.now
        )
    )
    room.run(serving.confirm(room.store, room.desk, NET, UNKNOWN, room.now))
    found = room.ask(duty.suitable, KEYS, NET, SAM, room.now)
    assert {one.user_id for one in found} == {ANN, BOB, CEM}


def test_whoever_is_named_is_first_and_the_left_out_are_never(room: Room) -> None:
    room.on(ANN, BOB, CEM)
    draft = room.write(CEM)
    room.run(calls.leave_out(room.store, room.desk, draft.id, SAM, [ANN], room.now))
    room.run(calls.send(room.store, room.desk, draft.id, SAM, room.event(), room.now))
    room.wait(hours=4)
    assert room.asked()[0] == CEM
    assert ANN not in room.asked()
    offer = room.offer(ANN)
    assert offer is not None
    with pytest.raises(Refusal, match=r"listeners\.not_needed_now"):
        room.accept(ANN)


@pytest.mark.parametrize("who", [COLLEAGUE, TRUST, AVOIDED, SAM, 999])
def test_nobody_else_can_be_named(room: Room, who: int) -> None:
    room.on(*LISTENERS)
    with pytest.raises(Refusal, match=r"errors\.old_button"):
        room.write(who)


def test_kept_apart_between_asking_and_taking_they_hear_only_that_it_is_not_needed(room: Room) -> None:
    room.on(ANN)
    room.send()
    room.run(apart.keep_apart(room.store, KEYS, NET, "", SAM, ANN, Apart.BLOCK, room.now))
    with pytest.raises(Refusal, match=r"listeners\.not_needed_now"):
        room.accept(ANN)
    room.wait(minutes=30)
    assert room.state is State.NOBODY


def test_two_who_take_it_at_once_and_one_has_it(room: Room) -> None:
    room.on(ANN, BOB, CEM)
    room.send()
    room.wait(minutes=60)
    offers = [(who, offer.id) for who in (ANN, BOB, CEM) if (offer := room.offer(who)) is not None]

    async def all_at_once() -> list[object]:
        works = [
            holding.accept(room.store, room.desk, offer, who, Promise.TONIGHT, room.event(), room.now)
            for who, offer in offers
        ]
        return await asyncio.gather(*works, return_exceptions=True)

    outcomes = room.run(all_at_once())
    assert len(outcomes) == 3
    (held,) = [one for one in outcomes if isinstance(one, holding.Held)]
    refused = [one.template for one in outcomes if isinstance(one, Refusal)]
    assert refused == ["listeners.taken"] * 2
    room.post()
    assert room.told(SAM).count("calls.accepted") == 1
    assert held.written.reach == "07700 900123"


def test_a_promise_against_a_cancel(room: Room) -> None:
    for ending_first in (True, False):
        room.on(ANN)
        room.send()
        offer = room.offer(ANN)
        assert offer is not None
        end = calls.end(room.store, room.desk, room.call.id, SAM, Ending.NOT_NEEDED, room.event(), room.now)
        take = holding.accept(room.store, room.desk, offer.id, ANN, Promise.HALF_HOUR, room.event(), room.now)

        async def both() -> list[object]:
            works = (end, take) if ending_first else (take, end)  # noqa: B023 - run at once
            return await asyncio.gather(*works, return_exceptions=True)

        room.run(both())
        room.post()
        assert room.state is State.CLOSED
        told = room.told(ANN)
        assert told[-1] == ("listeners.offer" if ending_first else "listeners.not_needed")
        room.wait(minutes=1)


def test_a_missed_time_is_asked_about_and_then_goes_to_others_without_blame(room: Room) -> None:
    room.on(ANN, BOB)
    room.send()
    (first,) = room.asked()
    held = room.accept(first)
    assert held.promised_at == room.now + 30 * MINUTES
    room.wait(minutes=44)
    assert room.state is State.HELD
    room.wait(minutes=1)
    assert room.told(first)[-1] == "listeners.did_you"
    assert room.told(SAM)[-1] == "calls.promise_passed"
    room.wait(minutes=30)
    assert room.told(first)[-1] == "listeners.moved_on"
    assert room.told(SAM)[-1] == "calls.reoffered"
    assert len(set(room.asked())) == 2
    with pytest.raises(Refusal, match=r"listeners\.not_needed_now"):
        room.run(holding.seen(room.store, room.desk, held.id, first))


def test_another_half_hour_and_a_yes_leave_it_open_until_the_member_says_so(room: Room) -> None:
    room.on(ANN)
    room.send()
    held = room.accept(ANN)
    room.wait(minutes=45)
    again = (room.store, room.desk, held.id, ANN, Promise.HALF_HOUR, room.event(), room.now)
    room.run(holding.promise_again(*again))
    room.run(holding.promise_again(*again))
    room.post()
    assert room.told(SAM).count("calls.new_time") == 1
    room.run(holding.spoken(room.store, room.desk, held.id, ANN, room.event(), room.now))
    room.post()
    assert room.told(SAM)[-1] == "calls.spoken"
    assert room.ask(duty.open_load, KEYS, [ANN]) == {ANN: 0}, "it does not keep them from the next"
    room.wait(days=30)
    assert room.state is State.CHECKING
    assert room.told(SAM)[-1] == "calls.spoken", "asked once"
    room.run(calls.end(room.store, room.desk, held.id, SAM, Ending.SPOKE, room.event(), room.now))
    room.post()
    assert room.told(ANN)[-1] == "listeners.they_spoke"
    room.wait(days=1)
    assert room.told(ANN)[-1] == "listeners.debrief"


def test_out_of_hours_it_waits_for_the_next_who_is_on(room: Room) -> None:
    room.run(serving.change(room.store, room.desk, NET, ANN, room.now, rota=rota_of("mon 19:30-21:00")))
    sent = room.send()
    assert sent.state is State.NOBODY
    assert sent.step_at is not None
    assert f"{sent.step_at:%a %H:%M}" == "Mon 19:30"
    room.until(sent.step_at - MINUTES)
    assert room.asked() == []
    room.wait(minutes=1)
    assert room.asked() == [ANN]
    assert room.told(SAM) == ["calls.came_on"]


def test_after_a_time_away_nothing_stale_is_said(room: Room) -> None:
    room.on(ANN, BOB)
    drafted = room.write()
    room.run(calls.send(room.store, room.desk, drafted.id, SAM, room.event(), room.now))
    room.restart()
    room.now += timedelta(hours=8)  # two in the morning; nobody is on any more
    room.ring()
    assert room.asked() == [], "nobody is woken by last evening's question"
    assert room.told(SAM) == ["calls.nobody"]


def test_limits_breathers_pauses_and_whoever_cannot_be_reached(room: Room) -> None:
    def on() -> set[int]:
        every = room.ask(duty.suitable, KEYS, NET, SAM, room.now)
        return {one.user_id for one in every if one.on and not one.unknown}

    room.on(ANN, BOB, CEM)
    assert on() == {ANN, BOB, CEM}
    room.run(serving.change(room.store, room.desk, NET, ANN, room.now, most_open=1))
    room.send()
    (first,) = room.asked()
    assert first == ANN
    room.accept(ANN)
    assert on() == {BOB, CEM}, "at their limit"
    until, _ = room.run(serving.breathe(room.store, BOB, room.event(), room.now))
    assert until == room.now + timedelta(hours=24)
    assert on() == {CEM}
    room.closed_dms = {CEM}
    room.run(calls.again(room.store, room.desk, room.call.id, SAM, room.event(), room.now))
    room.post()
    assert on() == {ANN}, "the one who takes no messages is not waited for"
    assert room.state is State.NOBODY
    assert room.told(SAM)[-1] == "calls.nobody"


def test_the_limit_is_the_listeners_own_and_holds_when_they_press(room: Room) -> None:
    room.run(serving.change(room.store, room.desk, NET, ANN, room.now, most_open=1))
    room.on(ANN)
    room.send()
    offer = room.offer(ANN)
    assert offer is not None

    membership_id = room.call.membership_id

    def hold_another(session: Session) -> None:
        made = Call(
            membership_id=membership_id,
            user_id=BOB,
            network_id=NET,
            zone="Europe/London",
            state=State.HELD,
            holder_id=ANN,
            name_sealed=KEYS.seal("x", "call", "name_sealed", 5),
            reach_sealed=KEYS.seal("x", "call", "reach_sealed", 5),
            made_at=room.now - MINUTES,
        )
        session.add(made)

    room.run(room.store.write(hold_another))
    with pytest.raises(Refusal, match=r"listeners\.full"):
        room.run(
            holding.accept(room.store, room.desk, offer.id, ANN, Promise.TONIGHT, room.event(), room.now)
        )
    assert {call.state for call in room.rows(Call)} == {State.ASKING, State.HELD}
