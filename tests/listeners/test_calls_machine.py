"""Calls over an evening in any order hypothesis can think of: one holder, nobody related, closed by the member alone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.errors import Refusal
from bot.listeners import calls, due, holding, serving
from bot.listeners.rules import OPEN, Ending, Offer, Promise, State
from bot.listeners.tables import Call, CallOffer, Listener
from tests.listeners.room import ANN, BOB, CEM, LISTENERS, NET, NEVER, SAM, UNKNOWN, Room

HOLDING = {State.HELD, State.CHECKING}
WHO = st.sampled_from((ANN, BOB, CEM, UNKNOWN, *sorted(NEVER)))
PROMISES = st.sampled_from(list(Promise))
# What the member is told by the bot itself; anything else they read in the answer to their own press.
SAID = {
    "calls.asking_next",
    "calls.asking_all",
    "calls.came_on",
    "calls.nobody",
    "calls.accepted",
    "calls.new_time",
} | {
    "calls.spoken",
    "calls.promise_passed",
    "calls.reoffered",
    "calls.second",
}


class Evening(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        self.ended: set[int] = set()
        self.gone: set[int] = set()
        self.taken = 0

    def teardown(self) -> None:
        self.room.close()

    @initialize(
        on=st.sets(WHO).map(lambda some: some | {ANN, BOB}),
        named=st.sampled_from((None, ANN)),
        shown=st.booleans(),
        minutes=st.sampled_from([0, 62, 95]),
    )
    def begins(self, on: set[int], named: int | None, shown: bool, minutes: int) -> None:
        """Some are on, and Sam has asked; whoever said nothing of their work may have come after Sam had looked."""
        self.room.run(serving.change(*self.about(), NET, UNKNOWN, self.room.now, takes_calls=shown))
        self.asks(named)
        self.room.run(serving.change(*self.about(), NET, UNKNOWN, self.room.now, takes_calls=True))
        self.room.on(*on)
        self.room.wait(minutes=minutes)

    def attempt(self, *works: Coroutine[Any, Any, Any]) -> list[Any]:
        """Do these at the same moment; a kind no is an answer too. Returns what was not refused."""

        async def all_at_once() -> list[Any]:
            return await asyncio.gather(*works, return_exceptions=True)

        outcomes = self.room.run(all_at_once())
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
                raise outcome
        self.room.post()
        return [outcome for outcome in outcomes if not isinstance(outcome, Refusal)]

    def open(self) -> Call | None:
        return next((call for call in self.room.rows(Call) if State(call.state) in OPEN), None)

    def about(self) -> tuple[Any, Any]:
        return self.room.store, self.room.desk

    # The member

    def asks(self, named: int | None) -> None:
        with suppress(Refusal):  # the one they mean takes no calls, or is no listener any more
            self.room.send(named)

    @rule(named=st.sampled_from((None, ANN, UNKNOWN)))
    @precondition(lambda self: self.open() is None)
    def asks_again(self, named: int | None) -> None:
        self.asks(named)

    @rule(what=st.sampled_from(["another", "another", Ending.SPOKE, Ending.NOT_NEEDED]), twice=st.booleans())
    @precondition(lambda self: self.open() is not None)
    def says_how_it_is(self, what: str, twice: bool) -> None:
        call = self.open()
        assert call is not None
        event, now = self.room.event(), self.room.now
        for _ in range(1 + twice):
            if isinstance(what, Ending):
                self.ended.add(call.id)
                self.attempt(calls.end(*self.about(), call.id, SAM, what, event, now))
            else:
                self.attempt(calls.again(*self.about(), call.id, SAM, event, now))

    # Listeners

    def offers(self) -> list[CallOffer]:
        call = self.open()
        return [o for o in self.room.rows(CallOffer) if call is not None and o.call_id == call.id]

    def asked(self) -> list[CallOffer]:
        return [
            offer for offer in self.offers() if offer.state in (Offer.ASKED, Offer.LAPSED, Offer.DECLINED)
        ]

    @rule(promise=PROMISES, cancel=st.booleans(), everybody=st.booleans())
    @precondition(lambda self: self.asked())
    def takes_it(self, promise: Promise, cancel: bool, everybody: bool) -> None:
        """Whoever has it in front of them, or all at the same moment; perhaps the member cancels just then."""
        call = self.open()
        assert call is not None
        works: list[Coroutine[Any, Any, Any]] = [
            holding.accept(*self.about(), offer.id, offer.user_id, promise, self.room.event(), self.room.now)
            for offer in (self.offers() if everybody else self.asked()[:1])
        ]
        if cancel and everybody:
            self.ended.add(call.id)
            event, now = self.room.event(), self.room.now
            works.insert(1, calls.end(*self.about(), call.id, SAM, Ending.NOT_NEEDED, event, now))
        taken = {one.id for one in self.attempt(*works) if isinstance(one, holding.Held)}
        told = [sent for sent in self.room.server if sent.template == "calls.accepted"]
        self.taken += len(taken) if call.holder_id is None or State(call.state) not in HOLDING else 0
        assert len(told) <= self.taken, "one has it, and nobody takes what somebody has"

    @rule(number=st.integers(0, 3))
    @precondition(lambda self: self.asked())
    def not_me(self, number: int) -> None:
        offers = self.asked()
        offer = offers[number % len(offers)]
        self.attempt(
            holding.decline(*self.about(), offer.id, offer.user_id, self.room.event(), self.room.now)
        )

    @rule(
        what=st.sampled_from(["spoken", "back", "later", "second"]),
        twice=st.booleans(),
        who=WHO,
        holder=st.booleans(),
    )
    @precondition(lambda self: self.holder() is not None)
    def holds(self, what: str, twice: bool, who: int, holder: bool) -> None:
        """Whoever holds it (or thinks so) says how it is going; Discord may deliver that twice."""
        call = self.open()
        assert call is not None
        event, now = self.room.event(), self.room.now
        at = (*self.about(), call.id, call.holder_id or 0 if holder else who)
        for _ in range(1 + twice):
            if what == "later":
                self.attempt(holding.promise_again(*at, Promise.HALF_HOUR, event, now))
            elif what == "spoken":
                self.attempt(holding.spoken(*at, event, now))
            elif what == "back":
                self.attempt(holding.give_back(*at, event, now))
            else:
                self.attempt(holding.want_second(*at, event, now))

    def holder(self) -> int | None:
        call = self.open()
        return None if call is None else call.holder_id

    @rule(who=WHO, on=st.sampled_from([True, True, False]))
    def hours(self, who: int, on: bool) -> None:
        if any(row.user_id == who for row in self.room.rows(Listener)):
            (self.room.on if on else self.room.off)(who)

    # Everybody

    @rule(
        what=st.sampled_from(["role", "breather", "leave", "forget"]),
        who=st.sampled_from((ANN, BOB, CEM, SAM)),
    )
    @precondition(lambda self: len(self.gone) < 2)
    def goes(self, what: str, who: int) -> None:
        now = self.room.now
        if what == "breather":
            self.attempt(serving.breathe(self.room.store, who, self.room.event(), now))
            return
        if who in self.gone:
            return
        self.gone.add(who)
        if what == "role":
            self.attempt(due.stand_down(*self.about(), NET, who, now))
            return
        (self.room.leave if what == "leave" else self.room.forget)(who)
        self.room.post()
        if who == SAM:
            assert not self.room.rows(Call)

    @rule(minutes=st.sampled_from([1, 14, 31, 31, 62, 100, 600]))
    def time_passes(self, minutes: int) -> None:
        self.room.wait(minutes=minutes)

    @rule(hours=st.sampled_from([1, 9]))
    def the_bot_was_off(self, hours: int) -> None:
        self.room.restart()
        self.room.now += timedelta(hours=hours)
        self.room.ring()

    @rule(hours=st.sampled_from([1, 30]))
    def the_clock_is_set_back(self, hours: int) -> None:
        self.room.now -= timedelta(hours=hours)
        self.room.run(due.recount(self.room.store, self.room.now))
        self.room.ring()

    # What must always be true

    @invariant()
    def nobody_related_ever_hears_of_it(self) -> None:
        offers = self.room.rows(CallOffer)
        assert not {sent.to for sent in self.room.server} & NEVER
        assert not {offer.user_id for offer in offers} & NEVER
        for offer in offers:
            unseen = offer.user_id == UNKNOWN and offer.shown_at is None
            assert not unseen, "unknown, and never shown"

    @invariant()
    def one_holder_and_the_details_for_nobody_else(self) -> None:
        for call in self.room.rows(Call):
            state = State(call.state)
            assert (call.holder_id is not None) == (state in HOLDING) or state is State.CLOSED
            for who in LISTENERS:
                may = state in HOLDING and call.holder_id == who
                try:
                    held = self.room.run(holding.seen(*self.about(), call.id, who))
                    assert may, f"{who} saw {held}"
                except Refusal:
                    assert not may

    @invariant()
    def only_the_member_closes(self) -> None:
        for call in self.room.rows(Call):
            assert call.state != State.CLOSED or call.id in self.ended

    @invariant()
    def nobody_is_left_without_an_answer(self) -> None:
        """An open call is looked at again, or its member was told that nobody could, or asked whether they spoke."""
        self.room.ring()
        for call in self.room.rows(Call):
            state = State(call.state)
            if state in (State.ASKING, State.ASKING_ALL, State.HELD) or (
                state is State.CHECKING and call.spoken_at is None
            ):
                assert call.step_at is not None
                assert call.step_at > self.room.now
                # By half past eight tomorrow at the latest, if they promised that.
                wait = timedelta(hours=34) if state is State.HELD else timedelta(minutes=30)
                assert call.step_at - self.room.now <= wait

    @invariant()
    def nothing_is_said_twice(self) -> None:
        keys = [sent.key for sent in self.room.server]
        assert len(keys) == len(set(keys))
        assert {sent.template for sent in self.room.server if sent.to == SAM} <= SAID


TestEvening = Evening.TestCase
TestEvening.settings = settings(
    max_examples=25,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
