"""Four people over weeks, in any order hypothesis can think of: each hears each thing once, nobody is unmasked before
both yeses, and whoever was separated, or works for one employer, is never put together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import timedelta
from itertools import combinations
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.buddies import asking, ending, following, proposing
from bot.buddies.gathering import NO_REPEAT
from bot.buddies.life_rules import Looking, Met, Said, State
from bot.buddies.rules import Field
from bot.buddies.tables import Place, Request
from bot.buddies.told_rules import Told
from bot.errors import Refusal
from bot.members import apart, service
from bot.members.apart_tables import Apart
from bot.members.tables import Membership
from bot.outbox import queue
from bot.own import service as own
from tests.buddies.house import CONSEQUENCES, EMPLOYERS, NAME, NET, House

T = TypeVar("T")
PEOPLE = tuple(n * 10**17 for n in range(1, 5))
EMPLOYER = dict(zip(PEOPLE, (EMPLOYERS[0], EMPLOYERS[1], EMPLOYERS[2], EMPLOYERS[2]), strict=True))
ENDS = ("buddies.ended", "buddies.faded", "buddies.freed")
WHO = st.sampled_from(PEOPLE)
OPEN = {State.PROPOSED: Looking.PROPOSED, State.AGREED: Looking.PROPOSED, State.INTRODUCED: Looking.PAIRED}


class Weeks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.house = House()
        self.separated: set[frozenset[int]] = set()
        self.known: dict[int, Place] = {}
        """Every place there ever was, as it was last seen; rows of those who went are remembered here."""

    def teardown(self) -> None:
        self.house.close()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        with contextlib.suppress(Refusal):  # what may be refused is for the other tests
            self.run(work)

    def place(self, who: int) -> Place | None:
        return next(iter(self.run(self.house.open(who))), None)

    @initialize(asking=st.sets(WHO, min_size=2))
    def begin(self, asking: set[int]) -> None:
        for who in PEOPLE:
            self.run(self.house.joins(who, EMPLOYER[who]))
        for who in sorted(asking):
            self.look(who, True)
        self.run(self.house.ring())

    @rule(who=WHO, alike=st.booleans())
    def look(self, who: int, alike: bool) -> None:
        told = Told(
            {Field.ROLE: "headteacher" if alike else "retired-head"}, shares=frozenset(Field), trios=alike
        )
        if who in {one.user_id for one in self.run(self.house.all(Membership))}:
            self.attempt(self.house.looks(who, told))

    @rule(who=WHO, way=st.sampled_from(["rest", "stop", "leave", "forget"]))
    def go(self, who: int, way: str) -> None:
        house = self.house
        if way == "rest":
            self.run(asking.rest(house.store, house.desk, NET, who, house.now))
        elif way == "stop":
            self.run(asking.stop(house.store, house.desk, NET, who, house.now))
        elif way == "leave":
            self.run(service.leave(house.store, NET, who, house.now))
        else:
            url = f"sqlite:///{house.folder / 'reallyok.db'}"
            self.run(own.forget(house.store, house.keys, url, who, lambda *_: None, house.now))

    @rule(who=WHO)
    def come_back(self, who: int) -> None:
        self.run(self.house.joins(who, EMPLOYER[who]))
        self.look(who, True)

    @rule(who=WHO, said=st.sampled_from([Said.YES, Said.YES, Said.YES, Said.NO]), twice=st.booleans())
    def say(self, who: int, said: Said, twice: bool) -> None:
        place, event = self.place(who), self.house.event()
        for _ in range(1 + twice) if place is not None else ():
            self.attempt(proposing.answer(self.house.store, place.id, who, said, event, self.house.now))

    @rule()
    def everybody_says_yes(self) -> None:
        for who in PEOPLE:
            self.say(who, Said.YES, False)
        self.run(self.house.ring())

    @rule(who=WHO, met=st.sampled_from(list(Met)))
    def follow(self, who: int, met: Met) -> None:
        if (place := self.place(who)) is not None:
            house = self.house
            self.attempt(
                following.heard(house.store, house.desk, place.id, who, met, house.event(), house.now)
            )

    @rule(who=WHO, yes=st.booleans())
    def still(self, who: int, yes: bool) -> None:
        if (place := self.place(who)) is not None:
            house = self.house
            self.attempt(
                following.still(house.store, house.desk, place.id, who, yes, house.event(), house.now)
            )

    @rule(who=WHO, never=st.booleans())
    def end(self, who: int, never: bool) -> None:
        place, house = self.place(who), self.house
        if place is None or place.state != State.INTRODUCED:
            return
        others = self.run(house.with_(who))
        self.run(ending.end(house.store, house.desk, place.id, who, house.event(), house.now, never=never))
        if never:
            self.separated |= {frozenset((who, other)) for other in others}

    @rule(who=WHO, other=WHO)
    def avoid(self, who: int, other: int) -> None:
        house = self.house
        try:
            self.run(apart.keep_apart(house.store, house.keys, NET, NAME, who, other, Apart.AVOID, house.now))
        except Refusal:
            return
        self.run(ending.separated(house.store, house.desk, who, other, house.now))
        self.separated.add(frozenset((who, other)))

    @rule(who=WHO, days=st.sampled_from([1, 10]))
    def pause(self, who: int, days: int) -> None:
        self.attempt(
            service.pause(self.house.store, who, self.house.now + timedelta(days=days), {}, self.house.now)
        )

    @rule(who=st.sets(WHO, max_size=1), silent=st.sets(WHO, max_size=1))
    def discord(self, who: set[int], silent: set[int]) -> None:
        """Whose direct messages are closed from now on, and of whom Discord says nothing."""
        self.house.closed, self.house.silent = who, silent

    @rule(hours=st.sampled_from([0, 1, 25, 73, 24 * 7, 24 * 15]), away=st.sampled_from([False, False, True]))
    def time_passes(self, hours: float, away: bool) -> None:
        if away:
            self.house.now += timedelta(hours=hours)
        self.run(self.house.play(hours=0 if away else hours))

    @rule()
    def the_bot_dies_between_the_commit_and_the_sending(self) -> None:
        """What was taken and not sent is sent by the next that lives, once."""
        house = self.house
        self.run(house.see_to())
        taken = self.run(house.store.write(queue.claim, house.now, 16, set(), {}, CONSEQUENCES))
        found = {row.id for row in self.run(house.store.read(queue.unsettled))}
        for row in taken:
            assert row.id in found
            if not self.run(house.store.read(queue.taken_back, row.id)):
                self.run(
                    house.store.write(queue.settle, {row.id: house.arrive(row)}, house.now, CONSEQUENCES)
                )
        self.run(house.post())

    # What must be true

    @invariant()
    def nobody_is_put_together_who_may_not_be(self) -> None:
        places = self.run(self.house.all(Place))
        self.known |= {one.id: one for one in places}
        groups: dict[int, list[Place]] = {}
        for place in places:
            if place.state != State.ENDED:
                groups.setdefault(place.match_id, []).append(place)
        for group in groups.values():
            for one, other in combinations(group, 2):
                users = frozenset((one.user_id, other.user_id))
                assert len(users) == 2
                assert EMPLOYER[one.user_id] != EMPLOYER[other.user_id]
                assert users not in self.separated
                self._not_lately(one, other)

    def _not_lately(self, one: Place, other: Place) -> None:
        theirs = {place.match_id: place for place in self.known.values() if place.user_id == other.user_id}
        for place in self.known.values():
            match = theirs.get(place.match_id)
            if place.user_id != one.user_id or match is None or place.match_id == one.match_id:
                continue
            both = [at for at in (place.ended_at, match.ended_at) if at is not None]
            if place.introduced_at is not None and match.introduced_at is not None and both:
                # By the day, where a code is all that is left of it.
                assert (one.made_at - min(both)) > NO_REPEAT - timedelta(days=1)

    @invariant()
    def everybody_is_in_one_thing_at_a_time(self) -> None:
        requests = {one.user_id: one for one in self.run(self.house.all(Request))}
        for who in PEOPLE:
            places = self.run(self.house.open(who))
            assert len(places) <= 1
            if places:
                assert who in requests, "in a match without having asked"
                assert requests[who].state == OPEN[State(places[0].state)] or places[0].said == Said.NO
            elif who in requests:
                assert requests[who].state not in (Looking.PROPOSED, Looking.PAIRED)

    @invariant()
    def nobody_was_unmasked_or_told_twice(self) -> None:
        by_match: dict[int, set[int]] = {}
        for place in self.known.values():
            if place.introduced_at is not None:
                by_match.setdefault(place.match_id, set()).add(place.user_id)
        together = {frozenset(pair) for users in by_match.values() for pair in combinations(users, 2)}
        for message in self.house.sent:
            for other in PEOPLE:
                named = f"Name{other}" in message.text or f"<@{other}>" in message.text
                if named:
                    assert frozenset((message.to, other)) in together, message
        introduced = [one for one in self.house.sent if one.template.startswith("buddies.introduced")]
        assert len({one.subject for one in introduced}) == len(introduced)


Weeks.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
TestWeeks = Weeks.TestCase
